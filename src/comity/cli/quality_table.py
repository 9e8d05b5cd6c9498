"""Answers about quality as plain tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, arguments: list[Any]) -> list[tuple[str, ...]]:
    """Every cell as text, null as nothing."""
    found = connection.execute(query, arguments).fetchall()
    return [tuple("" if cell is None else str(cell) for cell in row) for row in found]


def print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
