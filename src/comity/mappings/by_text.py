"""The records of a part by a mapping that makes one of a row, worked out once for every distinct text where it can be.

Invariant: the records, flags and refused rows are those of ``Plan.record_sql``. A rule that reads one field is a
function of that field's text: where the texts repeat, it runs on the distinct ones, and rows take its results by
number. All other rules run on the rows, and take by number what is trimmed or looked up of a text that repeats.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from comity.mappings.lookup import fill_lookup
from comity.mappings.plan import FLAG_END
from comity.mappings.record_file import BATCH, encoded_once
from comity.mappings.record_ids import standing_twice
from comity.mappings.rules_sql import Source, deciding, result_name, rules_sql
from comity.mappings.text_results import TextResults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

    from comity.mappings.plan import Plan, Provenance, RulePlan
    from comity.mappings.staged import Staged

    Rules = list[tuple[int, RulePlan]]
    Places = NDArray[Any]
    Columns = dict[str, pa.Array]

_ROOM = 1 << 40  # what a number may grow to before the next digit goes to another


class _Sets:
    """Which flags a key stands for: the rules' flags are its digits, 0 for none, and a key may be several numbers."""

    def __init__(self) -> None:
        self.digits: list[list[list[list[str]]]] = [[]]

    def add(self, texts: pa.Array, another: bool) -> None:
        """The next digit, of the same number or of another."""
        if another:
            self.digits.append([])
        self.digits[-1].append([[], *(text.split(FLAG_END) for text in texts.to_pylist())])

    def flags(self, key: list[int]) -> list[str]:
        found: list[list[str]] = []
        for number, digits in zip(reversed(key), reversed(self.digits), strict=True):
            for digit in reversed(digits):
                number, place = divmod(number, len(digit))
                found.append(digit[place])
        return list(chain.from_iterable(reversed(found)))


