"""The version of a mapping changes with everything that changes its records, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from comity.mappings import compile as compiling
from comity.mappings.calendar import YEARS, read_date
from comity.mappings.check_digit import MACROS
from comity.mappings.compile import compile_source
from comity.mappings.context import Context
from comity.mappings.transliterate import LANGUAGES, name_key, to_latin
from tests.mappings.small import SOURCE, Envelope, compile_all, fields, standard, write

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """
record: specimen
description: What this is.
key: [id]
duplicates: keep_first
where: {sql: "cell <> 'x'", reason: lifted}
fields:
  text: {from: cell, apply: [upper]}
  code: {from: cell, codes: colour}
  date: {from: cell, date: ["%Y-%m-%d"], calendar: umm_al_qura}
  integer: {from: cell, integer: true, invalid: reject}
  vin_status: {from: cell, check: vin}
  country: {constant: NZ}
ignored: {other: not needed}
"""
LINES = "R,rot,red,exact,proposed,,2026-01-01\nB,blau,blue,broader,proposed,,2026-01-01\n"
KNOWN = ("id", "cell", "other")


def version(
    folder: Path, mapping: str = MAPPING, lines: str = LINES, envelope: Envelope | None = None
) -> str:
    (plan,) = compile_all(folder, mapping, KNOWN, {"colour": lines}, envelope)
    return plan.version


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("description: What this is.", "description: Something else."),
        ("duplicates: keep_first\n", "# A word on the next line.\n\nduplicates: 'keep_first'\n"),
        ("  text: {from: cell, apply: [upper]}", "  text:\n    from: cell\n    apply: upper  # a comment"),
        ("{sql: \"cell <> 'x'\", reason: lifted}", "{sql: \"cell   <>  'x'\", reason: lifted by the owner}"),
        ("ignored: {other: not needed}", "ignored: {other: another reason}"),
        ("duplicates: keep_first\n", ""),  # as without saying it
    ],
)
def test_what_changes_no_record_changes_no_version(tmp_path: Path, before: str, after: str) -> None:
    assert before in MAPPING
    assert version(tmp_path, MAPPING.replace(before, after)) == version(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("key: [id]", "key: [id, cell]"),
        ("duplicates: keep_first", "duplicates: keep_last"),
        ("duplicates: keep_first", "duplicates: number"),
        ("cell <> 'x'", "cell <> 'y'"),
        ("apply: [upper]", "apply: [lower]"),
        ("  text: {from: cell", "  text: {from: other"),
        ("codes: colour}", "codes: colour, unmapped: reject}"),
        ("codes: colour}", "codes: colour, unmapped: stop}"),
        ("integer: true, invalid: reject", "integer: true, invalid: stop"),
        ("integer: true, invalid: reject", "integer: true"),
        ('["%Y-%m-%d"]', '["%Y-%m-%d", "%Y"]'),
        ("calendar: umm_al_qura", "calendar: solar_hijri"),
        ("constant: NZ", "constant: AU"),
        ("record: specimen", "record: part"),
        ("  country: {constant: NZ}\n", ""),
    ],
)
def test_what_changes_a_record_changes_the_version(tmp_path: Path, before: str, after: str) -> None:
    assert before in MAPPING
    mapping = MAPPING.replace(before, after)
    if "from: other" in mapping:
        mapping = mapping.replace("ignored: {other: not needed}", "")

    assert version(tmp_path / "after", mapping) != version(tmp_path / "before")


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("R,rot,red", "R,rot,green", True),
        ("R,rot,red", "S,rot,red", True),
        (LINES, LINES + "G,grün,green,exact,,,\n", True),
        ("R,rot,red", "R,red,red", False),
        ("blue,broader,proposed,,2026-01-01", "blue,narrower,reviewed,a person,2026-02-02", False),
    ],
)
def test_of_a_crosswalk_only_its_codes_count(tmp_path: Path, before: str, after: str, changes: bool) -> None:
    assert (version(tmp_path, lines=LINES.replace(before, after)) != version(tmp_path)) == changes


def test_a_relation_counts_where_it_is_taken(tmp_path: Path) -> None:
    mapping = MAPPING.replace(
        "  country:", "  relation: {from: cell, codes: colour, take: relation}\n  country:"
    )
    after = LINES.replace("broader", "narrower")

    assert version(tmp_path, mapping) != version(tmp_path, mapping, after)


@pytest.mark.parametrize(
    "change",
    [
        {"owner_country": "AU"}, {"confidentiality": "CONFIDENTIAL"}, {"handling_codes": ("H2",)},
        {"recipients_deny": ("AU",)}, {"review_after": "INTERVAL 1 YEAR"}, {"purge_after": "INTERVAL 9 YEAR"},
    ],
    ids=str,
)  # fmt: skip
def test_the_owners_agreement_counts(tmp_path: Path, change: dict[str, object]) -> None:
    agreed = Envelope("NZ", "RESTRICTED")

    assert version(tmp_path, envelope=replace(agreed, **change)) != version(tmp_path, envelope=agreed)  # type: ignore[arg-type]


def test_a_code_list_counts_where_codes_are_taken_as_they_are(tmp_path: Path) -> None:
    mapping = MAPPING.replace("codes: colour", "codes: same")
    place = write(tmp_path, {"specimen": mapping})
    whole = standard()
    colour = whole.code_lists["colour"]
    fewer = {code: colour.codes[code] for code in list(colour.codes)[1:]}
    smaller = replace(whole, code_lists=whole.code_lists | {"colour": replace(colour, codes=fewer)})

    versions = [
        compile_source(Context(SOURCE, each, fields(*KNOWN), Envelope("NZ", "RESTRICTED"), place))[0].version
        for each in (whole, smaller)
    ]

    assert versions[0] != versions[1]


def test_a_library_that_a_value_rests_on_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(tmp_path)
    other = version(tmp_path, MAPPING.replace("calendar: umm_al_qura", "calendar: gregorian"))

    monkeypatch.setattr("importlib.metadata.version", lambda name: "99.0")

    assert version(tmp_path) != before
    assert version(tmp_path, MAPPING.replace("calendar: umm_al_qura", "calendar: gregorian")) == other


def test_the_engines_own_version_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(tmp_path)

    monkeypatch.setattr(compiling, "ENGINE_VERSION", "another")

    assert version(tmp_path) != before


def test_the_version_is_the_same_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.mappings import test_mapping_version as t; "
        "print(t.version(Path(sys.argv[1])))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip

    assert told == [version(tmp_path)] * 2


def test_what_python_works_out_has_not_changed_under_the_same_engine_version() -> None:
    """If this fails on purpose, raise ENGINE_VERSION in comity.mappings.compile and write down the new print."""
    import hashlib

    names = ["Müller-Łuć", "Щербаков Юрий", "Гнатюк Ї", "خليل مُحَمَّد", "O'Connor", "Þór", "Đorđe", "李"]
    texts = [
        "1443-05-10",
        "1370/01",
        "2007-13-05",
        "115-07-29",
        "99",
        "令和元年5月1日",
        "昭和64年",
        "1979-01",
        "1973 - 1980",
    ]
    forms = ("%Y-%m-%d", "%Y/%m", "%Y", "%y-%m-%d", "%y", "%E%y年%m月%d日", "%E%y年", "%Y - %Y")
    found = [
        *(to_latin(name, language) for name in names for language in LANGUAGES),
        *(name_key(name) for name in names),
        *(read_date(text, forms, calendar, 30, True) for text in texts for calendar in YEARS),
        MACROS,
    ]

    assert compiling.ENGINE_VERSION == "1"
    assert hashlib.sha256(repr(found).encode()).hexdigest()[:16] == "e9ac6e9ac74e0b8d"
