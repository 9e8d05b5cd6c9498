"""Asking for a person by name and date of birth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.errors import QueryError
from comity.search import open_persons, parse_question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.config.settings import Settings
    from comity.search import PersonSearch


@pytest.fixture(scope="module")
def search(people: Settings) -> Iterator[PersonSearch]:
    with open_persons(people) as opened:
        yield opened


@pytest.mark.parametrize(
    ("asked", "born", "meant"),
    [
        ("GRENHAL, Ostap", None, "Grenhal Ostap Romanovych"),
        ("Ostap Grenhal", "1979-04-17", "Grenhal Ostap Romanovych"),
        ("Гренгаль Остап", "1979", "ГРЕНГАЛЬ Остап"),
        ("GRENHAL OSTPA", "1979-04", "Grenhal Ostap Romanovych"),
        ("Grehnal", "1979-04-17", "Grenhal Ostap Romanovych"),
        ("Tormuel Juergen", None, "Tormül Jürgen"),
        ("TORMUL JURGEN", "1968-02-11", "Tormül Jürgen"),
        ("Jurij Kowbarenko", "1990", "Yurii Kovbarenko"),
        ("Iurii Kovbarenko", None, "Yurii Kovbarenko"),
        ("Shchedronin, Yuri", "1985-05-06", "Юрий Щедронин"),
        ("Ščedronin Jurij", None, "Юрий Щедронин"),
        ("Tormül Anna", "1955", "Anna Tormül"),
        ("salm ghrnhal", "1971", "سالم غرنهال"),
        ("Beta Ferryman", None, "سالم غرنهال"),
        ("خالد الافتراضی", None, "خالد زکریا مصطفى الافتراضی"),
        ("خالد زکریا مصطفى", None, "خالد زکریا مصطفى الافتراضی"),
        ("Khalid Mustafa Zakaria", "1990", "خالد زکریا مصطفى الافتراضی"),
        ("ออสตัป โควาเลนชุก", None, "ออสตัป โควาเลนชุก"),
        ("Ostap Kovalenčuk", None, "ออสตัป โควาเลนชุก"),
    ],
)
def test_a_name_is_found_in_any_script_scheme_and_order_and_with_slips(
    search: PersonSearch, asked: str, born: str | None, meant: str
) -> None:
    answers = search.ask(parse_question(asked, born))

    assert [answer.shown["full_name"] for answer in answers][:1] == [meant]


def test_an_answer_says_why_and_whose_and_how_to_confirm(search: PersonSearch) -> None:
    answer = search.ask(parse_question("Ostap GRENHAL", "1979-04-17"))[0]

    assert answer.score == pytest.approx(100, abs=6)
    assert answer.reasons == (
        "OSTAP: the same",
        "GRENHAL: the same",
        "the name has besides: ROMANOVYCH",
        "born on the same day",
    )
    assert (answer.owner_country, answer.source_id, answer.handling["handling_codes"]) == (
        "AA",
        "aa-people",
        ["H1"],
    )
    assert answer.confirm == (
        f"confirm with the owner, Force of AA (AA), under aa-people {answer.record_id}; Do not approach."
    )


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("1968-11-02", "born on the same day"),
        ("1968-02-11", "day and month of birth have changed places"),
        ("1968-11-12", "the dates of birth differ by one digit, or two have changed places"),
        ("1968-11-20", "the dates of birth differ by one digit, or two have changed places"),
        ("1968", "the dates of birth, as far as they are known, agree"),
        ("1968-11", "the dates of birth, as far as they are known, agree"),
        ("1968-05-17", "born in the same year"),
        ("1969", "the years of birth are one apart"),
        ("1964-01-01", "the years of birth are up to five apart"),
        ("1930", "the dates of birth do not agree"),
    ],
)
def test_dates_of_birth_agree_by_degrees(search: PersonSearch, born: str, said: str) -> None:
    answers = search.ask(parse_question("Tormül Jürgen", born), least=0)

    assert next(a for a in answers if a.shown["full_name"] == "Tormül Jürgen").reasons[-1] == said


def test_a_closer_date_is_a_higher_score(search: PersonSearch) -> None:
    dates = ["1968-11-02", "1968", "1968-02-11", "1968-11-12", "1968-05-17", "1969", "1964", "1930"]

    scores = [search.ask(parse_question("Tormül Jürgen", born), least=0)[0].score for born in dates]

    assert scores == sorted(scores, reverse=True) and len(set(scores)) == len(scores)


def test_who_has_no_date_of_birth_is_neither_first_nor_lost(search: PersonSearch) -> None:
    answers = search.ask(parse_question("Anna Tormül", "1980-01-01"))

    assert answers[0].reasons[-1] == "the record has no date of birth"


def test_a_name_like_no_other_has_no_answer(search: PersonSearch) -> None:
    assert search.ask(parse_question("Xavier Quillfeather")) == []


def test_the_limit_and_the_least_score_are_kept(search: PersonSearch) -> None:
    question = parse_question("Tormül Jürgen")

    assert len(search.ask(question, limit=1)) == 1
    assert all(answer.score >= 90 for answer in search.ask(question, least=90))


@pytest.mark.parametrize("name", ["", "  ", "12-34", "?!"])
def test_a_question_without_a_letter_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match=r"query\.no-name"):
        parse_question(name)


@pytest.mark.parametrize("born", ["70", "1970-13", "1970-02-30", "April 1970", "1970-1-1-1", "0000", "1970-"])
def test_a_date_that_is_none_is_refused(born: str) -> None:
    with pytest.raises(QueryError, match=r"query\.bad-birth-date"):
        parse_question("A", born)


def test_every_name_of_a_person_counts_but_the_person_is_answered_once(search: PersonSearch) -> None:
    answers = search.ask(parse_question("Salim Grnhal Ferryman Beta"), least=0)

    assert len({answer.record_id for answer in answers}) == len(answers)
