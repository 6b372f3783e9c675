"""The files made of the published payloads' models (:mod:`gateway.sinks.mqtt.shapes`).

``python -m gateway.sinks.mqtt.schema --write`` writes ``docs/schemas/*.json`` and ``docs/asyncapi.yaml``; without
``--write`` it says whether they are in step (exit 0 or 1).
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel

from gateway.sinks.mqtt.shapes import Birth, BirthPage, Event, Level, State, Status
from gateway.sinks.mqtt.shapes_county import Receipt

DOCS: Final = Path(__file__).parents[3] / "docs"

MODELS: Final[dict[str, type[BaseModel]]] = {
    "event": Event,
    "status": Status,
    "birth": Birth,
    "birth-page": BirthPage,
    "level": Level,
    "state": State,
    "receipt": Receipt,
}


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one payload. An absent field is absent: null stands nowhere."""
    found = MODELS[name].model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"fengsui:{name}/1"}
    return {**head, **_without_null(found)}


def _without_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_null(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {k: _without_null(v) for k, v in node.items() if not (k == "default" and v is None)}
    kinds = [k for k in out.get("anyOf", []) if k != {"type": "null"}]
    if "anyOf" in out and len(kinds) == 1:
        del out["anyOf"]
        out = {**kinds[0], **out}
    return {k: v for k, v in out.items() if not (k == "title" and isinstance(v, str))}


def files() -> dict[Path, str]:
    """Everything that is generated: path under ``docs`` -> text."""
    from gateway.sinks.mqtt.asyncapi import document  # noqa: PLC0415 - it names these models

    made = {
        Path("schemas") / f"{name}.json": json.dumps(json_schema(name), ensure_ascii=False, indent=2) + "\n"
        for name in MODELS
    }
    text = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)
    return {**made, Path("asyncapi.yaml"): f"# Made by python -m gateway.sinks.mqtt.schema --write\n{text}"}


def main(arguments: list[str], docs: Path = DOCS) -> int:
    """Write the files, or tell whether they are in step; the exit code."""
    wanted = {docs / path: text for path, text in files().items()}
    if arguments == ["--write"]:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    if arguments:
        sys.stderr.write("usage: python -m gateway.sinks.mqtt.schema [--write]\n")
        return 2
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    for path in stale:
        sys.stdout.write(f"out of step: {path}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
