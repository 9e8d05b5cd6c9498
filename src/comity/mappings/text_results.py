"""What the rules of a mapping make of the texts of repeating fields, each worked out once in all parts of a task.

Invariant: a rule that reads one field is a function of that field's text, and so are a lookup of one field and
trimming. What is here of a field stands in the order of its numbers, the result of no text before them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from comity.mappings.lookup import results_of
from comity.mappings.record_file import constant_columns
from comity.mappings.rules_sql import Source, cells_sql, findings_of, result_name, rules_sql, text_sql
from comity.mappings.staged import longer, small_table, whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from comity.mappings.plan import Plan, Provenance, RulePlan
    from comity.mappings.staged import Staged

    Rules = list[tuple[int, RulePlan]]
    Columns = dict[str, pa.Array]

_SHORT = 4096  # texts: fields with no more share one statement


class TextResults:
    """``made``: field → the columns of its rules; ``trimmed``: field → its texts; ``looked_up``: lookup → its field,
    and its texts and results. All of them as of the last part that was learnt.
    """

    def __init__(self, plan: Plan, provenance: Provenance) -> None:
        self.plan, self.provenance = plan, provenance
        (self.branch,) = plan.branches
        self.made: dict[str, Columns] = {}
        self.trimmed: dict[str, pa.Array] = {}
        self.looked_up: dict[str, tuple[str, Columns]] = {}
        self._known: dict[str, tuple[int, int]] = {}
        self._constants: Columns | None = None

    def learn(
        self,
        connection: duckdb.DuckDBPyConnection,
        staged: Staged,
        rules: Mapping[str, Rules],
        read_by_rows: Collection[str],
    ) -> None:
        """What a part has of new texts. ``rules``: by the repeating field that they read; ``read_by_rows``: the
        repeating fields that others read.
        """
        looked_up = filter(None, (staged.alone(lookup.fields) for lookup in self.branch.lookups))
        since = dict(self._new(staged, {*rules, *read_by_rows, *looked_up}))
        if since:
            self._look_up(connection, staged, since)
            self._trim(connection, staged, {name: since[name] for name in read_by_rows if name in since})
            self._run(connection, staged, {name: since[name] for name in rules if name in since}, rules)

    def constants(self, connection: duckdb.DuckDBPyConnection) -> Columns:
        """The columns that need no text at all (``constant_columns``), worked out once as well."""
        if self._constants is None:
            self._constants = constant_columns(connection, self.plan, self.provenance)
        return self._constants

    def results(self, lookup: str) -> list[str]:
        """The names of the results of a lookup."""
        return [name for name in self.looked_up[lookup][1] if name != "text"]

    def _new(self, staged: Staged, fields: Collection[str]) -> Iterator[tuple[str, int]]:
        """The fields with texts that are not known, and the first number of those."""
        for name in sorted(fields):
            begun, count = staged.begun.get(name, 0), len(staged.repeating[name].dictionary)
            known = self._known.get(name)
            if known is not None and known[0] != begun:
                self._forget(name)
                known = None
            if known is None or known[1] < count:
                yield name, known[1] if known else 0
            self._known[name] = begun, count

    def _forget(self, field: str) -> None:
        for known in (self.made, self.trimmed):
            known.pop(field, None)
        self.looked_up = {name: found for name, found in self.looked_up.items() if found[0] != field}

    def _look_up(
        self, connection: duckdb.DuckDBPyConnection, staged: Staged, since: Mapping[str, int]
    ) -> None:
        for lookup in self.branch.lookups:
            field = staged.alone(lookup.fields)
            if field is None or field not in since:
                continue
            scan = staged.scan(connection, "texts_of_one", staged.texts({field: since[field]}))
            found = results_of(connection, lookup, text_sql(self.branch, Source(scan), lookup.text))
            _, before = self.looked_up.get(lookup.name, (field, {}))
            self.looked_up[lookup.name] = field, _longer_by(before, found.drop_columns(["source_row"]))

    def _trim(self, connection: duckdb.DuckDBPyConnection, staged: Staged, since: Mapping[str, int]) -> None:
        if not since:
            return
        texts = staged.scan(connection, "texts_of_some", staged.texts(since))
        cells = cells_sql(self.branch, texts, list(since))
        trimmed = small_table(connection, f"SELECT * FROM ({cells}) ORDER BY source_row")
        for field, number in since.items():
            own = trimmed.select([field]).slice(0, _height(staged, field, number))
            before = {field: self.trimmed[field]} if field in self.trimmed else {}
            self.trimmed[field] = _longer_by(before, own)[field]

    def _run(
        self,
        connection: duckdb.DuckDBPyConnection,
        staged: Staged,
        since: Mapping[str, int],
        rules: Mapping[str, Rules],
    ) -> None:
        heights = {field: _height(staged, field, number) for field, number in since.items()}
        short = [field for field in since if heights[field] <= _SHORT]
        for group in filter(None, (short, *([field] for field in since if field not in short))):
            table, lookups = staged.texts({field: since[field] for field in group}), {}
            for lookup, (field, found) in self.looked_up.items():
                if field in group:
                    lookups[lookup] = self.results(lookup)
                    for name in lookups[lookup]:
                        column = longer(_first_and_last(found[name], heights[field]), table.num_rows)
                        table = table.append_column(result_name(lookup, name), column)
            source = Source(staged.scan(connection, "texts_of_some", table), lookups=lookups)
            of_group = list(chain.from_iterable(rules[field] for field in group))
            sql = rules_sql(self.plan, source, of_group, self.provenance)
            made = small_table(connection, f"SELECT * FROM ({sql}) ORDER BY source_row")
            for field in group:
                own = [name for _, rule in rules[field] for name in rule.columns]
                own += [
                    name for rule in rules[field] for name in self._said(*rule) if name in made.column_names
                ]
                new = made.select(own).slice(0, heights[field])
                self.made[field] = _longer_by(self.made.get(field, {}), new)

    def _said(self, number: int, rule: RulePlan) -> list[str]:
        """What ``rules_sql`` says of a rule beside its columns."""
        codes = [f"codes {place}" for place, _ in findings_of(self.branch, rule)]
        return [f"rejects {number}", f"finds {number}", f"flags {number}", *codes]


def _height(staged: Staged, field: str, since: int) -> int:
    """How many texts are new, and one for no text."""
    return 1 + len(staged.repeating[field].dictionary) - since


def _first_and_last(column: pa.Array, height: int) -> pa.Array:
    """Of a column that may be longer, what belongs to ``Staged.texts``."""
    import pyarrow as pa

    if len(column) == height:
        return column
    return pa.concat_arrays([column.slice(0, 1), column.slice(len(column) - height + 1)])


def _longer_by(before: Columns, found: pa.Table) -> Columns:
    """The results of more texts behind those known; the result of no text is known then."""
    import pyarrow as pa

    columns = {name: whole(found.column(name)) for name in found.column_names}
    if before:
        columns = {name: pa.concat_arrays([before[name], more.slice(1)]) for name, more in columns.items()}
    return columns
