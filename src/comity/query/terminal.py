"""What a terminal makes of a text.

Invariant: what is printable commands no terminal: no control character, no line end, no mark that turns the
direction of what follows.
"""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """East Asian letters take two cells, marks that join another sign none."""
    if text.isascii():
        return len(text)
    return sum(map(_of_sign, text))


def _of_sign(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "␤" for sign in text)
