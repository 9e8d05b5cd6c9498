"""The reader of Parquet files: every column as text, so that casting stays the mapping's work.

Invariant: a column that nobody declared, or a declared one that is not there, is drift; a row whose text is no UTF-8
is refused; damage anywhere in the file stops the source.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from comity.adapters.drift import match_header
from comity.adapters.table_sink import TableSink
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Reading

_BATCH = 65_536
_MAGIC = b"PAR1"


def read(file: ExportFile, format: Any, adapter: Adapter, into: Path, first_row: int) -> Reading:
    """``file`` as parts of kind ``table``."""
    import pyarrow.parquet as pq

    with _damage_told(file), pq.ParquetFile(file.path) as source:
        columns, moved = match_header(source.schema_arrow.names, adapter.fields, file=file.name)
        with TableSink(file, adapter, into, columns, first_row) as sink:
            for batch in source.iter_batches(_BATCH):
                sink.add(batch.columns)
            return sink.finish(moved)


def probe(file: ExportFile, format: Any, adapter: Adapter) -> None:
    """The file is whole and has the declared columns."""
    import pyarrow.parquet as pq

    with file.path.open("rb") as handle:
        if handle.read(4) != _MAGIC:
            raise _damaged(file, "it does not begin as one")
    with _damage_told(file):
        match_header(pq.read_schema(file.path).names, adapter.fields, file=file.name)


@contextmanager
def _damage_told(file: ExportFile) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        raise _damaged(file, str(error)) from None


def _damaged(file: ExportFile, found: str) -> ReadError:
    return ReadError(
        "read.damaged-parquet",
        "The file is no whole Parquet file",
        file=file.name,
        found=(found.splitlines() or ["nothing"])[0],
        remedy="have it delivered again, under a name that ends in .part until it is complete",
    )
