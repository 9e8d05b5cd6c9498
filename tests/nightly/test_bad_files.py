"""An export that is not what its adapter says stops its source; nothing published is replaced, and others go on.

Three nights: every source publishes, then gets one bad file, then a good one again.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import NamedTuple

import pytest

from tests.nightly.small import (
    CARS,
    FIELDS,
    VEHICLES,
    Night,
    SmallFederation,
    as_csv,
    as_json,
    as_xlsx,
    as_xml,
)  # fmt: skip

CSV = "{type: csv}"
JSON = "{type: json, records: data.cars}"
XML = "{type: xml, records: //car}"
SHEET = "{type: spreadsheet, sheet: Cars}"
GOOD = {CSV: as_csv(), JSON: as_json(), XML: as_xml(), SHEET: as_xlsx()}
OTHER_HEADER = tuple({"colour": "color", "region": "district"}.get(name, name) for name in FIELDS)


class Bad(NamedTuple):
    """``says``: what the error names of what was found, or of what is known."""

    format: str
    content: bytes
    code: str
    says: tuple[str, ...] = ()


BAD = {
    "header-differs": Bad(
        CSV, as_csv(OTHER_HEADER), "read.header-drift",
        ("missing 'colour' (the file has 'color')", "new 'color'", "missing 'region'", "new 'district'"),
    ),
    "json-field-renamed": Bad(
        JSON, as_json().replace(b'"colour"', b'"color"'), "read.header-drift", ("missing 'colour'", "new 'color'")
    ),
    "missing-sheet": Bad(SHEET, as_xlsx("Autos"), "read.missing-sheet", ("no sheet 'Cars'", "Autos")),
    "missing-json-path": Bad(JSON, as_json().replace(b'"cars"', b'"autos"'), "read.no-such-path", ("autos",)),
    "missing-xml-path": Bad(XML, as_xml().replace(b"car>", b"auto>"), "read.no-such-path", ("auto",)),
    "json-for-csv": Bad(CSV, as_json(), "read.header-drift", ("missing 'colour'",)),
    "csv-for-xml": Bad(XML, as_csv(), "read.not-xml", ()),
    "csv-for-spreadsheet": Bad(SHEET, as_csv(), "read.damaged-spreadsheet", ()),
    "empty": Bad(CSV, b"", "read.empty-export", ("0 bytes",)),
    "header-only": Bad(CSV, as_csv().splitlines(keepends=True)[0], "read.unusual-volume", ("0 rows",)),
    "empty-list": Bad(JSON, b'{"data": {"cars": []}}', "read.unusual-volume", ("0 rows",)),
    "zeros": Bad(CSV, b"\0" * 70_000, "read.zeros", ("70000 zero bytes",)),
    "two-bytes-a-character": Bad(
        CSV, as_csv().decode().encode("utf-16-le"), "read.wrong-encoding", ("utf-8", "utf-16-le")
    ),
    "picture": Bad(CSV, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "read.binary-file", ("a PNG picture",)),
    "archive-cut-off": Bad(CSV, gzip.compress(as_csv() * 999)[:200], "read.damaged-archive", ()),
}  # fmt: skip


class Nights(NamedTuple):
    """``before``: the ids that each source had published when the bad night began, and ``after`` it."""

    federation: SmallFederation
    bad: Night
    next: Night
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    federation = SmallFederation(tmp_path_factory.mktemp("bad-files"))
    for name, bad in BAD.items():
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'", format=bad.format)
        federation.drop(name, "export-1", GOOD[bad.format])
    federation.add(VEHICLES, "sound", files="['export-*']", order="'export-(.)'", format=CSV)
    assert federation.run(jobs=2).code == 0
    before = {name: federation.records("vehicle", name) for name in BAD}
    for name, bad in BAD.items():
        federation.drop(name, "export-2", bad.content)
    federation.drop("sound", "export-1", as_csv())
    night = federation.run(jobs=2)
    after = {name: federation.records("vehicle", name) for name in BAD}
    federation.drop("empty", "export-3", as_csv()[:-1] + b" \n")
    return Nights(federation, night, federation.run(jobs=2), before, after)


@pytest.mark.parametrize("source", BAD)
def test_the_source_stops_with_a_code_that_says_what_was_found_and_what_to_do(
    nights: Nights, source: str
) -> None:
    error = nights.bad.error(source)
    told = " ".join(str(error[part]) for part in ("message", "found", "remedy"))

    assert error["code"] == BAD[source].code
    assert "export-2" in error["place"]
    assert error["remedy"]
    assert [what for what in BAD[source].says if what not in told] == []


@pytest.mark.parametrize("source", BAD)
def test_the_terminal_says_all_of_it(nights: Nights, source: str) -> None:
    error = nights.bad.error(source)
    said = nights.bad.said.split(f"\n{source}: failed, nothing of it is published\n")[1].split("\n\n")[0]

    assert said.splitlines()[0] == f"  {error['message']} [{error['code']}]"
    assert f"  at     {error['place']}\n" in said
    assert error["found"] is None or f"  found  {error['found']}\n" in said
    assert f"  next   {error['remedy']}" in said


@pytest.mark.parametrize("source", BAD)
def test_what_was_published_of_it_stays(nights: Nights, source: str) -> None:
    assert len(nights.before[source]) == len(CARS)
    assert nights.after[source] == nights.before[source]


def test_the_other_sources_go_on(nights: Nights) -> None:
    assert nights.bad.export("sound")["outcome"] == "published"
    assert len(nights.federation.records("vehicle", "sound")) == len(CARS)
    assert nights.bad.code == 1


def test_the_source_list_remembers_why_it_stopped(nights: Nights) -> None:
    told = nights.federation.ask("SELECT last_outcome, last_message FROM sources WHERE source_id = 'zeros'")

    assert told[0][0] == "failed"
    assert "[read.zeros]" in told[0][1] and "next" in told[0][1]


def test_the_next_night_takes_the_good_export_and_tries_the_bad_one_again(nights: Nights) -> None:
    became = [e["outcome"] for e in nights.next.report["exports"] if e["source_id"] == "empty"]

    assert became == ["failed", "published"]
    assert nights.next.error("zeros")["code"] == "read.zeros"
    assert nights.next.code == 1


def test_the_accounts_of_all_nights_add_up(nights: Nights) -> None:
    assert nights.federation.accounts_add_up()


# Files that are made to do harm


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
HOSTILE = {
    "entity-expansion": Bad(XML, as_xml(f'<!DOCTYPE lol [<!ENTITY l0 "ha">{LAUGHS}]>', "&l10;"), "read.xml-entities"),
    "external-entity": Bad(
        XML, as_xml('<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>', "&secret;"), "read.xml-entities"
    ),
    "zip-bomb": Bad(CSV, zipped("export-2", b"\0" * (96 << 20)), "read.archive-too-large"),
    "gzip-bomb": Bad(CSV, gzip.compress(b"\n" * (96 << 20)), "read.archive-too-large"),
    "path-traversal": Bad(CSV, zipped("../../../export-2", as_csv()), "read.path-traversal"),
    "absolute-path": Bad(CSV, zipped("/tmp/export-2", as_csv()), "read.path-traversal"),
    "last-cell-of-a-sheet": Bad(SHEET, as_xlsx(XFD1048576="x"), "read.sheet-too-large"),
}  # fmt: skip


class Measured(NamedTuple):
    federation: SmallFederation
    night: Night
    megabytes: int


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    federation = SmallFederation(tmp_path_factory.mktemp("hostile"))
    for name, bad in HOSTILE.items():
        federation.add(VEHICLES, name, files="['export-*']", order="'export-(.)'", format=bad.format)
        federation.drop(name, "export-2", bad.content)
    return Measured(federation, *federation.run_measured())


@pytest.mark.parametrize("source", HOSTILE)
def test_a_file_that_is_made_to_do_harm_is_refused_with_a_code(hostile: Measured, source: str) -> None:
    error = hostile.night.error(source)

    assert error["code"] == HOSTILE[source].code
    assert error["place"].startswith("export-2") and error["remedy"]


def test_it_is_refused_within_bounds_of_memory(hostile: Measured) -> None:
    # What any of them holds would take gigabytes.
    assert hostile.megabytes < 600


def test_nothing_of_it_is_written_elsewhere_or_stays(hostile: Measured) -> None:
    data = hostile.federation.data
    outside = {path.name for path in data.parent.iterdir()}
    kept = {path.relative_to(data).parts[0] for path in data.rglob("*") if path.is_file()}

    assert outside == {"federation", "data"}
    assert kept == {
        "inbox",
        "archive",
        "cache",
        "runs",
        "quality",
        "ledger.sqlite",
        "current.duckdb",
        "publish.lock",
    }


def test_no_secret_of_the_machine_gets_into_a_message(hostile: Measured) -> None:
    assert "root:" not in hostile.night.said and "/etc" not in hostile.night.said
