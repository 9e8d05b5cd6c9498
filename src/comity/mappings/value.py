"""What a rule compiles to: an expression, and what may be wrong with its value.

Invariant: whatever a rule cannot understand is an Issue, so that it becomes a flag or a reason and is never lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.mappings.text_steps import sql_name, sql_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.mappings.lookup import Lookup, LookupKind
    from comity.mappings.rule import Policy
    from comity.mappings.source_field import SourceField


@dataclass(frozen=True)
class Issue:
    """``when`` (SQL) something is wrong; ``reason`` (SQL) is the word for it, ``found`` (SQL) the text it is about.

    ``crosswalk`` is the name of the crosswalk to extend when the issue is an unmapped code, and ``codes`` (SQL) the
    list of those codes where there can be several.
    """

    when: str
    reason: str
    policy: Policy
    code: str
    found: str = "NULL"
    crosswalk: str | None = None
    codes: str | None = None


@dataclass(frozen=True)
class Value:
    """``sql`` over the step ``read``; of a partial date, the EDTF text, with its first and last day beside it.

    ``constant``: the same for every row.
    """

    sql: str
    issues: tuple[Issue, ...] = ()
    earliest: str | None = None
    latest: str | None = None
    constant: bool = False


def understood(text: str, value: str) -> Value:
    """``value``, with the issue that there is a text and no value of it."""
    unread = f"({text} IS NOT NULL AND {value} IS NULL)"
    return Value(value, (Issue(unread, "'unparseable'", "flag", "mapping.value-unparseable", text),))


@dataclass
class Steps:
    """The working columns of one statement, step by step, while it is being compiled.

    ``tried``: the mapping's own SQL, each a struct of its ``value``, NULL where it failed. ``given``: text from the
    source's fields and from those. ``parsed``: typed values over it. ``joins``: crosswalks and lookups.
    Names of working columns hold a space, so that none is ever a column of the standard.
    ``used``: the fields that the mapping accounts for. ``read``: those that the rule at hand reads.
    """

    fields: dict[str, SourceField]
    tried: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    parsed: dict[str, str] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    crosswalks: dict[str, str] = field(default_factory=dict)
    lookups: list[Lookup] = field(default_factory=list)
    used: dict[str, None] = field(default_factory=dict)
    read: dict[str, None] = field(default_factory=dict)
    suffix: str = ""

    def use(self, *names: str) -> None:
        """Note that the rule at hand reads those fields."""
        self.used |= dict.fromkeys(names)
        self.read |= dict.fromkeys(names)

    def attempt(self, sql: str) -> str:
        """Add SQL that may fail on some text, and return its column, a struct of ``value`` or NULL where it failed."""
        # Inside CASE no part of it is worked out elsewhere, where its failure would be everyone's; the condition is
        # always true and cannot be foreseen.
        attempt = f"TRY(CASE WHEN source_row >= 0 THEN {{'value': {sql}}} END)"
        return self._add(self.tried, f"sql {len(self.tried) + 1}", attempt)

    def give(self, name: str, sql: str) -> str:
        """Add a text column and return it, quoted; the same SQL is worked out once."""
        return self._add(self.given, name if " " in name else f"{name} given", sql)

    def parse(self, name: str, sql: str) -> str:
        """Add a typed column over the given ones and return it, quoted."""
        return self._add(self.parsed, name if " " in name else f"{name} parsed", sql)

    def _add(self, columns: dict[str, str], name: str, sql: str) -> str:
        for known, other in columns.items():
            if other == sql:
                return sql_name(known)
        # DuckDB's names do not tell capitals.
        taken = {known.casefold() for known in (*self.tried, *self.given, *self.parsed)}
        unique, number = name, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name} {number}"
        columns[unique] = sql
        return sql_name(unique)

    def look_up(self, text: str, kind: LookupKind) -> str:
        """Join the lookup table of ``kind`` on the given column ``text``; returns the table's alias."""
        from comity.mappings.lookup import Lookup

        for lookup in self.lookups:
            if lookup.text == text and lookup.kind == kind:
                return lookup.name
        name = f"lookup{self.suffix}_{len(self.lookups) + 1}"
        self.lookups.append(Lookup(name, text, kind, frozenset(self._fields_of(text))))
        self.joins.append(f"LEFT JOIN {name} ON {name}.text = {text}")
        return name

    def _fields_of(self, sql: str) -> Iterator[str]:
        """The source's fields that ``sql``, over working columns, comes from."""
        for name in re.findall(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)\"""", sql):
            plain = name.replace('""', '"')
            if plain in self.fields:
                yield plain
            elif working := self.given.get(plain) or self.tried.get(plain):
                yield from self._fields_of(working)

    def join_codes(self, crosswalk: str, rows: dict[str, str | None], text: str) -> str:
        """Join a table of codes on the given column ``text``; returns the alias, with ``code`` and ``target``."""
        table = sql_name(f"crosswalk {crosswalk}")
        if crosswalk not in self.crosswalks:
            lines = ", ".join(
                f"({sql_text(code)}, {sql_text(to) if to else 'NULL'})" for code, to in rows.items()
            )
            self.crosswalks[crosswalk] = f"{table}(code, target) AS (VALUES {lines or '(NULL, NULL)'})"
        alias = f"codes_{len(self.joins) + 1}"
        self.joins.append(f"LEFT JOIN {table} AS {alias} ON {alias}.code = {text}")
        return alias
