"""Making a segment of the index from published files of persons.

Invariant: every person of the files has a row, in the order of the files, and every name that it has is found by its
words. Records stream through once; only numbers are kept in memory, about a hundred bytes a person.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comity.mappings.transliterate import name_words
from comity.search.segment import NAME_BITS, UNKNOWN, YEAR_BITS, Segment, pair_hash, text_hash, year_code
from comity.search.skeleton import one_letter_less, skeleton
from comity.store.view_sql import parquet_scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

_BATCH = 250_000
_HANDLING = (
    "source_id owner_country confidentiality handling_codes handling_conditions permitted_purposes recipients_allow "
    "recipients_deny"
).split()
_SHOWN = "record_id full_name full_name_latin birth_date sex nationalities status".split()
# The whole name too, where it says more than the key, or says it in letters of its own.
_IN_FULL = (
    "CASE WHEN coalesce(name_key, full_name_latin) IS NOT NULL AND (regexp_matches(full_name, '[^\\x00-\\x{24F}]') "
    "OR length(full_name) - length(replace(full_name, ' ', '')) > length(name_key) - length(replace(name_key, ' ', ''))"
    ") THEN full_name END"
)
_FARTHEST = 5  # words of one name whose skeletons are paired: each with the next five


def build_segment(connection: duckdb.DuckDBPyConnection, files: Sequence[str], folder: Path) -> Segment:
    """Write the segment of ``files`` into ``folder``, which is new. The connection may read the files."""
    import numpy as np
    import pyarrow as pa

    folder.mkdir(mode=0o700, parents=True)
    handling = _handling(connection, files)
    names, rows = _Names(), 0
    starts, born_first, born_last, row_file = [], [], [], []
    sink: pa.ipc.RecordBatchFileWriter | None = None
    for batch in _batches(connection, files):
        table = pa.record_batch(
            [
                *(batch.column(name) for name in _SHOWN),
                pa.array(_numbers(batch, "handling", handling), pa.int32()),
            ],
            names=[*_SHOWN, "handling"],
        )
        if sink is None:
            sink = pa.ipc.new_file(str(folder / "people.arrow"), table.schema)
        sink.write_batch(table)
        starts.append(rows)
        names.add(batch.column("names"), rows)
        born_first.append(_days(batch, "birth_date_earliest"))
        born_last.append(_days(batch, "birth_date_latest"))
        row_file.append(np.asarray(batch.column("file_index")).astype(np.uint32))
        rows += batch.num_rows
    if sink is not None:
        sink.close()
    first = _joined(born_first, np.int32)
    arrays = names.arrays(_year_codes(first, _joined(born_last, np.int32)))
    arrays |= {
        "born_first": first,
        "born_last": _joined(born_last, np.int32),
        "row_file": _joined(row_file, np.uint32),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "batch_start.npy", np.array(starts, np.int64))
    words = pa.record_batch([pa.array(names.words, pa.string())], names=["word"])
    with pa.ipc.new_file(str(folder / "words.arrow"), words.schema) as writer:
        writer.write_batch(words)
    told = {"files": list(files), "rows": rows, "handling": list(handling.values())}
    (folder / "segment.json").write_text(json.dumps(told), "utf-8")
    return Segment.open(folder)


def _batches(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """What the index needs of every person, in the order of the files."""
    columns = [
        name if name != "nationalities" else "array_to_string(nationalities, ' ') AS nationalities"
        for name in _SHOWN
    ]
    query = (
        f"SELECT {', '.join(columns)}, birth_date_earliest, birth_date_latest, "
        "CAST(file_index AS UINTEGER) AS file_index, "
        f"hash({', '.join(_HANDLING)}) AS handling, "
        f"list_filter([coalesce(name_key, full_name_latin, full_name), {_IN_FULL}] "
        "|| list_transform(coalesce(other_names, []), lambda other: other.full_name), "
        f"lambda name: name IS NOT NULL) AS names FROM {parquet_scan(files)}"
    )
    yield from connection.sql(query).to_arrow_reader(_BATCH)


def _handling(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Hash → what an owner says of the use of its records; there are few of them in millions of records."""
    packed = ", ".join(f"{name} := {name}" for name in _HANDLING)
    rows = connection.execute(
        f"SELECT hash({', '.join(_HANDLING)}) AS h, any_value(struct_pack({packed})) "
        f"FROM {parquet_scan(files)} GROUP BY h ORDER BY h"
    ).fetchall()
    return dict(rows)


def _numbers(batch: pa.RecordBatch, name: str, known: dict[int, Any]) -> NDArray[Any]:
    """Places of the hashes of a column among ``known``, which is sorted."""
    import numpy as np

    return np.searchsorted(np.array(list(known), np.uint64), np.asarray(batch.column(name))).astype(np.int32)


def _days(batch: pa.RecordBatch, name: str) -> Any:
    import pyarrow as pa

    days = batch.column(name).cast(pa.date32()).view(pa.int32())
    return days.fill_null(UNKNOWN).to_numpy(zero_copy_only=False)


def _year_codes(first: NDArray[Any], last: NDArray[Any]) -> NDArray[Any]:
    """The eight bits of each row's year of birth; 0 where it may be more than one year."""
    import numpy as np

    years = first.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    until = last.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    known = (first != UNKNOWN) & (last != UNKNOWN) & (years == until)
    return np.where(known, year_code(years), np.uint64(0))


