"""Nested records on their way into parts: each checked, and kept or refused.

Invariant: every record that comes in is counted once and lies either in a part or among the refused; what
lies in a part is a JSON object, valid UTF-8 and of bounded depth, so that no later query can fail on it.
Records are handled as columns, a batch at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.adapters.drift import DriftError
from comity.adapters.json_records import depths
from comity.adapters.keys import KeyCount
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RAW_LIMIT, RefusedRows
from comity.adapters.utf8_file import MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile

    Places = Callable[[NDArray[np.int64]], tuple[Any, Any]]

MAX_DEPTH = 64
MESSAGES = {
    "read.duplicate-key": "A key stands twice in one object: nobody can say which of its values counts",
    "read.invalid-json": "The record is not valid JSON",
    "read.not-an-object": "The record is no object with keys and values",
    "read.too-deep": f"The record nests deeper than {MAX_DEPTH} levels",
    "read.undecodable-bytes": "The record holds bytes that its encoding does not have",
}


class RecordSink:
    """Takes the records of one file in order."""

    def __init__(self, file: ExportFile, adapter: Adapter, into: Path, first_row: int) -> None:
        import duckdb

        self._file = file
        self._parts = PartWriter(into, "record", ["record"])
        self.refused = RefusedRows(into, file.name)
        self.keys = KeyCount(adapter.fields)
        self._first_row = self.row = first_row
        # Sources run side by side in processes of their own; one thread also keeps the order of rows.
        self._connection = duckdb.connect(config={"threads": 1})

    def __enter__(self) -> RecordSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._parts.__exit__(kind, error, trace)
        self.refused.close()

    def check(self, records: Any, *, deepest: int | None = None) -> NDArray[np.bool_] | None:
        """Which of ``records`` are good; None when all are, and then their keys are counted already.

        ``deepest`` bounds their depth where it is known.
        """
        import duckdb
        import numpy as np

        objects = _first_bytes(records) == ord("{")
        if objects.all() and (deepest is None or deepest <= MAX_DEPTH):
            shallow = deepest is not None
            try:
                flat = shallow or int(depths(records).max(initial=0)) <= MAX_DEPTH
                if flat and self._count_keys(records):
                    return None
            except (duckdb.Error, UnicodeDecodeError):
                # Some record is not valid, and the message may quote bytes that are no UTF-8. Which one is
                # asked below.
                pass
        single = (
            f"CASE WHEN json_valid(record) THEN NOT coalesce({self.keys.twice_sql}, false) ELSE false END"
        )
        valid = self._query(f"SELECT {single} AS ok FROM batch", records)["ok"].to_numpy()
        good = valid & objects
        whole = records.filter(_mask(good))
        good[np.flatnonzero(good)[depths(whole) > MAX_DEPTH]] = False
        return np.asarray(good)

    def add(self, records: Any, good: NDArray[np.bool_] | None, places: Places) -> None:
        """Keep the good ones and refuse the others; ``places`` gives lines and offsets by index."""
        import numpy as np
        import pyarrow as pa

        rows = np.arange(self.row, self.row + len(records), dtype=np.int64)
        self.row += len(records)
        if good is None:
            self._parts.add(pa.array(rows), [records])
            return
        kept = records.filter(_mask(good))
        if len(kept):
            self._count_keys(kept)
            self._parts.add(pa.array(rows[good]), [kept])
        bad = np.flatnonzero(~good)
        if len(bad):
            self._refuse_batch(records.filter(_mask(~good)), rows[bad], *places(bad))

    def refuse(
        self, code: str, message: str, raw: bytes | None, *, line: int | None, byte_offset: int | None
    ) -> None:
        """One row that is no whole record."""
        text = None if raw is None else raw[:RAW_LIMIT].decode("utf-8", errors="backslashreplace")
        self.refused.add(code, message, source_row=self.row, raw=text, line=line, byte_offset=byte_offset)
        self.row += 1

    def finish(self, *, encoding: str | None, notes: tuple[str, ...] = ()) -> Reading:
        """The account of the file. Raises DriftError when its keys are not the declared ones."""
        new, missing = self.keys.new(), self.keys.missing()
        if new or missing:
            raise DriftError(new=new, missing=missing, file=self._file.name)
        rows = self.row - self._first_row
        name, digest, size = self._file.name, self._file.sha256, self._file.size
        return Reading(
            parts=self._parts.finish(),
            rows_read=rows,
            rows_not_selected=0,
            refused=self.refused.close(),
            rows_refused=self.refused.count,
            files=(FileRead(name, digest, size, self._first_row, rows, encoding=encoding),),
            notes=notes,
        )

    def _count_keys(self, records: Any) -> bool:
        import pyarrow as pa

        self._connection.register("batch", pa.table({"record": records}))
        try:
            return self.keys.add(self._connection, "batch", len(records))
        finally:
            self._connection.unregister("batch")

    def _query(self, sql: str, records: Any) -> Any:
        import pyarrow as pa

        self._connection.register("batch", pa.table({"record": records}))
        try:
            return self._connection.sql(sql).to_arrow_table()
        finally:
            self._connection.unregister("batch")

    def _refuse_batch(self, records: Any, rows: NDArray[np.int64], lines: Any, offsets: Any) -> None:
        import pyarrow as pa

        table = self._query(
            "SELECT text AS raw, CASE "
            f"WHEN text IS NULL OR contains(text, '{MARK}') THEN 'read.undecodable-bytes' "
            "WHEN NOT json_valid(text) THEN 'read.invalid-json' "
            "WHEN NOT starts_with(text, '{') THEN 'read.not-an-object' "
            f"WHEN {self.keys.twice_sql} THEN 'read.duplicate-key' ELSE 'read.too-deep' END AS code "
            "FROM (SELECT record AS bytes, try(decode(record)) AS text, text AS record FROM batch)",
            records.cast(pa.binary()),
        )
        raw = table["raw"].combine_chunks()
        if raw.null_count:
            raw = _shown(records, raw)
        codes = table["code"].combine_chunks()
        encoded = codes.dictionary_encode()
        messages = pa.array([MESSAGES[code] for code in encoded.dictionary.to_pylist()], pa.string())
        self.refused.add_columns(
            source_row=pa.array(rows),
            code=codes,
            message=messages.take(encoded.indices),
            raw=raw,
            line=lines,
            byte_offset=offsets,
        )


def _shown(records: Any, texts: Any) -> Any:
    """``texts`` where there is one, else the record with the bytes that are no UTF-8 as ``\\xNN``.

    A loop over such records only.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    without = pc.is_null(texts)
    lost = records.cast(pa.binary()).filter(without).to_pylist()
    shown = [record[:RAW_LIMIT].decode("utf-8", "backslashreplace") for record in lost]
    return pc.replace_with_mask(texts, without, pa.array(shown, pa.string()))


def _first_bytes(records: Any) -> NDArray[np.uint8]:
    """The first byte of each record, 0 where it is empty."""
    import numpy as np

    _, offsets_buffer, data_buffer = records.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[
        records.offset : records.offset + len(records) + 1
    ]
    first = np.zeros(len(records), dtype=np.uint8)
    if data_buffer is not None and len(records):
        filled = np.diff(offsets) > 0
        first[filled] = np.frombuffer(data_buffer, dtype=np.uint8)[offsets[:-1][filled]]
    return first


def _mask(values: NDArray[np.bool_]) -> Any:
    import pyarrow as pa

    return pa.array(values)
