"""Where in an analyst's text an error lies.

Invariant: line and column count the characters of the text as it was given; where DuckDB does not say, or says it
of another text, there is no place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comity.query.terminal import cells

if TYPE_CHECKING:
    import duckdb

LINE = re.compile(r"^LINE (\d+): ", re.M)
_TOKEN = re.compile(r'\w+|"[^"]*"|\'[^\']*\'|\S')
_EXPLAIN = "EXPLAIN "

Place = tuple[int, int]


def place_of(
    error: duckdb.Error, query: str, connection: duckdb.DuckDBPyConnection | None = None
) -> Place | None:
    """Line and column in ``query`` of what ``error`` says; ``connection`` is asked again when it says nothing."""
    found = _pointed(str(error), query)
    if found is not None or connection is None:
        return found
    return _asked_again(error, query, connection)


def _pointed(said: str, query: str) -> Place | None:
    """The place of the caret under ``LINE n: …``."""
    found = LINE.search(said)
    lines = query.split("\n")
    if found is None or int(found.group(1)) > len(lines):
        return None
    line = lines[int(found.group(1)) - 1]
    shown, _, below = said[found.end() :].partition("\n")
    caret = below.partition("\n")[0].find("^") - (found.end() - found.start())
    begin = 0
    if shown.startswith("..."):  # of a long line only the surroundings are shown
        shown, caret = shown.removeprefix("..."), caret - 3
        begin = line.find(shown.removesuffix("..."))
    if caret < 0 or begin < 0:
        return None
    # The caret counts cells of a terminal, and those roughly: the token that begins next to it is meant.
    near = begin + next((place for place in range(len(shown)) if cells(shown[:place]) >= caret), len(shown))
    starts = [token.start() for token in _TOKEN.finditer(line)] or [0]
    return int(found.group(1)), min(starts, key=lambda start: abs(start - near)) + 1


def _asked_again(error: duckdb.Error, query: str, connection: duckdb.DuckDBPyConnection) -> Place | None:
    """A relation's errors come without a place; to explain the last statement binds it without running it."""
    import duckdb

    try:
        last = connection.extract_statements(query)[-1].query
        connection.execute(_EXPLAIN + last)
    except duckdb.Error as again:
        place = _pointed(str(again), _EXPLAIN + last)
        same = _first_line(str(again)) == _first_line(str(error))
        start = query.rfind(last)
        if place is None or not same or start < 0:
            return None
        line, column = place
        if line == 1:
            before = query[:start].rpartition("\n")[2]
            column += len(before) - len(_EXPLAIN)
        return line + query.count("\n", 0, start), column
    return None


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
