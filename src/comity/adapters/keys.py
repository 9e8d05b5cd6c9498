"""Which keys the records of a nested export have, against those that its adapter declares.

Invariant: keys are counted at every level that a declared path goes through, over all records; a key that
nobody declared, or a declared one that no record has, is drift and never silently dropped. A record with a key
that stands twice in one object is not counted: nobody can say which of its values counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from comity.adapters.field_spec import FieldSpec

Level = tuple[str, ...]
_LIMIT = 1000


class KeyCount:
    """Counts keys batch by batch. ``ITEM`` in a level stands for the items of a list."""

    ITEM = "[*]"

    def __init__(self, fields: Sequence[FieldSpec]) -> None:
        self.declared: dict[Level, set[str]] = {(): set()}
        self.needed: set[tuple[Level, ...]] = set()
        """Each is a name and its aliases, one of which some record must have."""
        self._declare((), fields)
        self._plain = [level for level in self.declared if self.ITEM not in level]
        self._listed = [level for level in self.declared if self.ITEM in level]
        self.counts: Counter[Level] = Counter()
        self.records = 0

    def add(self, connection: duckdb.DuckDBPyConnection, batch: str, rows: int) -> bool:
        """Count the keys in the column ``record`` of the relation ``batch``; its records are valid JSON.

        False, and nothing is counted, when in one of them a key stands twice. Raises ``duckdb.Error``, and counts
        nothing either, when one of them is not valid.
        """
        found: Counter[Level] = Counter()
        # Records mostly agree in their keys: the lists are grouped before they are taken apart.
        rows_found = connection.execute(
            f"WITH shapes AS (SELECT {self._plain_keys} AS keys, count(*) AS n FROM {batch} GROUP BY ALL) "
            "SELECT level, key, sum(n)::BIGINT, bool_or(twice) FROM (SELECT level, unnest(keys[level]) AS key, n, "
            f"twice FROM (SELECT keys, n, {_twice('keys')} AS twice, "
            f"unnest(range(1, {len(self._plain) + 1})) AS level FROM shapes)) GROUP BY ALL LIMIT {_LIMIT}"
        ).fetchall()
        for index, key, count, twice in rows_found:
            if twice:
                return False
            found[(*self._plain[index - 1], key)] += count
        for level in self._listed:
            rows_found = connection.execute(
                f"WITH shapes AS (SELECT {_keys_of(level)} AS keys, count(*) AS n FROM {batch} GROUP BY ALL) "
                "SELECT key, sum(n)::BIGINT, bool_or(twice) FROM (SELECT unnest(flatten(keys)) AS key, n, "
                f"{_twice('keys')} AS twice FROM shapes) GROUP BY ALL LIMIT {_LIMIT}"
            ).fetchall()
            for key, count, twice in rows_found:
                if twice:
                    return False
                found[(*level, key)] += count
        self.counts.update(found)
        self.records += rows
        return True

    @property
    def twice_sql(self) -> str:
        """Whether in the valid JSON ``record`` some key stands twice in one object."""
        return " OR ".join(_twice(keys) for keys in (self._plain_keys, *map(_keys_of, self._listed)))

    @property
    def _plain_keys(self) -> str:
        return f"json_keys(record, [{', '.join(_literal(_json_path(level)) for level in self._plain)}])"

    def new(self) -> list[str]:
        """Keys that nobody declared, as dotted paths."""
        unknown = (level for level in self.counts if level[-1] not in self.declared.get(level[:-1], ()))
        return sorted(_dotted(level) for level in unknown)

    def missing(self) -> list[str]:
        """Declared keys that are not optional and that no record has. Without records nothing is missing."""
        if not self.records:
            return []
        absent = (names for names in self.needed if not any(self.counts[name] for name in names))
        return sorted(_dotted(names[0]) for names in absent if self._is_missed(names[0]))

    def _is_missed(self, level: Level) -> bool:
        """Nothing is inside an object that is always null, or a list that is always empty."""
        around = level[:-1]
        seen = any(found[: len(around)] == around and len(found) > len(around) for found in self.counts)
        return seen or (bool(around) and around[-1] != self.ITEM and not self.counts[around])

    def _declare(self, base: Level, fields: Sequence[FieldSpec]) -> None:
        for field in fields:
            names = [(*base, *name.split(".")) for name in (field.path or field.name, *field.aliases)]
            for name in names:
                for depth in range(len(base), len(name)):
                    self.declared.setdefault(name[:depth], set()).add(name[depth])
                if field.records:
                    self._declare((*name, self.ITEM), field.records)
            if not field.optional:
                self.needed.add(tuple(names))


def _keys_of(level: Level) -> str:
    return f"json_keys(record, {_literal(_json_path(level))})"


def _twice(keys: str) -> str:
    return f"len(list_filter({keys}, lambda names: len(names) <> len(list_distinct(names)))) > 0"


def _json_path(level: Level) -> str:
    return "$" + "".join(
        step if step == KeyCount.ITEM else '."' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for step in level
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _dotted(level: Level) -> str:
    return ".".join(step for step in level if step != KeyCount.ITEM)
