"""Keeping secrets out of whatever leaves the night.

Invariant: a text that has gone through ``Hide`` holds none of the secrets that this process knows of: those of the
settings, the ledger's password, and every variable that an adapter's database URL names; nor any user and password in
an address. Signals take no value of a record to begin with, since they take no ``found`` of an error.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comity.config.settings import Settings

MASK = "•••"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_IN_QUERY = re.compile(r"(?i)\b(password|passwd|token|secret|api_?key)=[^&\s]+")


class Hide:
    """Call it with a text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelled = {each for secret in secrets if len(secret) > 3 for each in (secret, quote(secret, safe=""))}
        self._secrets = sorted(spelled, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _IN_ADDRESS.sub(f"{MASK}@", text)
        return _IN_QUERY.sub(rf"\1={MASK}", text)


def hide_for(settings: Settings, databases: Iterable[str]) -> Hide:
    """What this run must not tell. ``databases``: the addresses of its sources, as their adapters write them."""
    return Hide((*settings.signals.secrets, *_of_ledger(settings), *_of_databases(databases)))


def _of_ledger(settings: Settings) -> Iterator[str]:
    yield from _of_url(settings.ledger_url or "")


def _of_databases(databases: Iterable[str]) -> Iterator[str]:
    for address in databases:
        for name in _VARIABLE.findall(address):
            value = os.environ.get(name, "")
            # A variable may hold a host or a path, which a person needs to see; then it has no slashes to hide.
            yield from _of_url(value) if "://" in value else (value,) if "/" not in value else ()


def _of_url(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    if password:
        yield from {password, unquote(password)}
