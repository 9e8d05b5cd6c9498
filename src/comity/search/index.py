"""The index of persons on disk: segments that together hold the persons of one release.

Invariant: what ``follow`` gives holds every person file of the release and shows no person of another. New files come
as one new segment; files that the release no longer has are left out by a mask, and when they are many, or segments
are, what is small is made anew. A segment appears whole or not at all. The folder can be removed at any time.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.search.build import build_segment
from comity.search.segment import Segment
from comity.store.failure import storing
from comity.store.layout import PRIVATE, make_folder
from comity.store.lock import holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

FORMAT = 2
_MOST_SEGMENTS = 8
_MOST_GONE = 1 / 3  # of the rows of a segment
_WAIT = 600.0  # seconds that another process may build


@dataclass(frozen=True)
class Live:
    """A segment, and which of its files the release has: None when all of them."""

    segment: Segment
    files: NDArray[Any] | None

    @property
    def rows(self) -> int:
        return self.segment.rows


def follow(folder: Path, connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> list[Live]:
    """The segments for the person ``files`` of a release, made as far as they are missing."""
    make_folder(folder)
    found = _open(folder)
    if _needs_nothing(found, files):
        return _live(found, files)
    with holding(folder / "lock", _WAIT), storing("building the index of names", folder):
        found = _open(folder)
        kept = [segment for segment in found if _is_worth_keeping(segment, files)]
        if len(kept) >= _MOST_SEGMENTS:
            kept = sorted(kept, key=lambda segment: segment.rows)[-1:]
        have = {file for segment in kept for file in segment.files}
        if missing := [file for file in files if file not in have]:
            kept.append(_build(folder, connection, missing))
        _write(folder, kept)
        _remove_others(folder, kept)
        return _live(kept, files)


def _open(folder: Path) -> list[Segment]:
    manifest = folder / "index.json"
    if not manifest.exists():
        return []
    told = json.loads(manifest.read_text("utf-8"))
    if told.get("format") != FORMAT:
        return []
    folders = [folder / name for name in told["segments"]]
    return [Segment.open(each) for each in folders if (each / "segment.json").exists()]


def _needs_nothing(segments: Sequence[Segment], files: Sequence[str]) -> bool:
    have = {file for segment in segments for file in segment.files}
    return have.issuperset(files) and all(_is_worth_keeping(segment, files) for segment in segments)


def _is_worth_keeping(segment: Segment, files: Sequence[str]) -> bool:
    import numpy as np

    wanted = set(files)
    gone = np.array([file not in wanted for file in segment.files], bool)
    if not gone.any():
        return True
    rows = np.bincount(segment.array("row_file"), minlength=len(gone))
    return bool(rows[gone].sum() <= _MOST_GONE * segment.rows)


def _live(segments: Sequence[Segment], files: Sequence[str]) -> list[Live]:
    import numpy as np

    wanted = set(files)
    masks = [np.array([file in wanted for file in segment.files], bool) for segment in segments]
    return [
        Live(segment, None if mask.all() else mask) for segment, mask in zip(segments, masks, strict=True)
    ]


def _build(folder: Path, connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> Segment:
    beside = folder / f"{uuid.uuid4().hex}.new"
    try:
        build_segment(connection, files, beside)
        for path in beside.iterdir():
            path.chmod(PRIVATE)
        target = beside.with_suffix("")
        beside.replace(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return Segment.open(target)


def _write(folder: Path, segments: Sequence[Segment]) -> None:
    beside = folder / "index.new"
    beside.write_text(
        json.dumps({"format": FORMAT, "segments": [segment.folder.name for segment in segments]}), "utf-8"
    )
    beside.chmod(PRIVATE)
    beside.replace(folder / "index.json")


def _remove_others(folder: Path, segments: Sequence[Segment]) -> None:
    """A search that has an old segment open goes on with it: its bytes stay until it ends."""
    names = {segment.folder.name for segment in segments}
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path, ignore_errors=True)
