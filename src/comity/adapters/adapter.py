"""``adapter.yaml``: how the exports of one source are found and read, and how their owner wants them handled.

Invariant: an adapter that loads is complete and consistent in itself; what it says of the world (codes of the
standard) is checked by ``check_adapter``. Loading reads one small file and no export.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from comity.adapters.field_spec import FieldSpec, check_names
from comity.adapters.format_check import check_formats
from comity.adapters.formats import FixedWidthFormat, Format
from comity.config.yaml_file import Location, place_of, read_yaml, validate_model
from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from comity.mappings.source_field import SourceField
    from comity.standard import Standard

FILE = "adapter.yaml"
_PERIOD = re.compile(r"^(\d{1,4}) (day|month|year)s?$")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Owner(_Model):
    country: str
    """Code of the standard's list of countries and bodies."""
    authority: str = ""
    """Its name, for people."""


class Database(_Model):
    """A query instead of files. Secrets stand in the environment: ``${NAME}`` in the URL."""

    url: str
    """As SQLAlchemy writes it; secrets stand in the environment: `${NAME}`."""
    query: str
    """One query, run as it is written."""
    key_order: tuple[str, ...] = ()
    """Columns that the rows are sorted by before all others, numbers by their value; ORDER BY is not needed."""


class Delivery(_Model):
    files: tuple[str, ...] = ()
    """Patterns of file names in the inbox."""
    database: Database | None = None
    """A query instead of files."""
    kind: Literal["full", "delta", "window"] = "full"
    """full: an export is the whole register. delta, window: it brings some records, and the others stay."""
    together: bool = False
    """All files that wait are one export; otherwise each is one, oldest first."""
    order: str | None = None
    """A regular expression on the file name whose group sorts; otherwise time of change, then name."""
    due: Literal["daily", "weekly", "monthly", "yearly", "irregular"] = "irregular"
    """How often an export is expected."""

    @field_validator("order")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups != 1:
            raise ValueError("must have exactly one group: what is sorted by")
        return pattern

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Delivery:
        if bool(self.files) == (self.database is not None):
            raise ValueError("exports come either from 'files' or from a 'database'")
        return self


class Period(_Model):
    """A length of time as it is agreed between authorities: ``5 years``."""

    count: int
    unit: Literal["day", "month", "year"]

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not (match := _PERIOD.match(value.strip())):
            raise ValueError("must be a number of days, months or years, for example '5 years'")
        return {"count": int(match[1]), "unit": match[2]}

    @property
    def sql(self) -> str:
        """As a DuckDB interval."""
        return f"INTERVAL {self.count} {self.unit.upper()}"


class Handling(_Model):
    """The owner's conditions, carried by every record. Codes are those of the standard's lists."""

    confidentiality: str
    """Level of confidentiality."""
    handling_codes: tuple[str, ...] = ()
    """Codes of the handling that the owner demands."""
    handling_conditions: str | None = None
    """A sentence for whoever reads a record."""
    permitted_purposes: tuple[str, ...] = ()
    """What the data may be used for; without a purpose nothing may be shared."""
    recipients_allow: tuple[str, ...] | None = None
    """Only these countries and bodies; otherwise all."""
    recipients_deny: tuple[str, ...] = ()
    """Never these; goes before recipients_allow."""
    evaluation_scheme: str | None = None
    """The scheme of the two grades."""
    source_grade: str | None = None
    """How the owner rates the source."""
    information_grade: str | None = None
    """How the owner rates the information."""
    sensitive_categories: tuple[str, ...] = ()
    """Who or what is in the data that needs more care."""


HANDLING_LISTS = {
    "confidentiality": "confidentiality",
    "handling_codes": "handling_code",
    "permitted_purposes": "purpose",
    "recipients_allow": "country",
    "recipients_deny": "country",
    "evaluation_scheme": "evaluation_scheme",
    "source_grade": "source_grade",
    "information_grade": "information_grade",
    "sensitive_categories": "sensitive_category",
}
"""The keys of ``handling`` that hold codes, and the code list of each."""


class Retention(_Model):
    review_after: Period | None = None
    """When a record is looked at again, for example `5 years`."""
    purge_after: Period | None = None
    """When a record is purged, for example `10 years`."""


class Volume(_Model):
    """How many rows an export normally has."""

    minimum_rows: int = Field(1, ge=0)
    """An export with fewer rows is not published."""
    maximum_rows: int | None = Field(None, ge=1)
    """An export with more rows is not published."""


