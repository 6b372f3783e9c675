"""``python -m gateway.sinks.mqtt.conformance --host H --port P --for 30s``: does what is published keep the contract?

Subscribes, and judges every topic and payload against ``docs/schemas``, the retained flags, the sequence and the hash
chain of ``events``. Exit 0: it does; 1: it does not, or nobody answers; 2: bad usage. Needs the package jsonschema.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gateway.model.errors import Retry
from gateway.model.times import NS, parse_duration
from gateway.sinks.mqtt.judge import Judge, Validate
from gateway.sinks.mqtt.listener import Caller, listening

DOCS: Final = Path(__file__).parents[3] / "docs" / "schemas"
MISSING: Final = "this test needs the package jsonschema: pip install jsonschema"


def load_schemas(folder: Path) -> dict[str, Any]:
    """The files of ``folder``; without such a folder (an installed wheel) the same, made anew."""
    if folder.is_dir():
        return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))}
    from gateway.sinks.mqtt.schema import MODELS, json_schema  # noqa: PLC0415 - only where the files are not

    return {name: json_schema(name) for name in MODELS}


def validator(schemas: dict[str, Any]) -> Validate:
    """Checks payloads with jsonschema.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    import jsonschema  # noqa: PLC0415 - a tool of the test, not of the product

    ready = {name: jsonschema.Draft202012Validator(each) for name, each in schemas.items()}

    def validate(name: str, body: Any) -> list[str]:
        return [f"{e.json_path}: {e.message[:200]}" for e in ready[name].iter_errors(body)]

    return validate


async def listen(judge: Judge, options: argparse.Namespace) -> None:
    """Feed the judge for the given time.

    Raises:
        Retry: the broker is not there or lets nobody listen.
    """
    password = os.environ.get(options.password_env) if options.password_env else None
    v5 = options.version == "5"
    caller = Caller(options.host, options.port, options.username, password, v5=v5)

    def hear(topic: str, payload: bytes, retain: bool) -> None:  # noqa: FBT001 - as the listener calls it
        judge.hear(topic, payload, retain=retain)

    async with listening(caller, [options.root], hear):
        await asyncio.sleep(options.seconds)


def main(arguments: Sequence[str]) -> int:
    """The command; see the module's words."""
    options = _options(arguments)
    try:
        validate = validator(load_schemas(options.schemas))
    except ModuleNotFoundError:
        sys.stderr.write(MISSING + "\n")
        return 2
    judge = Judge(validate, keeps_retain_flag=options.version == "5")
    try:
        asyncio.run(listen(judge, options))
    except Retry as error:
        sys.stderr.write(f"{error}\n")
        return 1
    report = judge.end()
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n" if options.json else _words(report))
    return 0 if report["ok"] else 1


def _words(report: dict[str, Any]) -> str:
    heard = ", ".join(f"{n} {name}" for name, n in report["messages"].items()) or "nothing"
    lines = [f"heard: {heard}", f"gateways: {', '.join(report['gateways']) or 'none'}"]
    lines += [f"WRONG {f['kind']} ({f['times']} times): {f['first']}" for f in report["findings"]]
    return "\n".join([*lines, "the contract is kept" if report["ok"] else "the contract is not kept", ""])


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gateway.sinks.mqtt.conformance", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--version", choices=("5", "3.1.1"), default="5")
    parser.add_argument("--username")
    parser.add_argument("--password-env", help="environment variable that holds the password")
    parser.add_argument("--root", default="fengsui/v1/#", help="topic filter")
    parser.add_argument(
        "--for", dest="seconds", type=_seconds, default=30.0, help="how long to listen, e.g. 30s"
    )
    parser.add_argument("--schemas", type=Path, default=DOCS, help="folder with the JSON Schema files")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    return parse_duration(text) / NS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
