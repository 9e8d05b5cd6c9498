"""A crosswalk: one source's codes, and the standard's code that each one means.

Invariant: every target is a code of the code list that it is used for, every source code stands once, and the columns
are those that SSSOM and Usagi users know: source_code, label, standard_code, relation, status, reviewer, date.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.config.yaml_file import UNDECIDED, undecided
from comity.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from comity.standard import CodeList

COLUMNS = ("source_code", "label", "standard_code", "relation", "status", "reviewer", "date")
# The words of SKOS and SSSOM without their ending: exactMatch, broadMatch, narrowMatch; partial: the two overlap.
RELATIONS = ("exact", "broader", "narrower", "partial", "none")


@dataclass(frozen=True)
class Crosswalk:
    """``codes`` maps a source code to a standard code, or to None where the standard has no equivalent.

    ``lines``, ``labels``, ``statuses``: where it stands, what it means for people, how far it was reviewed.
    ``relations`` says of every source code what its standard code is to it: the same, broader, narrower …
    ``undecided``: source code → line numbers, of the lines that a proposal wrote and nobody has decided.
    """

    name: str
    path: Path
    codes: dict[str, str | None]
    relations: dict[str, str]
    lines: dict[str, int]
    labels: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, range] = field(default_factory=dict)


def load_crosswalk(name: str, folder: Path, *, review: bool = False) -> Crosswalk:
    """``folder/<name>.csv``, or the crosswalk of that name that all sources share.

    A line that nobody has decided is refused, or set apart if the crosswalk is loaded for its ``review``.
    """
    path = folder / f"{name}.csv"
    shared = folder.parent / "crosswalks" / f"{name}.csv"
    if not path.exists():
        path = shared
    if not path.exists():
        known = [
            file.stem for place in (folder, shared.parent) if place.is_dir() for file in place.glob("*.csv")
        ]
        raise ConfigError(
            "mapping.unknown-crosswalk",
            f"There is no crosswalk '{name}'",
            found=f"no file {name}.csv in {folder} or {shared.parent}",  # whoever names it adds where
            remedy=nearest(name, [*known, "same"]),
        )
    codes: dict[str, str | None] = {}
    relations: dict[str, str] = {}
    lines: dict[str, int] = {}
    labels: dict[str, str] = {}
    statuses: dict[str, str] = {}
    undecided_lines: dict[str, range] = {}
    before = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(reader.fieldnames or (), path)
            for row in reader:
                code = (row["source_code"] or "").strip()
                own, before = range(before + 1, reader.line_num + 1), reader.line_num
                if (todo := _undecided(row)) is not None:
                    if not review:
                        raise _not_decided(todo, code, path, reader.line_num)
                    undecided_lines[code] = own
                    continue
                _check_row(row, code, codes, path, reader.line_num)
                codes[code] = (row["standard_code"] or "").strip() or None
                relations[code] = row["relation"]
                lines[code] = reader.line_num
                labels[code], statuses[code] = row["label"] or "", row["status"] or ""
    except UnicodeDecodeError as error:
        raise ConfigError(
            "config.not-utf8", "The crosswalk is not UTF-8", file=path, found=str(error)
        ) from None
    except csv.Error as error:
        raise ConfigError(
            "mapping.bad-crosswalk", "The crosswalk is not valid CSV", file=path, found=str(error)
        ) from None
    return Crosswalk(name, path, codes, relations, lines, labels, statuses, undecided_lines)


def check_targets(crosswalk: Crosswalk, targets: Mapping[str, str | None], code_list: CodeList) -> None:
    """Every target that is taken from the crosswalk is in ``code_list``."""
    for source, target in targets.items():
        if target is not None and target not in code_list.codes:
            raise ConfigError(
                "mapping.unknown-standard-code",
                f"The code list '{code_list.name}' has no code '{target}'",
                file=crosswalk.path,
                line=crosswalk.lines[source],
                found=f"source code '{source}'",
                remedy=code_list.remedy(target),
            )


def _check_header(header: Collection[str], path: Path) -> None:
    for column in header:
        if column not in COLUMNS:
            raise ConfigError(
                "mapping.bad-crosswalk",
                f"Nobody knows the crosswalk column '{column}'",
                file=path,
                line=1,
                remedy=nearest(column, COLUMNS),
            )
    for column in COLUMNS:
        if column not in header:
            raise ConfigError(
                "mapping.bad-crosswalk", f"The crosswalk has no column '{column}'", file=path, line=1
            )


def _undecided(row: dict[str, str]) -> str | None:
    """The first TODO of a line."""
    return next((cell for cell in row.values() if isinstance(cell, str) and UNDECIDED.match(cell)), None)


def _not_decided(todo: str, code: str, path: Path, line: int) -> ConfigError:
    written = path.read_text("utf-8-sig").splitlines()[line - 1]
    return undecided(path, line, written.find(todo) + 1, f"source code '{code}': {todo}")


def _check_row(row: dict[str, str], code: str, codes: dict[str, str | None], path: Path, line: int) -> None:
    if None in row or None in row.values():
        raise ConfigError(
            "mapping.bad-crosswalk", "A crosswalk line has another number of cells", file=path, line=line
        )
    if not code:
        raise ConfigError(
            "mapping.bad-crosswalk", "A crosswalk line has no source code", file=path, line=line
        )
    if code in codes:
        raise ConfigError(
            "mapping.bad-crosswalk",
            f"The source code '{code}' stands twice",
            file=path,
            line=line,
            remedy="keep one of the two lines",
        )
    if row["relation"] not in RELATIONS:
        raise ConfigError(
            "mapping.bad-crosswalk",
            f"'{row['relation']}' is no relation",
            file=path,
            line=line,
            remedy=nearest(row["relation"], RELATIONS),
        )
    if (row["relation"] == "none") != (not (row["standard_code"] or "").strip()):
        raise ConfigError(
            "mapping.bad-crosswalk",
            "The relation 'none' has no standard code, and every other relation has one",
            file=path,
            line=line,
            found=f"relation '{row['relation']}', standard code '{row['standard_code']}'",
        )
