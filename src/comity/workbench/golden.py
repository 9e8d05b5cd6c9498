"""Golden outputs: what a source's sample becomes, kept beside it and compared record by record.

Invariant: a sample agrees with its golden output exactly when every line is the same; whatever differs is told once,
by record and field. A sample is synthetic, so its values may be shown.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from comity.errors import ConfigError
from comity.nightly.sample import run_sample
from comity.nightly.source import adapter_folders

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from comity.nightly.sample import SampleRun

_REJECT = ("file", "source_row", "line", "row_rejected", "kept_row", "raw", "reasons")
_COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "rows_not_selected", "records")
# What tells a line from the others of its file.
_IDENTITY = {
    "accounts.ndjson": ("files", "record_type"),
    "rejects.ndjson": ("record_type", "file", "source_row", "line"),
}


@dataclass(frozen=True)
class FieldDifference:
    """A field as the golden output has it, and as it was found; None where it is not there."""

    name: str
    expected: str | None
    found: str | None


@dataclass(frozen=True)
class LineDifference:
    """One record, reject or account. ``fields`` are those that differ, or all of a line that is new or gone."""

    file: str
    what: str
    kind: Literal["changed", "new", "gone", "moved"]
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True)
class GoldenResult:
    """What the sample of a source gave: file → lines, and how that differs from what is kept."""

    source_id: str
    folder: Path
    lines: dict[str, list[str]]
    differences: tuple[LineDifference, ...]


def compare_golden(root: Path, source_id: str, into: Path) -> GoldenResult:
    """The sample of ``source_id`` run below ``into``, and compared with its golden output."""
    folder = adapter_folders(root)[source_id]
    sample = folder / "sample"
    if not sample.is_dir() or not any(sample.iterdir()):
        raise ConfigError(
            "config.no-sample",
            f"The source '{source_id}' has no sample",
            file=sample,
            remedy="put a small synthetic export there that has every quirk of the real one",
        )
    runs = run_sample(root, source_id, into)
    if not runs:
        raise ConfigError(
            "config.no-sample",
            f"No file in the sample of '{source_id}' is one that its adapter looks for",
            file=sample,
            found=", ".join(sorted(path.name for path in sample.iterdir())),
            remedy="name the files as 'delivery.files' in adapter.yaml says",
        )
    lines = golden_lines(runs)
    golden = folder / "golden"
    return GoldenResult(source_id, golden, lines, tuple(_differences(_kept(golden), lines)))


def golden_lines(runs: tuple[SampleRun, ...]) -> dict[str, list[str]]:
    """File name → lines: the records of each record type, the rejects, and the account of every export."""
    files: dict[str, list[str]] = {"accounts.ndjson": [], "rejects.ndjson": []}
    for run in runs:
        for account in run.finished.accounts:
            told: dict[str, Any] = {"files": list(run.files), "record_type": account.record_type}
            told |= {name: getattr(account, name) for name in _COUNTS}
            files["accounts.ndjson"].append(_line(told))
        for record_type, records in run.records.items():
            files.setdefault(f"{record_type}.ndjson", []).extend(map(_line, records))
        for record_type, rejects in run.rejects.items():
            for reject in rejects:
                kept = {key: reject[key] for key in _REJECT if key in reject}
                files["rejects.ndjson"].append(_line({"record_type": record_type} | kept))
    return files


def accept(result: GoldenResult) -> None:
    """Make what was found the golden output."""
    result.folder.mkdir(exist_ok=True)
    for old in result.folder.glob("*.ndjson"):
        if old.name not in result.lines:
            old.unlink()
    for name, lines in result.lines.items():
        (result.folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _kept(folder: Path) -> dict[str, list[str]]:
    return {path.name: path.read_text("utf-8").splitlines() for path in sorted(folder.glob("*.ndjson"))}


def _differences(kept: dict[str, list[str]], found: dict[str, list[str]]) -> Iterable[LineDifference]:
    for file in sorted({*kept, *found}):
        old, new = kept.get(file, []), found.get(file, [])
        if old == new and (file in kept) == (file in found):
            continue
        before, after = _by_identity(file, old), _by_identity(file, new)
        told = False
        for what in [*after, *(what for what in before if what not in after)]:
            fields = tuple(_fields(before.get(what, {}), after.get(what, {})))
            if fields:
                kind: Literal["changed", "new", "gone"] = (
                    "new" if what not in before else "gone" if what not in after else "changed"
                )
                told = True
                yield LineDifference(file, what, kind, fields)
        if not told:
            what = "the order of its lines" if old else "a file without a line"
            yield LineDifference(file, what, "moved" if old else "new", ())


def _by_identity(file: str, lines: list[str]) -> dict[str, dict[str, Any]]:
    """What a person calls a line → its content. The same record in several exports is counted on."""
    seen: Counter[str] = Counter()
    named: dict[str, dict[str, Any]] = {}
    for line in lines:
        content = _read(line)
        if file in _IDENTITY:
            parts = [content.get(key) for key in _IDENTITY[file]]
            what = " ".join(
                ", ".join(part)
                if isinstance(part, list)
                else f"row {part}"
                if isinstance(part, int)
                else part
                for part in parts
                if part is not None
            )
        else:
            what = str(content.get("source_key", content.get("record_id", "")))
        seen[what] += 1
        named[what if seen[what] == 1 else f"{what} (number {seen[what]})"] = content
    return named


def _read(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {"line": line}
    return content if isinstance(content, dict) else {"line": line}


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterable[FieldDifference]:
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old or name not in new or old[name] != new[name]:
            yield FieldDifference(name, _text(old, name), _text(new, name))


def _text(content: dict[str, Any], name: str) -> str | None:
    if name not in content:
        return None
    value = content[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
