"""A field of an export as a mapping sees it: a name and a shape, whatever file format it came from.

Invariant: a field reaches a mapping as text (or as a list of texts, or as a list of JSON records); casting is the
mapping's work, so that a value that cannot be cast keeps its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Shape = Literal["text", "list", "records"]


@dataclass(frozen=True)
class SourceField:
    """One declared field: VARCHAR for ``text``, VARCHAR[] for ``list``, JSON[] for ``records``.

    ``children`` are the fields inside each item of a ``records`` field. ``path`` is where the value lies in a nested
    record, in dots; it defaults to the name. ``position``: not of the export, but the number of an item in its row.
    """

    name: str
    shape: Shape = "text"
    children: tuple[SourceField, ...] = ()
    path: str = ""
    sensitivity: str = "none"
    position: bool = False


def leaves(fields: Iterable[SourceField], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every field that a mapping accounts for: its name, in dots inside lists of records, behind those of the lists.

    Whoever uses or ignores a list of records as a whole does so for all that is in it.
    """
    for field in fields:
        name = f"{above[-1]}.{field.name}" if above else field.name
        if field.children:
            yield from leaves(field.children, (*above, name))
        else:
            yield (*above, name)
