"""Exports of earlier nights, read again to tell who changed a record: its source, or an edit of its mapping.

Invariant: only where a new export meets a new mapping is anything read again, and only when a record differs; an
export that cannot be read any more, or not as the adapter reads today, is simply not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ComityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from comity.adapters.adapter import Adapter
    from comity.adapters.part import ExportFile, Reading
    from comity.mappings.plan import Plan
    from comity.nightly.source import Source
    from comity.standard import RecordType
    from comity.store.merge_changes import Cells
    from comity.store.publication import StoredFile
    from comity.store.store import Store

    Earlier = Mapping[str, tuple[ExportFile, ...]]
    """Export id → its archived files."""


def earlier_exports(store: Store, source: Source, stored: Sequence[StoredFile]) -> Earlier:
    """Every published export of the source, when its records were made by another mapping than today's."""
    from comity.adapters.part import ExportFile

    if all(file.mapping_version == source.mapping_version for file in stored):
        return {}
    return {
        export_id: tuple(ExportFile(f.name, store.archived(f.sha256), f.sha256, f.size) for f in files)
        for export_id, files in store.published_exports(source.source_id).items()
    }


class RowsAgain:
    """The rows of one source's exports, each read at most once, into folders below ``into``."""

    def __init__(self, adapter: Adapter, earlier: Earlier, into: Path, read: Mapping[str, Reading]) -> None:
        self.adapter, self.earlier, self.into = adapter, earlier, into
        self.readings: dict[str, Reading | None] = dict(read)

    def cells(self, plan: Plan, record_type: RecordType) -> Cells:
        """What the merge of one record type compares."""
        from comity.store.merge_changes import Cells

        fields = tuple(field.name for field in self.adapter.fields)
        made_from = {
            column.name: _top(plan.rules[base].get("from"), fields)
            for column in record_type.columns
            if (base := column.partial_date or column.name) in plan.rules
        }
        # What no rule makes is the agreement's, and so an edit of ours; these are made from the whole row.
        for column in record_type.columns:
            if column.name not in ("quality_flags", "source_key", "record_id"):
                made_from.setdefault(column.name, ())
        return Cells(self.sql, fields, made_from)

    def sql(self, export_id: str) -> str | None:
        """A SELECT of ``source_row`` and the fields of that export."""
        from comity.adapters.scan import scan_sql
        from comity.adapters.stretch import lay_down

        if export_id not in self.readings:
            self.readings[export_id] = self._read(export_id)
        reading = self.readings[export_id]
        if reading is None or not reading.parts:
            return None
        for part in reading.parts:
            lay_down(part)
        return " UNION ALL ".join(f"({scan_sql(part, self.adapter)})" for part in reading.parts)

    def _read(self, export_id: str) -> Reading | None:
        from comity.adapters.export import read_export

        files = self.earlier.get(export_id, ())
        if not files or not all(file.path.exists() for file in files):
            return None
        folder = self.into / f"again-{export_id[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return read_export(self.adapter, files, folder)
        except ComityError:
            return None


def _top(made_from: object, fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a row, where a rule names one inside a list of records: ``suspects.name`` is in ``suspects``."""
    named = [str(name) for name in made_from] if isinstance(made_from, list | tuple) else []
    return tuple(sorted({f for f in fields for name in named if name == f or name.startswith(f + ".")}))
