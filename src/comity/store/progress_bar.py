"""DuckDB's progress bar, which nobody asked for: it would be written to standard output, into the answer.

Invariant: after the call there is none. In Jupyter without ipywidgets DuckDB has none to begin with, and refuses even
to be told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def no_progress_bar(connection: DuckDBPyConnection) -> None:
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        connection.execute("SET enable_progress_bar = false")
