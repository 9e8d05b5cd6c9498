"""An answer as text or Parquet; other forms are in ``exports``.

Invariant: an answer streams: memory stays flat however many rows it has, and DuckDB renders them a batch
at a time. An output file appears whole or not at all, and only its owner can read it. A terminal never
receives a control character out of the data.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Literal

from comity.errors import QueryError
from comity.query.exports import point_json, write_geoparquet, write_xlsx
from comity.query.failure import asking
from comity.query.json_sql import json_value, moment
from comity.query.terminal import cells, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from duckdb import DuckDBPyRelation
    from pyarrow import RecordBatchReader

    _Pad = Callable[[str, int], str]

Format = Literal["table", "csv", "json", "parquet", "xlsx", "geojson", "geoparquet", "ftm"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json", "parquet")
_BATCH = 10_000
_NUMBER = re.compile(r"^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|DOUBLE|FLOAT)$")
# Control characters, line ends of every kind, and marks that turn the direction of what follows.
_UNPRINTABLE = r"[\p{Cc}\p{Zl}\p{Zp}\x{202A}-\x{202E}\x{2066}-\x{2069}]"
_unfinished: set[Path] = set()
_NESTED = ("[]", "STRUCT(", "MAP(", "UNION(")


def write(relation: DuckDBPyRelation, form: Format, target: BinaryIO) -> int:
    """Write the answer; its number of rows."""
    with asking():
        match form:
            case "table":
                return _write_table(relation, target)
            case "csv":
                return _write_csv(relation, target)
            case "json":
                return _write_json(relation, target)
            case "parquet":
                return _write_parquet(relation, target)
            case "xlsx":
                return write_xlsx(relation, _texts(relation, nested_as_json=True), target)
            case "geojson":
                return _write_geojson(relation, target)
            case "geoparquet":
                return write_geoparquet(relation, target)
        raise ValueError(f"Unknown format: {form}")


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when the block is done; records are for its owner's eyes, so it is 0600."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4()}.part")
    _unfinished.add(beside)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise QueryError(
            "query.cannot-write",
            "The answer cannot be written",
            file=path,
            found=error.strerror,
            remedy="choose another --output; nothing was left behind",
        ) from error
    finally:
        beside.unlink(missing_ok=True)
        _unfinished.discard(beside)


def remove_unfinished() -> None:
    """Remove what ``output_file`` has begun, before the process ends in the middle of it."""
    for beside in _unfinished:
        beside.unlink(missing_ok=True)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output for bytes; a reader that stops early, such as ``head``, is no error."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_csv(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    texts = [_csv_cell(expression) for expression in _texts(relation, nested_as_json=True)]
    target.write((",".join(map(_csv_header, relation.columns)) + "\n").encode())
    return _write_lines(relation, " || ',' || ".join(texts), target, end="\n")


def _write_json(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    target.write(b"[")
    rows = _write_lines(relation, f"to_json({_row(relation)})::VARCHAR", target, start="\n", between=",")
    target.write(b"\n]\n" if rows else b"]\n")
    return rows


def _row(relation: DuckDBPyRelation) -> str:
    """The whole row as a struct that JSON can hold."""
    values = (json_value(f"#{number}", kind) for number, kind in enumerate(relation.types, start=1))
    named = zip(distinct(relation.columns), values, strict=True)
    return f"struct_pack({', '.join(f'{_quoted(name)} := {value}' for name, value in named)})"


def _write_geojson(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    feature = f"{{'type': 'Feature', 'geometry': {point_json(relation)}, 'properties': {_row(relation)}}}"
    target.write(b'{"type": "FeatureCollection", "features": [')
    rows = _write_lines(relation, f"to_json({feature})::VARCHAR", target, start="\n", between=",")
    target.write(b"\n]}\n")
    return rows


def _write_lines(
    relation: DuckDBPyRelation,
    line: str,
    target: BinaryIO,
    *,
    start: str = "",
    between: str = "",
    end: str = "",
) -> int:
    """Write ``line``, an SQL expression, for every row."""
    rows = 0
    for batch in relation.project(f"{line} AS line").to_arrow_reader(_BATCH):
        lines = batch.column(0).to_pylist()
        if lines:
            text = (end + between + start).join(lines)
            target.write(f"{between if rows else ''}{start}{text}{end}".encode())
            rows += len(lines)
    return rows


def _write_table(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    """Columns as wide as the first rows need; a longer value further down is shown in full all the same."""
    # A terminal would carry out escape sequences that stand in the data.
    texts = [
        f"regexp_replace(coalesce({text}, ''), '{_UNPRINTABLE}', '␤', 'g')"
        for text in _texts(relation, nested_as_json=False)
    ]
    named = ", ".join(f"{text} AS c{number}" for number, text in enumerate(texts))
    pads: list[_Pad] = [_pad_left if _NUMBER.match(str(kind)) else _pad_right for kind in relation.types]
    names = [printable(name) for name in relation.columns]
    widths: list[int] | None = None
    rows = 0
    for columns in _tens_of_thousands(relation.project(named).to_arrow_reader(_BATCH)):
        if widths is None:
            widths = [max(map(cells, [name, *column])) for name, column in zip(names, columns, strict=True)]
            _write_head(names, widths, pads, target)
        lines = [_line(row, widths, pads) for row in zip(*columns, strict=True)]
        target.write("".join(lines).encode())
        rows += len(lines)
    if widths is None:
        _write_head(names, [cells(name) for name in names], pads, target)
    target.write(f"({rows:,} {'row' if rows == 1 else 'rows'})\n".encode())
    return rows


def _tens_of_thousands(batches: RecordBatchReader) -> Iterator[list[list[str]]]:
    """The texts of every column; DuckDB's own batches can be as small as a file."""
    waiting: list[list[str]] | None = None
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        waiting = columns if waiting is None else [a + b for a, b in zip(waiting, columns, strict=True)]
        if len(waiting[0]) >= _BATCH:
            yield waiting
            waiting = None
    if waiting is not None:
        yield waiting


