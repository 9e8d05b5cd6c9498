"""What is to be purged, and by which marks it is known wherever it lies.

Invariant: a record under legal hold is never in a plan; a plan is on the disk, for its owner alone, before the first
byte is removed, and is gone when the purge is done: it is the last place where the marks stand.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from comity.store.layout import PRIVATE, make_folder, sync

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from comity.store.layout import Layout

# A shorter key would be found everywhere.
_SHORTEST = 6
_CODECS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1256",
    "cp874",
    "cp932",
    "big5",
    "cp037",
)


@dataclass(frozen=True)
class Target:
    """One record: its id and key, and every row of every export that it was made from."""

    record_id: str
    record_type: str
    source_id: str
    source_key: str
    rows: tuple[tuple[str, int], ...]
    held: bool


@dataclass
class PurgePlan:
    """``before``: what the scan found before anything was removed; ``done``: what was removed so far."""

    purge_id: str
    reason: str
    requested_by: str
    requested_at: str
    targets: tuple[Target, ...]
    before: dict[str, Any] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)

    @property
    def record_ids(self) -> list[str]:
        return sorted(target.record_id for target in self.targets)

    @property
    def rows(self) -> set[tuple[str, int]]:
        return {(export_id, int(row)) for target in self.targets for export_id, row in target.rows}

    def texts(self, sources: Collection[str] | None = None) -> list[str]:
        """The marks that are looked for: ids, and keys that are long enough to mean one record. In a file of
        ``sources`` the keys of these; in one that is nobody's (None) those that no count can be.
        """
        keys = {
            target.source_key
            for target in self.targets
            if is_mark(target.source_key)
            and (is_word(target.source_key) if sources is None else target.source_id in sources)
        }
        return self.record_ids + sorted(keys)

    def marks(self, sources: Collection[str] | None = None) -> tuple[bytes, ...]:
        """The same as bytes, in every encoding and form."""
        return _encoded(tuple(self.texts(sources)))

    def write(self, layout: Layout) -> None:
        """Keep the plan on the disk until the purge is done."""
        path = plan_file(layout, self.purge_id)
        make_folder(path.parent)
        beside = path.with_suffix(".new")
        beside.touch(PRIVATE)
        beside.write_text(json.dumps(asdict(self)), "utf-8")
        sync(beside)
        beside.replace(path)
        sync(path.parent)


@lru_cache(maxsize=8)
def _encoded(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    found: set[bytes] = set()
    for text in texts:
        for form in _forms(text):
            for codec in _CODECS:
                try:
                    found.add(form.encode(codec))
                except UnicodeEncodeError:
                    continue
    return tuple(sorted(found))


def is_mark(key: str) -> bool:
    """Whether a key is long enough to be looked for."""
    return len(key) >= _SHORTEST


def is_word(key: str) -> bool:
    """Whether a key is looked for also where counts, sizes and hashes stand."""
    return any(sign.isalpha() for sign in key)


def _forms(text: str) -> set[str]:
    """A text as it is, and as it stands in JSON, HTML and XML."""
    escaped = json.dumps(text)[1:-1]
    capital = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), escaped)
    return {text, escaped, capital, html.escape(text), html.escape(text, quote=False)}


def plan_file(layout: Layout, purge_id: str) -> Path:
    return layout.root / "purge" / f"{purge_id}.json"


def plans(layout: Layout) -> list[Path]:
    """The files of plans that are not done."""
    return sorted((layout.root / "purge").glob("*.json"))


def unfinished(layout: Layout) -> list[PurgePlan]:
    """The plans of purges that a crash interrupted. One that was not written whole has done nothing, and goes."""
    found = []
    for path in (layout.root / "purge").glob("*.new"):
        path.unlink(missing_ok=True)
    for path in plans(layout):
        read = json.loads(path.read_text("utf-8"))
        targets = tuple(
            Target(**{**target, "rows": tuple((e, int(r)) for e, r in target["rows"])})
            for target in read["targets"]
        )
        found.append(PurgePlan(**{**read, "targets": targets}))
    return found
