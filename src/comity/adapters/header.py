"""How header names are compared.

Invariant: two spellings that a person cannot tell apart are one name; nothing else is.
"""

from __future__ import annotations

import unicodedata


def normal_name(name: str) -> str:
    """NFKC, white space collapsed, no byte order mark: line breaks and full-width forms do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).replace("\ufeff", "").split())
