"""Files named in settings: a relative name starts at the site file's folder, wherever the gateway was started."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel


def located(settings: Any, folder: Path) -> Any:
    """A copy of ``settings`` whose every ``Path``, also in models within it, starts at ``folder`` unless absolute."""
    if isinstance(settings, Path):
        return folder / settings
    if isinstance(settings, BaseModel):
        changed = {name: located(getattr(settings, name), folder) for name in type(settings).model_fields}
        return settings.model_copy(update={k: v for k, v in changed.items() if v is not getattr(settings, k)})
    if isinstance(settings, tuple | list):
        return type(settings)(located(each, folder) for each in settings)
    return settings