def _joined(arrays: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    import numpy as np

    return np.concatenate(arrays) if arrays else np.empty(0, kind)


class _Names:
    """Names as numbers of words. What must be Python runs once for every distinct piece of a name."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._known: dict[str, int] = {}
        self._pieces: dict[str, tuple[int, ...]] = {}
        self._rows: list[NDArray[Any]] = []
        self._lengths: list[NDArray[Any]] = []
        self._name_words: list[NDArray[Any]] = []

    def add(self, names: pa.ListArray, first_row: int) -> None:
        """The lists of names of the rows from ``first_row`` on."""
        import numpy as np
        import pyarrow.compute as pc

        flat = names.flatten()
        rows = np.repeat(
            np.arange(first_row, first_row + len(names), dtype=np.uint32),
            pc.list_value_length(names).fill_null(0).to_numpy(zero_copy_only=False),
        )
        split = pc.utf8_split_whitespace(flat)
        pieces = split.flatten().dictionary_encode()
        words = [self._words_of(piece) for piece in pieces.dictionary.to_pylist()]
        counts = np.array([len(each) for each in words], np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)])
        values = np.fromiter((word for each in words for word in each), np.uint32)
        codes = pieces.indices.to_numpy(zero_copy_only=False)
        mine = counts[codes]
        ends = np.cumsum(mine)
        inside = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - mine, mine)
        name_words = values[np.repeat(starts[codes], mine) + inside]
        per_piece = np.concatenate([[0], ends])
        of_name = np.concatenate([[0], np.cumsum(pc.list_value_length(split).to_numpy(zero_copy_only=False))])
        bounds = per_piece[of_name.astype(np.int64)]
        other = ~_as_the_first(rows, name_words, bounds)
        lengths = np.diff(bounds)
        self._rows.append(rows[other])
        self._name_words.append(name_words[np.repeat(other, lengths)])
        self._lengths.append(lengths[other])

    def _words_of(self, piece: str) -> tuple[int, ...]:
        found = self._pieces.get(piece)
        if found is None:
            found = tuple(map(self._number_of, name_words(piece).split()))
            self._pieces[piece] = found
        return found

    def _number_of(self, word: str) -> int:
        number = self._known.setdefault(word, len(self.words))
        if number == len(self.words):
            self.words.append(word)
        return number

    def arrays(self, year_codes: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The arrays of a segment that are about names; ``year_codes``: of every row."""
        import numpy as np

        name_row, lengths = _joined(self._rows, np.uint32), _joined(self._lengths, np.int64)
        name_word = _joined(self._name_words, np.uint32)
        self._rows, self._lengths, self._name_words = [], [], []
        texts = [skeleton(word) for word in self.words]
        skeletons, word_skeleton = np.unique(np.array(texts, "S8"), return_inverse=True)
        of_word = word_skeleton.astype(np.uint32)[name_word]
        of_name = np.repeat(np.arange(len(name_row), dtype=np.uint32), lengths)
        shorter = [one_letter_less(text.decode()) for text in skeletons.tolist()]
        deletes = text_hash([text for each in shorter for text in each])
        delete_of = np.repeat(np.arange(len(shorter), dtype=np.uint32), [len(each) for each in shorter])
        order = np.argsort(deletes, kind="stable")
        return {
            "name_row": name_row,
            "name_start": np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32),
            "name_word": name_word,
            "word_skeleton": word_skeleton.astype(np.uint32),
            "skeletons": skeletons,
            "deletes": deletes[order],
            "delete_of": delete_of[order],
            "singles": _singles(of_word, of_name, year_codes[name_row]),
            "pairs": _pairs(of_word, of_name),
        }


def _as_the_first(rows: NDArray[Any], name_words: NDArray[Any], bounds: NDArray[Any]) -> NDArray[Any]:
    """Which names have the words of the first name of their row, in whatever order; ``bounds``: where words begin."""
    import numpy as np

    if not len(rows):
        return np.zeros(0, bool)
    # A sum over hashes does not depend on their order.
    mixed = (name_words.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    sums = np.diff(np.concatenate([[np.uint64(0)], np.cumsum(mixed, dtype=np.uint64)])[bounds])
    begins = np.concatenate([[True], rows[1:] != rows[:-1]])
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    lengths = np.diff(bounds)
    same: NDArray[Any] = ~begins & (sums == sums[first]) & (lengths == lengths[first])
    return same


def _singles(of_word: NDArray[Any], of_name: NDArray[Any], years: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found = of_word.astype(np.uint64) << np.uint64(YEAR_BITS + NAME_BITS)
    found |= years[of_name] << np.uint64(NAME_BITS)
    found |= of_name
    found.sort()
    return found


def _pairs(of_word: NDArray[Any], of_name: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found = []
    for apart in range(1, _FARTHEST + 1):
        same = of_name[apart:] == of_name[:-apart]
        if not same.any():
            break
        names = of_name[:-apart][same].astype(np.uint64)
        hashed = pair_hash(of_word[:-apart][same], of_word[apart:][same])
        found.append((hashed << np.uint64(NAME_BITS)) | names)
    joined = _joined(found, np.uint64)
    joined.sort()
    return joined
