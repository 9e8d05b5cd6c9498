"""The sources of what the federation finds in its own records: links.

Invariant: nobody delivers them, so they count in no history of deliveries.
"""

from __future__ import annotations

_LINKS = "links-{}"


def source_of(country: str) -> str:
    """The source that holds the links of which ``country`` owns the first record."""
    return _LINKS.format(country.lower())


def is_links(source_id: str) -> bool:
    return source_id.startswith(_LINKS.format(""))
