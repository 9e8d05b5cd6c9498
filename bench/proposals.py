"""How good the proposals of `comity adapter new` are: held against mappings that people wrote for the same exports.

A proposal is right when the hand-written mapping fills the same column from the same field, or leaves out or uses as
its key what the proposal does. It is silently wrong when it is not right and not marked TODO. The federation that the
proposal may look at has none of the sources that are measured.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.adapters.header import normal_name
from comity.nightly.source import load_federation
from comity.standard import load_standard
from comity.workbench.draft import Owner
from comity.workbench.propose import Draft, propose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Judged:
    """One field. ``proposed``: a column was named, or key, or a reason to leave it out."""

    field: str
    proposed: tuple[str, ...]
    truth: tuple[str, ...]
    marked: bool

    @property
    def right(self) -> bool:
        return bool(self.proposed) and self.proposed[0] in self.truth

    @property
    def silently_wrong(self) -> bool:
        return bool(self.proposed) and not self.marked and not self.right


@dataclass(frozen=True)
class Measured:
    source: str
    record_right: bool
    fields: tuple[Judged, ...]

    @property
    def proposed(self) -> int:
        return sum(1 for each in self.fields if each.proposed)

    @property
    def right(self) -> int:
        return sum(1 for each in self.fields if each.proposed and each.right)

    @property
    def sure(self) -> int:
        return sum(1 for each in self.fields if each.proposed and not each.marked)

    @property
    def silently_wrong(self) -> tuple[Judged, ...]:
        return tuple(each for each in self.fields if each.silently_wrong)


def without(sources: Iterable[str], folder: Path) -> Path:
    """A federation like this repository's, without some of its sources."""
    left_out = set(sources)
    (folder / "mappings").mkdir(parents=True)
    (folder / "standard").symlink_to(ROOT / "standard")
    for path in sorted((ROOT / "mappings").iterdir()):
        if path.name not in left_out:
            (folder / "mappings" / path.name).symlink_to(path)
    return folder


def measure(source: str, files: Sequence[Path], left_out: Iterable[str]) -> Measured:
    """The proposal for ``files`` against what this repository has for ``source``."""
    known = load_federation(ROOT, (source,)).sources[0]
    standard = load_standard(ROOT / "standard")
    with tempfile.TemporaryDirectory() as folder:
        root = without({source, *left_out}, Path(folder) / "federation")
        owner = Owner(f"x-{source}", known.adapter.owner.country, known.adapter.owner.authority)
        draft = propose(files, owner, standard, root)
    truth: dict[str, set[str]] = {}
    for plan in known.plans:
        for column, rule in plan.rules.items():
            for name in _fields(rule):
                truth.setdefault(name, set()).add(column)
    import yaml

    for path in (ROOT / "mappings" / source).glob("*.yaml"):
        content = yaml.safe_load(path.read_text("utf-8"))
        for name in content.get("ignored", {}):
            truth.setdefault(name, set()).add("ignored")
        for name in [content["key"]] if isinstance(content["key"], str) else content["key"]:
            truth.setdefault(name, set()).add("key")
    return Measured(
        source, draft.record in {plan.record_type for plan in known.plans}, _judge(draft, known, truth)
    )


def _fields(rule: dict[str, Any]) -> set[str]:
    branches: Any = rule.get("branches", {"1": rule})
    return {str(name) for branch in branches.values() for name in branch.get("from", ())}


def _plain(name: str) -> str:
    return "".join(normal_name(name).split())


def _judge(draft: Draft, known: Any, truth: dict[str, set[str]]) -> tuple[Judged, ...]:
    declared = list(known.adapter.fields)
    paths = {field.path: field.name for field in declared if field.path}
    judged = []
    for place, proposal in enumerate(draft.matched.proposals):
        field = next(each for each in draft.export.fields if each.name == proposal.field)
        # Without a header a field is known by its place; in a nested record by its path.
        name = (
            declared[place].name if not draft.export.table.named and place < len(declared) else proposal.field
        )
        name = paths.get(field.path or field.name, name)
        for each in declared:
            if _plain(name) in map(_plain, (each.name, *each.aliases)):
                name = each.name
        rule = draft.rules.get(proposal.field)
        columns = tuple(rule[1].rules) if rule else ()
        if not columns and proposal.contested:
            columns = (proposal.contested,)
        if proposal.as_key:
            columns = ("key",)
        if proposal.ignore:
            columns = ("ignored",)
        marked = bool(draft.matched.near) or proposal.undecided or bool(rule and rule[1].doubts)
        judged.append(Judged(proposal.field, columns, tuple(sorted(truth.get(name, ()))), marked))
    return tuple(judged)
