"""The county node's configuration: one YAML file. It knows brokers and a folder, and nothing of any plant."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.config.durations import Duration
from gateway.config.located import located
from gateway.config.secrets import secret_faults
from gateway.config.source import read_yaml
from gateway.config.validate import validate
from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import seconds
from gateway.sinks.mqtt.config import Settings

SITE: Final = "A-Za-z0-9_-"


class BrokerEntry(Settings):
    """One broker that gateways deliver to; the same settings as of an output of kind mqtt."""

    kind: Literal["mqtt"] = Field("mqtt", description="needs not be written")


class CountyFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = Field(description="version of this format")
    county: Annotated[str, Field(pattern=r"^[0-9]{6}$")] = Field(description="six-digit GB/T 2260 code")
    state: Annotated[str, Field(min_length=1)] = Field(
        "county-state", description="folder of what is stored, relative to this file"
    )
    brokers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")], BrokerEntry] = Field(
        min_length=1, description="name -> where gateways publish; the same event may come by several"
    )
    receipt_every: Annotated[Duration, Field(gt=0)] = Field(
        seconds(1), description="receipts of a gateway are published no more often than this"
    )
    keep: Annotated[Duration, Field(ge=seconds(30 * 86400))] = Field(
        seconds(365 * 86400),
        description="live levels, archive hashes and manual readings stay whole this long; alarms for good",
    )
    max_mb: Annotated[int, Field(ge=64)] = Field(
        51_200, description="beyond this size of county.db they go sooner, the oldest first; alarms never"
    )


@dataclass(frozen=True, slots=True)
class County:
    """A configuration that can be run."""

    path: Path
    file: CountyFile

    @property
    def state(self) -> Path:
        """Folder of what is stored."""
        return (self.path.parent / self.file.state).resolve()


def load_county(path: Path) -> County:
    """The file, checked.

    Raises:
        Misconfigured: with every fault, in the order of the lines.
    """
    document = read_yaml(path)
    faults: list[Fault] = list(secret_faults(document, (), document.data))
    known = {fault.path for fault in faults}
    wrong: list[Fault] = []
    file = validate(CountyFile, document, (), document.data, wrong)
    faults += [fault for fault in wrong if fault.path not in known]
    if faults or file is None:
        raise Misconfigured(sorted(faults, key=lambda f: f.line or 0))
    brokers = {name: located(entry, path.parent) for name, entry in file.brokers.items()}
    return County(path, file.model_copy(update={"brokers": brokers}))
