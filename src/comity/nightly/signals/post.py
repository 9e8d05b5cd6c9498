"""Posting JSON to an address.

Invariant: it ends within a bounded time, whatever the other side does; what went wrong is told by scheme and host
only, since the rest of an address may be a secret.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import urllib3

TRIES = 3
SECONDS = 10.0
"""For one try; between tries it waits 0.5 and 1 s."""
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class NotSent(Exception):
    """A signal that did not reach its address; the text says why, without a secret."""


def post_json(url: str, body: object, token: str | None, *, tries: int = TRIES) -> None:
    """Raises NotSent. A redirect is not followed: the token is for this address alone."""
    import urllib3

    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "comity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    retries = urllib3.Retry(
        total=tries - 1,
        backoff_factor=0.5,
        backoff_max=2.0,
        status_forcelist=_AGAIN,
        allowed_methods=None,
        redirect=False,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    place = host_of(url)
    try:
        answer = _pool().request(
            "POST",
            url,
            body=json.dumps(body, ensure_ascii=False).encode(),
            headers=headers,
            retries=retries,
            timeout=urllib3.Timeout(connect=SECONDS / 2, read=SECONDS),
            preload_content=False,
        )
    except urllib3.exceptions.HTTPError as error:
        reason: Any = getattr(error, "reason", None) or error
        raise NotSent(f"{place}: {type(reason).__name__} after {tries} tries") from None
    answer.close()
    if not 200 <= answer.status < 300:
        raise NotSent(f"{place} answered {answer.status}")


def host_of(url: str) -> str:
    """What may be told of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


@cache
def _pool() -> urllib3.PoolManager:
    import logging

    import urllib3

    # It would warn of every second try with the whole path, which may be the secret.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return urllib3.PoolManager(num_pools=2)
