"""Arrow batches on their way into ``table`` parts: each row kept or refused.

Invariant: every row that comes in is counted once; what lies in a part is text that every later query can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.adapters.drift import DriftError
from comity.adapters.part import FileRead, Reading
from comity.adapters.part_writer import PartWriter
from comity.adapters.refused import RefusedRows
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile


class TableSink:
    """Takes the batches of one file in order; ``columns`` are the fields that they have."""

    def __init__(
        self, file: ExportFile, adapter: Adapter, into: Path, columns: Sequence[str], first_row: int
    ) -> None:
        import pyarrow as pa

        if not columns:
            raise DriftError(missing=[field.name for field in adapter.fields], file=file.name)
        self._file, self._columns = file, tuple(columns)
        fields = {field.name: field for field in adapter.fields}
        self._many = [fields[name].many for name in columns]
        kinds = [pa.list_(pa.string()) if many else pa.string() for many in self._many]
        self._parts = PartWriter(into, "table", columns, kinds)
        self._refused = RefusedRows(into, file.name)
        self._first_row = self._row = first_row

    def __enter__(self) -> TableSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.__exit__(kind, error, trace)
        self._refused.close()

    def add(self, columns: Sequence[Any]) -> None:
        """One batch: an Arrow array of whatever type for each column."""
        import numpy as np
        import pyarrow as pa

        texts = [self._as_text(*each) for each in zip(self._columns, columns, self._many, strict=True)]
        count = len(texts[0])
        rows = np.arange(self._row, self._row + count)
        self._row += count
        bad = np.zeros(count, bool)
        named = np.full(count, "", object)
        for name, text in zip(self._columns, texts, strict=True):
            if (wrong := _not_utf8(text)) is not None:
                named[wrong & ~bad] = f"the column '{name}' holds bytes that are not UTF-8"
                bad |= wrong
        if bad.any():
            self._refused.add_columns(
                source_row=rows[bad],
                code=pa.repeat("read.undecodable-bytes", int(bad.sum())),
                message=named[bad],
                raw=_raw([text.filter(pa.array(bad)) for text in texts]),
            )
            texts = [text.filter(pa.array(~bad)) for text in texts]
        self._parts.add(pa.array(rows[~bad]), texts)

    def refuse(self, code: str, message: str, *, raw: str | None = None, line: int | None = None) -> None:
        """The next row of the file, which could not be read."""
        self._refused.add(code, message, source_row=self._row, raw=raw, line=line)
        self._row += 1

    def finish(self, moved: Sequence[str] = ()) -> Reading:
        """The account of the file. ``moved``: the columns that stand in another order than declared."""
        file, count = self._file, self._row - self._first_row
        return Reading(
            parts=self._parts.finish(),
            rows_read=count,
            rows_not_selected=0,
            refused=self._refused.close(),
            rows_refused=self._refused.count,
            files=(FileRead(file.name, file.sha256, file.size, self._first_row, count),),
            notes=(f"{file.name}: columns in another order: {', '.join(moved)}",) if moved else (),
        )

    def _as_text(self, name: str, column: Any, many: bool) -> Any:
        from comity.adapters.arrow_text import as_text

        try:
            return as_text(column, many=many)
        except TypeError as error:
            raise ReadError(
                "read.column-type",
                f"The column '{name}' cannot be read as {'a list of texts' if many else 'text'}",
                file=self._file.name,
                found=str(error),
                remedy="declare the field 'many: true'"
                if "list" in str(error) and not many
                else "have it delivered as text, a number, a date or a time",
            ) from None


def _not_utf8(text: Any) -> Any:
    """Which rows hold bytes that are not UTF-8; None when none does."""
    import pyarrow as pa

    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        pass
    else:
        return None
    wrong = "cells IS NOT NULL AND try(decode(cells)) IS NULL"
    if pa.types.is_list(text.type):
        wrong = "len(list_filter(cells, lambda cell: cell IS NOT NULL AND try(decode(cell)) IS NULL)) > 0"
    return _query(f"coalesce({wrong}, false)", text).to_numpy(zero_copy_only=False)


def _raw(texts: Sequence[Any]) -> Any:
    """The cells of refused rows side by side, bytes that are no text as ``\\xNN``."""
    import pyarrow.compute as pc

    shown = [_query("coalesce(CAST(cells AS VARCHAR), '')", text) for text in texts]
    return pc.binary_join_element_wise(*shown, "\t")


def _query(expression: str, text: Any) -> Any:
    """An SQL expression over ``cells``, which are the bytes of ``text``."""
    import duckdb
    import pyarrow as pa

    cells = text.cast(pa.list_(pa.binary())) if pa.types.is_list(text.type) else text.view(pa.binary())
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("batch", pa.table({"cells": cells}))
        found: Any = connection.sql(f"SELECT {expression} AS found FROM batch").to_arrow_table()
        return found["found"].combine_chunks()
