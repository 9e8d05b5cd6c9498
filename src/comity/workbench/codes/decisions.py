"""What a person decided that a code means, and its way into the crosswalk.

Invariant: the lines that somebody has decided stay as they are, byte for byte; a decision is a line at the end of the
crosswalk, with who decided and when, and the line of a proposal that it decides is gone. A crosswalk is written whole
beside itself and put in place, or not at all.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from comity.errors import ConfigError, nearest
from comity.mappings.crosswalk import COLUMNS, RELATIONS, load_crosswalk
from comity.workbench.codes.uses import SAME, crosswalk_uses, mapping_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from comity.standard import CodeList, Standard
    from comity.workbench.codes.suggest import Suggestions
    from comity.workbench.codes.unmapped import Unmapped

HEADER = (
    "record_type", "column", "crosswalk", "code_list", "source_code", "rows", "example_row", "label",
    "standard_code", "relation", "status", "reviewer", "date", "suggestions",
)  # fmt: skip


@dataclass(frozen=True)
class Open:
    """An unmapped code with the list that its meaning is taken from; ``path``: the crosswalk to extend, if any."""

    unmapped: Unmapped
    code_list: str | None
    path: Path | None


@dataclass(frozen=True)
class Decision:
    """``standard_code`` is None where nothing of the list fits."""

    crosswalk: str
    source_code: str
    label: str
    standard_code: str | None
    relation: str
    status: str
    reviewer: str
    date: str


def open_codes(root: Path, standard: Standard, source: str, found: Sequence[Unmapped]) -> tuple[Open, ...]:
    """Every code with its code list and crosswalk; those that were decided since they were found are left out."""
    uses = crosswalk_uses(root, standard, (source,))
    lists = {(use.record_type, use.column, use.crosswalk): use.code_list for use in uses}
    folder = mapping_folder(root, source)
    opened = []
    for each in found:
        if each.crosswalk.partition(" ")[0] == SAME:
            opened.append(Open(each, each.crosswalk.partition(" ")[2] or None, None))
            continue
        crosswalk = load_crosswalk(each.crosswalk, folder, review=True)
        if each.code not in crosswalk.codes:
            code_list = lists.get((each.record_type, each.column, each.crosswalk))
            opened.append(Open(each, code_list, crosswalk.path))
    return tuple(opened)


def export_csv(path: Path, opened: Sequence[Open], suggestions: Suggestions) -> None:
    """A line for every code, to be decided in a spreadsheet: fill ``standard_code`` and ``relation``."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        for each in opened:
            told = suggestions.for_code(each.unmapped.code, each.code_list)
            writer.writerow(
                {
                    "record_type": each.unmapped.record_type,
                    "column": each.unmapped.column,
                    "crosswalk": each.unmapped.crosswalk,
                    "code_list": each.code_list or "",
                    "source_code": each.unmapped.code,
                    "rows": each.unmapped.count,
                    "example_row": each.unmapped.example_row,
                    "suggestions": "; ".join(f"{s.code} ({s.label}, {s.score:.0f}: {s.why})" for s in told),
                }
            )


