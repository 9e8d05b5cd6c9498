"""The plug-in point for adapters: the sources that installed packages announce.

Invariant: a package announces a source under the entry point group ``comity.adapters``, by the source's name; what it
announces is the adapter's folder, as a path or a text. Its mappings lie in that folder's ``mappings``. A package that
is wrong in any way is an error of that source and of no other.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from comity.adapters.reader import broken_plug_in, load_plug_in
from comity.errors import ComityError

GROUP = "comity.adapters"


def announced_adapters() -> dict[str, Path | ComityError]:
    """Source name → the adapter's folder, or what is wrong with the package."""
    found: dict[str, Path | ComityError] = {}
    for point in entry_points(group=GROUP):
        try:
            announced = load_plug_in(point)
            folder = Path(announced) if isinstance(announced, str | Path) else None
            if folder is None or not (folder / "adapter.yaml").is_file():
                raise broken_plug_in(point, f"it is no folder with an adapter.yaml: {announced!r}")
            found[point.name] = folder
        except ComityError as error:
            found[point.name] = error
    return found
