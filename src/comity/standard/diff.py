"""What changed between two versions of the standard, and what of it breaks.

Invariant: a change breaks when files written before it, mappings that fill it, or queries that read it can
fail or silently mean something else. What cannot be proved compatible breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comity.standard.code_list import CodeList
    from comity.standard.column import Column
    from comity.standard.record_type import RecordType, Standard

# Every reader takes a file of the narrower type for the wider one. From an integer to a double or a decimal, Iceberg
# knows no way.
_WIDENINGS = {("integer", "bigint")}
_SENSITIVITIES = ("none", "operational", "personal", "special")


@dataclass(frozen=True)
class Change:
    """``where`` is ``record_type``, ``record_type.column``, ``code_list:name`` or ``code_list:name.code``;
    the envelope counts as a record type.
    """

    kind: str
    breaks: bool
    where: str
    message: str

    def text(self) -> str:
        return f"{'BREAKS' if self.breaks else 'fine  '}  {self.where}: {self.message} [{self.kind}]"


def compare(old: Standard, new: Standard) -> list[Change]:
    """All changes from ``old`` to ``new``, those that break first."""
    changes = [*_record_types(old, new), *_code_lists(old, new)]
    return sorted(changes, key=lambda change: not change.breaks)


def needed_version(changes: Iterable[Change], old: str) -> str:
    """The least version that the changes ask for; before 1.0.0 a break raises the minor number."""
    major, minor, patch = (int(part) for part in old.split("."))
    changes = list(changes)
    if not changes:
        return old
    if any(change.breaks for change in changes):
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    return f"{major}.{minor + 1}.0" if major else f"0.{minor}.{patch + 1}"


def _record_types(old: Standard, new: Standard) -> Iterator[Change]:
    yield from _columns("envelope", *({c.name: c for c in standard.envelope} for standard in (old, new)))
    for name, before in old.record_types.items():
        after = new.record_types.get(name)
        if after is None:
            yield Change("record-type-removed", True, name, "the record type is gone")
        else:
            yield from _one_record_type(before, after)
    for name in new.record_types:
        if name not in old.record_types:
            yield Change("record-type-added", False, name, "a new record type")


def _one_record_type(before: RecordType, after: RecordType) -> Iterator[Change]:
    olds = {column.name: column for column in (*before.own_columns, *before.retired)}
    news = {column.name: column for column in (*after.own_columns, *after.retired)}
    yield from _columns(before.name, olds, news)


def _columns(
    prefix: str, olds: dict[str, Column], news: dict[str, Column], *, top: bool = True
) -> Iterator[Change]:
    owners = {column.field_id: column.name for column in olds.values()}
    renamed = _renamed(olds, news) if top else {}
    for name, before in olds.items():
        where = f"{prefix}.{name}"
        after = news.get(name)
        if name in renamed:
            message = (
                f"it is called '{renamed[name].name}' now: mappings and queries must follow, files need not"
            )
            yield Change("column-renamed", True, where, message)
            yield from _column(where, before, renamed[name])
        elif after is None:
            yield Change(
                "column-removed",
                True,
                where,
                "the column is gone; mark it 'retired: true' to keep its field id",
            )
        elif after.retired and not before.retired:
            yield Change("column-retired", True, where, "the column is retired")
        elif before.retired and not after.retired:
            yield Change("column-revived", True, where, "a retired column is back under its old name")
        else:
            yield from _column(where, before, after)
    for name, after in news.items():
        if name in olds or after in renamed.values():
            continue
        where = f"{prefix}.{name}"
        if after.field_id in owners:
            yield Change(
                "field-id-reused",
                True,
                where,
                f"the field id {after.field_id} belongs to '{owners[after.field_id]}'",
            )
        elif after.required:
            yield Change("required-column-added", True, where, "every mapping must fill the new column")
        else:
            yield Change("column-added", False, where, "a new column")


def _renamed(olds: dict[str, Column], news: dict[str, Column]) -> dict[str, Column]:
    """Old name → column: those that are there under another name and the same id."""
    kept = {
        column.field_id: column for name, column in news.items() if name not in olds and not column.retired
    }
    return {
        name: kept[column.field_id]
        for name, column in olds.items()
        if name not in news and column.field_id in kept and not column.retired
    }


def _column(where: str, before: Column, after: Column) -> Iterator[Change]:
    if before.field_id != after.field_id:
        message = f"the field id went from {before.field_id} to {after.field_id}"
        yield Change("field-id-changed", True, where, message)
    if before.type != after.type:
        widened = (before.type, after.type) in _WIDENINGS
        kind = "type-widened" if widened else "type-changed"
        yield Change(kind, not widened, where, f"the type went from {before.type} to {after.type}")
    elif before.code_list != after.code_list:
        message = f"the code list went from {before.code_list} to {after.code_list}"
        yield Change("code-list-swapped", True, where, message)
    if after.required and not before.required:
        yield Change("now-required", True, where, "it may no longer be null")
    if before.required and not after.required:
        yield Change("no-longer-required", False, where, "it may be null now")
    if before.pattern != after.pattern:
        loosened = after.pattern is None
        message = f"the form went from {before.pattern} to {after.pattern}"
        yield Change("pattern-dropped" if loosened else "pattern-changed", not loosened, where, message)
    yield from _range(where, before, after)
    if before.unit != after.unit:
        yield Change("unit-changed", True, where, f"the unit went from {before.unit} to {after.unit}")
    if before.sensitivity != after.sensitivity:
        # More protection takes nothing from those who may read it; less is a decision that nobody may miss.
        lowered = _SENSITIVITIES.index(after.sensitivity) < _SENSITIVITIES.index(before.sensitivity)
        message = f"the sensitivity went from {before.sensitivity} to {after.sensitivity}"
        yield Change("sensitivity-lowered" if lowered else "sensitivity-raised", lowered, where, message)
    if before.fields and after.fields:
        olds, news = ({field.name: field for field in column.fields} for column in (before, after))
        yield from _columns(where, olds, news, top=False)


def _range(where: str, before: Column, after: Column) -> Iterator[Change]:
    infinite = float("inf")
    old_low, new_low = (-infinite if c.minimum is None else c.minimum for c in (before, after))
    old_high, new_high = (infinite if c.maximum is None else c.maximum for c in (before, after))
    if (old_low, old_high) == (new_low, new_high):
        return
    narrowed = new_low > old_low or new_high < old_high
    message = f"the range went from {old_low} … {old_high} to {new_low} … {new_high}"
    yield Change("range-narrowed" if narrowed else "range-widened", narrowed, where, message)


def _code_lists(old: Standard, new: Standard) -> Iterator[Change]:
    for name, before in old.code_lists.items():
        after = new.code_lists.get(name)
        if after is None:
            yield Change("code-list-removed", True, f"code_list:{name}", "the code list is gone")
        else:
            yield from _codes(before, after)
    for name in new.code_lists:
        if name not in old.code_lists:
            yield Change("code-list-added", False, f"code_list:{name}", "a new code list")


def _codes(before: CodeList, after: CodeList) -> Iterator[Change]:
    where = f"code_list:{before.name}"
    if before.codes != after.codes and before.version == after.version:
        message = f"its codes changed, its version did not: {before.version}"
        yield Change("code-list-version-not-raised", True, where, message)
    for name, code in before.codes.items():
        later = after.codes.get(name)
        if later is None:
            yield Change("code-removed", True, f"{where}.{name}", f"the code is gone: {code.label}")
        elif later.label != code.label:
            yield Change(
                "code-relabelled", False, f"{where}.{name}", f"'{code.label}' is now '{later.label}'"
            )
    for name, code in after.codes.items():
        if name not in before.codes:
            yield Change("code-added", False, f"{where}.{name}", f"a new code: {code.label}")
    if before.hard != after.hard:
        word = "enforced now" if after.hard else "no longer enforced"
        yield Change(
            "code-list-enforced" if after.hard else "code-list-relaxed", after.hard, where, f"it is {word}"
        )
