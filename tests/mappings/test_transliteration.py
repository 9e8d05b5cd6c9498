"""Names in Latin letters by ICAO Doc 9303-3, and the keys that they are searched by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.errors import MappingError
from comity.mappings.lookup import LatinLookup, NameWordsLookup, fill_lookup
from comity.mappings.lookup import Lookup as Table
from comity.mappings.transliterate import LANGUAGES, latin_words, name_key, name_words, to_latin
from tests.mappings.small import one

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "language", "latin"),
    [
        # Latin, section 6 A
        ("Müller", None, "MUELLER"),
        ("Ångström", None, "AANGSTROEM"),
        ("Øystein Æsir", None, "OEYSTEIN AESIR"),
        ("Weiß", None, "WEISS"),
        ("Þórður Guðmundsson", None, "THORDUR GUDMUNDSSON"),
        ("Łukasz Żółkiewczak", None, "LUKASZ ZOLKIEWCZAK"),
        ("Đorđe", None, "DORDE"),
        ("İbrahim Işık", None, "IBRAHIM ISIK"),
        ("O'Connor", None, "OCONNOR"),
        ("D’Artagnan", None, "DARTAGNAN"),
        ("Smith-Jones", None, "SMITH JONES"),
        ("María José (Pepa) de la Cruz, Jr.", None, "MARIA JOSE PEPA DE LA CRUZ JR"),
        ("Mül\u00adler", None, "MUELLER"),  # a soft hyphen
        ("Jose\u0301", None, "JOSE"),  # an accent of its own
        # Cyrillic, section 6 B, with the national exceptions
        ("Щербаков Юрий", "ru", "SHCHERBAKOV IURII"),
        ("Хрущёв", None, "KHRUSHCHEV"),
        ("Гнатюк Ірина", "uk", "HNATIUK IRYNA"),
        ("Гнатюк Ірина", None, "GNATIUK IRINA"),
        ("Щърбанов", "bg", "SHTARBANOV"),
        ("Шћепан", "sr", "SCEPAN"),
        ("Цветкова", "be", "TSVETKOVA"),
        # Arabic, section 6 C: for machines and not to be pronounced
        ("خليل", "ar", "XKHLYL"),
        ("شيخ", None, "XSHYXKH"),
        ("عمر غانم", None, "EMR GANM"),
        ("مُحَمَّد", None, "MXHMD"),  # vowel signs carry no letter
        ("موسى", None, "MWSXAY"),
    ],
)
def test_a_name_is_written_by_the_tables(name: str, language: str | None, latin: str) -> None:
    assert to_latin(name, language) == latin


@pytest.mark.parametrize("name", ["王小明", "สมชาย", "Müller 王", "राम", "☺", "ªº"])
def test_a_name_with_a_letter_of_no_table_is_none_as_a_whole(name: str) -> None:
    assert to_latin(name) is None


def test_what_cannot_be_written_is_flagged(tmp_path: Path) -> None:
    found = one(tmp_path, "text", "{latin: [cell]}", "Müller", "王小明", None, "-")

    assert found == [("MUELLER", []), (None, ["text:no_transliteration"]), (None, []), (None, [])]


def test_parts_are_written_together_and_whole_or_not_at_all(tmp_path: Path) -> None:
    found = one(tmp_path, "text", "{latin: [cell, id], language: uk}", "Гнат", "王", None)

    assert found == [("HNAT 1", []), (None, ["text:no_transliteration"]), ("3", [])]


def test_a_language_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as caught:
        one(tmp_path, "text", "{latin: [cell], language: ua}", "x")

    assert caught.value.code == "mapping.unknown-language"
    assert "did you mean 'uk'" in (caught.value.remedy or "")


@given(name=st.text(max_size=30), language=st.sampled_from([None, *LANGUAGES]))
def test_every_text_gives_capitals_digits_and_single_spaces_or_nothing(
    name: str, language: str | None
) -> None:
    latin = to_latin(name, language)

    assert latin is None or re.fullmatch("[A-Z0-9]+( [A-Z0-9]+)*", latin)


@given(name=st.text(max_size=30))
def test_a_key_is_words_in_one_order(name: str) -> None:
    key = name_key(name)

    assert key is None or re.fullmatch("[A-Z]+( [A-Z]+)*", key)
    assert key == name_key(" ".join(reversed(name_words(name).split())))


@pytest.mark.parametrize(
    ("one_way", "another"),
    [
        ("Jean Marie Dupont", "DUPONT Jean-Marie"),
        ("O'Connor Sinéad", "sinead oconnor"),
        ("علي محمد", "محمد علی"),  # Arabic and Farsi yeh
        ("Müller", "Muller"),
        ("Łukasz", "lukasz"),
    ],
)
def test_names_that_differ_in_order_and_typing_have_one_key(one_way: str, another: str) -> None:
    assert name_key(one_way) == name_key(another) is not None


@pytest.mark.parametrize(
    ("kind", "python"),
    [(LatinLookup(None), latin_words), (NameWordsLookup(), name_words)],
    ids=["latin", "key"],
)
@settings(max_examples=40, deadline=None)
@example(texts=["O'Brien", "`x`", "a-b", "  ", "é", "x\u0000y", "'"])
@given(
    texts=st.lists(st.text(st.characters(max_codepoint=127), max_size=20) | st.text(max_size=8), unique=True)
)
def test_sql_writes_exactly_what_python_writes(
    kind: LatinLookup | NameWordsLookup, python: object, texts: list[str]
) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE texts AS SELECT unnest($1::VARCHAR[]) AS text", [texts])
        fill_lookup(connection, Table("found", "text", kind), "SELECT text FROM texts")
        found = dict(connection.execute("SELECT text, value FROM found").fetchall())

    assert found == {text: python(text) for text in texts}  # type: ignore[operator]
