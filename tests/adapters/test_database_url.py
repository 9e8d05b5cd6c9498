"""The URL of a database: secrets come from the environment and are told to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.adapters.database_url import parse_url
from comity.errors import ReadError
from tests.adapters.databases import take, without_adbc

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "p@ss/w:rd %+#?é"


def test_a_variable_may_hold_the_whole_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGS_URL", "postgresql://reader:s%40cret@db.example:5433/things")

    url = parse_url("${THINGS_URL}", "aa-things").url

    assert (url.username, url.password, url.host, url.port) == ("reader", "s@cret", "db.example", 5433)


def test_a_variable_may_hold_a_part_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGS_PASSWORD", PASSWORD)
    monkeypatch.setenv("THINGS_HOST", "db.example:5433")

    url = parse_url("postgresql://reader:${THINGS_PASSWORD}@${THINGS_HOST}/things", "aa-things").url

    assert (url.password, url.host, url.port, url.database) == (PASSWORD, "db.example", 5433, "things")


def test_a_variable_may_hold_the_path_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "/a b/c")

    assert parse_url("sqlite:///${FOLDER}/x.sqlite", "aa-things").url.database == "/a b/c/x.sqlite"


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("NOBODY_SET_ME", raising=False)
    if value is not None:
        monkeypatch.setenv("NOBODY_SET_ME", value)

    with pytest.raises(ReadError) as caught:
        parse_url("${NOBODY_SET_ME}", "aa-things")

    assert caught.value.code == "read.missing-secret"
    assert "NOBODY_SET_ME" in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "no url at all s3cret",
        "postgresql://u:s3cret@h:notaport/x",
        "postgresql://u:half@s3cret@host/x",
    ],
)
def test_a_url_that_is_none_is_an_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_url(url, "aa-things")

    assert caught.value.code == "read.bad-database-url"
    assert "s3cret" not in str(caught.value)


@given(password=st.text(st.characters(blacklist_categories=["Cs"]), min_size=4, max_size=20))
def test_no_spelling_of_a_password_gets_through(password: str) -> None:
    url = f"postgresql://reader:{quote(password, safe='')}@h/x"

    database = parse_url(url, "aa-things")

    assert database.url.password == password
    for spelling in (password, quote(password, safe=""), quote_plus(password), repr(password)[1:-1]):
        assert spelling not in database.hide(f"<<{spelling}>> {url}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@h/x?password=s3cret%2F",
        "mysql://u@h/x?ssl_key=s3cret/",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Du%3BPWD%3Ds3cret%2F",
    ],
)
def test_a_secret_among_the_options_does_not_get_through(url: str) -> None:
    database = parse_url(url, "aa-things")

    assert "s3cret" not in database.hide("bad: s3cret/ s3cret%2F")
    assert "s3cret" not in database.place
    assert "s3cret" not in repr(database)


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg", "mysql+pymysql"])
def test_a_server_that_cannot_be_reached_is_told_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    monkeypatch.setenv("THINGS_PASSWORD", PASSWORD)
    if "+" in driver:
        without_adbc(monkeypatch)

    with pytest.raises(ReadError) as caught:
        take(tmp_path, f"{driver}://reader:${{THINGS_PASSWORD}}@127.0.0.1:1/x", "SELECT 1 AS a", ["a"])

    assert caught.value.code == "read.database-unreachable"
    assert "refused" in str(caught.value.found)
    assert "reader" in str(caught.value.file)
    for spelling in (PASSWORD, quote(PASSWORD, safe=""), quote_plus(PASSWORD)):
        assert spelling not in str(caught.value)


@pytest.mark.parametrize("url", ["nobody://h/x", "mssql+pyodbc://u:s3cret@h/x"])
def test_a_database_without_a_driver_says_what_to_install(tmp_path: Path, url: str) -> None:
    with pytest.raises(ReadError) as caught:
        take(tmp_path, url, "SELECT 1 AS a", ["a"])

    assert caught.value.code == "read.bad-database-url"
    assert "pip install" in str(caught.value.remedy)
    assert "s3cret" not in str(caught.value)
