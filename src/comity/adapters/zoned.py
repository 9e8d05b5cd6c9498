"""Zoned (overpunched) decimals: the last digit also carries the sign.

Invariant: text that is no zoned decimal comes back as it is, so that the mapping can name it.
"""

from __future__ import annotations

from comity.adapters.sql import quoted_text

_DIGITS = "0123456789"


def zoned_sql(text: str, decimals: int, encoding: str) -> str:
    """SQL for the number in the SQL expression ``text``, its implied decimal point written: ``0012J`` is
    ``-12.1``.
    """
    positive, negative = _signs(encoding)
    signs = positive + negative
    digits = f"translate(zoned, {quoted_text(signs)}, '{_DIGITS * (len(signs) // 10)}')"
    digits = f"lpad({digits}, CAST(greatest(length(zoned), {decimals + 1}) AS INTEGER), '0')"
    whole = (
        f"coalesce(nullif(ltrim(left({digits}, -{decimals}), '0'), ''), '0')"
        if decimals
        else (f"coalesce(nullif(ltrim({digits}, '0'), ''), '0')")
    )
    fraction = f" || '.' || right({digits}, {decimals})" if decimals else ""
    # Minus nothing is nothing.
    sign = (
        f"CASE WHEN contains({quoted_text(negative)}, right(zoned, 1)) "
        f"AND ltrim({digits}, '0') <> '' THEN '-' ELSE '' END"
    )
    pattern = f"[0-9]*[0-9{_escaped(signs)}]"
    holds = f"regexp_full_match(zoned, {quoted_text(pattern)})"
    number = f"CASE WHEN {holds} THEN {sign} || {whole}{fraction} ELSE zoned END"
    return f"list_transform([trim({text}, ' ')], lambda zoned: {number})[1]"


def _signs(encoding: str) -> tuple[str, str]:
    """The characters for plus 0 to 9, and minus 0 to 9, maybe in several ways."""
    if "\n".encode(encoding) == b"\x25":
        # EBCDIC: the sign is the zone of the last byte, and what character that is depends on the code page.
        return bytes(range(0xC0, 0xCA)).decode(encoding), bytes(range(0xD0, 0xDA)).decode(encoding)
    return "{ABCDEFGHI", "}JKLMNOPQR" + "pqrstuvwxy"


def _escaped(characters: str) -> str:
    return "".join(f"\\{mark}" if not mark.isalnum() else mark for mark in characters)
