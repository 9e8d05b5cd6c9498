"""The catalogue: all that is known of one release without looking at a record.

Invariant: it is of one release throughout; coverage, sources, rules and results are read once and then only shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.catalog.coverage import Held
    from comity.catalog.lineage import Lineage
    from comity.catalog.quality import Quality
    from comity.catalog.source_entry import SourceEntry
    from comity.config.settings import Settings
    from comity.nightly.reports.history import History
    from comity.standard import Standard


@dataclass(frozen=True)
class Catalog:
    """``record_types``: those of the standard, with and without records. ``made_at``: when it was read, UTC.
    ``origin``: the run of the first release, by which this federation is told from others.
    """

    release: int
    origin: str
    published_at: datetime | None
    made_at: datetime
    standard: Standard
    sources: tuple[SourceEntry, ...]
    held: tuple[Held, ...]
    lineage: tuple[Lineage, ...]
    quality: Quality
    history: History

    @property
    def countries(self) -> tuple[str, ...]:
        """The owners of what is in the release."""
        return tuple(sorted({held.owner_country for held in self.held}))

    def country(self, code: str) -> str:
        """The label of a country or body, the code itself where the standard has none."""
        codes = self.standard.code_lists["country"].codes if "country" in self.standard.code_lists else {}
        return codes[code].label if code in codes else code

    def of_type(self, record_type: str) -> tuple[Held, ...]:
        """What each source holds of a record type."""
        return tuple(held for held in self.held if held.record_type == record_type)

    def of_source(self, source_id: str) -> tuple[Held, ...]:
        """What a source holds of each record type."""
        return tuple(held for held in self.held if held.source_id == source_id)

    def records(self, record_type: str, country: str | None = None) -> int:
        return sum(
            held.records for held in self.of_type(record_type) if country in (None, held.owner_country)
        )

    def share(self, record_type: str, column: str, country: str | None = None) -> float | None:
        """The part of the records, of one country or of all, that have the column; None without records."""
        held = [each for each in self.of_type(record_type) if country in (None, each.owner_country)]
        records = sum(each.records for each in held)
        return sum(each.filled.get(column, 0) for each in held) / records if records else None

    def source(self, source_id: str) -> SourceEntry | None:
        return next((source for source in self.sources if source.source_id == source_id), None)

    def lineage_of(self, record_type: str) -> tuple[Lineage, ...]:
        return tuple(each for each in self.lineage if each.record_type == record_type)


def read_catalog(
    settings: Settings, release: int | None = None, only: str | None = None, now: datetime | None = None
) -> Catalog:
    """The catalogue of ``release``, the last one by default. ``only``: if that is a record type, measure no other."""
    from comity.catalog.coverage import measure
    from comity.catalog.lineage import read_lineage
    from comity.catalog.quality import read_quality
    from comity.catalog.source_entry import read_sources
    from comity.nightly.reports.history import history
    from comity.query.federation import open_federation
    from comity.standard import load_standard
    from comity.store import Store

    standard = load_standard(settings.federation / "standard")
    store = Store.open(settings.data_dir, settings.ledger_url, standard=standard, writable=False)
    with open_federation(settings, release) as federation, federation.connect() as connection:
        published = connection.execute(
            "SELECT max_by(published_at, release), max(run_id), coalesce(min_by(run_id, release), '') FROM releases"
        ).fetchall()[0]
        seen = connection.execute("SELECT max(run_id) FROM exports").fetchall()[0][0]
        names = federation.record_types
        names = (only,) if only in names else names
        return Catalog(
            release=federation.release,
            origin=published[2],
            published_at=published[0],
            made_at=now or datetime.now(UTC),
            standard=standard,
            sources=read_sources(connection, settings.federation, now),
            held=tuple(
                held for name in names for held in measure(connection, name, standard.record_types.get(name))
            ),
            lineage=read_lineage(connection, store),
            quality=read_quality(connection),
            history=history(store, max(published[1] or "", seen or "")),
        )
