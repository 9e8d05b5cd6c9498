"""A source ready for the night: its adapter, its compiled mappings, and what is known of its exports.

Invariant: a source that loads can be run; one that does not load says why and stops no other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import ComityError, ConfigError, nearest

if TYPE_CHECKING:
    from comity.adapters.adapter import Adapter
    from comity.mappings.context import Envelope
    from comity.mappings.plan import Plan
    from comity.standard import Standard


@dataclass(frozen=True)
class Source:
    """``mapping_version`` is a hash of all that determines what the same bytes become."""

    adapter: Adapter
    plans: tuple[Plan, ...]
    mapping_version: str

    @property
    def source_id(self) -> str:
        return self.adapter.source


@dataclass(frozen=True)
class Federation:
    """The content folders: the standard, and every source that loads. ``broken``: those that do not, with the error."""

    root: Path
    standard: Standard
    sources: tuple[Source, ...]
    broken: tuple[tuple[str, ComityError], ...]


def load_federation(root: Path, only: tuple[str, ...] = ()) -> Federation:
    """Every source of the federation (or those named in ``only``)."""
    from comity.standard import load_standard

    standard = load_standard(root / "standard")
    folders = adapter_folders(root)
    broken: list[tuple[str, ComityError]] = []
    for name, error in broken_announcements(root).items():
        if not only or name in only:
            broken.append((name, error))
    for name in only:
        if name not in folders and name not in dict(broken):
            raise ConfigError(
                "config.unknown-source",
                f"The federation has no source '{name}'",
                remedy=nearest(name, folders),
            )
    sources = []
    for name, folder in sorted(folders.items()):
        if only and name not in only:
            continue
        try:
            sources.append(load_source(root, folder, standard))
        except ComityError as error:
            broken.append((name, error))
    return Federation(root, standard, tuple(sources), tuple(broken))


def adapter_folders(root: Path) -> dict[str, Path]:
    """Source name → adapter folder: those of the federation, then those that installed packages announce."""
    from comity.adapters.announced import announced_adapters

    own = root / "adapters"
    folders = {path.parent.name: path.parent for path in sorted(own.glob("*/adapter.yaml"))}
    return {name: found for name, found in announced_adapters().items() if isinstance(found, Path)} | folders


def broken_announcements(root: Path) -> dict[str, ComityError]:
    """Source name → what is wrong with the package that announces it, unless the federation has its own of it."""
    from comity.adapters.announced import announced_adapters

    found = announced_adapters()
    return {
        name: error
        for name, error in found.items()
        if isinstance(error, ComityError) and not (root / "adapters" / name / "adapter.yaml").exists()
    }


def load_source(root: Path, folder: Path, standard: Standard, *, review: bool = False) -> Source:
    """One source: adapter, checked against the standard, and its mappings compiled; for the ``review`` of its codes
    without the lines of crosswalks that nobody has decided."""
    from comity.adapters.adapter import load_adapter
    from comity.mappings.compile import compile_source
    from comity.mappings.context import Context

    adapter = load_adapter(folder)
    _check_against_standard(adapter, standard)
    # A package that announces an adapter keeps its mappings beside it.
    mappings = root / "mappings" / adapter.source
    if not mappings.is_dir() and (folder / "mappings").is_dir():
        mappings = folder / "mappings"
    context = Context(adapter.source, standard, adapter.source_fields, envelope_of(adapter), mappings, review)
    plans = compile_source(context)
    body = "\n".join(
        [standard.version, repr(adapter.formats), repr(adapter.fields), *(plan.version for plan in plans)]
    )
    return Source(adapter, plans, hashlib.sha256(body.encode()).hexdigest()[:12])


def envelope_of(adapter: Adapter) -> Envelope:
    """The owner's agreement as the mapping compiler takes it."""
    from comity.mappings.context import Envelope

    handling, retention = adapter.handling, adapter.retention
    return Envelope(
        owner_country=adapter.owner.country,
        confidentiality=handling.confidentiality,
        handling_codes=handling.handling_codes,
        handling_conditions=handling.handling_conditions,
        permitted_purposes=handling.permitted_purposes,
        recipients_allow=handling.recipients_allow or (),
        recipients_deny=handling.recipients_deny,
        evaluation_scheme=handling.evaluation_scheme or "NONE",
        source_grade=handling.source_grade,
        information_grade=handling.information_grade,
        sensitive_categories=handling.sensitive_categories,
        review_after=retention.review_after.sql if retention.review_after else "INTERVAL 5 YEAR",
        purge_after=retention.purge_after.sql if retention.purge_after else None,
    )


def _check_against_standard(adapter: Adapter, standard: Standard) -> None:
    from comity.adapters.adapter import check_adapter

    check_adapter(adapter, standard)
