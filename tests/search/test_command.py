"""``comity search``: persons, and things by what is written on them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.config.settings import Settings
    from tests.query.conftest import Said


def test_a_person_with_score_reasons_owner_handling_and_how_to_confirm(
    people: Settings, comity: Callable[..., Said]
) -> None:
    said = comity(people.data_dir, "search", "person", "Kovbarenko, Jurij", "--born", "1990")

    lines = [line.strip() for line in said.out.splitlines()]
    assert said.code == 0
    assert "AA" in lines[0] and "Yurii Kovbarenko" in lines[0]
    assert lines[1:3] == [
        "KOVBARENKO: the same",
        "JURIJ: YURII, as another spelling of the same sounds",
    ]
    assert "OFFICIAL_USE_ONLY, H1; for locate_person_or_object" in lines
    assert lines[-1].startswith("confirm with the owner, Force of AA (AA), under aa-people ")


def test_no_answer_is_said(people: Settings, comity: Callable[..., Said]) -> None:
    assert (
        comity(people.data_dir, "search", "person", "Xavier Quillfeather").out
        == "Xavier Quillfeather: no answer\n"
    )


@pytest.mark.parametrize(
    ("asked", "found", "reason"),
    [
        ("AB217", "AB217", "plate: the same"),
        ("ab-217", "AB217", "plate: the same"),
        ("A821 7", "AB217", "plate: AB217, the same but for signs that look alike"),
        ("AB2177", "AB217", "plate: AB217, one sign apart"),
        ("*B217", "AB217", "plate: AB217 has the part *B217"),
        ("AB?17", "AB217", "plate: AB217 has the part AB?17"),
    ],
)
def test_a_plate_is_found_as_it_was_read_or_in_part(
    people: Settings, comity: Callable[..., Said], asked: str, found: str, reason: str
) -> None:
    said = comity(people.data_dir, "search", "vehicle", asked, "--format", "json", "--limit", "400")

    answers = json.loads(said.out)["answers"]
    meant = next(answer for answer in answers if answer["plate"] == found)
    assert meant["reasons"] == [reason]
    assert [answer["score"] for answer in answers] == sorted((a["score"] for a in answers), reverse=True)


def test_a_file_of_questions_is_answered_line_by_line(
    people: Settings, comity: Callable[..., Said], tmp_path: Path
) -> None:
    questions = tmp_path / "questions.csv"
    questions.write_text('question,born\n"GRENHAL, Ostap",1979-04-17\nNobody Whatever,\n', "utf-8")

    said = comity(people.data_dir, "search", "person", "--batch", str(questions), "--limit", "1")

    rows = list(csv.DictReader(said.out.splitlines()))
    assert [(row["question"], row["born"], row["owner_country"], row["handling_codes"]) for row in rows] == [
        ("GRENHAL, Ostap", "1979-04-17", "AA", "H1"), ("Nobody Whatever", "", "", "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "lines", "code"),
    [
        ("person", b"question;born\nOstap;1979\nOstap;79\n", "query.bad-birth-date"),
        ("vehicle", b"question\nAB217\nA1\n", "query.number-too-short"),
        ("person", b"question\nOstap\nM\xfcller\n", "query.bad-batch"),
    ],
)
def test_a_question_that_cannot_be_read_is_named_before_any_is_answered(
    people: Settings, comity: Callable[..., Said], tmp_path: Path, kind: str, lines: bytes, code: str
) -> None:
    questions = tmp_path / "questions.csv"
    questions.write_bytes(lines)

    said = comity(people.data_dir, "search", kind, "--batch", str(questions), "--format", "json")

    assert (said.code, said.out, code in said.err) == (2, "", True)
    assert "questions.csv:" in said.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["vehicle", "A1"], "query.number-too-short"),
        (["vehicle", "*?*"], "query.number-too-short"),
        (["person", "12 34"], "query.no-name"),
        (["person", "Ostap", "--born", "yesterday"], "query.bad-birth-date"),
        (["person"], "query.no-question"),
    ],
)
def test_what_cannot_be_asked(
    people: Settings, comity: Callable[..., Said], arguments: list[str], code: str
) -> None:
    said = comity(people.data_dir, "search", *arguments)

    assert (said.code, code in said.err) == (2, True)


def test_a_file_without_a_column_of_questions_is_refused(
    people: Settings, comity: Callable[..., Said], tmp_path: Path
) -> None:
    questions = tmp_path / "questions.csv"
    questions.write_text("name\nOstap\n", "utf-8")

    said = comity(people.data_dir, "search", "person", "--batch", str(questions))

    assert said.code == 2 and "query.bad-batch" in said.err and "questions.csv:1" in said.err