def _write_head(names: list[str], widths: list[int], pads: list[_Pad], target: BinaryIO) -> None:
    rule = "  ".join("─" * width for width in widths)
    target.write(f"{_line(names, widths, pads)}{rule}\n".encode())


def _line(row: list[str] | tuple[str, ...], widths: list[int], pads: list[_Pad]) -> str:
    padded = (pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=True))
    return "  ".join(padded).rstrip() + "\n"


def _write_parquet(relation: DuckDBPyRelation, target: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    reader = relation.to_arrow_reader(100_000)
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(reader.schema, distinct(relation.columns), strict=True)]
    )
    try:
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
                rows += batch.num_rows
    except pa.ArrowNotImplementedError as error:
        raise QueryError(
            "query.not-in-parquet",
            "Parquet has no such type",
            found=str(error).split("\n")[0],
            remedy="cast that column, for example to VARCHAR",
        ) from None
    return rows


def _texts(relation: DuckDBPyRelation, *, nested_as_json: bool) -> list[str]:
    """Every column as text: moments in ISO 8601 and UTC, lists and structs as JSON or as DuckDB writes
    them.
    """
    texts = []
    # By position, for two columns of an answer may have the same name.
    for number, type_ in enumerate(relation.types, start=1):
        kind = str(type_)
        if nested_as_json and (kind.endswith("[]") or kind.startswith(_NESTED)):
            texts.append(f"to_json({json_value(f'#{number}', type_)})::VARCHAR")
        else:
            texts.append(moment(f"#{number}", kind) or f"#{number}::VARCHAR")
    return texts


def _csv_cell(text: str) -> str:
    """RFC 4180; a missing value is nothing at all, an empty text is ``""``."""
    return (
        f"CASE WHEN {text} IS NULL THEN '' WHEN {text} = '' OR regexp_matches({text}, '[\",\\r\\n]')"
        f" THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def _csv_header(name: str) -> str:
    return _quoted(name) if not name or any(sign in name for sign in '",\r\n') else name


def _quoted(name: str) -> str:
    """As SQL and CSV both quote."""
    return '"' + name.replace('"', '""') + '"'


def distinct(names: list[str]) -> list[str]:
    """Every name once: the second ``a`` becomes ``a_2``."""
    result: list[str] = []
    for name in names:
        number, free = 1, name
        while free in result or (number > 1 and free in names):
            number += 1
            free = f"{name}_{number}"
        result.append(free)
    return result


def _pad_right(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def _pad_left(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text
