"""A SQL database as a source: the result of one query, taken as a file.

Invariant: the snapshot is text, in the order of the query, and the same rows give the same bytes, so that its hash
identifies the export. A secret stands only in the environment and in no message.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

from comity.adapters.part import ExportFile
from comity.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

    from comity.adapters.adapter import Adapter

_BATCH = 20_000


def snapshot(adapter: Adapter, into: Path) -> ExportFile:
    """Run the adapter's query and keep its result as ``into/<source>.parquet``."""
    database = adapter.delivery.database
    assert database is not None  # the caller asks only for sources with a database
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{adapter.source}.parquet"
    url = _with_secrets(database.url, adapter)
    _stream(url, database.query, path, adapter)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, path, digest, path.stat().st_size)


def _stream(url: str, query: str, path: Path, adapter: Adapter) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise _failed(
            "read.bad-database-url", "The database's URL cannot be used", adapter, _safe(error),
            "write it as SQLAlchemy does, for example postgresql+psycopg://user@host/name, and install the driver",
        ) from None  # fmt: skip
    try:
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True, yield_per=_BATCH).execute(text(query))
            names = list(result.keys())
            schema = pa.schema([(name, pa.string()) for name in names])
            with pq.ParquetWriter(path, schema, compression="zstd") as writer:
                for rows in result.partitions(_BATCH):
                    columns = list(zip(*rows, strict=True))
                    arrays = [pa.array([_text(value) for value in column], pa.string()) for column in columns]
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    except SQLAlchemyError as error:
        raise _failed(
            "read.database-failed", "The database does not give the export", adapter, _safe(error),
            "check that the server runs, that the account may read the view, and the query in adapter.yaml",
        ) from None  # fmt: skip
    finally:
        engine.dispose()


def _text(value: Any) -> str | None:
    """A value as the database would print it; dates by ISO 8601, truth values as true and false."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else str(value)


def _with_secrets(url: str, adapter: Adapter) -> str:
    def secret(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise _failed(
                "read.missing-secret",
                f"The environment variable {match[1]} is not set",
                adapter,
                None,
                f"export {match[1]} before the run; secrets stand in no file",
            )
        return value

    return re.sub(r"\$\{(\w+)\}", secret, url)


def _safe(error: BaseException) -> str:
    """The driver's words without an URL's password."""
    cause = getattr(error, "orig", None) or error
    return re.sub(r"//[^@/\s]*@", "//…@", str(cause).strip().splitlines()[0])


def _failed(code: str, message: str, adapter: Adapter, found: str | None, remedy: str) -> ReadError:
    return ReadError(code, message, file=f"database of {adapter.source}", found=found, remedy=remedy)
