"""The standard as Markdown pages.

Invariant: the pages are made from the standard alone, so that they are up to date or a test fails.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comity.standard.code_list import CodeList
    from comity.standard.column import Column
    from comity.standard.record_type import RecordType, Standard

_MADE = "<!-- Made by `comity standard export --format markdown`. Edit the files in standard/ instead. -->\n"

_HOW_TO_READ = """
Every record also carries the [envelope](envelope.md); codes are in the [code lists](code_lists.md).

## How to read a column

- A *required* column is never null. Where a source gives a reason for an empty cell (unknown, withheld, …),
  the column is null and the reason stands in `quality_flags` as `column:reason`.
- A *partial date* is three columns: `x` (EDTF text such as `1979`, `1979-01`, `197X`, `1970/1971`),
  `x_earliest` and `x_latest`. January the first is never invented.
- `x_as_given` keeps the source's own words beside a value that was translated into a code.
- `x_key` is folded for search only and is never shown as the value.
- A *field id* belongs to its column for ever, so that files written years apart read as one table.
- *Sensitivity* is none, operational, personal, or special for special categories of personal data.
- *Origin* says whose definition the column follows. Informed by a standard does not mean conformant to it;
  `recalled` means that its text was not at hand.
"""

_CODE_LISTS = """`comity standard codes NAME` prints the codes of a list. A code is *verified* when it was
read in the source named beside it, *unverified* when it is only recalled, *own* when it is our proposal.
A list with an unverified code is never a hard rule: a value outside it is a warning.
"""


def markdown_pages(standard: Standard) -> dict[str, str]:
    """Every page by its file name."""
    return {
        "README.md": index_page(standard),
        "envelope.md": envelope_page(standard),
        "code_lists.md": code_lists_page(standard),
        **{
            f"{name}.md": record_type_page(record_type) for name, record_type in standard.record_types.items()
        },
    }


def index_page(standard: Standard) -> str:
    rows = [
        (f"[{name}]({name}.md)", record_type.description, str(len(record_type.own_columns)))
        for name, record_type in standard.record_types.items()
    ]
    return "\n".join(
        [
            _MADE,
            f"# {standard.title} {standard.version}\n",
            f"{standard.description}\n",
            *_table(("record type", "what it is", "own columns"), rows),
            _HOW_TO_READ,
        ]
    )


def envelope_page(standard: Standard) -> str:
    return "\n".join(
        [
            _MADE,
            "# The envelope\n",
            "The columns that every record carries: its owner, its origin, and who may use it for what.\n",
            *_column_table(standard.envelope),
            "",
        ]
    )


def record_type_page(record_type: RecordType) -> str:
    lines = [
        _MADE,
        f"# {record_type.title}: `{record_type.name}`\n",
        f"{record_type.description}\n",
        f"Origin: {record_type.origin}. Every record also carries the [envelope](envelope.md).\n",
        *_column_table(record_type.own_columns),
    ]
    for column in record_type.own_columns:
        if column.fields:
            lines += [f"\n## Fields of each item of `{column.name}`\n", *_column_table(column.fields)]
    if record_type.retired:
        lines += [
            "\n## Retired columns\n",
            "Their ids are never used again.\n",
            *_column_table(record_type.retired),
        ]
    return "\n".join([*lines, ""])


def code_lists_page(standard: Standard) -> str:
    rows = [
        (f"`{name}`", code_list.title, code_list.version, str(len(code_list.codes)), _statuses(code_list),
         code_list.origin)
        for name, code_list in sorted(standard.code_lists.items())
    ]  # fmt: skip
    return "\n".join(
        [
            _MADE,
            "# Code lists\n",
            _CODE_LISTS,
            *_table(("list", "what it is", "version", "codes", "status", "origin"), rows),
            "",
        ]
    )


def _statuses(code_list: CodeList) -> str:
    counts = Counter(code.status for code in code_list.codes.values())
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(counts.items()))


def _column_table(columns: Iterable[Column]) -> list[str]:
    rows = [
        (
            f"`{column.name}`",
            f"`{column.duckdb_type if not column.fields else 'STRUCT(…)[]'}`",
            "yes" if column.required else "",
            column.description + _constraint(column),
            column.sensitivity if column.sensitivity != "none" else "",
            column.origin,
            str(column.field_id),
        )
        for column in columns
    ]
    return _table(("column", "type", "required", "what it says", "sensitivity", "origin", "id"), rows)


def _constraint(column: Column) -> str:
    words = []
    if column.code_list:
        words.append(f"Code list `{column.code_list}`.")
    if column.minimum is not None or column.maximum is not None:
        low, high = column.minimum, column.maximum
        words.append(
            f"At least {low}." if high is None else f"At most {high}." if low is None else f"{low} to {high}."
        )
    if column.unit:
        words.append(f"Unit {column.unit}.")
    if column.pattern and column.partial_date is None:
        words.append(f"Form `{column.pattern}`.")
    return "".join(f" {word}" for word in words)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
