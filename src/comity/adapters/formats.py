"""How a file is laid out: one model a format, in the words of ``adapter.yaml``.

Invariant: an option that a format does not have is an error; ``type`` alone decides which options there are.
"""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

# Python counts them as encodings of text, but no file is written in them.
_NO_TEXT = {"charmap", "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
# A line end is not always one in the text, or a line means nothing without those before it.
_NO_LINES = {"hz", "iso2022_kr", "utf-7"}
_NOT_RE2 = re.compile(r"\(\?<?[=!]|\\[1-9]")


class _Format(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    missing: tuple[str, ...] = ("",)
    """Cells that hold nothing: read as null. Words that say why a value is missing belong in the mapping."""


class _Encoded(_Format):
    encoding: str = "utf-8"
    """As Python names it; a byte that it does not have sends its row to the rejects."""

    @field_validator("encoding")
    @classmethod
    def _is_a_codec(cls, name: str) -> str:
        return check_encoding(name)


class _Framed(_Format):
    """Rows around the data: before the header, the header itself, after the data."""

    header_rows: int = Field(1, ge=0, le=20)
    """0: no header, columns go by position. Of several, the first that shows the declared names counts."""
    preamble_rows: int = Field(0, ge=0, le=10_000)
    """Rows above the header."""
    find_header: bool = False
    """Look for the declared header in the first 50 rows, instead of counting ``preamble_rows``."""
    footer: str | None = None
    """A regular expression on the first cell; such rows are not selected."""

    @field_validator("footer")
    @classmethod
    def _is_a_pattern(cls, pattern: str | None) -> str | None:
        return check_pattern(pattern)

    @model_validator(mode="after")
    def _can_find(self) -> _Framed:
        if self.find_header and not self.header_rows:
            raise ValueError("'find_header' looks for a header, but 'header_rows' is 0")
        return self


class CsvFormat(_Encoded, _Framed):
    type: Literal["csv"]
    """Text with a delimiter."""
    delimiter: str = ","
    """One ASCII character."""
    quote: str | None = '"'
    """One ASCII character, doubled inside a cell; null: quotes mean nothing."""

    @field_validator("delimiter", "quote")
    @classmethod
    def _is_one_ascii_character(cls, mark: str | None) -> str | None:
        if mark is None:
            return None
        if len(mark) != 1 or not "\u0001" < mark < "\u007f" or mark in "\r\n":
            raise ValueError("must be one ASCII character")
        return mark

    @model_validator(mode="after")
    def _differ(self) -> CsvFormat:
        if self.delimiter == self.quote:
            raise ValueError("'delimiter' and 'quote' must differ")
        return self


class FixedWidthFormat(_Encoded):
    type: Literal["fixed_width"]
    """Records with fields at fixed places, ASCII or EBCDIC."""
    record_length: int | None = Field(None, ge=1, le=1_000_000)
    """Characters in a record, without its line ending. Needed when there are no line endings."""
    line_ending: Literal["none", "\n"] = "\n"
    """``none``: records follow each other without a break. Otherwise any of ``\\n``, ``\\r\\n``, ``\\r``."""
    trimmed: bool = False
    """Blanks at the end of a record may be missing."""
    preamble_rows: int = Field(0, ge=0, le=10_000)
    """Records above the data."""
    footer: str | None = None
    """A regular expression on the record; such records are not selected."""

    @field_validator("footer")
    @classmethod
    def _is_a_pattern(cls, pattern: str | None) -> str | None:
        return check_pattern(pattern)

    @model_validator(mode="after")
    def _has_an_end(self) -> FixedWidthFormat:
        if self.line_ending == "none" and self.record_length is None:
            raise ValueError("without line endings 'record_length' is needed")
        if self.line_ending == "none" and self.trimmed:
            raise ValueError("without line endings no record can be 'trimmed'")
        return self

    @model_validator(mode="after")
    def _has_places(self) -> FixedWidthFormat:
        """A field is found by counting characters, so a character must be a byte, or the record a line."""
        if is_code_page(self.encoding):
            return self
        if self.encoding not in ("utf-8", "utf-8-sig"):
            raise ValueError(
                f"a character of '{self.encoding}' may have several bytes, so fields have no places in it; "
                "use a code page such as cp037 or cp1252, or have the export in UTF-8 with line endings"
            )
        if self.line_ending == "none":
            raise ValueError("records in utf-8 have no fixed number of bytes: they need line endings")
        return self


class JsonFormat(_Encoded):
    type: Literal["json"]
    """A list of objects."""
    records: str = ""
    """Dotted path to the list of records; empty when the document is that list."""


class NdjsonFormat(_Encoded):
    type: Literal["ndjson"]
    """One object a line."""


class XmlFormat(_Format):
    type: Literal["xml"]
    """Elements that repeat."""
    records: str
    """Path of the elements that are records, for example ``//case`` or ``/export/data/case``."""
    namespaces: dict[str, str] = {}
    """The prefixes that `records` uses."""
    encoding: str | None = None
    """Only when the document declares a wrong one."""

    @field_validator("encoding")
    @classmethod
    def _is_a_codec(cls, name: str | None) -> str | None:
        return name if name is None else check_encoding(name)


class SpreadsheetFormat(_Framed):
    type: Literal["spreadsheet"]
    """XLSX, ODS or XLS."""
    sheet: str | Annotated[int, Field(ge=0)] = 0
    """Its name, or its position from 0."""


class ParquetFormat(_Format):
    type: Literal["parquet"]
    """Parquet."""


class DatabaseFormat(_Format):
    type: Literal["database"]
    """The result of a query."""


class OwnFormat(_Format):
    """Read by ``reader.py`` in the adapter's folder."""

    type: Literal["own"]
    """What reader.py in the adapter's folder understands."""
    options: dict[str, Any] = {}
    """Handed on to reader.py."""


class PlugInFormat(_Format):
    """Read by an installed package. Its reader's own model is made of this one, and adds the options that it has."""

    type: str


BY_TYPE: dict[str, type[BaseModel]] = {
    "csv": CsvFormat,
    "fixed_width": FixedWidthFormat,
    "json": JsonFormat,
    "ndjson": NdjsonFormat,
    "xml": XmlFormat,
    "spreadsheet": SpreadsheetFormat,
    "parquet": ParquetFormat,
    "database": DatabaseFormat,
    "own": OwnFormat,
}


def _tag(value: Any) -> str:
    name = value.get("type", "") if isinstance(value, dict) else getattr(value, "type", "")
    return name if name in BY_TYPE else "plug_in"


Format = Annotated[
    Annotated[CsvFormat, Tag("csv")]
    | Annotated[FixedWidthFormat, Tag("fixed_width")]
    | Annotated[JsonFormat, Tag("json")]
    | Annotated[NdjsonFormat, Tag("ndjson")]
    | Annotated[XmlFormat, Tag("xml")]
    | Annotated[SpreadsheetFormat, Tag("spreadsheet")]
    | Annotated[ParquetFormat, Tag("parquet")]
    | Annotated[DatabaseFormat, Tag("database")]
    | Annotated[OwnFormat, Tag("own")]
    | Annotated[PlugInFormat, Tag("plug_in")],
    Discriminator(_tag),
]


def check_encoding(name: str) -> str:
    """Python's name of an encoding that a text can be read in, line by line."""
    try:
        info = codecs.lookup(name)
    except LookupError:
        raise ValueError(f"nobody knows the encoding '{name}'; use a name such as utf-8 or cp1250") from None
    if not getattr(info, "_is_text_encoding", True) or info.name in _NO_TEXT:
        raise ValueError(f"'{name}' is not an encoding of text")
    if info.name in _NO_LINES:
        raise ValueError(f"'{name}' cannot be read line by line; have the export in UTF-8")
    return info.name


def check_pattern(pattern: str | None) -> str | None:
    """A regular expression that Python, Arrow and DuckDB understand alike."""
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if _NOT_RE2.search(pattern):
        raise ValueError("look-around and back-references are not supported in a regular expression")
    return pattern


def is_code_page(encoding: str) -> bool:
    """Whether every character of the encoding is one byte, whatever stands before it."""
    octets = bytes(range(256))
    return all(
        len(each.decode(encoding, errors="replace")) == 256 for each in (octets, octets[::-1])
    ) and not codecs.lookup(encoding).name.startswith(("iso2022", "hz", "utf"))
