"""The records of a part by a mapping that makes one of a row, worked out once for every distinct text where it can be.

Invariant: the records, flags and refused rows are those of ``Plan.record_sql``. A rule that reads one field is a
function of that field's text: where the texts repeat, it runs on the distinct ones, and rows take its results by
number. All other rules run on the rows.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from comity.mappings.lookup import fill_lookup
from comity.mappings.plan import FLAG_END
from comity.mappings.record_file import BATCH, encoded_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

    from comity.mappings.plan import Plan, Provenance, RulePlan
    from comity.mappings.staged import Staged

    Rules = list[tuple[int, RulePlan]]
    Places = NDArray[Any]

_ROOM = 1 << 40  # what a number may grow to before the next digit goes to another
_SHORT = 4096  # texts: fields with no more share one statement


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
    """One part through one plan. ``places``, once the batches are read: of the rows that became no record, or have a
    code that no crosswalk line has.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, plan: Plan, staged: Staged, provenance: Provenance
    ) -> None:
        self.connection, self.plan, self.staged, self.provenance = connection, plan, staged, provenance
        self.by_row: Rules = []
        self.by_field: dict[str, Rules] = {}
        (branch,) = plan.branches
        for number, rule in enumerate(branch.rules):
            (field,) = rule.fields if len(rule.fields) == 1 else ("",)
            if field in staged.repeating and number:
                self.by_field.setdefault(field, []).append((number, rule))
            else:
                self.by_row.append((number, rule))
        self.places: list[Places] = []
        self.results: dict[str, dict[str, pa.Array]] = {}
        self.scans: dict[str, str] = {}
        self._read_texts()

    def batches(self) -> Iterator[dict[str, pa.Array]]:
        """The records, column by column, without the columns that are the same in all of them."""
        import numpy as np
        import pyarrow as pa

        scan = self.staged.rows.scan
        rows = self.connection.sql(self.plan.rules_sql(scan, self.by_row, self.provenance)).to_arrow_reader(
            BATCH
        )
        all_rows = self.staged.table.column("source_row").to_numpy()
        numbers = {field: self.staged.place_of(field) for field in self.by_field}
        begin = 0
        for batch in rows:
            given = batch.column("source_row").to_numpy()
            places = np.arange(begin, begin + len(given))
            begin += len(given)
            if not np.array_equal(all_rows[places], given):  # several threads keep no order
                order = np.argsort(all_rows)
                places = order[np.searchsorted(all_rows, given, sorter=order)]
            taken = {field: number[places] for field, number in numbers.items()}
            refused = self._any(batch, taken, "rejects")
            found = self._any(batch, taken, "finds")
            apart = refused | found
            if apart.any():
                self.places.append(places[apart])
            if refused.any():
                kept = np.flatnonzero(~refused)
                batch = batch.take(pa.array(kept))
                taken = {field: number[kept] for field, number in taken.items()}
            if batch.num_rows:
                yield self._columns(batch, taken)

    def apart(self) -> str | None:
        """A scan of the rows at ``places``; None when there are none."""
        import numpy as np

        return self.staged.pick(self.connection, np.concatenate(self.places)) if self.places else None

    def _read_texts(self) -> None:
        """What the rules make of the distinct texts."""
        fields = sorted(self.by_field, key=self._count)
        short = [field for field in fields if self._count(field) <= _SHORT]
        groups = [short, *([field] for field in fields[len(short) :])]
        for place, group in enumerate(filter(None, groups)):
            scan = self.staged.texts(self.connection, f"texts_{place}", group)
            self.scans |= dict.fromkeys(group, scan)
        self._fill_lookups()
        for group in filter(None, groups):
            rules = list(chain.from_iterable(self.by_field[field] for field in group))
            sql = self.plan.rules_sql(self.scans[group[0]], rules, self.provenance)
            made = self.connection.sql(f"SELECT * FROM ({sql}) ORDER BY source_row").to_arrow_table()
            for field in group:
                own = made.slice(0, self._count(field) + 1).combine_chunks().to_batches()[0]
                self.results[field] = {name: encoded_once(own.column(name)) for name in own.schema.names}

    def _count(self, field: str) -> int:
        return len(self.staged.repeating[field].dictionary)

    def _fill_lookups(self) -> None:
        (branch,) = self.plan.branches
        for lookup in branch.lookups:
            scan = self.staged.rows.scan
            if len(lookup.fields) == 1 and (only := min(lookup.fields)) in self.staged.repeating:
                scan = self.scans.get(only) or self.staged.texts(
                    self.connection, f"texts_of_{lookup.name}", [only]
                )
            fill_lookup(self.connection, lookup, self.plan.texts_sql(branch, lookup.text, scan))

    def _rules(self) -> Iterator[tuple[str, int, RulePlan]]:
        """Field (empty: of the rows), number and rule, in the order of the rules."""
        both = chain(
            (("", *rule) for rule in self.by_row),
            ((field, *rule) for field, rules in self.by_field.items() for rule in rules),
        )
        yield from sorted(both, key=lambda rule: rule[1])

    def _column(self, batch: pa.RecordBatch, field: str, name: str) -> pa.Array:
        """A column by the texts of ``field``, or by the rows of the batch."""
        return self.results[field][name] if field else batch.column(name)

    def _any(self, batch: pa.RecordBatch, taken: dict[str, Places], what: str) -> NDArray[Any]:
        """For every row whether some rule ``rejects`` it, or ``finds`` an unmapped code in it."""
        import numpy as np

        some = np.zeros(batch.num_rows, bool)
        for field, number, rule in self._rules():
            if getattr(rule, what) == "false":
                continue
            says = self._column(batch, field, f"{what} {number}")
            says = says.fill_null(False).to_numpy(zero_copy_only=False)
            if says.any():
                some |= says[taken[field]] if field else says
        return some

    def _columns(self, batch: pa.RecordBatch, taken: dict[str, Places]) -> dict[str, pa.Array]:
        import pyarrow as pa

        columns: dict[str, pa.Array] = {"source_row": batch.column("source_row")}
        indices = {field: pa.array(number) for field, number in taken.items()}
        for field, _, rule in self._rules():
            for name in rule.columns:
                column = self._column(batch, field, name)
                columns[name] = column.take(indices[field]) if field else column
        columns["quality_flags"] = self._flags(batch, taken)
        return columns

    def _flags(self, batch: pa.RecordBatch, taken: dict[str, Places]) -> pa.Array:
        """The flags of every record: each set of flags that occurs is made once."""
        import numpy as np
        import pyarrow as pa

        keys, room, sets = [np.zeros(batch.num_rows, np.int64)], 1, _Sets()
        for field, number, rule in self._rules():
            if rule.flags is None:
                continue
            column = self._column(batch, field, f"flags {number}")
            if column.null_count == len(column):
                continue
            encoded = column if field else column.dictionary_encode()
            index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
            sets.add(encoded.dictionary, first := room > _ROOM)
            size = len(encoded.dictionary) + 1
            if first:
                keys, room = [*keys, np.zeros(batch.num_rows, np.int64)], 1
            keys[-1] = keys[-1] * size + (index[taken[field]] if field else index)
            room *= size
        flagged = np.flatnonzero(np.logical_or.reduce(keys))
        distinct, which = np.unique(np.stack(keys, 1)[flagged], axis=0, return_inverse=True)
        index = np.zeros(batch.num_rows, np.int32)
        index[flagged] = which.reshape(-1) + 1
        lists = pa.array([[], *(sets.flags(key) for key in distinct.tolist())], pa.list_(pa.string()))
        return encoded_once(lists).take(pa.array(index))
