"""A field of an export as a mapping sees it: a name and a shape, whatever file format it came from.

Invariant: a field reaches a mapping as text (or as a list of texts, or as a list of JSON records); casting is the
mapping's work, so that a value that cannot be cast keeps its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["text", "list", "records"]


@dataclass(frozen=True)
class SourceField:
    """One declared field: VARCHAR for ``text``, VARCHAR[] for ``list``, JSON[] for ``records``.

    ``children`` are the fields inside each item of a ``records`` field. ``path`` is where the value lies in a nested
    record, in dots; it defaults to the name.
    """

    name: str
    shape: Shape = "text"
    children: tuple[SourceField, ...] = ()
    path: str = ""
    sensitivity: str = "none"