class ByText:
    """One part through one plan. Once the batches are read, ``repeated`` has the records whose key may stand twice in
    the part, ``once`` the halves of the other ids (``record_ids``), and ``places`` those of the rows that became no
    record, or have a code that no crosswalk line has in a field that does not repeat.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        plan: Plan,
        staged: Staged,
        provenance: Provenance,
        texts: TextResults | None = None,
    ) -> None:
        import numpy as np

        self.connection, self.plan, self.staged, self.provenance = connection, plan, staged, provenance
        self.texts = texts or TextResults(plan, provenance)
        self.by_row: Rules = []
        self.by_field: dict[str, Rules] = {}
        (self.branch,) = plan.branches
        for number, rule in enumerate(self.branch.rules):
            if number and (field := staged.alone(rule.fields)):
                self.by_field.setdefault(field, []).append((number, rule))
            elif rule.columns or rule.flags:  # others are the same for every row
                self.by_row.append((number, rule))
        self.places: list[Places] = []
        self.repeated: list[Columns] = []
        self.once: NDArray[Any] = np.zeros(0, np.uint64)
        read = frozenset[str]().union(*(rule.fields for _, rule in self.by_row))
        self.read_by_rows = [
            field for field in staged.table.column_names if field in read & staged.repeating.keys()
        ]
        self.texts.learn(connection, staged, self.by_field, self.read_by_rows)
        for lookup in self.branch.lookups:
            if staged.alone(lookup.fields) is None:
                fill_lookup(connection, lookup, plan.texts_sql(self.branch, lookup.text, staged.rows.scan))

    def batches(self) -> Iterator[Columns]:
        """The records whose key stands once, column by column, without the columns that are the same in all of them."""
        import numpy as np

        sql = rules_sql(self.plan, self._rows_source(), self.by_row, self.provenance)
        rows = list(self.connection.sql(sql).to_arrow_reader(BATCH))
        twice, self.once = standing_twice([batch.column("record_id") for batch in rows])
        all_rows = self.staged.table.column("source_row").to_numpy()
        numbers = {field: self.staged.place_of(field) for field in self.by_field}
        every, ended, begin = np.arange(len(all_rows)), np.zeros(len(all_rows), bool), 0
        judged: list[tuple[pa.RecordBatch, Places | slice, NDArray[Any], NDArray[Any]]] = []
        for batch in rows:
            given = batch.column("source_row").to_numpy()
            places: Places | slice = slice(begin, begin + len(given))
            if not np.array_equal(all_rows[places], given):  # several threads keep no order
                order = np.argsort(all_rows)
                places = order[np.searchsorted(all_rows, given, sorter=order)]
            taken = {field: number[places] for field, number in numbers.items()}
            refused = self._any(self._rules(), batch, taken, "rejects")
            apart = refused | self._any((("", *rule) for rule in self.by_row), batch, taken, "finds")
            if apart.any():
                self.places.append(every[places][apart])
            again = twice[begin : begin + len(given)] & ~refused
            begin += len(given)
            ended[places] = refused | again
            judged.append((batch, places, again, ~(refused | again)))
        columns = self._encoded(numbers, ended)
        for batch, places, again, once in judged:
            taken = {field: number[places] for field, number in numbers.items()}
            if again.any():
                self.repeated.append(self._kept(batch, taken, again))
            if once.any():
                yield self._kept(batch, taken, once, columns)

    def _encoded(self, numbers: dict[str, Places], ended: NDArray[Any]) -> Columns:
        """The columns by text, each value once, without the results of texts that only rows have which ``ended`` here:
        the file's dictionaries hold nothing that no record of it has, lest a purge of those rows miss it.
        """
        import numpy as np

        columns: Columns = {}
        for field, rules in self.by_field.items():
            number = numbers[field]
            used = np.zeros(len(self.staged.repeating[field].dictionary) + 1, bool)
            used[number[~ended] if ended.any() else number] = True
            taken = None if used.all() else np.where(used, np.arange(len(used)), 0)
            for name in (name for _, rule in rules for name in rule.columns):
                made = self.texts.made[field][name]
                columns[name] = encoded_once(made if taken is None else made.take(taken))
        return columns

    def apart(self) -> str | None:
        """A scan of the rows at ``places``, for the steps of the plan; None when there are none."""
        import numpy as np
        import pyarrow as pa

        if not self.places:
            return None
        joins = " ".join(join for rule in deciding(self.branch) for join in rule.joins)
        for name, (field, found) in self.texts.looked_up.items():
            if field not in self.staged.repeating or f" {name} " not in joins:
                continue
            self.connection.register("looked_up", pa.table(found))
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT ON (text) * FROM looked_up "
                "WHERE text IS NOT NULL"
            )
        return self.staged.pick(self.connection, np.concatenate(self.places))

    def _rows_source(self) -> Source:
        """The rows, with the texts that repeat trimmed, and with what was looked up of them."""
        table, lookups = self.staged.table, {}
        for field in self.read_by_rows:
            column = self._by_number(field, self.texts.trimmed[field])
            table = table.set_column(table.column_names.index(field), field, column)
        for lookup, (field, found) in self.texts.looked_up.items():
            if field in self.read_by_rows:
                lookups[lookup] = self.texts.results(lookup)
                for name in lookups[lookup]:
                    table = table.append_column(
                        result_name(lookup, name), self._by_number(field, found[name])
                    )
        scan = self.staged.scan(self.connection, "staged_rows", table)
        return Source(scan, frozenset(self.read_by_rows), lookups)

    def _by_number(self, field: str, results: pa.Array) -> pa.Array:
        """The results of a field's texts, for the rows."""
        import pyarrow as pa

        numbers, values = self.staged.repeating[field].indices, results.slice(1)
        return (
            values.take(numbers)
            if pa.types.is_nested(values.type)
            else pa.DictionaryArray.from_arrays(numbers, values)
        )

    def _rules(self) -> Iterator[tuple[str, int, RulePlan]]:
        """Field (empty: of the rows), number and rule, in the order of the rules."""
        both = chain(
            (("", *rule) for rule in self.by_row),
            ((field, *rule) for field, rules in self.by_field.items() for rule in rules),
        )
        yield from sorted(both, key=lambda rule: rule[1])

    def _column(self, batch: pa.RecordBatch, field: str, name: str) -> pa.Array:
        """A column by the texts of ``field``, or by the rows of the batch."""
        return self.texts.made[field][name] if field else batch.column(name)

    def _any(
        self,
        rules: Iterable[tuple[str, int, RulePlan]],
        batch: pa.RecordBatch,
        taken: dict[str, Places],
        what: str,
    ) -> NDArray[Any]:
        """For every row whether some rule ``rejects`` it, or ``finds`` an unmapped code in it."""
        import numpy as np

        some = np.zeros(batch.num_rows, bool)
        for field, number, rule in rules:
            if getattr(rule, what) == "false":
                continue
            says = self._column(batch, field, f"{what} {number}")
            says = says.fill_null(False).to_numpy(zero_copy_only=False)
            if says.any():
                some |= says[taken[field]] if field else says
        return some

    def _kept(
        self,
        batch: pa.RecordBatch,
        taken: dict[str, Places],
        kept: NDArray[Any],
        encoded: Columns | None = None,
    ) -> Columns:
        """The records of some rows of a batch. ``encoded``: the columns by text, where it is not for a few rows."""
        import pyarrow as pa

        if not kept.all():
            batch = batch.filter(pa.array(kept))
            taken = {field: number[kept] for field, number in taken.items()}
        columns: Columns = {"source_row": batch.column("source_row")}
        indices = {field: pa.array(number) for field, number in taken.items()}
        for field, _, rule in self._rules():
            for name in rule.columns:
                if not field:
                    columns[name] = batch.column(name)
                elif encoded is not None:
                    columns[name] = encoded[name].take(indices[field])
                else:
                    columns[name] = encoded_once(self.texts.made[field][name].take(indices[field]))
        columns["quality_flags"] = self._flags(batch, taken)
        return columns

    def _flags(self, batch: pa.RecordBatch, taken: dict[str, Places]) -> pa.Array:
        """The flags of every record: each set of flags that occurs is made once."""
        import numpy as np
        import pyarrow as pa

        said: list[tuple[pa.DictionaryArray, Places | None]] = []
        for field, number, rule in self._rules():
            if rule.flags is None:
                continue
            column = self._column(batch, field, f"flags {number}")
            if column.null_count < len(column):
                said.append((column.dictionary_encode(), taken[field] if field else None))
        some = np.zeros(batch.num_rows, bool)
        for column, places in said:
            flags = column.indices.is_valid().to_numpy(zero_copy_only=False)
            some |= flags if places is None else flags[places]
        flagged = np.flatnonzero(some)  # few, and only of those it matters which flags they have
        keys, room, sets = [np.zeros(len(flagged), np.int64)], 1, _Sets()
        for column, places in said:
            index = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
            sets.add(column.dictionary, first := room > _ROOM)
            size = len(column.dictionary) + 1
            if first:
                keys, room = [*keys, np.zeros(len(flagged), np.int64)], 1
            keys[-1] = keys[-1] * size + index[flagged if places is None else places[flagged]]
            room *= size
        if len(keys) == 1:  # the rule, and sorted much faster
            alone, which = np.unique(keys[0], return_inverse=True)
            distinct = alone.reshape(-1, 1)
        else:
            distinct, which = np.unique(np.stack(keys, 1), axis=0, return_inverse=True)
        index = np.zeros(batch.num_rows, np.int32)
        index[flagged] = which.reshape(-1) + 1
        lists = pa.array([[], *(sets.flags(key) for key in distinct.tolist())], pa.list_(pa.string()))
        return encoded_once(lists).take(pa.array(index))
