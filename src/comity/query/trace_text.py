"""A trace as text for a person.

Invariant: everything that the JSON says is shown, but for what is empty; no control character of the data
comes out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comity.query.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.query.trace import Trace, TracedColumn


def trace_text(trace: Trace) -> str:
    """The trace, from the release down to the cell."""
    return "\n".join(printable(line) for line in _lines(trace)) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    export = trace.export
    yield f"{trace.record_type} {trace.record_id}"
    yield f"  source    {trace.source_id}"
    yield f"  release   {trace.release}; this file is in releases {trace.in_releases}"
    yield f"  seen      first {trace.first_seen}, last changed {trace.last_changed}"
    yield f"  stored    {trace.stored_file}"
    yield f"  export    {trace.export_id}"
    if export:
        yield f"            {export['kind']}, received {export['received_at']}"
        yield f"            {export['outcome']} by run {export['run_id']}"
    for file in trace.export_files:
        yield f"            {file['name']}  {file['size']:,} bytes  sha256 {file['sha256']}"
    yield f"  mapping   {trace.mapping_version}"
    if trace.row is not None:
        yield f"  row       {trace.row.row} of the export, {trace.row.row_in_file} of {trace.row.file}"
        yield f"  raw       {_cut(' '.join((trace.row.raw or '').split()), 2000)}"
        if trace.row.item:
            yield f"  item      {_cut(_shown(trace.row.item), 2000)}"
    for note in trace.notes:
        yield f"  note      {note}"
    width = max((len(column.name) for column in trace.columns), default=0)
    for title, columns in (
        ("from the source", [column for column in trace.columns if column.by == "mapping"]),
        ("by the federation", [column for column in trace.columns if column.by == "federation"]),
    ):
        if columns:
            yield ""
            yield title
        before: TracedColumn | None = None
        for column in columns:
            # The three columns of a partial date have one rule: it is shown once.
            again = before is not None and (column.rule, column.read) == (before.rule, before.read)
            yield from _column(column, width, again)
            before = column


def _column(column: TracedColumn, width: int, again: bool) -> Iterator[str]:
    yield f"  {column.name:<{width}}  {_shown(column.value)}"
    if column.rule is None or again:
        return
    indent = " " * (width + 4)
    yield f"{indent}by   {_cut(column.rule, 300)}"
    for field, cell in column.read.items():
        yield f"{indent}read {field} = {_cut(_shown(cell), 300)}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… (whole with --json)"


def _shown(value: Any) -> str:
    return "(nothing)" if value is None else json.dumps(value, ensure_ascii=False)
