"""Ready-made analyses: SQL files with a head that says what they answer and what they take.

Invariant: a pattern is SQL that anybody can read and ask alone; its parameters are DuckDB variables, always text, so a
value can never become part of the SQL. Every parameter has a meaning; one without a default must be given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import QueryError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

FOLDER = Path(__file__).parent / "patterns"
_HEAD = re.compile(r"-- (\w+)(?: (\w+)(?: \[([^\]]*)\])?(?: = ?([^:]*))?)?: ?(.*)")


@dataclass(frozen=True)
class Parameter:
    """``default``: None when it must be given. ``kind``: ``number``, ``record``, ``code LIST``, or the words to choose
    from.
    """

    name: str
    default: str | None
    meaning: str
    kind: str = ""


@dataclass(frozen=True)
class Pattern:
    """``keys``: the columns that say what a row counts; ``within``: those of them whose rows add up to a total that may
    be known elsewhere; ``count``: the column with the number of records. Without ``count`` it names single records
    and is not for sharing. ``graph``: its rows are edges.
    """

    name: str
    title: str
    about: str
    sql: str
    parameters: tuple[Parameter, ...]
    keys: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    count: str | None = None
    graph: bool = False


@cache
def patterns() -> Mapping[str, Pattern]:
    """Every pattern by its name, in alphabetical order."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.sql"))}


def pattern(name: str) -> Pattern:
    if name not in patterns():
        raise QueryError(
            "query.unknown-pattern", f"There is no pattern '{name}'", remedy=nearest(name, patterns())
        )
    return patterns()[name]


def ask_pattern(
    connection: duckdb.DuckDBPyConnection, asked: Pattern, given: Mapping[str, str]
) -> duckdb.DuckDBPyRelation:
    """The answer of ``asked`` with the parameters ``given``, the others at their defaults."""
    from comity.query.federation import ask
    from comity.store.view_sql import literal

    known = {each.name: each.default for each in asked.parameters}
    for name in given:
        if name not in known:
            raise QueryError(
                "query.unknown-parameter",
                f"The pattern '{asked.name}' has no parameter '{name}'",
                remedy=nearest(name, known) if known else "it takes none",
            )
    for name, value in (known | dict(given)).items():
        if value is None:
            raise QueryError(
                "query.missing-parameter",
                f"The pattern '{asked.name}' needs a value for '{name}'",
                remedy=f"add --{name} VALUE; `comity patterns {asked.name} --show` says what it means",
            )
        ask(connection, f"SET VARIABLE {name} = {literal(value)}")
    for each in asked.parameters:
        if given.get(each.name):
            _check(connection, asked, each, given[each.name])
    answer = ask(connection, asked.sql)
    assert answer is not None
    return answer


def _check(connection: duckdb.DuckDBPyConnection, asked: Pattern, meant: Parameter, value: str) -> None:
    """Raise when ``value`` can have no answer, which would read as if there were none."""
    from comity.query.code import check_code

    match meant.kind.split():
        case []:
            return
        case ["code", name]:
            check_code(connection, name, value)
        case ["number"]:
            if not (value.isascii() and value.isdigit() and int(value) < 2**31):
                raise _bad(asked, meant, value, "write a whole number")
        case ["record"]:
            kinds = connection.execute("SELECT name FROM ledger.record_types").fetchall()
            views = " UNION ALL ".join(f"SELECT record_id FROM {kind}" for (kind,) in kinds)
            if not connection.execute(f"FROM ({views}) WHERE record_id = ? LIMIT 1", [value]).fetchall():
                raise _bad(asked, meant, value, "take the record_id of a record of this release")
        case words:
            if value not in words:
                raise _bad(asked, meant, value, nearest(value, words))


def _bad(asked: Pattern, meant: Parameter, value: str, remedy: str) -> QueryError:
    return QueryError(
        "query.bad-parameter",
        f"The pattern '{asked.name}' cannot take this for '{meant.name}'",
        found=value,
        remedy=remedy,
    )


def _read(path: Path) -> Pattern:
    text = path.read_text("utf-8")
    said: dict[str, list[str]] = {}
    parameters = []
    for line in text.splitlines():
        found = _HEAD.fullmatch(line)
        if found is None:
            break
        word, name, kind, default, rest = found.groups()
        if word == "param":
            parameters.append(Parameter(name, None if default is None else default.strip(), rest, kind or ""))
        else:
            said.setdefault(word, []).append(rest)

    def names(word: str) -> tuple[str, ...]:
        return tuple(each.strip() for each in ",".join(said.get(word, [])).split(",") if each.strip())

    count = names("count")
    return Pattern(
        path.stem, said["title"][0], " ".join(said["about"]), text, tuple(parameters), names("keys"),
        names("within"), count[0] if count else None, "graph" in said,
    )  # fmt: skip
