"""An adapter's own reader: ``reader.py`` in its folder, with ``read(path, **options)`` that yields Arrow record
batches.

Invariant: whatever that code does wrong is this source's failure, with its file and line named; its columns are the
declared fields, and their values become text as those of a Parquet file do.
"""

from __future__ import annotations

import importlib.util
import traceback
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import match_header
from comity.adapters.table_sink import TableSink
from comity.errors import ComityError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.formats import OwnFormat
    from comity.adapters.part import ExportFile, Reading


def read(file: ExportFile, format: OwnFormat, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``table``."""
    import pyarrow as pa

    names = tuple(field.name for field in adapter.fields)
    with TableSink(file, adapter, into, names, first_row) as sink:
        for batch in _batches(adapter.folder / "reader.py", file, format):
            columns, _ = match_header(batch.schema.names, adapter.fields, file=file.name)
            found = dict(zip(columns, batch.columns, strict=True))
            sink.add([found.get(name, pa.nulls(len(batch))) for name in names])
        return sink.finish()


def probe(file: ExportFile, format: OwnFormat, adapter: Adapter) -> None:
    """The adapter's own reader says nothing before it reads."""


def _batches(code: Path, file: ExportFile, format: OwnFormat) -> Iterator[Any]:
    """What ``reader.py`` yields, one error for whatever it raises."""
    import pyarrow as pa

    if not code.is_file():
        raise ReadError(
            "read.own-reader-missing",
            "The adapter's folder has no reader.py",
            file=code,
            remedy="write it, with a function read(path) that yields pyarrow record batches",
        )
    try:
        for batch in _load(code).read(file.path, **format.options):
            if not isinstance(batch, pa.RecordBatch | pa.Table):
                raise TypeError(f"read() yields record batches of pyarrow; this is a {type(batch).__name__}")
            yield batch
    except (ComityError, GeneratorExit, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # also what calls sys.exit()
        raise ReadError(
            "read.own-reader-failed",
            "The adapter's own reader failed",
            file=code,
            line=_line(error, code),
            found=(f"{type(error).__name__}: {error}".splitlines() or [""])[0],
            remedy=f"correct reader.py, or the export {file.name}",
        ) from error


def _load(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location("comity_own_reader", path)
    assert specification is not None and specification.loader is not None  # a file that ends in .py
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _line(error: BaseException, code: Path) -> int | None:
    """The last line of ``reader.py`` that the error went through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(code)
    ]
    return lines[-1] if lines else None