def import_csv(path: Path, reviewer: str | None) -> tuple[Decision, ...]:
    """The lines that are decided: those with a standard code, or with the relation ``none``."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            "config.not-utf8", "The decisions are not UTF-8", file=path, found=str(error),
            remedy="save the sheet as CSV in UTF-8",
        ) from None  # fmt: skip
    # Spreadsheets in many countries write semicolons.
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    needed = ("crosswalk", "source_code", "standard_code")
    for name in needed:
        if name not in (reader.fieldnames or ()):
            raise ConfigError(
                "config.bad-decisions", f"The decisions have no column '{name}'", file=path, line=1,
                remedy=f"take the file of --export; it has {', '.join(HEADER)}",
            )  # fmt: skip
    decisions = []
    for row in reader:
        target, relation = (row.get("standard_code") or "").strip(), (row.get("relation") or "").strip()
        if not target and relation != "none":
            continue
        who = (row.get("reviewer") or "").strip() or reviewer
        if not who:
            raise ConfigError(
                "config.bad-decisions", "A decision says who made it", file=path, line=reader.line_num,
                found=row["source_code"], remedy="fill 'reviewer', or say --reviewer NAME",
            )  # fmt: skip
        decisions.append(
            Decision(
                row["crosswalk"].strip(),
                row["source_code"].strip(),
                (row.get("label") or "").strip() or row["source_code"].strip(),
                target or None,
                relation or "exact",
                (row.get("status") or "").strip() or "reviewed",
                who,
                (row.get("date") or "").strip() or date.today().isoformat(),
            )
        )
    return tuple(decisions)


def apply(
    root: Path, standard: Standard, source: str, decisions: Iterable[Decision]
) -> dict[Path, list[Decision]]:
    """Write every decision into its crosswalk; crosswalk → what was added. All are checked before the first is."""
    lists: dict[str, list[CodeList]] = defaultdict(list)
    for use in crosswalk_uses(root, standard, (source,)):
        if use.code_list is not None:
            lists[use.crosswalk].append(standard.code_lists[use.code_list])
    added: dict[Path, list[Decision]] = defaultdict(list)
    gone: dict[Path, set[int]] = defaultdict(set)
    for decision in decisions:
        crosswalk = load_crosswalk(decision.crosswalk, mapping_folder(root, source), review=True)
        taken = [each.source_code for each in added[crosswalk.path]]
        if decision.source_code in crosswalk.codes or decision.source_code in taken:
            raise ConfigError(
                "config.already-decided",
                f"The crosswalk has the code '{decision.source_code}' already",
                file=crosswalk.path,
                line=crosswalk.lines.get(decision.source_code),
                remedy="edit that line, or take this one out of the decisions",
            )
        _check(decision, lists[decision.crosswalk], crosswalk.path)
        added[crosswalk.path].append(decision)
        gone[crosswalk.path].update(crosswalk.undecided.get(decision.source_code, ()))
    for path, own in added.items():
        _write(path, own, gone[path])
    return dict(added)


def _check(decision: Decision, lists: Sequence[CodeList], path: Path) -> None:
    if decision.relation not in RELATIONS:
        raise ConfigError(
            "config.bad-decisions", f"'{decision.relation}' is no relation", file=path,
            found=f"source code '{decision.source_code}'", remedy=nearest(decision.relation, RELATIONS),
        )  # fmt: skip
    if (decision.relation == "none") != (decision.standard_code is None):
        raise ConfigError(
            "config.bad-decisions",
            "The relation 'none' has no standard code, and every other relation has one",
            file=path,
            found=f"source code '{decision.source_code}'",
            remedy="leave the standard code empty, or choose another relation",
        )
    for code_list in lists:
        if decision.standard_code is not None and decision.standard_code not in code_list.codes:
            raise ConfigError(
                "config.bad-decisions",
                f"The code list '{code_list.name}' has no code '{decision.standard_code}'",
                file=path,
                found=f"source code '{decision.source_code}'",
                remedy=code_list.remedy(decision.standard_code),
            )


def _write(path: Path, decisions: Sequence[Decision], gone: Collection[int]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        before = "".join(line for number, line in enumerate(file, 1) if number not in gone)
    end = "\r\n" if "\r\n" in before else "\n"
    header = next(csv.reader(io.StringIO(before.removeprefix("\ufeff"))))
    lines = io.StringIO()
    writer = csv.DictWriter(lines, header, lineterminator=end)
    for each in decisions:
        writer.writerow({name: _cell(each, name) for name in COLUMNS})
    gap = "" if before.endswith("\n") else end
    beside = path.with_name(path.name + ".part")
    beside.write_bytes((before + gap + lines.getvalue()).encode())
    beside.replace(path)


def _cell(decision: Decision, name: str) -> str:
    return str(getattr(decision, name) or "")
