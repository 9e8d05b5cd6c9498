"""Comity: the export read, cut into parts, normalised in worker processes, duplicates settled, rows accounted for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from comity.adapters.part import ExportFile
from comity.config.settings import Settings
from comity.mappings.normalise import Limits
from comity.mappings.plan import Provenance
from comity.nightly.normalising import Normalising
from comity.nightly.passage import Passage
from comity.nightly.pending import Waiting
from comity.nightly.source import load_federation
from comity.nightly.workers import Workers
from comity.store.store import Store


def main(export: str, target: str, federation: str) -> None:
    settings = Settings(Path(target), Path(federation))
    loaded = load_federation(settings.federation)
    if loaded.broken:
        raise loaded.broken[0][1]
    (source,) = loaded.sources
    store = Store.open(settings.data_dir, None, standard=loaded.standard)
    run_id = store.begin_run()
    staging = store.layout.staging_of(run_id)
    # As a file of the archive, where every export lies before it is read: nobody changes it.
    file = ExportFile(Path(export).name, Path(export), "0" * 64, Path(export).stat().st_size, stays=True)
    passage = Passage(
        source,
        Waiting(file.sha256, (file,)),
        staging / "passage",
        Provenance(file.sha256, "2026-01-01T00:00:00Z", source.mapping_version),
    )
    with Workers(2) as workers:
        limits = Limits(settings.memory_limit, 1, staging / "spill")
        Normalising(workers, store, loaded.standard, run_id, limits, lambda *_: None).run([passage])
    if passage.error is not None:
        raise passage.error
    (account,) = passage.finished.accounts
    print(
        json.dumps(
            {
                "accepted": account.rows_accepted,
                "rejected": account.rows_rejected,
                "files": [str(file.path) for file in passage.finished.files],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
