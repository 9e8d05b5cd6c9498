"""The index follows a release, holds nothing of another, and can be thrown away."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.config.settings import Settings
from comity.search import open_persons, parse_question
from comity.search.persons import index_folder
from comity.search.skeleton import LENGTH, one_letter_less, skeleton
from tests.query.conftest import ROOT
from tests.search.conftest import PEOPLE, publish_people
from tests.store import small

if TYPE_CHECKING:
    from pathlib import Path


def names(settings: Settings, asked: str, release: int | None = None) -> list[str]:
    with open_persons(settings, release) as search:
        return [answer.shown["full_name"] for answer in search.ask(parse_question(asked))]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    store = small.open_store(tmp_path / "data")
    publish_people(store, "a", PEOPLE[:4], "aa-people", "AA")
    return Settings(tmp_path / "data", ROOT)


def segments(settings: Settings) -> list[str]:
    return sorted(path.name for path in (index_folder(settings) / "person").iterdir() if path.is_dir())


def test_a_release_is_followed_by_what_is_new_in_it(settings: Settings) -> None:
    assert names(settings, "Schtschedronin") == []
    before = segments(settings)
    store = small.open_store(settings.data_dir)
    publish_people(store, "b", PEOPLE[4:], "bb-people", "BB")

    assert names(settings, "Shchedronin Yurij") == ["Юрий Щедронин"]
    assert set(before) < set(segments(settings)) and len(segments(settings)) == 2
    assert names(settings, "Grenhal Ostap")


def test_who_was_withdrawn_is_not_answered(settings: Settings) -> None:
    assert names(settings, "Tormül Jürgen") == ["Tormül Jürgen"]
    store = small.open_store(settings.data_dir)
    publish_people(store, "a2", PEOPLE[:2], "aa-people", "AA")

    assert names(settings, "Tormül Jürgen") == []
    assert len(segments(settings)) == 1, "what is mostly gone is made anew"
    assert names(settings, "Tormül Jürgen", release=1) == ["Tormül Jürgen"]


def test_files_that_are_gone_are_left_out_while_the_rest_of_their_segment_is_kept(settings: Settings) -> None:
    store = small.open_store(settings.data_dir)
    publish_people(store, "b", PEOPLE[4:5], "bb-people", "BB")
    assert names(settings, "Shchedronin Yurij")
    kept = segments(settings)
    publish_people(store, "b2", PEOPLE[5:6], "bb-people", "BB")

    assert names(settings, "Shchedronin Yurij") == []
    assert names(settings, "Anna Tormül")[0] == "Anna Tormül"
    assert set(kept) <= set(segments(settings))


def test_many_small_releases_do_not_make_many_segments(settings: Settings) -> None:
    store = small.open_store(settings.data_dir)
    for number in range(10):
        source = f"s{number}-people"
        publish_people(
            store, f"n{number}", [(f"Norbart Quist{chr(97 + number)}us", None, None, None)], source, "BB"
        )
        assert names(settings, f"Quist{chr(97 + number)}us Norbart")

    assert len(segments(settings)) <= 8
    assert len(names(settings, "Quistaus Norbart")) == 10


def test_the_index_can_be_removed(settings: Settings) -> None:
    asked = names(settings, "Grenhal Ostap")
    shutil.rmtree(index_folder(settings))

    assert names(settings, "Grenhal Ostap") == asked


def test_a_build_that_was_killed_leaves_nothing_that_is_taken_for_a_segment(settings: Settings) -> None:
    folder = index_folder(settings) / "person"
    (folder / "abc.new").mkdir(parents=True)
    (folder / "abc.new" / "people.arrow").write_bytes(b"half")

    assert names(settings, "Grenhal Ostap")
    assert not (folder / "abc.new").exists()


def test_the_index_is_for_its_owner_alone(settings: Settings) -> None:
    names(settings, "Grenhal")

    paths = [index_folder(settings), *index_folder(settings).rglob("*")]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_a_store_without_persons_has_no_answers(tmp_path: Path) -> None:
    store = small.open_store(tmp_path / "data")
    small.publish(store, {"aa-cars": 3})

    assert names(Settings(tmp_path / "data", ROOT), "Grenhal") == []


@pytest.mark.parametrize(
    "spellings",
    [
        ("YURII", "IURII", "JURIJ", "YURY", "JURI"),
        ("SHCHERBAKOV", "SCERBAKOV", "SCHTSCHERBAKOW", "SZCZERBAKOW"),
        ("MUELLER", "MULLER", "MOELLER"),
        ("MOHAMMED", "MUHAMMAD", "MOHAMED", "MEHMED"),
        ("WOJCIECH", "VOJTSEKH") [:1],
        ("PHILIPP", "FILIP") [:1],
        ("STEFANOV", "STEPHANOFF"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_have_one_skeleton(spellings: tuple[str, ...]) -> None:
    assert len({skeleton(word) for word in spellings}) == 1


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=30))
def test_every_word_has_a_skeleton_of_capitals(word: str) -> None:
    found = skeleton(word)

    assert 1 <= len(found) <= LENGTH and found.isalpha() and found.isupper()
    assert all(len(each) == len(found) - 1 for each in one_letter_less(found)[1:])


def test_a_name_that_says_the_same_as_the_key_is_kept_once(settings: Settings) -> None:
    with open_persons(settings) as search:
        rows = search.segments[0].segment.array("name_row").tolist()

    assert rows == [0, 1, 2, 3, 3], "four persons, one of them Cyrillic, and an alias of the last"
