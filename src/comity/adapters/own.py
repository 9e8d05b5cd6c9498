"""An adapter's own reader: ``reader.py`` in its folder, with ``read(path)`` that yields Arrow record batches.

Invariant: whatever that code does wrong is this source's failure, with its file named; its columns are the declared
fields.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import match_header
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.errors import ComityError, ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile


def read(file: ExportFile, format: Any, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``table``."""
    import pyarrow as pa

    code = adapter.folder / "reader.py"
    row = first_row
    names = tuple(field.name for field in adapter.fields)
    try:
        with PartWriter(into, "table", names) as writer:
            for batch in _load(code).read(file.path):
                columns, _ = match_header(batch.schema.names, adapter.fields, file=file.name, line=None)
                by_name = dict(zip(columns, batch.columns, strict=True))
                empty = pa.nulls(len(batch), pa.string())
                rows = pa.array(range(row, row + len(batch)), pa.int64())
                writer.add(
                    rows, [by_name[name].cast(pa.string()) if name in by_name else empty for name in names]
                )
                row += len(batch)
            parts = writer.finish()
    except ComityError:
        raise
    except Exception as error:
        raise ReadError(
            "read.own-reader-failed",
            "The adapter's own reader failed",
            file=code,
            found=f"{type(error).__name__}: {error}".splitlines()[0],
            remedy=f"correct reader.py, or the export {file.name}",
        ) from error
    count = row - first_row
    return Reading(parts, count, 0, None, 0, (FileRead(file.name, file.sha256, file.size, first_row, count),))


def probe(file: ExportFile, format: Any, adapter: Adapter) -> None:
    """The adapter's own reader says nothing before it reads."""


def _load(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location("comity_own_reader", path)
    if specification is None or specification.loader is None or not path.exists():
        raise ReadError("read.own-reader-missing", "The adapter's folder has no reader.py", file=path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
