"""Check digits as DuckDB macros, and what they say of a value.

Invariant: a macro gives one word of a closed list, or NULL for a missing value, and never an error: no cast is in it,
since DuckDB may work out a branch that is not taken.

Rules: MRZ weights 7, 3, 1 (ICAO Doc 9303-3, 4.9); a visa has no digit over the whole (9303-7). VIN weights and
transliteration of 49 CFR 565; the digit is mandatory for North American makers (first character 1 to 5) and for those
of the letter L, elsewhere it says nothing. IMEI: Luhn. IMO: weights 7 to 2.
"""

from __future__ import annotations

_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_SUM = " + ".join(
    f"(ascii(substr(t, {place}, 1)) - 48) * {weight}"
    for place, weight in enumerate(_VIN_WEIGHTS, 1)
    if weight
)

CHECK_WORDS = {
    "vin": ("absent", "nonstandard_length", "illegal_chars", "valid", "checkdigit_fail_mandatory",
            "checkdigit_fail_optional"),
    "mrz": ("not_present", "malformed", "ok", "check_fail"),
    "luhn": ("malformed", "ok", "check_fail"),
    "imei": ("malformed", "ok", "check_fail"),
    "imo": ("malformed", "ok", "check_fail"),
    "weights": ("malformed", "ok", "check_fail"),
}  # fmt: skip

_MRZ_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _digit_holds(field: str, digit: str, *, optional: bool = False) -> str:
    filler = f"({digit} = '<' AND replace({field}, '<', '') = '') OR " if optional else ""
    return f"({filler}{digit} = mrz_digit({field})::VARCHAR)"


def _number_holds(number: int, optional: int, optional_length: int) -> str:
    """The document number's check digit; a number of more than nine characters goes on in the optional data.

    Then a filler stands in the place of the digit, and the rest of the number, its digit and a filler begin the
    optional data (9303-5 and 9303-6, section 4.2).
    """
    rest = f"regexp_extract(substr(m, {optional}, {optional_length}), '^([A-Z0-9]+)[0-9](<|$)', 1)"
    digit = f"substr(m, {optional} + length({rest}), 1)"
    field, check = f"substr(m, {number}, 9)", f"substr(m, {number + 9}, 1)"
    return (
        f"CASE WHEN {check} = '<' THEN {rest} <> '' AND {_digit_holds(f'({field} || {rest})', digit)} "
        f"ELSE {_digit_holds(field, check)} END"
    )


def _unless_visa(*digits: str) -> str:
    return f"(substr(m, 1, 1) = 'V' OR {' AND '.join(digits)})"


_TD3 = " AND ".join(
    (
        _digit_holds("substr(m, 45, 9)", "substr(m, 54, 1)"),
        _digit_holds("substr(m, 58, 6)", "substr(m, 64, 1)"),
        _digit_holds("substr(m, 66, 6)", "substr(m, 72, 1)"),
        _unless_visa(
            _digit_holds("substr(m, 73, 14)", "substr(m, 87, 1)", optional=True),
            _digit_holds("(substr(m, 45, 10) || substr(m, 58, 7) || substr(m, 66, 22))", "substr(m, 88, 1)"),
        ),
    )
)
_TD2 = " AND ".join(
    (
        _number_holds(37, 65, 7),
        _digit_holds("substr(m, 50, 6)", "substr(m, 56, 1)"),
        _digit_holds("substr(m, 58, 6)", "substr(m, 64, 1)"),
        _unless_visa(
            _digit_holds("(substr(m, 37, 10) || substr(m, 50, 7) || substr(m, 58, 14))", "substr(m, 72, 1)")
        ),
    )
)
_TD1 = " AND ".join(
    (
        _number_holds(6, 16, 15),
        _digit_holds("substr(m, 31, 6)", "substr(m, 37, 1)"),
        _digit_holds("substr(m, 39, 6)", "substr(m, 45, 1)"),
        _digit_holds(
            "(substr(m, 6, 25) || substr(m, 31, 7) || substr(m, 39, 7) || substr(m, 49, 11))",
            "substr(m, 60, 1)",
        ),
    )
)


