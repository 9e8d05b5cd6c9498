"""Schema drift: the names in an export differ from the declared ones.

Invariant: one report names everything that differs, with the nearest name for each, so that an adapter is
corrected in one step. Order is no difference where columns have names: cells are found by name.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from comity.adapters.header import normal_name
from comity.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comity.adapters.field_spec import FieldSpec


class DriftError(ReadError):
    """The header differs. ``missing`` are declared fields, ``new`` and ``moved`` names as they stand in the
    file.
    """

    def __init__(
        self,
        *,
        missing: Sequence[str] = (),
        new: Sequence[str] = (),
        moved: Sequence[str] = (),
        repeated: Sequence[str] = (),
        found: str | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        self.missing, self.new, self.moved, self.repeated = map(tuple, (missing, new, moved, repeated))
        super().__init__(
            "read.header-drift",
            "The export does not have the declared fields",
            file=file,
            line=line,
            found=found or "; ".join(self._differences()),
            remedy="ask the owner what changed; then declare the field, add the new name to its 'aliases', "
            "or mark it 'optional'",
        )

    def _differences(self) -> Iterable[str]:
        for name in self.missing:
            yield f"missing '{name}'{_hint('the file has', name, self.new)}"
        for name in self.new:
            yield f"new '{name}'{_hint('declared is', name, self.missing)}"
        for name in self.moved:
            yield f"moved '{name}'"
        for name in self.repeated:
            yield f"'{name}' stands twice"


def match_header(
    names: Sequence[str], fields: Sequence[FieldSpec], *, file: str, line: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The declared field of every name in the file's order, and the names that moved. Raises DriftError."""
    declared = {normal_name(known): field.name for field in fields for known in (field.name, *field.aliases)}
    matched = [declared.get(normal_name(name)) for name in names]
    known = [name for name in matched if name is not None]
    missing = [field.name for field in fields if not field.optional and field.name not in known]
    new = [name for name, match in zip(names, matched, strict=True) if match is None]
    repeated = sorted({name for name in known if known.count(name) > 1})
    moved = _moved(known, [field.name for field in fields if field.name in known])
    if missing or new or repeated:
        raise DriftError(missing=missing, new=new, moved=moved, repeated=repeated, file=file, line=line)
    return tuple(known), tuple(moved)


def overlap(names: Iterable[str], fields: Sequence[FieldSpec]) -> int:
    """How many of ``names`` are declared: how much a row looks like the header."""
    declared = {normal_name(known) for field in fields for known in (field.name, *field.aliases)}
    return len({normal_name(name) for name in names} & declared)


def _moved(found: Sequence[str], declared: Sequence[str]) -> list[str]:
    """The names out of order: those outside the longest stretches that both orders share."""
    matcher = difflib.SequenceMatcher(None, found, declared, autojunk=False)
    steady = {
        name for block in matcher.get_matching_blocks() for name in found[block.a : block.a + block.size]
    }
    return [name for name in dict.fromkeys(found) if name not in steady]


def _hint(what: str, name: str, others: Iterable[str]) -> str:
    folded = {normal_name(other).casefold(): other for other in others}
    close = difflib.get_close_matches(normal_name(name).casefold(), folded, n=1, cutoff=0.6)
    return f" ({what} '{folded[close[0]]}')" if close else ""
