"""Rows that cannot be read go to the rejects with their place and reason; the rest of the export goes on.

One night meets one damaged export a source, and a sound one; the tests look at what became of each.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.nightly.small import VEHICLES, WANTED, Night, SmallFederation, as_xml, samples

SEARCHED = "ua-wanted"
(GOOD_VEHICLES,) = samples(VEHICLES).values()
(GOOD_WANTED,) = samples(WANTED).values()
(GOOD_SEARCHED,) = samples(SEARCHED).values()
LINES = GOOD_VEHICLES.splitlines(keepends=True)


class Damaged(NamedTuple):
    """``copy_of``: the repository's source; ``row`` and ``line``: where the refused row stands."""

    copy_of: str
    file: str
    content: bytes
    code: str
    row: int
    line: int
    raw: str


def vehicles(at: int, wrong: bytes, code: str, raw: str | None = None) -> Damaged:
    """The list of vehicles with a wrong row, counted from 1, put into it."""
    content = b"".join([*LINES[: at - 1], wrong, *LINES[at - 1 :]])
    raw = raw or wrong.decode().rstrip("\n")
    return Damaged(VEHICLES, "stolenvehicles-2099-01-01.csv", content, code, at, at, raw)


CUT_LIST = GOOD_SEARCHED[: GOOD_SEARCHED.rindex(b'"LAST_NAME_U"')]
CUT_XML = as_xml()[: as_xml().rindex(b"<model>")]
THAI_ROW = GOOD_WANTED.splitlines()[1]
DAMAGED = {
    "undecodable-bytes": vehicles(
        3, b"QQZ1,\xff\xfe,Toyota,,1999,Saloon,2026-10-03,Tasman\n", "read.undecodable-bytes",
        r"QQZ1,\xff\xfe,Toyota,,1999,Saloon,2026-10-03,Tasman",
    ),
    "undecodable-code-page": Damaged(
        WANTED, "wanted_th.csv", GOOD_WANTED.rstrip() + b"\n" + THAI_ROW + b"\xdb\n", "read.undecodable-bytes",
        GOOD_WANTED.rstrip().count(b"\n") + 1, GOOD_WANTED.rstrip().count(b"\n") + 2,
        THAI_ROW.decode("cp874") + r"\xdb",
    ),
    "too-few-cells": vehicles(5, b"QQZ2,White,Toyota\n", "read.column-count"),
    "too-many-cells": vehicles(
        1, b"QQZ2,White,Toyota,HIACE,2004,Saloon,2026-10-03,Tasman,more\n", "read.column-count"
    ),
    "unclosed-quote": vehicles(
        7, b'QQZ3,"White,Toyota,HIACE,2004,Saloon,2026-10-03,Tasman\n', "read.unclosed-quote"
    ),
    "truncated-csv": vehicles(len(LINES) + 1, b"QQZ5,White,Toy", "read.truncated-row"),
    "truncated-json": Damaged(
        SEARCHED, "wanted.json", CUT_LIST, "read.truncated", CUT_LIST.count(b'"ID"'),
        CUT_LIST[: CUT_LIST.rindex(b"{")].count(b"\n") + 1, CUT_LIST[CUT_LIST.rindex(b"{") :].decode().rstrip(),
    ),
    "truncated-xml": Damaged(
        VEHICLES, "cars.xml", CUT_XML, "read.broken-xml", CUT_XML.count(b"<car>"), CUT_XML.count(b"\n") + 1,
        CUT_XML[CUT_XML.rindex(b"<car>") :].decode(),
    ),
}  # fmt: skip


class After(NamedTuple):
    """A federation after the night with the damaged exports."""

    federation: SmallFederation
    night: Night


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> After:
    federation = SmallFederation(tmp_path_factory.mktemp("bad-rows"))
    for name, damaged in DAMAGED.items():
        xml = (
            {"files": "['*.xml']", "format": "{type: xml, records: //car}"} if name == "truncated-xml" else {}
        )
        federation.add(damaged.copy_of, name, **xml)
        federation.drop(name, damaged.file, damaged.content)
    for name, rule in (("sound", "keep_first"), ("keeps-last", "keep_last")):
        federation.add(VEHICLES, name)
        federation.edit(f"mappings/{name}/vehicle.yaml", "duplicates: .*", f"duplicates: {rule}")
        federation.drop(name, "stolenvehicles-2026-01-01.csv", GOOD_VEHICLES)
    return After(federation, federation.run(jobs=2))


@pytest.mark.parametrize("source", DAMAGED)
def test_the_refused_row_is_kept_with_its_file_row_line_raw_text_and_reason(
    after: After, source: str
) -> None:
    damaged = DAMAGED[source]

    refused = after.federation.ask(
        "SELECT DISTINCT file, source_row, line, raw, row_rejected, len(reasons), reasons[1].message <> '' "
        f"FROM rejects WHERE source_id = '{source}' AND reasons[1].code = '{damaged.code}' "
        f"AND source_row = {damaged.row}"
    )

    assert refused == [(damaged.file, damaged.row, damaged.line, damaged.raw, True, 1, True)]


@pytest.mark.parametrize("source", DAMAGED)
def test_the_rest_of_the_export_is_published_and_the_refused_row_is_counted(
    after: After, source: str
) -> None:
    export = after.night.export(source)

    assert export["outcome"] == "published"
    for account in export["accounts"]:
        assert account["rows_rejected"] > 0
        assert account["rows_read"] == sum(
            account[part] for part in ("rows_accepted", "rows_rejected", "rows_not_selected")
        )
    assert sum(account["records"] for account in export["accounts"]) > 0


@pytest.mark.parametrize("source", ["undecodable-bytes", "too-few-cells", "too-many-cells", "unclosed-quote"])
def test_no_other_row_is_lost_with_it(after: After, source: str) -> None:
    plates = (
        f"SELECT plate, status_date, status_region FROM vehicle WHERE source_id = '{source}' ORDER BY ALL"
    )

    assert after.federation.ask(plates) == after.federation.ask(plates.replace(source, "sound"))


def test_the_accounts_of_every_export_add_up_with_its_rejects(after: After) -> None:
    assert after.federation.accounts_add_up()


def test_a_night_with_refused_rows_has_passed_and_the_terminal_counts_them(after: After) -> None:
    lines = [line.split() for line in after.night.said.splitlines()]
    (account,) = after.night.export("too-few-cells")["accounts"]

    assert after.night.code == 0
    assert [
        "too-few-cells", "vehicle", str(account["rows_read"]), str(account["rows_accepted"]),
        str(account["rows_rejected"]), str(account["rows_not_selected"]), str(account["records"]), "release", "1",
    ] in lines  # fmt: skip


@pytest.mark.parametrize(
    ("source", "rule", "kept"), [("sound", "keep_first", 5), ("keeps-last", "keep_last", 6)]
)
def test_of_rows_with_one_key_all_but_one_are_refused_and_point_at_the_one_kept(
    after: After, source: str, rule: str, kept: int
) -> None:
    twice = {5, 6}  # two equal rows of the sample

    refused = after.federation.ask(
        "SELECT source_row, kept_row, row_rejected, reasons[1].message FROM rejects "
        f"WHERE source_id = '{source}' AND reasons[1].code = 'mapping.duplicate-key'"
    )
    published = after.federation.ask(
        f"SELECT source_row FROM vehicle WHERE source_id = '{source}' AND source_row IN (5, 6)"
    )

    assert [row[:3] for row in refused] == [(*(twice - {kept}), kept, True)]
    assert rule in refused[0][3] and str(kept) in refused[0][3]
    assert published == [(kept,)]
