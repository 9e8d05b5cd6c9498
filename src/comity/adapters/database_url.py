"""The URL of a database, with its secrets from the environment.

Invariant: a secret stands in the environment only. Whatever a driver says goes through ``hide`` before a person
sees it, and what a person sees of the URL never has a password in it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET_OPTION = re.compile("pass|pwd|secret|token|key", re.IGNORECASE)
_SECRET_PAIR = re.compile(r"(?:password|pwd)\s*=\s*([^;&\s]+)", re.IGNORECASE)
_RAW_PASSWORD = re.compile(r"://[^/@:]*:([^@]*)@")


@dataclass(frozen=True)
class DatabaseUrl:
    """A parsed URL. ``place`` is what messages call it."""

    url: URL = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    place: str

    @property
    def dialect(self) -> str:
        """The kind of database: ``postgresql``, ``sqlite``, ``mariadb``."""
        return self.url.get_backend_name()

    def hide(self, text: str) -> str:
        """``text`` without any secret, however it is written."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


def parse_url(template: str, source: str) -> DatabaseUrl:
    """The URL of ``adapter.yaml`` with its variables filled in. Raises ReadError when it cannot be one."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    filled = _filled(template, source)
    try:
        url = make_url(filled)
    except (ArgumentError, ValueError):
        # What the library says may quote a part of the URL, so it is not told.
        raise bad_url(source, None) from None
    if "@" in (url.host or ""):
        raise bad_url(source, "a user or password with a bare '@': in a URL it is written %40") from None
    shown = url.set(drivername=url.get_backend_name(), password=None, query={})
    secrets = {written for secret in _secrets(url, filled) for written in _spellings(secret)}
    place = f"database of {source}, {shown.render_as_string()}"
    return DatabaseUrl(url, tuple(sorted(secrets, key=len, reverse=True)), place)


def sqlite_path(database: DatabaseUrl) -> Path:
    """The file of a SQLite database. Raises ReadError when there is none: a database is read, never made."""
    name = database.url.database or ""
    if name in ("", ":memory:") or name.startswith("file:"):
        raise bad_url(database.place, "no path to a file", "write it as sqlite:////path/to/file.sqlite")
    path = Path(name).absolute()
    found = None
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
    elif not os.access(path, os.R_OK):
        found = "the file may not be read by this account"
    if found is not None:
        raise ReadError(
            "read.missing-database",
            "The database file cannot be opened",
            file=path,
            found=found,
            remedy=f"check the URL of {database.place.partition(',')[0]}; four slashes begin an absolute path",
        )
    return path


def bad_url(
    place: str,
    found: str | None,
    remedy: str = "write it as postgresql://user@host/name; see docs/adapters.md",
) -> ReadError:
    """The error for a URL that nothing can be read from."""
    name = place if place.startswith("database of") else f"database of {place}"
    return ReadError(
        "read.bad-database-url", "The database's URL cannot be used", file=name, found=found, remedy=remedy
    )


def missing_secret(variable: str, source: str) -> ReadError:
    """The error for a part of a URL that is in no environment."""
    return ReadError(
        "read.missing-secret",
        f"The environment variable {variable} is not set",
        file=f"database of {source}",
        remedy=f"export {variable} before the run; secrets stand in no file",
    )


def _filled(template: str, source: str) -> str:
    """Values are written as they are where a path or a host stands, and encoded where a URL demands it."""
    options = template.find("?")
    user_end = template.rfind("@", 0, options if options >= 0 else None)

    def value(match: re.Match[str]) -> str:
        text = os.environ.get(match[1])
        if not text:
            raise missing_secret(match[1], source)
        encoded = match.start() < user_end or 0 <= options < match.start()
        return quote(text, safe="") if encoded else text

    return _VARIABLE.sub(value, template)


def _secrets(url: URL, filled: str) -> Iterator[str]:
    yield str(url.password or "")
    yield from _RAW_PASSWORD.findall(filled)
    for name, values in url.normalized_query.items():
        for value in values:
            yield from _SECRET_PAIR.findall(value)
            if _SECRET_OPTION.search(name):
                yield value


def _spellings(secret: str) -> set[str]:
    written = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    return {each for each in written if each}
