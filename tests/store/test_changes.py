"""What differs between two releases, and who changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from comity.store import Account, Publication, Store
from comity.store.merge import merge
from comity.store.merge_changes import Cells
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import StagedChanges

TODAY = "TIMESTAMPTZ '2026-02-02 00:00:00+00'"
Row = tuple[object, ...]
RULES = {"plate": ("p",), "colour": ("c",), "make": ()}


def night(
    store: Store,
    rows: int,
    *,
    first: int = 0,
    kind: str = "full",
    version: str = "a" * 12,
    export: str = small.EXPORT,
    cells: Cells | None = None,
    **changed: str,
) -> StagedChanges:
    """One export of vehicles, merged with what is published and published in its turn."""
    run_id = store.begin_run()
    folder = store.layout.staging_of(run_id)
    values = {
        "first_seen": TODAY,
        "last_changed": TODAY,
        "mapping_version": f"'{version}'",
        "export_id": f"'{export}'",
        **changed,
    }
    staged = small.staged(
        small.write_records(folder / "new.parquet", rows, changed=values, first=first), rows
    )
    merged = merge(
        [staged] if rows else [],
        [file.path for file in store.files("vehicle", "aa-cars")],
        kind=kind,  # type: ignore[arg-type]
        record_type=small.standard().record_types["vehicle"],
        into=folder,
        cells=cells,
    )
    assert merged.changes is not None
    account = Account(run_id, "aa-cars", export, "vehicle", rows, rows, 0, 0, rows)
    item = Publication(
        "aa-cars",
        "AA",
        export,
        version,
        merged.files,
        (account,),
        allow_empty=True,
        changes=(merged.changes,),
    )
    store.publish(run_id, [item])
    store.end_run(run_id, "ok")
    return merged.changes


def ask(views: Path, question: str) -> list[Row]:
    with duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        duck.execute(f"ATTACH '{views}' AS views (READ_ONLY)")
        duck.execute("USE views")
        return duck.execute(question).fetchall()


CHANGES = "SELECT kind, column_name, old_value, new_value, count(*) FROM changes GROUP BY ALL ORDER BY ALL"
LAST_CHANGED = "SELECT source_key, last_changed::DATE::VARCHAR FROM vehicle ORDER BY source_key::INTEGER"


def cells(earlier: str | None, today: str) -> Cells:
    """The cells p and c of the rows of two exports, as SQL over the row ``r``."""
    given = {small.EXPORT: earlier, "f" * 64: today}

    def of(export_id: str) -> str | None:
        chosen = given[export_id]
        return f"SELECT r AS source_row, {chosen} FROM range(1, 100) t(r)" if chosen else None

    return Cells(of, ("p", "c"), RULES)


def test_the_first_export_adds_everything(store: Store) -> None:
    changes = night(store, 3)
    assert (changes.added, changes.path) == (3, None)
    assert ask(store.layout.views_file, CHANGES) == [("added", None, None, None, 3)]


def test_added_changed_and_withdrawn_by_record_and_column(store: Store) -> None:
    night(store, 4)
    changes = night(store, 4, first=1, export="f" * 64, colour="CASE WHEN i = 2 THEN 'RED' END")
    assert (changes.added, changes.changed_by_source, changes.changed_by_mapping, changes.withdrawn) == (
        1,
        1,
        0,
        1,
    )
    assert changes.columns == {"colour": (1, 0)}
    views = store.layout.views_file
    assert ask(views, CHANGES) == [
        ("added", None, None, None, 1),
        ("changed_by_source", "colour", None, "RED", 1),
        ("withdrawn", None, None, None, 1),
    ]
    assert ask(views, "SELECT source_id, record_type, release FROM withdrawals") == [
        ("aa-cars", "vehicle", 2)
    ]
    assert ask(views, "SELECT record_id FROM withdrawals JOIN vehicle USING (record_id)") == []
    assert ask(views, 'SELECT added, withdrawn, "columns" FROM release_changes WHERE release = 2') == [
        (1, 1, '{"colour": [1, 0]}')
    ]


def test_a_night_that_changes_nothing(store: Store) -> None:
    night(store, 3)
    changes = night(store, 3, export="f" * 64)
    assert (changes.rows, changes.path) == (0, None)
    assert ask(store.layout.views_file, CHANGES) == []


def test_the_same_export_under_another_mapping_is_changed_by_the_mapping(store: Store) -> None:
    night(store, 2, last_changed="TIMESTAMPTZ '2026-01-01 00:00:00+00'")
    changes = night(store, 2, version="b" * 12, colour="'RED'")
    assert (changes.changed_by_source, changes.changed_by_mapping) == (0, 2)
    assert ask(store.layout.views_file, CHANGES) == [("changed_by_mapping", "colour", None, "RED", 2)]
    assert ask(store.layout.views_file, LAST_CHANGED) == [("0", "2026-01-01"), ("1", "2026-01-01")]


def test_a_new_export_under_a_new_mapping_is_told_by_the_cells(store: Store) -> None:
    """The source changes the colour of record 1 and the plate of record 2; the mapping changes every make."""
    night(store, 3, last_changed="TIMESTAMPTZ '2026-01-01 00:00:00+00'")
    told = cells(
        "'p' AS p, 'c' AS c",
        "CASE r WHEN 3 THEN 'q' ELSE 'p' END AS p, CASE r WHEN 2 THEN 'd' ELSE 'c' END AS c",
    )
    changes = night(
        store, 3, version="b" * 12, export="f" * 64, cells=told, make="'FORD'",
        colour="CASE WHEN i = 1 THEN 'RED' END", plate="CASE WHEN i = 2 THEN 'ZZ' ELSE 'AB' || i END",
    )  # fmt: skip
    assert (changes.changed_by_source, changes.changed_by_mapping) == (2, 1)
    assert changes.columns == {"colour": (1, 0), "plate": (1, 0), "make": (0, 3)}
    assert ask(store.layout.views_file, CHANGES) == [
        ("changed_by_mapping", "make", None, "FORD", 3),
        ("changed_by_source", "colour", None, "RED", 1),
        ("changed_by_source", "plate", "AB2", "ZZ", 1),
    ]
    assert ask(store.layout.views_file, LAST_CHANGED) == [
        ("0", "2026-01-01"), ("1", "2026-02-02"), ("2", "2026-02-02")
    ]  # fmt: skip


@pytest.mark.parametrize("known", [cells(None, "'p' AS p, 'c' AS c"), None])
def test_what_cannot_be_told_is_taken_for_the_source(store: Store, known: Cells | None) -> None:
    night(store, 2, last_changed="TIMESTAMPTZ '2026-01-01 00:00:00+00'")
    changes = night(store, 2, version="b" * 12, export="f" * 64, cells=known, make="'FORD'")
    assert changes.columns == {"make": (2, 0)}
    assert {day for _, day in ask(store.layout.views_file, LAST_CHANGED)} == {"2026-02-02"}


def test_a_window_withdraws_nothing(store: Store) -> None:
    night(store, 3)
    changes = night(store, 3, first=2, kind="window", export="f" * 64, colour="'RED'")
    assert (changes.added, changes.changed_by_source, changes.withdrawn) == (2, 1, 0)
    assert ask(store.layout.views_file, "SELECT count(*) FROM vehicle") == [(5,)]


def test_between_any_two_releases(store: Store, tmp_path: Path) -> None:
    night(store, 2)
    night(store, 2, export="f" * 64, colour="'RED'")
    night(store, 3, export="d" * 64, colour="'BLU'")
    night(store, 1, export="c" * 64, colour="'BLU'")
    path = store.build_views(tmp_path / "three.duckdb", 3, since=1)
    assert ask(path, CHANGES) == [
        ("added", None, None, None, 1), ("changed_by_source", "colour", None, "BLU", 2)
    ]  # fmt: skip
    assert ask(path, "SELECT count(*) FROM withdrawals") == [(0,)]
    assert ask(store.layout.views_file, "SELECT count(*), min(release) FROM withdrawals") == [(2, 4)]


def test_a_type_that_the_source_no_longer_makes_is_withdrawn(store: Store) -> None:
    night(store, 2)
    run_id = store.begin_run()
    path = store.layout.staging_of(run_id) / "people.parquet"
    person = small.standard().record_types["person"]
    small.write_records(path, 1, record_type=person)
    file = small.staged(path, 1, kind="person")
    account = Account(run_id, "aa-cars", small.EXPORT, "person", 1, 1, 0, 0, 1)
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, "b" * 12, (file,), (account,))])
    store.end_run(run_id, "ok")
    assert ask(store.layout.views_file, "SELECT record_type, count(*) FROM withdrawals GROUP BY ALL") == [
        ("vehicle", 2)
    ]
    kinds = "SELECT kind, record_type, count(*) FROM changes GROUP BY ALL ORDER BY ALL"
    assert ask(store.layout.views_file, kinds) == [
        ("added", "person", 1), ("withdrawn", "vehicle", 2)
    ]  # fmt: skip
