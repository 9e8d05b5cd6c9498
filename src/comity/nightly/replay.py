"""An archived export run again, after a fix, and what that healed.

Invariant: a replay is a run like any other, on the archive's bytes instead of what waits in the inbox: judged,
published or not as a whole, accounted for. A full export that a newer one has replaced never comes back; a delta or a
window is laid under those that came after it, so that what is newer stays on top.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from comity.errors import ConfigError, StoreError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.adapters.part import ExportFile
    from comity.config.settings import Settings
    from comity.nightly.finding import Found
    from comity.nightly.outline import Outline, Sources
    from comity.nightly.passage import Tell
    from comity.nightly.report import NightReport
    from comity.store.history import MetExport
    from comity.store.store import Store


@dataclass(frozen=True)
class HealedLine:
    """Rows that were, or are, rejected for a reason. ``before`` = ``healed`` + ``still``: of the rows rejected for it
    before, those that are not rejected for any reason now, and those that are. ``new``: rows rejected for it now that
    were not rejected before.
    """

    record_type: str
    code: str
    column: str | None
    before: int
    healed: int
    still: int
    new: int


@dataclass(frozen=True)
class ReplayReport:
    """``run``: of the run that the replay is compared with; rows are counted once for each record type."""

    source_id: str
    export_id: str
    run: str
    reasons: tuple[HealedLine, ...]
    rows_healed: int
    rows_newly_rejected: int
    night: NightReport

    def as_json(self) -> str:
        body = asdict(self)
        body["night"] = json.loads(self.night.as_json())
        return json.dumps(body, ensure_ascii=False, indent=2)


def replay_export(
    settings: Settings, source_id: str, export_id: str | None = None, tell: Tell = lambda *_: None
) -> ReplayReport:
    """Run an archived export of ``source_id`` again: the last one that a run met, or the one whose id begins with
    ``export_id``.
    """
    from comity.nightly.night import run_night
    from comity.nightly.source import adapter_folders
    from comity.store import history
    from comity.store.store import Store

    folders = adapter_folders(settings.federation)
    if source_id not in folders:
        raise ConfigError(
            "config.unknown-source",
            f"The federation has no source '{source_id}'",
            remedy=nearest(source_id, folders),
        )
    store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
    with store.ledger.reading() as connection:
        met = history.met_exports(connection, source_id)
    chosen = _choose(source_id, met, export_id)
    before = store.reject_files(chosen.last_run, source_id, chosen.export_id)

    def take(store: Store, sources: Sources, outlines: tuple[Outline, ...]) -> Found:
        return _take(store, sources, outlines, met, chosen)

    night = run_night(settings, (source_id,), tell, replay=take)
    after = store.reject_files(night.run_id, source_id, chosen.export_id)
    reasons, healed, new = compare_rejects(before, after, settings.memory_limit)
    if all(export.error is not None for export in night.exports):
        reasons, healed, new = (), 0, 0  # it was not normalised: nothing is healed by that
    return ReplayReport(source_id, chosen.export_id, chosen.last_run, reasons, healed, new, night)


def _choose(source_id: str, met: Sequence[MetExport], export_id: str | None) -> MetExport:
    found = [each for each in met if each.export_id.startswith(export_id or "")]
    if not met:
        raise StoreError(
            "nightly.nothing-to-replay",
            f"No run has met an export of '{source_id}'",
            remedy="drop its export into the inbox and call `comity run`",
        )
    if not found or (export_id and len(found) > 1):
        raise StoreError(
            "nightly.unknown-export",
            f"{'No' if not found else 'More than one'} export of '{source_id}' has an id that begins so",
            found=export_id,
            remedy="known: "
            + ", ".join(f"{each.export_id[:16]} ({', '.join(each.names)})" for each in met[-5:]),
        )
    chosen = found[-1]
    newer = [each for each in met[met.index(chosen) + 1 :] if each.published]
    if chosen.kind == "full" and newer:
        raise StoreError(
            "nightly.replaced-export",
            f"That export of '{source_id}' was replaced by a newer one, and what it says is not true any more",
            found=f"{chosen.export_id[:16]}; published since: {newer[-1].export_id[:16]}",
            remedy=f"replay the newer one: comity replay {source_id}",
        )
    return chosen


def _take(
    store: Store,
    sources: Sources,
    outlines: tuple[Outline, ...],
    met: Sequence[MetExport],
    chosen: MetExport,
) -> Found:
    from comity.nightly.finding import Found, describe, record_mappings
    from comity.nightly.pending import Waiting

    if not outlines:
        return Found()  # the source does not load; the report says why
    describe(store, outlines)
    later = [each for each in met[met.index(chosen) + 1 :] if each.published]
    waiting = [
        Waiting(each.export_id, _archived(store, each), again=each is not chosen) for each in (chosen, *later)
    ]
    record_mappings(store, sources.source(outlines[0].source_id))
    return Found(queues={outlines[0].source_id: waiting})


def _archived(store: Store, export: MetExport) -> tuple[ExportFile, ...]:
    from comity.nightly.pending import archived_file

    files = tuple(archived_file(store, file.name, file.sha256, file.size) for file in export.files)
    for file in files:
        if not file.path.exists():
            raise StoreError(
                "nightly.export-not-archived",
                f"The archive no longer has the file '{file.name}' of that export",
                file=file.path,
                remedy="it was purged or removed: ask the owner for it again, or wait for the next export",
            )
    return files


def compare_rejects(
    before: Sequence[Path], after: Sequence[Path], memory: str = "512MB"
) -> tuple[tuple[HealedLine, ...], int, int]:
    """By reason what became of rejected rows, the reason that heals most first; rows healed, and newly rejected."""
    import duckdb

    from comity.store.failure import storing
    from comity.store.view_sql import literals

    with storing("comparing rejects"), duckdb.connect(config={"threads": 1, "memory_limit": memory}) as duck:
        for name, paths in (("old", before), ("new", after)):
            scan = (
                f"SELECT record_type, source_row, reasons FROM read_parquet({literals(paths)}, union_by_name = true)"
                " WHERE row_rejected"
                if paths
                else "SELECT '' AS record_type, 0::BIGINT AS source_row,"
                ' []::STRUCT(code VARCHAR, "column" VARCHAR)[] AS reasons WHERE false'
            )
            duck.execute(
                f"CREATE TEMP TABLE {name} AS SELECT DISTINCT record_type, source_row, reason.code AS code,"
                f' reason."column" AS "column" FROM ({scan}), unnest(reasons) AS u(reason)'
            )
        rows = "(SELECT DISTINCT record_type, source_row FROM {})"
        lines = duck.execute(f"""
SELECT record_type, code, "column", sum(before)::BIGINT, sum(healed)::BIGINT, sum(before - healed)::BIGINT,
       sum(fresh)::BIGINT
FROM (
    SELECT old.record_type, code, "column", 1 AS before, (r.source_row IS NULL)::INT AS healed, 0 AS fresh
    FROM old LEFT JOIN {rows.format("new")} AS r USING (record_type, source_row)
    UNION ALL
    SELECT new.record_type, code, "column", 0, 0, 1
    FROM new LEFT JOIN {rows.format("old")} AS r USING (record_type, source_row) WHERE r.source_row IS NULL
) GROUP BY ALL ORDER BY 5 DESC, 7 DESC, 1, 2, 3""").fetchall()
        counts = [
            duck.execute(
                f"SELECT count(*) FROM {rows.format(one)} AS a ANTI JOIN {rows.format(other)} AS b"
                " USING (record_type, source_row)"
            ).fetchall()[0][0]
            for one, other in (("old", "new"), ("new", "old"))
        ]
    return tuple(HealedLine(*line) for line in lines), int(counts[0]), int(counts[1])
