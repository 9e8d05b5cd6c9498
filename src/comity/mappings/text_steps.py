"""The steps that ``apply`` names: text to text, each one DuckDB expression.

Invariant: a step is pure and deterministic, and its result for a text is a text or missing (NULL), never an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import MappingError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

# Soft hyphen, zero-width space and joiners, direction marks, word joiner, byte order mark.
_INVISIBLE = "[\\x{00AD}\\x{200B}-\\x{200F}\\x{202A}-\\x{202E}\\x{2060}-\\x{2064}\\x{FEFF}]"
_WIDE = "[\\t\\n\\v\\f\\r\\x{00A0}\\x{2000}-\\x{200A}\\x{202F}\\x{205F}\\x{3000}]"
_SPACES = "[\\s\\x{00A0}\\x{2000}-\\x{200A}\\x{202F}\\x{205F}\\x{3000}]+"

# Letters of Arabic script that look alike and are typed for one another, folded to the first of each pair:
# Farsi yeh and alef maksura to yeh, keheh to kaf, heh goal to heh; tatweel and vowel signs carry no letter.
_ARABIC = ("یىکہھ", "ييكهه")
_DIGITS = (
    "٠١٢٣٤٥٦٧٨٩" + "۰۱۲۳۴۵۶۷۸۹" + "๐๑๒๓๔๕๖๗๘๙" + "０１２３４５６７８９" + "०१२३४५६७८९",
    "0123456789" * 5,
)
_FULL_WIDTH = (
    "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000",
    "".join(map(chr, range(0x21, 0x7F))) + " ",
)

STEPS: dict[str, str] = {
    "trim": "trim({})",
    "upper": "upper({})",
    "lower": "lower({})",
    # Few texts have anything to squeeze, and to look is cheaper than to replace.
    "squeeze": (
        f"CASE WHEN regexp_matches({{}}, '{_WIDE}|  |^ | $') "
        f"THEN trim(regexp_replace({{}}, '{_SPACES}', ' ', 'g')) ELSE {{}} END"
    ),
    "nfc": "nfc_normalize({})",
    "half_width": f"translate({{}}, '{_FULL_WIDTH[0]}', '{_FULL_WIDTH[1].replace(chr(39), chr(39) * 2)}')",
    "strip_invisible": f"regexp_replace({{}}, '{_INVISIBLE}', '', 'g')",
    "letters_digits": "regexp_replace({}, '[^\\pL\\pN]+', '', 'g')",
    "digits": "regexp_replace({}, '[^0-9]+', '', 'g')",
    "fold_arabic": (
        f"regexp_replace(translate({{}}, '{_ARABIC[0]}', '{_ARABIC[1]}'), "
        "'[\\x{0640}\\x{064B}-\\x{0652}]', '', 'g')"
    ),
    "fold_digits": f"translate({{}}, '{_DIGITS[0]}', '{_DIGITS[1]}')",
    "html_text": (
        "replace(replace(replace(replace(regexp_replace({}, '<[^>]*>', ' ', 'g'), "
        "'&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')"
    ),
    "fold_cyrillic_plate": "translate(upper({}), 'АВЕКМНОРСТУХІ', 'ABEKMHOPCTYXI')",
}

# The steps that can leave nothing of a text that has something.
EMPTYING = frozenset(("squeeze", "strip_invisible", "letters_digits", "digits", "fold_arabic", "html_text"))

# The steps that leave nothing to trim.
BARE = frozenset(("trim", "letters_digits", "digits"))

DESCRIPTIONS: dict[str, str] = {
    "trim": "spaces at both ends are removed (those of every field are anyway)",
    "upper": "to capitals",
    "lower": "to small letters",
    "squeeze": "every run of white space, non-breaking and ideographic space included, becomes one space",
    "nfc": "to Unicode's composed form",
    "half_width": "full-width letters, digits and signs become the ordinary ones",
    "strip_invisible": "soft hyphens, zero-width and direction marks are removed",
    "letters_digits": "only letters and digits are kept",
    "digits": "only the digits 0 to 9 are kept",
    "fold_arabic": "look-alike Arabic letters become one; vowel signs and tatweel are removed",
    "fold_digits": "Arabic, Persian, Thai, Devanagari and full-width digits become 0 to 9",
    "html_text": "HTML tags and the common entities are removed",
    "fold_cyrillic_plate": "Cyrillic capitals that look like Latin ones become those, as on a number plate",
}


def text_step(name: str, value: str) -> str:
    """The SQL of step ``name`` over the SQL ``value``."""
    if name not in STEPS:
        raise MappingError("mapping.unknown-step", f"There is no step '{name}'", remedy=nearest(name, STEPS))
    return STEPS[name].replace("{}", value)


def trimmed(text: str) -> str:
    """``text`` without blanks of any width at both ends, NULL when nothing is left.

    Few texts of ASCII have any, and to look is a third of the work.
    """
    some = f"{text} LIKE ' %' OR {text} LIKE '% ' OR strlen({text}) <> length({text})"
    return f"nullif(CASE WHEN {some} THEN trim({text}) ELSE {text} END, '')"


def sql_text(value: str) -> str:
    """``value`` as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """``name`` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def cells_as_json(columns: Sequence[str], source: str) -> str:
    """A SELECT of ``source_row`` and ``raw``: the cells of ``source`` as JSON by their names."""
    cells = ", ".join(f"{sql_name(name)} := {sql_name(name)}" for name in columns)
    return f"SELECT source_row, to_json(struct_pack({cells}))::VARCHAR AS raw FROM {source}"
