"""The standard of this repository: what every reader of it may rely on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import pytest

from comity.standard import Column, Standard, markdown_pages

REPOSITORY = Path(__file__).parents[2]
RECORD_TYPES = [
    "person",
    "identity_document",
    "vehicle",
    "firearm",
    "item",
    "vessel",
    "cultural_object",
    "organisation",
    "case_file",
    "offence",
    "warrant",
    "alert",
    "evidence_item",
    "custody_event",
    "investigative_note",
    "incident",
    "link",
    "crime_statistic",
]
ENVELOPE = [
    "record_id",
    "source_id",
    "source_key",
    "owner_country",
    "export_id",
    "source_row",
    "mapping_version",
    "first_seen",
    "last_changed",
    "confidentiality",
    "handling_codes",
    "handling_conditions",
    "permitted_purposes",
    "recipients_allow",
    "recipients_deny",
    "evaluation_scheme",
    "source_grade",
    "information_grade",
    "sensitive_categories",
    "review_due",
    "purge_after",
    "legal_hold",
    "quality_flags",
]
SHARED_CODE_LISTS = REPOSITORY.parent / "shared" / "codelists"


def test_it_has_the_record_types_of_the_design(standard: Standard) -> None:
    assert list(standard.record_types) == RECORD_TYPES
    assert list(standard.code_list("record_type").codes) == RECORD_TYPES


def test_every_record_carries_the_envelope_around_its_own_columns(standard: Standard) -> None:
    assert [column.name for column in standard.envelope] == ENVELOPE
    for record_type in standard.record_types.values():
        names = [column.name for column in record_type.columns]
        own = [column.name for column in record_type.own_columns]
        assert names == [*ENVELOPE[:4], *own, *ENVELOPE[4:]]


def test_lists_of_the_envelope_are_never_null(standard: Standard) -> None:
    assert all(column.required for column in standard.envelope if column.is_list)


def test_every_column_says_what_it_is_and_whose_definition_it_follows(standard: Standard) -> None:
    for record_type in standard.record_types.values():
        for column in record_type.columns:
            assert column.description.endswith("."), column
            assert column.origin, column
            assert "compatible with" not in column.origin + column.description


def test_no_name_needs_quotes_in_sql(standard: Standard) -> None:
    rows = duckdb.execute(
        "FROM duckdb_keywords() SELECT keyword_name WHERE keyword_category = 'reserved'"
    ).fetchall()
    reserved = {row[0] for row in rows}
    for record_type in standard.record_types.values():
        names = {record_type.name} | {column.name for column in record_type.columns}
        names |= {field.name for column in record_type.columns for field in column.fields}
        assert not names & reserved


def test_duckdb_accepts_every_type_and_every_form(standard: Standard) -> None:
    with duckdb.connect() as connection:
        for record_type in standard.record_types.values():
            columns = ", ".join(f"{column.name} {column.duckdb_type}" for column in record_type.columns)
            connection.execute(f"CREATE TABLE {record_type.name} ({columns})")
            described = connection.execute(f"DESCRIBE {record_type.name}").fetchall()
            assert [(row[0], row[1]) for row in described] == [
                (column.name, column.duckdb_type) for column in record_type.columns
            ]
            for column in record_type.columns:
                if column.pattern:
                    connection.execute("SELECT regexp_matches('', ?)", [column.pattern]).fetchall()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("1979", True),
        ("1979-01", True),
        ("1979-01-17", True),
        ("197X", True),
        ("1965~", True),
        ("1970/1971", True),
        ("XXXX-05-16", True),
        ("17.01.1979", False),
        ("1979-1", False),
        ("", False),
    ],
)
def test_a_partial_date_is_edtf_and_two_days(standard: Standard, text: str, good: bool) -> None:
    person = standard.record_type("person")
    assert "birth_date" in person.partial_dates
    written, first, last = (person.column(f"birth_date{suffix}") for suffix in ("", "_earliest", "_latest"))
    assert [c.duckdb_type for c in (written, first, last)] == ["VARCHAR", "DATE", "DATE"]
    assert [c.field_id for c in (written, first, last)] == [117, 118, 119]
    assert written.pattern is not None
    assert bool(re.search(written.pattern, text)) is good


def test_codes_of_incident_types_are_iccs_codes(standard: Standard) -> None:
    iccs = standard.code_list("iccs").codes
    for code in standard.code_list("incident_type").codes.values():
        assert code.attributes.get("iccs_code", "01") in iccs


def test_a_list_with_recalled_codes_is_no_hard_rule(standard: Standard) -> None:
    assert not standard.code_list("iccs").hard
    assert standard.code_list("colour").hard


def test_countries_are_present_former_and_special(standard: Standard) -> None:
    country = standard.code_list("country")
    assert country.code("DE").attributes["icao"] == "D"
    assert country.code("XK").attributes["kind"] == "user_assigned"
    # CS was two countries; only the four-letter code tells them apart.
    assert {code.code for code in country.codes.values() if code.attributes.get("former_alpha2") == "CS"} == {
        "CSHH",
        "CSXX",
    }
    assert country.code("XPO").attributes["kind"] == "body"
    assert country.code("UTO").attributes["kind"] == "specimen"
    assert "914" not in country.codes


@pytest.mark.skipif(not SHARED_CODE_LISTS.is_dir(), reason="the reference code lists are not at hand")
@pytest.mark.parametrize(
    ("reference", "name"),
    [("iccs", "iccs"), ("eye_colour_interpol", "eye_colour"), ("notice_type", "notice_type")],
)
def test_lists_agree_with_their_reference(standard: Standard, reference: str, name: str) -> None:
    with (SHARED_CODE_LISTS / f"{reference}.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = [row["code"] for row in csv.DictReader(file)]
    assert list(standard.code_list(name).codes) == expected


def test_the_pages_are_up_to_date(standard: Standard) -> None:
    folder = REPOSITORY / "docs" / "standard"
    pages = markdown_pages(standard)
    assert {path.name for path in folder.iterdir()} == set(pages)
    stale = [name for name, page in pages.items() if (folder / name).read_text("utf-8") != page]
    assert stale == [], "run: comity standard export --format markdown --output docs/standard"


def test_every_error_of_the_room_is_documented() -> None:
    documented = (REPOSITORY / "docs" / "errors" / "standard.md").read_text("utf-8")
    room = REPOSITORY / "src" / "comity" / "standard"
    for path in sorted(Path(room).glob("*.py")):
        for code in re.findall(r'"(standard\.[a-z]+(?:-[a-z]+)+)"', path.read_text("utf-8")):
            assert f"`{code}`" in documented


def test_field_ids_never_change(standard: Standard) -> None:
    """Files of years ago are read by these ids. A new column adds a line; no line ever changes."""
    golden = (Path(__file__).parent / "field_ids.txt").read_text("utf-8").splitlines()
    now = set(_field_ids("envelope", standard.envelope))
    for record_type in standard.record_types.values():
        now |= set(_field_ids(record_type.name, (*record_type.own_columns, *record_type.retired)))
    assert sorted(now) == sorted(golden)


def _field_ids(prefix: str, columns: tuple[Column, ...]) -> list[str]:
    lines = [f"{prefix}.{column.name} {column.field_id}" for column in columns]
    for column in columns:
        lines += _field_ids(f"{prefix}.{column.name}", column.fields)
    return lines
