"""The plug-in point for file formats: what a reader is, and where each one is found.

Invariant: a reader is imported when an adapter needs it and not before; an unknown format is an error that
lists the known ones, and whatever is wrong with a package that announces one is an error that names the package. A
reader is anything with the functions of ``Reader``, usually a module. Packages announce theirs under the entry point
group ``comity.readers``, by the name that ``format.type`` gives.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Protocol, cast

from comity.adapters.formats import BY_TYPE, PlugInFormat
from comity.errors import ComityError, ConfigError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

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
    """Reads one file of one format into parts. Raises ReadError when the file as a whole cannot be read.

    A reader of a package may have ``Format``, a subclass of ``comity.adapters.formats.PlugInFormat`` whose fields are
    the options that ``format`` takes beside ``type`` and ``missing``; it is what the functions get as ``format``.
    """

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
            return _checked(load_plug_in(point), point)
    raise ConfigError(
        "config.unknown-format",
        f"Nobody reads the format '{type_name}'",
        remedy=nearest(type_name, reader_names()),
    )


def format_model(type_name: str) -> type[BaseModel]:
    """The options of ``format.type``."""
    if built_in := BY_TYPE.get(type_name):
        return built_in
    return getattr(find_reader(type_name), "Format", PlugInFormat)


def format_models() -> dict[str, type[BaseModel]]:
    """The options of every format that can be declared here and now, by its type."""
    return {name: format_model(name) for name in (*BUILT_IN, *sorted(reader_names() - set(BUILT_IN)))}


def reader_names() -> set[str]:
    """Every format that can be declared here and now."""
    return set(BUILT_IN) | {point.name for point in _announced()}


def load_plug_in(point: EntryPoint) -> Any:
    """What an installed package announces; ConfigError when it cannot be imported."""
    try:
        return point.load()
    except (ComityError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # also what calls sys.exit()
        raise broken_plug_in(point, f"{type(error).__name__}: {error}") from error


def broken_plug_in(point: EntryPoint, found: str) -> ConfigError:
    """The error that names the package whose announcement holds nothing that Comity can use."""
    package = point.dist.name if point.dist is not None else point.module
    return ConfigError(
        "config.broken-plug-in",
        f"The package '{package}' announces '{point.name}' under {point.group}, which cannot be used",
        file=point.value,
        found=(found.splitlines() or [""])[0],
        remedy="install a version of the package that fits this Comity, or uninstall it",
    )


def _announced() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _checked(reader: Any, point: EntryPoint) -> Reader:
    for name in ("read", "probe"):
        if not callable(getattr(reader, name, None)):
            raise broken_plug_in(point, f"it has no function '{name}'")
    model = getattr(reader, "Format", PlugInFormat)
    if not (isinstance(model, type) and issubclass(model, PlugInFormat)):
        raise broken_plug_in(point, "its 'Format' is no subclass of comity.adapters.formats.PlugInFormat")
    return cast("Reader", reader)
