"""Expectations about a record's place among others: what it refers to, and what comes before it.

Invariant: a reference is looked for in this night's records and in the last release of every other source, never in
what a source has withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comity.validation.condition import parse_condition, previous_columns, with_previous
from comity.validation.expectation import RelationExpectation, all_of
from comity.validation.library import pydantic
from comity.validation.row_expectations import ListItems
from comity.validation.scope import NotApplicable, name, text

if TYPE_CHECKING:
    from comity.validation.scope import Scope


class ExpectListReferencesToResolve(ListItems):
    """Every record that the list names exists, in this night or in the federation."""

    record_type: str

    def wrong(self, scope: Scope) -> str:
        if self.record_type not in scope.related:
            raise NotApplicable(f"no records of the type {self.record_type} were given")
        return f"item NOT IN (SELECT record_id FROM {scope.related[self.record_type]})"


class ExpectReferencesToResolve(RelationExpectation):
    """The record that ``column`` names exists, in this night or in the federation.

    Its type is ``record_type``, or stands in ``record_type_column``. ``related_where`` narrows what counts as
    existing; ``related_column`` is what the reference names, the record's id unless said otherwise.
    """

    column: str
    record_type: str | None = None
    record_type_column: str | None = None
    related_column: str = "record_id"
    related_where: str | None = None
    when: str | None = None

    @pydantic.validator("related_where", "when")
    def _is_a_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    @pydantic.root_validator(skip_on_failure=True)
    def _one_of_two(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values.get("record_type") is None) == (values.get("record_type_column") is None):
            raise ValueError("give either record_type or record_type_column")
        return values

    def _about(self, scope: Scope) -> str:
        return all_of([f"{name(self.column)} IS NOT NULL", *([self.when] if self.when else [])])

    def _there(self, relation: str) -> str:
        where = all_of(
            [
                f"{name(self.related_column)} IS NOT NULL",
                *([self.related_where] if self.related_where else []),
            ]
        )
        return f"SELECT {name(self.related_column)} AS reference FROM {relation} WHERE {where}"

    def _resolvable(self, scope: Scope) -> str:
        """Every reference that would resolve: its key, and its record type where that differs from row to
        row.
        """
        if self.record_type is not None:
            if self.record_type not in scope.related:
                raise NotApplicable(f"no records of the type {self.record_type} were given")
            return self._there(scope.related[self.record_type])
        if not scope.related:
            raise NotApplicable("no related records were given")
        return " UNION ALL ".join(
            f"SELECT reference, {text(kind)} AS kind FROM ({self._there(relation)})"
            for kind, relation in scope.related.items()
        )

    def broken(self, scope: Scope) -> str | None:
        keys = name(self.column)
        if self.record_type_column is not None:
            keys = f"({name(self.column)}, {name(self.record_type_column)})"
        return f"{self._about(scope)} AND {keys} NOT IN ({self._resolvable(scope)})"

    def query(self, scope: Scope) -> str:
        match = f"r.reference = s.{name(self.column)}"
        if self.record_type_column is not None:
            match += f" AND r.kind = s.{name(self.record_type_column)}"
        about = f"(SELECT * FROM {scope.relation} WHERE {self._about(scope)})"
        return (
            f"SELECT (SELECT count(*) FROM {about} s ANTI JOIN ({self._resolvable(scope)}) r ON {match}),"
            f" (SELECT count(*) FROM {about}), NULL"
        )


class ExpectConsecutiveRowsToSatisfy(RelationExpectation):
    """A condition between each record and the one before it in its group; ``previous.x`` is the earlier one's
    x.
    """

    group_by: list[str] = pydantic.Field(min_items=1)
    order_by: list[str] = pydantic.Field(min_items=1)
    condition: str
    when: str | None = None

    @pydantic.validator("condition")
    def _is_a_condition(cls, value: str) -> str:
        if not parse_condition(value, previous=True).previous:
            raise ValueError("the condition asks nothing of the row before: write previous.column")
        return value

    @pydantic.validator("when")
    def _is_a_plain_condition(cls, value: str | None) -> str | None:
        return parse_condition(value).sql if value is not None else None

    def _pairs(self, scope: Scope) -> str:
        """Every record that has one before it, with whether it breaks the rule."""
        condition = parse_condition(self.condition, previous=True)
        group, order = (", ".join(map(name, each)) for each in (self.group_by, self.order_by))
        window = f"(PARTITION BY {group} ORDER BY {order})"
        columns = sorted({"record_id", *condition.columns})
        items = [
            *map(name, columns),
            *previous_columns(condition, window),
            f"row_number() OVER {window} AS place",
        ]
        source = f"SELECT {', '.join(items)} FROM {scope.relation} WHERE {self.when or 'true'}"
        broken = f"coalesce(NOT ({with_previous(condition)}), false)"
        return f"SELECT record_id, {broken} AS broken FROM ({source}) WHERE place > 1"

    def broken(self, scope: Scope) -> str | None:
        return f"record_id IN (SELECT record_id FROM ({self._pairs(scope)}) WHERE broken)"

    def query(self, scope: Scope) -> str:
        return f"SELECT count(*) FILTER (WHERE broken), count(*), NULL FROM ({self._pairs(scope)})"
