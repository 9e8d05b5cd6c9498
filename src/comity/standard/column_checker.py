"""The columns of one file of the standard, checked.

Invariant: a column that leaves here has a known type, a code list that exists, a range and a form that can
hold, and a name and ids that nobody else in its record type has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from comity.config.yaml_file import Location, place_of
from comity.errors import StandardError, nearest
from comity.standard.column import ELEMENT_OFFSET, NUMBERS, PARTIAL_DATE, TYPES, Column, expand_partial_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from comity.standard.code_list import CodeList
    from comity.standard.files import ColumnFile

Places = dict[Location, tuple[int, int]]
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ColumnChecker:
    """Turns the columns of one file into ``Column`` objects and refuses what cannot be."""

    def __init__(
        self,
        path: Path,
        places: Places,
        code_lists: Mapping[str, CodeList],
        ids: range,
        taken: dict[int, str],
        names: dict[str, str],
    ) -> None:
        self.path, self.places, self.code_lists, self.ids = path, places, code_lists, ids
        self.taken, self.names = taken, names

    def columns(
        self, files: Mapping[str, ColumnFile], at: Location, origin: str, sensitivity: str
    ) -> tuple[Column, ...]:
        found: list[Column] = []
        for name, file in files.items():
            here = (*at, name)
            column = self._column(name, file, here, origin, sensitivity)
            parts = expand_partial_date(column) if column.type == PARTIAL_DATE else (column,)
            for part in parts:
                self._register(part, here)
            found.extend(parts)
        return tuple(found)

    def _column(self, name: str, file: ColumnFile, at: Location, origin: str, sensitivity: str) -> Column:
        self._check_column(name, file, at)
        if file.id not in self.ids:
            self._fail(
                "standard.bad-field-id",
                f"Field ids here go from {self.ids[0]} to {self.ids[-1]}",
                at,
                "id",
                str(file.id),
            )
        return Column(
            name=name,
            type=file.type,
            field_id=file.id,
            required=file.required,
            code_list=file.code_list,
            pattern=file.pattern,
            minimum=file.minimum,
            maximum=file.maximum,
            unit=file.unit,
            sensitivity=file.sensitivity or sensitivity,
            description=file.description,
            origin=file.origin or origin,
            retired=file.retired,
            fields=self._fields(file, at, origin, file.sensitivity or sensitivity),
        )

    def _fields(self, file: ColumnFile, at: Location, origin: str, sensitivity: str) -> tuple[Column, ...]:
        # The ids of fields are registered with their column's; names need only differ in their struct.
        inner = ColumnChecker(self.path, self.places, self.code_lists, range(ELEMENT_OFFSET, 10**9), {}, {})
        for name, field in file.fields.items():
            if field.type == PARTIAL_DATE or field.type.startswith("list<"):
                self._fail(
                    "standard.unknown-type",
                    "A field of a struct is neither a list nor a partial date",
                    (*at, "fields", name),
                    "type",
                    field.type,
                )
        return inner.columns(file.fields, (*at, "fields"), file.origin or origin, sensitivity)

    def _check_column(self, name: str, file: ColumnFile, at: Location) -> None:
        if not _NAME.fullmatch(name):
            self._fail("standard.bad-name", "A name has small letters, digits and _ only", at, None, name)
        if file.type not in TYPES:
            self._fail(
                "standard.unknown-type",
                f"Nobody knows the type '{file.type}'",
                at,
                "type",
                name,
                nearest(file.type, TYPES),
            )
        if (file.type == "list<struct>") != bool(file.fields):
            self._fail(
                "standard.misplaced-key",
                "'fields' belongs to a list<struct>, which needs it",
                at,
                "fields",
                file.type,
            )
        if ("code" in file.type) != (file.code_list is not None):
            self._fail(
                "standard.misplaced-key",
                "'code_list' belongs to a code or list<code>, which needs it",
                at,
                "code_list",
                file.type,
            )
        if file.code_list is not None and file.code_list not in self.code_lists:
            self._fail(
                "standard.unknown-code-list",
                f"There is no code list '{file.code_list}'",
                at,
                "code_list",
                name,
                nearest(file.code_list, self.code_lists),
            )
        if file.pattern is not None:
            if file.type not in ("text", "list<text>"):
                self._fail(
                    "standard.misplaced-key",
                    "'pattern' belongs to text or list<text>",
                    at,
                    "pattern",
                    file.type,
                )
            try:
                re.compile(file.pattern)
            except re.error as error:
                self._fail(
                    "standard.bad-pattern",
                    f"The pattern is no regular expression: {error}",
                    at,
                    "pattern",
                    file.pattern,
                )
        if file.type not in NUMBERS and (file.minimum is not None or file.maximum is not None):
            self._fail(
                "standard.misplaced-key",
                "'minimum' and 'maximum' belong to numbers",
                at,
                "minimum",
                file.type,
            )
        if file.minimum is not None and file.maximum is not None and file.minimum > file.maximum:
            self._fail(
                "standard.bad-range",
                "The minimum is above the maximum",
                at,
                "minimum",
                f"{file.minimum} > {file.maximum}",
            )

    def _register(self, column: Column, at: Location) -> None:
        if column.name in self.names:
            self._fail(
                "standard.duplicate-column",
                f"'{column.name}' is already the name of a column of {self.names[column.name]}",
                at,
                None,
                column.name,
            )
        self.names[column.name] = "this record type"
        for field_id in column.ids():
            if field_id in self.taken:
                self._fail(
                    "standard.duplicate-field-id",
                    f"The field id {field_id} is taken by '{self.taken[field_id]}'",
                    at,
                    "id",
                    column.name,
                    f"take an id that nobody has used, for example {self._free()}",
                )
            self.taken[field_id] = column.name

    def _free(self) -> int:
        """An id that is free, with the two after it, so that it suits a partial date too."""
        return max((i for i in self.taken if i in self.ids), default=self.ids[0] - 1) + 1

    def _fail(
        self, code: str, message: str, at: Location, key: str | None, found: str, remedy: str = "correct it"
    ) -> NoReturn:
        line, column = place_of(self.places, (*at, key) if key else at)
        raise StandardError(
            code,
            f"{at[-1]}: {message}",
            file=self.path,
            line=line,
            column=column,
            found=found,
            remedy=remedy,
        )
