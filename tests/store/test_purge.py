"""A purged record is gone from every release and everything that was made of it, and no other record is."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from comity.cli.main import main
from comity.errors import StoreError
from comity.store import Publication
from comity.store import purge as purging
from comity.store.check import check
from comity.store.purge_find import check_found, find
from comity.store.purge_plan import unfinished
from comity.store.purge_scan import scan
from tests.store import small
from tests.store.purged import KEYS, RECORD_ID, fill, key, left_of
from tests.store.test_changes import ask, night

if TYPE_CHECKING:
    from pathlib import Path

    from comity.store import Store


@pytest.fixture
def kept(store: Store) -> Store:
    fill(store)
    return store


def test_nothing_of_a_record_is_left_and_everything_of_the_others(kept: Store, tmp_path: Path) -> None:
    old = {str(file.path) for release in (1, 2) for file in kept.files(release=release)}
    proof = purging.purge(kept, key(kept, 2), "order 17 of the court", "A. Clerk")
    assert proof["status"] == "gone", proof
    before = {place: told["found"] for place, told in proof["before"].items() if told["found"]}
    assert before == {"records": 2, "rejects": 4, "runs": 4, "archive": 3, "inbox": 2}
    assert not any(told["found"] for told in proof["after"].values())
    for release in (1, 2):
        views = kept.build_views(tmp_path / f"{release}.duckdb", release)
        keys = [row[0] for row in ask(views, "SELECT plate FROM vehicle ORDER BY plate")]
        assert keys == [f"PLATE-{i}" for i in (0, 1, 3, 4, 5)]
    assert [release.records for release in kept.releases()] == [5, 5]
    assert not any((tmp_path / path).exists() for path in old)
    assert check(kept.layout, kept.ledger)[1] == []
    assert list((kept.layout.inbox / "aa-cars").iterdir()) == []
    assert (kept.layout.inbox / "bb-cars" / "cars.csv").exists()
    assert ask(kept.layout.views_file, "SELECT source_row FROM rejects ORDER BY ALL") == [(9,), (9,)]
    # Not even the ledger's free pages, nor the plan of the purge.
    assert left_of(kept.layout.root, "PLATE-2", RECORD_ID) == []
    [kept_proof] = purging.proofs(kept)
    assert (kept_proof["reason"], kept_proof["requested_by"]) == ("order 17 of the court", "A. Clerk")
    assert kept_proof["proof"] == json.loads(json.dumps(proof))


def test_the_columns_of_a_file_stay_as_they_were(kept: Store) -> None:
    import pyarrow.parquet as pq

    [before] = kept.files()
    schema = pq.read_schema(before.path)
    purging.purge(kept, key(kept, 2), "why", "who")
    [after] = kept.files()
    assert pq.read_schema(after.path).equals(schema, check_metadata=True)
    assert after.columns_id == before.columns_id


def test_what_is_past_due_goes_but_not_under_legal_hold(store: Store) -> None:
    night(store, 4, purge_after="CASE WHEN i < 3 THEN DATE '2020-01-01' END", legal_hold="i = 1", **KEYS)
    found = find(store, past=date(2026, 1, 1))
    assert {(t.source_key, t.held) for t in found} == {
        ("PLATE-0", False),
        ("PLATE-1", True),
        ("PLATE-2", False),
    }
    held = [t.record_id for t in found if t.held]
    with pytest.raises(StoreError) as error:
        check_found(find(store, record_ids=held), held, [])
    assert error.value.code == "store.legal-hold"
    with pytest.raises(StoreError) as error:
        check_found([], ["f" * 32], [])
    assert error.value.code == "store.unknown-record"


@pytest.mark.parametrize(
    "step", ["_rewrite", "_drop_exports", "_clear_reports", "_derived", "_clean_ledger", "_proof"]
)
def test_a_purge_that_was_interrupted_goes_on_with_the_next_run(
    kept: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    targets = key(kept, 2)
    with monkeypatch.context() as patched:
        patched.setattr(purging, step, killed)
        with pytest.raises(KeyboardInterrupt):
            purging.purge(kept, targets, "why", "who")
    [plan] = unfinished(kept.layout)
    small.open_store(kept.layout.root).sweep()
    assert unfinished(kept.layout) == []
    assert not any(told["found"] for told in scan(kept, plan).values())
    [proof] = purging.proofs(kept)
    assert (proof["status"], proof["proof"]["before"]["records"]["found"]) == ("gone", 2)


def test_nothing_is_purged_while_a_run_is_at_work(kept: Store) -> None:
    run_id = kept.begin_run()
    with pytest.raises(StoreError) as error:
        purging.purge(kept, key(kept, 2), "why", "who")
    assert error.value.code == "store.run-at-work"
    kept.end_run(run_id, "ok")


def test_a_link_goes_with_the_record(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data", whole=True)
    run_id = store.begin_run()
    folder = store.layout.staging_of(run_id)
    small.write_records(folder / "v.parquet", 3)
    ends = {
        "record_id": "md5('link' || i)",
        "from_record_id": "md5('aa-cars' || i)",
        "to_record_id": "md5('x' || i)",
    }
    link = small.standard().record_types["link"]
    small.write_records(folder / "l.parquet", 3, record_type=link, changed=ends)
    files = (small.staged(folder / "v.parquet", 3), small.staged(folder / "l.parquet", 3, kind="link"))
    from comity.store import Account, Publication

    accounts = tuple(
        Account(run_id, "aa-cars", small.EXPORT, kind, 3, 3, 0, 0, 3) for kind in ("vehicle", "link")
    )
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, files, accounts)])
    store.end_run(run_id, "ok")
    found = find(store, keys=[("aa-cars", "1")])
    assert sorted(target.record_type for target in found) == ["link", "vehicle"] or len(found) == 3


def test_on_the_command_line(kept: Store, capfd: pytest.CaptureFixture[str]) -> None:
    def say(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--data", str(kept.layout.root), "purge", *arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out + err

    assert say("--key", "aa-cars", "PLATE-3", "--dry-run")[0] == 0
    assert "needs --reason and --by" in say("--key", "aa-cars", "PLATE-3")[1]
    code, said = say("--key", "aa-cars", "PLATE-3", "--reason", "order 17", "--by", "A. Clerk")
    assert (code, "nothing is left" in said) == (0, True), said
    purging.PurgePlan(
        "20260101T000000Z-abcd", "w", "w", "2026-01-01T00:00:00+00:00", tuple(key(kept, 4))
    ).write(kept.layout)
    assert "--resume stands alone" in say("--resume", "--past-due")[1]
    code, said = say("--resume")
    assert (code, "abcd was interrupted; it is finished now" in said) == (0, True)
    code, said = say("--list")
    assert "order 17" in said
    code, said = say("--proof", said.split()[0])
    assert json.loads(said)["status"] == "gone"
    assert "PLATE-3" not in said
    assert "store.unknown-record" in say("--key", "aa-cars", "PLATE-3", "--reason", "r", "--by", "w")[1]


def test_a_row_that_was_refused_for_the_sake_of_a_purged_one_goes_too(kept: Store) -> None:
    """It is the same person again, and may not hold the key as the record has it."""
    before = ask(kept.layout.views_file, "SELECT raw FROM rejects WHERE source_row = 8")
    purging.purge(kept, key(kept, 2), "why", "who")
    assert before == [("a driver",), ("a driver",)]
    assert ask(kept.layout.views_file, "SELECT raw FROM rejects WHERE source_row = 8") == []


def test_a_packed_export_that_no_release_is_made_of_is_looked_into(kept: Store) -> None:
    archived = len([path for path in kept.layout.archive.rglob("*") if path.is_file()])
    proof = purging.purge(kept, key(kept, 2), "why", "who")
    assert len(proof["removed"]["archive"]) == 3  # day 3 was blocked
    assert archived - len([path for path in kept.layout.archive.rglob("*") if path.is_file()]) == 3


def test_an_export_that_a_killed_run_archived_without_a_word_is_looked_into(kept: Store) -> None:
    stray = kept.layout.inbox / "aa-cars" / "stray.csv"
    stray.write_text("PLATE-2,4\n")
    kept.archive(stray)
    assert purging.purge(kept, key(kept, 2), "why", "who")["status"] == "gone"
    assert left_of(kept.layout.root, "PLATE-2") == []


def test_what_was_learnt_of_names_and_what_was_asked_with_values_goes(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data")
    run_id = store.begin_run()
    path = store.layout.staging_of(run_id) / "p.parquet"
    person = small.standard().record_types["person"]
    small.write_records(path, 3, record_type=person)
    file = small.staged(path, 3, kind="person")
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, (file,), ())])
    store.end_run(run_id, "ok")
    learnt = store.layout.root / "links" / "terms.parquet"
    asked = store.layout.runs / run_id / "conformance-with-values" / "AA.rows.csv"
    for each in (learnt, asked):
        each.parent.mkdir(parents=True)
        each.write_text("the name of a person")
    purging.purge(store, find(store, keys=[("aa-cars", "1")]), "why", "who")
    assert left_of(store.layout.root, "the name of a person") == []


@pytest.fixture
def named(tmp_path: Path) -> Store:
    """Three persons; of each an alert, which must name its subject, and an offence, which may."""
    store = small.open_store(tmp_path / "data", whole=True)
    run_id = store.begin_run()
    folder, types = store.layout.staging_of(run_id), small.standard().record_types
    of = {
        "person": {},
        "alert": {
            "subject_record_id": "md5('aa-cars' || i)", "legal_hold": "i = 0",
            "warrant_record_ids": "[md5('aa-cars' || i), md5('w')]",
        },
        "offence": {"person_record_id": "md5('aa-cars' || i)", "purge_after": "DATE '2020-01-01'"},
    }  # fmt: skip
    files = []
    for kind, columns in of.items():
        ids = (
            {} if kind == "person" else {"record_id": f"md5('{kind}' || i)", "source_key": f"'{kind}-' || i"}
        )
        small.write_records(folder / kind, 3, record_type=types[kind], changed=ids | columns)
        files.append(small.staged(folder / kind, 3, kind=kind))
    store.publish(run_id, [Publication("aa-cars", "AA", small.EXPORT, small.VERSION, tuple(files), ())])
    store.end_run(run_id, "ok")
    return store


def test_what_cannot_be_without_a_record_goes_with_it_and_others_name_it_no_more(named: Store) -> None:
    targets = find(named, keys=[("aa-cars", "1")])
    assert [(target.record_type, target.source_key) for target in targets] == [
        ("person", "1"), ("alert", "alert-1")
    ]  # fmt: skip
    proof = purging.purge(named, targets, "why", "who")
    assert (proof["status"], proof["before"]["records"]["found"]) == ("gone", 3)
    views = named.layout.views_file
    assert ask(views, "SELECT count(*) FROM person") == ask(views, "SELECT count(*) FROM alert") == [(2,)]
    subjects = ask(views, "SELECT source_key, person_record_id IS NULL FROM offence ORDER BY ALL")
    assert subjects == [("offence-0", False), ("offence-1", True), ("offence-2", False)]
    assert check(named.layout, named.ledger)[1] == []


def test_a_list_of_records_loses_the_purged_one_only(named: Store) -> None:
    alert = ask(named.layout.views_file, "SELECT md5('aa-cars1'), md5('w')")[0]
    purging.purge(named, find(named, record_ids=[alert[0]]), "why", "who")
    kept = ask(named.layout.views_file, "SELECT warrant_record_ids FROM alert ORDER BY source_key")
    assert all(len(ids) == 2 and alert[1] in ids for (ids,) in kept)


def test_what_a_record_under_legal_hold_names_stays(named: Store) -> None:
    with pytest.raises(StoreError) as error:
        check_found(find(named, keys=[("aa-cars", "0")]), [], [("aa-cars", "0")])
    assert error.value.code == "store.legal-hold"


def test_a_purge_that_was_killed_before_its_plan_was_whole_leaves_nothing_of_it(kept: Store) -> None:
    plan = purging.PurgePlan("20260101T000000Z-abcd", "why", "who", "2026-01-01", tuple(key(kept, 2)))
    plan.write(kept.layout)
    [written] = (kept.layout.root / "purge").iterdir()
    written.rename(written.with_suffix(".new"))
    kept.sweep()
    assert list((kept.layout.root / "purge").iterdir()) == []
    assert purging.proofs(kept) == []


def test_a_purge_that_was_killed_before_the_ledger_knew_of_it_keeps_its_proof(kept: Store) -> None:
    plan = purging.PurgePlan(
        "20260101T000000Z-abcd", "why", "who", "2026-01-01T00:00:00+00:00", tuple(key(kept, 2))
    )
    plan.write(kept.layout)
    assert [fault.kind for fault in check(kept.layout, kept.ledger)[1]] == ["purge"]
    assert [proof["purge_id"] for proof in purging.resume(kept)] == [plan.purge_id]
    assert check(kept.layout, kept.ledger)[1] == []
    [proof] = purging.proofs(kept)
    assert (proof["status"], proof["proof"]["before"]["records"]["found"]) == ("gone", 2)


def test_a_number_is_a_mark_in_the_files_of_its_own_source_only(store: Store) -> None:
    """Elsewhere it is a count, a size or another country's key; to look for it there would never end in peace."""
    for source in ("aa-cars", "bb-cars"):
        (store.layout.inbox / source).mkdir()
        (store.layout.inbox / source / "waiting.csv").write_text("100001;a row\n")
    run_id = store.begin_run()
    store.end_run(run_id, "ok")
    report = store.layout.runs / run_id / "report.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text('{"rows_read": 100001}')
    night(store, 3, source_key="(100000 + i)::VARCHAR")
    proof = purging.purge(store, find(store, keys=[("aa-cars", "100001")]), "why", "who")
    assert proof["status"] == "gone"
    assert not (store.layout.inbox / "aa-cars" / "waiting.csv").exists()
    assert (store.layout.inbox / "bb-cars" / "waiting.csv").exists()
    assert json.loads(report.read_text()) == {"rows_read": 100001}
    [told] = proof["records"]
    assert (told["key_looked_for"], told["key_looked_for_everywhere"]) == (True, False)