class Adapter(_Model):
    """One source: how its exports are found and read, and what their owner demands. Frozen, picklable."""

    source: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """The name of the source, and of its folder."""
    title: str
    """For people."""
    description: str = ""
    """What the register holds, for people."""
    owner: Owner
    """Whose data it is."""
    delivery: Delivery
    """Where exports come from, and how often."""
    formats: tuple[Format, ...] = Field(alias="format", min_length=1)
    """How a file is laid out; a list if files differ."""
    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    """The columns of the export."""
    handling: Handling
    """The owner's conditions, carried by every record."""
    retention: Retention = Retention()
    """When a record is reviewed and purged."""
    volume: Volume = Volume()
    """How many rows are normal."""
    licence: str = ""
    """Under what terms the data may be used."""
    attribution: str = ""
    """Who is to be named."""
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where ``adapter.yaml`` lies."""
        return self._folder

    @property
    def source_fields(self) -> tuple[SourceField, ...]:
        """The declared fields as a mapping sees them, in order."""
        return tuple(field.source_field for field in self.fields)

    def field(self, name: str) -> FieldSpec:
        """The declared field of that name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise ConfigError(
            "config.unknown-field",
            f"The source '{self.source}' has no field '{name}'",
            file=self.folder / FILE,
            remedy=nearest(name, (field.name for field in self.fields)),
        )

    @field_validator("fields")
    @classmethod
    def _are_distinct(cls, fields: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
        check_names(fields)
        return fields

    @model_validator(mode="after")
    def _format_fits_delivery(self) -> Adapter:
        types = [format.type for format in self.formats]
        if types != ["database"] if self.delivery.database is not None else "database" in types:
            raise ValueError("a 'database' delivers in the one format 'database', and files in any other")
        return self

    @model_validator(mode="after")
    def _fields_have_places(self) -> Adapter:
        fixed = [format for format in self.formats if isinstance(format, FixedWidthFormat)]
        for field in self.fields if fixed else ():
            if field.start is None or field.length is None:
                raise ValueError(
                    f"the field '{field.name}' needs 'start' and 'length' in a fixed width record"
                )
            for format in fixed:
                end = field.start + field.length - 1
                if format.record_length is not None and end > format.record_length:
                    raise ValueError(
                        f"the field '{field.name}' ends at {end}, behind the record's {format.record_length}"
                    )
        return self


def load_adapter(folder: Path) -> Adapter:
    """The adapter in ``folder``; its ``source`` is the folder's name."""
    file = folder / FILE
    content, places = read_yaml(file)
    if isinstance(content, dict) and isinstance(content.get("format"), dict):
        # One format is a list of one; errors must still point to the line that was written.
        content = content | {"format": [content["format"]]}
        places = {_shifted(location): place for location, place in places.items()}
    if isinstance(content, dict) and "format" in content:
        content = content | {"format": check_formats(content["format"], file, places)}
    adapter = validate_model(content if content is not None else {}, Adapter, file, places)
    if adapter.source != folder.resolve().name:
        line, column = places.get(("source",), (None, None))
        raise ConfigError(
            "config.wrong-folder",
            "An adapter lies in a folder that bears its source's name",
            file=file,
            line=line,
            column=column,
            found=f"source '{adapter.source}' in folder '{folder.resolve().name}'",
            remedy="rename one of the two",
        )
    adapter._folder = folder
    return adapter


def _shifted(location: Location) -> Location:
    return ("format", 0, *location[1:]) if len(location) > 1 and location[0] == "format" else location


def check_adapter(adapter: Adapter, standard: Standard) -> None:
    """What the adapter says of its owner's conditions is in the standard's code lists."""
    handling = adapter.handling
    said: list[tuple[str, str, tuple[str, ...]]] = [("owner.country", "country", (adapter.owner.country,))]
    for name, code_list in HANDLING_LISTS.items():
        value: str | tuple[str, ...] = getattr(handling, name) or ()
        said.append((f"handling.{name}", code_list, (value,) if isinstance(value, str) else value))
    for key, code_list, codes in said:
        known = standard.code_lists[code_list].codes
        for code in codes:
            if code not in known:
                _, places = read_yaml(adapter.folder / FILE)
                line, column = place_of(places, tuple(key.split(".")))
                raise ConfigError(
                    "config.unknown-code",
                    f"{key}: the code list '{code_list}' has no code '{code}'",
                    file=adapter.folder / FILE,
                    line=line,
                    column=column,
                    remedy=nearest(code, known),
                )
    if not handling.permitted_purposes:
        raise ConfigError(
            "config.no-purpose",
            "Data without a permitted purpose may not be shared",
            file=adapter.folder / FILE,
            remedy="name at least one under 'handling.permitted_purposes'",
        )
