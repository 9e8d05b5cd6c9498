"""Expectations about single records that Great Expectations lacks: code lists, list columns, conditions.

Invariant: whether a record breaks a rule follows from the record, the code lists and the other values of the column.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from comity.validation.condition import parse_condition
from comity.validation.expectation import Judged, RowExpectation, all_of
from comity.validation.library import pydantic
from comity.validation.scope import NotApplicable, literal, name, text

if TYPE_CHECKING:
    from comity.validation.scope import Scope


def _codes(scope: Scope, code_list: str) -> str:
    if scope.code_lists is None:
        raise NotApplicable("no code lists were given")
    return f"(SELECT code FROM {scope.code_lists} WHERE list = {text(code_list)})"


class ExpectColumnValuesToBeInCodeList(RowExpectation):
    """Every value is a code of the code list. A list of any length costs one join."""

    column: str
    code_list: str
    looks_elsewhere: ClassVar[bool] = True

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        about = f"{column} IS NOT NULL"
        return Judged(about, f"{about} AND {column} NOT IN {_codes(scope, self.code_list)}")


class ListItems(RowExpectation, ABC):
    """Every item of a list column holds. The distinct items are judged, then lists that hold a wrong one
    found.
    """

    column: str
    looks_elsewhere: ClassVar[bool] = True

    @abstractmethod
    def wrong(self, scope: Scope) -> str:
        """An SQL condition over ``item``."""

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        about = f"len({column}) > 0"
        wrong = (
            f"(SELECT list(item) FROM (SELECT DISTINCT unnest({column}) AS item FROM {scope.relation})"
            f" WHERE {self.wrong(scope)})"
        )
        return Judged(about, f"{about} AND coalesce(list_has_any({column}, {wrong}), false)")


class ExpectListItemsToBeInCodeList(ListItems):
    """Every item is a code of the code list."""

    code_list: str

    def wrong(self, scope: Scope) -> str:
        return f"item NOT IN {_codes(scope, self.code_list)}"


class ExpectListItemsToBeInSet(ListItems):
    """Every item is one of a few values."""

    value_set: list[Any] = pydantic.Field(min_items=1)

    def wrong(self, scope: Scope) -> str:
        return f"item NOT IN ({', '.join(literal(each) for each in self.value_set)})"


class ExpectListItemsToMatchRegex(ListItems):
    """Every item matches, at least in part: anchor the expression with ^ and $ for the whole."""

    regex: str

    def wrong(self, scope: Scope) -> str:
        return f"NOT regexp_matches(item, {text(self.regex)})"


class ExpectListLengthsToBeBetween(RowExpectation):
    """Every list has so many items."""

    column: str
    min_value: int | None = None
    max_value: int | None = None

    def judged(self, scope: Scope) -> Judged:
        column = name(self.column)
        broken = [f"len({column}) < {self.min_value}"] if self.min_value is not None else []
        broken += [f"len({column}) > {self.max_value}"] if self.max_value is not None else []
        return Judged(f"{column} IS NOT NULL", " OR ".join(broken) or "false")


class ExpectListsToBeDisjoint(RowExpectation):
    """No item stands in both lists of a record."""

    column_A: str
    column_B: str

    def judged(self, scope: Scope) -> Judged:
        a, b = name(self.column_A), name(self.column_B)
        return Judged(f"len({a}) > 0 AND len({b}) > 0", f"list_has_any({a}, {b})")


class ExpectRowsToSatisfy(RowExpectation):
    """A condition between the columns of a record. ``when`` says which records it is about."""

    condition: str
    when: str | None = None

    @pydantic.validator("condition", "when")
    def _is_a_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    def judged(self, scope: Scope) -> Judged:
        when = [self.when] if self.when else []
        return Judged(
            all_of([*when, f"({self.condition}) IS NOT NULL"]), all_of([*when, f"NOT ({self.condition})"])
        )
