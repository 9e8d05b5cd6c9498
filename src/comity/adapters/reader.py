"""The plug-in point for file formats: what a reader is, and where each one is found.

Invariant: a reader is imported when an adapter needs it and not before; an unknown format is an error that
lists the known ones. A reader is anything with these two functions, usually a module. Packages announce
theirs under the entry point group ``comity.readers``, by the name that ``format.type`` gives.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Protocol, cast

from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Reading

GROUP = "comity.readers"
BUILT_IN = {
    "csv": "comity.adapters.csv",
    "fixed_width": "comity.adapters.fixed_width",
    "json": "comity.adapters.json",
    "ndjson": "comity.adapters.json",
    "xml": "comity.adapters.xml",
    "spreadsheet": "comity.adapters.spreadsheet",
    "parquet": "comity.adapters.parquet",
    "database": "comity.adapters.database",
    "own": "comity.adapters.own",
}


class Reader(Protocol):
    """Reads one file of one format into parts. Raises ReadError when the file as a whole cannot be read."""

    def read(self, file: ExportFile, format: Any, adapter: Adapter, into: Path, first_row: int) -> Reading:
        """``file`` in parts below ``into``; its first data row is number ``first_row`` of the export.

        Rows that cannot be read go into ``Reading.refused`` (see ``comity.adapters.refused``). The index of
        the format in ``Part`` and ``FileRead`` is set by the caller.
        """
        ...

    def probe(self, file: ExportFile, format: Any, adapter: Adapter) -> None:
        """Raises ReadError unless the head of ``file`` is of this format and shows the declared fields.

        Asked only when an adapter declares several formats; looks at the head, never at the whole file.
        """
        ...


def find_reader(type_name: str) -> Reader:
    """The reader for ``format.type``."""
    if module := BUILT_IN.get(type_name):
        return cast("Reader", import_module(module))
    for point in _announced():
        if point.name == type_name:
            return cast("Reader", point.load())
    raise ConfigError(
        "config.unknown-format",
        f"Nobody reads the format '{type_name}'",
        remedy=nearest(type_name, reader_names()),
    )


def reader_names() -> set[str]:
    """Every format that can be declared here and now."""
    return set(BUILT_IN) | {point.name for point in _announced()}


def _announced() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))
