"""What the workbench knows of languages: words of headers, letters, words of values."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def read_data(name: str) -> Any:
    """The content of a YAML file of this folder, read once."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every word stays text: `no`, `y`, `null`
    return yaml.load((Path(__file__).parent / name).read_text("utf-8"), loader)