def _status(name: str, shape: str, holds: str) -> str:
    return (
        f"CREATE OR REPLACE TEMP MACRO check_{name}(s) AS CASE WHEN s IS NULL THEN NULL "
        f"WHEN NOT regexp_full_match(s, '{shape}') THEN 'malformed' WHEN {holds} THEN 'ok' ELSE 'check_fail' END"
    )


MACROS: dict[str, str] = {
    "mrz_digit": (
        "CREATE OR REPLACE TEMP MACRO mrz_digit(s) AS list_sum(list_transform(string_split(s, ''), "
        f"lambda ch, i: greatest(instr('{_MRZ_VALUES}', ch) - 1, 0) * [7, 3, 1][(i - 1) % 3 + 1])) % 10"
    ),
    "luhn_holds": (
        "CREATE OR REPLACE TEMP MACRO luhn_holds(s) AS list_sum(list_transform(string_split(reverse(s), ''), "
        "lambda ch, i: CASE WHEN i % 2 = 1 THEN ascii(ch) - 48 WHEN ascii(ch) > 52 THEN (ascii(ch) - 48) * 2 - 9 "
        "ELSE (ascii(ch) - 48) * 2 END)) % 10 = 0"
    ),
    "vin_digit": (
        "CREATE OR REPLACE TEMP MACRO vin_digit_of(t) AS "
        f"CASE ({_VIN_SUM}) % 11 WHEN 10 THEN 'X' ELSE (({_VIN_SUM}) % 11)::VARCHAR END"
    ),
    "check_vin": (
        "CREATE OR REPLACE TEMP MACRO check_vin(s) AS CASE WHEN s IS NULL THEN 'absent' "
        "WHEN length(s) <> 17 THEN 'nonstandard_length' "
        "WHEN NOT regexp_full_match(s, '[A-HJ-NPR-Z0-9]{17}') THEN 'illegal_chars' "
        "WHEN vin_digit_of(translate(s, 'ABCDEFGHJKLMNPRSTUVWXYZ', '12345678123457923456789')) = substr(s, 9, 1) "
        "THEN 'valid' WHEN regexp_full_match(s, '[1-5L].*') THEN 'checkdigit_fail_mandatory' "
        "ELSE 'checkdigit_fail_optional' END"
    ),
    "check_mrz": (
        "CREATE OR REPLACE TEMP MACRO check_mrz(m) AS CASE WHEN m IS NULL THEN 'not_present' "
        "WHEN length(m) NOT IN (72, 88, 90) OR NOT regexp_full_match(m, '[A-Z0-9<]*') THEN 'malformed' "
        f"WHEN length(m) = 88 AND {_TD3} THEN 'ok' WHEN length(m) = 72 AND {_TD2} THEN 'ok' "
        f"WHEN length(m) = 90 AND {_TD1} THEN 'ok' ELSE 'check_fail' END"
    ),
    "check_luhn": _status("luhn", "[0-9]{2,}", "luhn_holds(s)"),
    "check_imei": _status("imei", "[0-9]{15}", "luhn_holds(s)"),
    "check_imo": _status(
        "imo",
        "[0-9]{7}",
        "list_sum(list_transform(string_split(left(s, 6), ''), lambda ch, i: (ascii(ch) - 48) * (8 - i))) % 10 "
        "= ascii(right(s, 1)) - 48",
    ),
}


def weighted(text: str, weights: tuple[int, ...], modulo: int) -> str:
    """What is said of a number of so many digits whose weighted sum must be a multiple of ``modulo``."""
    total = " + ".join(
        f"(ascii(substr({text}, {place}, 1)) - 48) * {weight}" for place, weight in enumerate(weights, 1)
    )
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN NOT regexp_full_match({text}, '[0-9]{{{len(weights)}}}') "
        f"THEN 'malformed' WHEN ({total}) % {modulo} = 0 THEN 'ok' ELSE 'check_fail' END"
    )


def install_macros(connection: object) -> None:
    """The macros as temporary ones of ``connection`` (a DuckDB connection)."""
    for statement in MACROS.values():
        connection.execute(statement)  # type: ignore[attr-defined]
