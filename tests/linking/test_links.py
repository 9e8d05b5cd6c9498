"""Exact keys give possible links; a person decides; what was refused does not come back."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import comity as package
from comity.cli.links import review
from comity.errors import QueryError
from comity.linking.decide import Decision, decide
from comity.linking.find import find_links
from comity.linking.review import read_list, waiting, write_list
from comity.nightly.reports.history import history
from comity.query.federation import open_federation
from tests.linking.conftest import OSTAP, OSTAP_THERE, OTHER, person, publish_rows
from tests.store import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.config.settings import Settings
    from tests.query.conftest import Said

SAME_NAME = "the names agree in any order and spelling, and so does the day of birth"


def links(settings: Settings, columns: str = "role, weight, reasons") -> list[tuple[Any, ...]]:
    with package.open(settings.data_dir, federation=settings.federation) as federation:
        return federation.sql(f"SELECT {columns} FROM link ORDER BY from_record_id, to_record_id").fetchall()


def find(settings: Settings) -> int:
    return find_links(settings, likely=False, fresh_only=False).possible


def test_a_name_in_another_script_with_the_day_of_birth_and_a_personal_number_are_links(
    settings: Settings,
) -> None:
    found = find_links(settings, likely=False, fresh_only=False)

    assert (found.exact, found.possible, found.decided, found.release) == (3, 3, 0, 4)
    assert sorted(links(settings), key=str) == [
        ("possible_same_as", 16.0, [SAME_NAME]),
        ("possible_same_as", 16.0, [SAME_NAME]),
        ("possible_same_as", 20.0, ["the same personal number"]),
    ]


def test_records_of_one_source_are_not_linked(linked: Settings) -> None:
    source = "(SELECT source_id FROM person WHERE record_id = {}_record_id)"
    pairs = links(linked, f"{source.format('from')}, {source.format('to')}")
    assert pairs and all(one != other for one, other in pairs)


def test_a_link_is_never_freer_than_its_ends(linked: Settings) -> None:
    owner = "owner_country = (SELECT owner_country FROM person WHERE record_id = from_record_id)"
    rows = links(
        linked,
        "weight, confidentiality, handling_codes, permitted_purposes, recipients_allow, recipients_deny, "
        f"review_due::VARCHAR, legal_hold, {owner}",
    )
    # The two lists of recipients have nobody in common: the owners are left, for an empty list would bind nobody.
    strictest = (
        "RESTRICTED",
        ["H0", "H1"],
        ["border_control"],
        ["AA", "BB"],
        ["CC"],
        "2030-01-01",
        False,
        True,
    )
    assert [row[1:] for row in rows if row[0] == 16] == [strictest, strictest]


def test_nothing_is_published_when_nothing_changed(linked: Settings) -> None:
    assert find_links(linked, likely=False, fresh_only=False).release is None


def test_what_was_refused_does_not_come_back_and_what_was_confirmed_stays(linked: Settings) -> None:
    with open_federation(linked) as federation:
        pairs = waiting(federation)
    decide(
        linked,
        [
            Decision(pairs[0].from_id, pairs[0].to_id, True, "Officer 7, Force of AA", "the prints agree"),
            Decision(pairs[1].to_id, pairs[1].from_id, False, "Officer 8, Force of BB", "a twin"),
        ],
    )

    again = find_links(linked, likely=False, fresh_only=False)

    assert (again.possible, again.decided, again.release) == (1, 2, None)
    told = sorted(links(linked, "role, certainty, confirmed_by, note, valid_from IS NOT NULL"), key=str)
    assert told == [
        ("not_same_as", "confirmed", "Officer 8, Force of BB", "a twin", True),
        ("possible_same_as", "probable", None, None, False),
        ("same_as", "confirmed", "Officer 7, Force of AA", "the prints agree", True),
    ]


def test_a_decision_over_an_unknown_pair_is_refused(linked: Settings) -> None:
    with pytest.raises(QueryError, match=r"query\.unknown-link"):
        decide(linked, [Decision("a" * 32, "b" * 32, True, "x", "y")])


def test_a_link_goes_with_its_record(linked: Settings) -> None:
    publish_rows(small.open_store(linked.data_dir, whole=True), "BB", [OTHER], first=7)

    assert find(linked) == 1
    assert len(links(linked)) == 1


def test_things_are_linked_by_their_numbers(linked: Settings) -> None:
    store = small.open_store(linked.data_dir, whole=True)
    car = {"vin": "'1HGCM8265KA004352'", "status": "'stolen'"}
    plate = {"plate": "'AB123'", "plate_key": "'A8123'", "plate_country": "'AA'", "status": "'stolen'"}
    for country in ("AA", "BB"):
        elsewhere = {**plate, "plate_country": f"'{country}{country}'"}
        publish_rows(store, country, [car, plate, elsewhere], "vehicle")

    assert find(linked) == 3 + 2, "a VIN, and a plate of one country; a plate of two countries is two plates"


def test_a_key_that_many_share_tells_nothing(settings: Settings) -> None:
    store = small.open_store(settings.data_dir, whole=True)
    publish_rows(store, "AA", [OSTAP] * 11)
    publish_rows(store, "BB", [OSTAP_THERE] * 11)

    assert find(settings) == 11, (
        "a personal number that twelve records share; the name and day of 22 are left out"
    )


def test_a_list_is_decided_on_and_comes_back(linked: Settings, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    with open_federation(linked) as federation:
        write_list(waiting(federation, country="CC"), file)
    with file.open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 1 and rows[0]["reasons"] == "the same personal number"

    rows[0] |= {"decision": "different", "decided_by": "Officer 9", "why": "a number given twice"}
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    decide(linked, read_list(file))
    assert ("not_same_as",) in links(linked, "role")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("from_id,to_id\n", "no column decision, decided_by, why"),
        ("from_id;to_id;decision;decided_by;why\na;b;perhaps;x;y\n", "perhaps"),
        ("\0", "no column from_id, to_id, decision, decided_by, why"),
        ("from_id,to_id,decision,decided_by,why\na,b,perhaps,x,y\n", "perhaps"),
        ("from_id,to_id,decision,decided_by,why\na,b,same,,y\n", "a decision without who and why"),
    ],
)
def test_a_list_with_a_fault_is_not_taken(tmp_path: Path, lines: str, found: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(lines, "utf-8")

    with pytest.raises(QueryError) as refused:
        read_list(file)
    assert (refused.value.code, refused.value.found) == ("query.bad-decisions", found)


def test_the_command_line(settings: Settings, comity: Callable[..., Said], tmp_path: Path) -> None:
    assert "possible links: 3, decided: 0\nrelease 4\n" in comity(settings.data_dir, "links", "find").out
    shown = comity(settings.data_dir, "links", "review").out
    assert "BB  Остап КОВБАРЕНКО, 1979-04-17, M" in shown and "3 links wait for a decision" in shown
    one = comity(settings.data_dir, "links", "review", "--limit", "1", "--country", "BB").out
    assert "3 links wait for a decision; shown are the likeliest 1\n" in one
    assert "0 links wait" in comity(settings.data_dir, "links", "review", "--country", "nz").out
    nowhere = comity(settings.data_dir, "links", "review", "--country", "'")
    assert nowhere.code == 2 and "query.unknown-code" in nowhere.err
    file = tmp_path / "list.csv"
    assert "3 links to decide on" in comity(settings.data_dir, "links", "review", "--export", str(file)).out
    assert comity(settings.data_dir, "links", "review", "--import", str(file)).out == "0 decisions\n"
    refused = comity(settings.data_dir, "links", "find", "--likely")
    assert refused.code == 2 and "query.no-link-model" in refused.err


def test_what_was_decided_before_an_interruption_holds(linked: Settings) -> None:
    answers = "y\nthe prints agree\nn\n"  # and nothing more: the input ends before the second why

    said = CliRunner().invoke(review, ["--by", "Officer 7"], obj=linked, input=answers)

    assert said.exit_code == 0 and "1 decision, release 5" in said.output
    assert sorted(links(linked, "role")) == [("possible_same_as",), ("possible_same_as",), ("same_as",)]


def test_what_cannot_be_compared_read_or_written_says_so(
    linked: Settings, comity: Callable[..., Said], tmp_path: Path
) -> None:
    (tmp_path / "latin.csv").write_bytes(b"from_id,to_id,decision,decided_by,why\na,b,same,M\xfcller,x\n")
    for code, *words in (
        ("query.unknown-link", "explain", "a" * 32, "a" * 32),
        ("query.cannot-write", "review", "--export", str(tmp_path / "no" / "list.csv")),
        ("query.bad-decisions", "review", "--import", str(tmp_path / "latin.csv")),
    ):
        said = comity(linked.data_dir, "links", *words)
        assert said.code == 2 and code in said.err


def test_a_name_that_its_source_gives_whole_in_latin_letters_is_compared_by_it(settings: Settings) -> None:
    """Its parts are in letters of their own only, of which a transliteration is not what others write."""
    store = small.open_store(settings.data_dir, whole=True)
    there = person("الحدادین", "سلیم", "1971-12-25", full_name_latin="'SALIM AL-HADDADINE'")
    publish_rows(store, "AA", [person("Al-Haddadine", "Salim", "1971-12-25")])
    publish_rows(store, "BB", [there])

    assert find(settings) == 1


def test_links_are_no_delivery_of_the_country_that_owns_them(linked: Settings) -> None:
    store = small.open_store(linked.data_dir, whole=True)

    told = history(store, "9")

    assert told.rows["AA"][0] == 3 and told.rows["AA"][-1] is None and told.rejects["AA"][-1] is None
