"""A SQL database as a source: the result of one query, taken as a file.

Invariant: the snapshot is text, and the same rows give the same bytes, in whatever order the server brings them,
so that its hash identifies the export. Memory does not grow with the result.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from comity.adapters.database_query import connected, stream
from comity.adapters.database_url import bad_url, parse_url
from comity.adapters.drift import match_header
from comity.adapters.part import ExportFile
from comity.adapters.sql import quoted_name, quoted_text
from comity.errors import ComityError, ReadError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.database_url import DatabaseUrl

_MEMORY = "256MB"
_ROW_GROUP = 65_536
_SHOWN = 300
"""Characters of a query that an error shows."""
_SERVER_WORDS = re.compile(r"\b(?:ERROR|FATAL|PANIC):\s+([^\n]+)")
_DRIVER_PREFIX = re.compile(r"^(?:[A-Z_]+: )?(?:\[\w+\] )?")


def snapshot(adapter: Adapter, into: Path) -> ExportFile:
    """Run the adapter's query and keep its result as ``into/<source>.parquet``."""
    delivery = adapter.delivery.database
    assert delivery is not None  # the caller asks only for sources with a database
    into.mkdir(parents=True, exist_ok=True)
    unsorted, path = into / "unsorted", into / f"{adapter.source}.parquet"
    database = parse_url(delivery.url, adapter.source)

    def check(names: Sequence[str]) -> None:
        match_header(names, adapter.fields, file=database.place)
        for name in delivery.key_order:
            if name not in names:
                raise ReadError(
                    "read.bad-key-order",
                    f"'key_order' names '{name}', which the query does not give",
                    file=database.place,
                    remedy=nearest(name, names),
                )

    try:
        _keep(database, delivery.query, unsorted, check)
        _sort(unsorted, path, delivery.key_order)
    finally:
        unsorted.unlink(missing_ok=True)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, path, digest, path.stat().st_size)


def _keep(database: DatabaseUrl, query: str, path: Path, check: Callable[[Sequence[str]], object]) -> None:
    """The result in the server's order. Texts are kept as bytes: a database may hold what is no UTF-8."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _told(database, query), ExitStack() as stack:
        with _told(database, None):
            session = stack.enter_context(connected(database))
        names, batches = stream(session, database.dialect, query, check)
        schema = pa.schema([(name, pa.binary()) for name in names])
        with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=False) as writer:
            for batch in batches:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, names=names).cast(schema))


def _sort(unsorted: Path, path: Path, key_order: Sequence[str]) -> None:
    """The rows by the columns of ``key_order``, numbers by their value, and then by all columns; null goes first."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    spill = path.with_suffix(".spill")
    with duckdb.connect(
        config={"threads": 1, "memory_limit": _MEMORY, "temp_directory": str(spill)}
    ) as connection:
        connection.execute("SET enable_progress_bar = false")  # it would go to standard output
        rows = connection.sql(f"SELECT * FROM read_parquet({quoted_text(str(unsorted))})")
        schema = pa.schema([(name, pa.string()) for name in rows.columns])
        order = []
        for name in key_order:
            order.append(f"try_cast(try(decode({quoted_name(name)})) AS DOUBLE) NULLS FIRST")
            order.append(f"{quoted_name(name)} NULLS FIRST")
        order += [f"{quoted_name(name)} NULLS FIRST" for name in rows.columns]
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in rows.order(", ".join(order)).to_arrow_reader(_ROW_GROUP):
                columns = [column.view(pa.string()) for column in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def _told(database: DatabaseUrl, query: str | None) -> Iterator[None]:
    """What a driver raises, in the words of the database and without its secrets. No query: while connecting."""
    from sqlalchemy.exc import NoSuchModuleError

    try:
        yield
    except (ComityError, MemoryError):
        raise
    except (ImportError, NoSuchModuleError) as error:
        found = f"no driver: {database.hide(str(error))}"
        remedy = "install the driver, for example: pip install 'comity[postgresql,mysql]'"
        raise bad_url(database.place, found, remedy) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # our disk's fault, not the database's
        words = database.hide(_words(error))
        if query is None:
            raise ReadError(
                "read.database-unreachable",
                "The database cannot be reached",
                file=database.place,
                found=words,
                remedy="check that the server runs, and the host, account and password of the URL",
            ) from None
        raise ReadError(
            "read.query-failed",
            "The database does not give the export",
            file=database.place,
            found=f"{words}; in the query: {_shortened(query)}",
            remedy="check the query in adapter.yaml, and that the account may read what it names",
        ) from None


def _words(error: Exception) -> str:
    """What the database itself says, without what its driver puts around it."""
    cause = getattr(error, "orig", None) or error
    said = cause.args[-1] if cause.args and isinstance(cause.args[-1], str) else str(cause)
    if (match := _SERVER_WORDS.search(said)) is not None:
        return match[1].strip()
    first = (said.strip() or type(cause).__name__).splitlines()[0]
    return _DRIVER_PREFIX.sub("", first)


def _shortened(query: str) -> str:
    line = " ".join(query.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
