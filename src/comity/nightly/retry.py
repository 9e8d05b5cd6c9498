"""Which sources failed in the last run.

Invariant: the last run's report says so; of a run that died before it could report, every source is to be run again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comity.store.layout import Layout

if TYPE_CHECKING:
    from comity.config.settings import Settings


def failed_sources(settings: Settings, only: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names (of ``only``, where that is given) whose export failed or was blocked, or that did not load."""
    from comity.nightly.source import adapter_folders
    from comity.store.chronicle import last_run
    from comity.store.store import Store

    store = Store.open(settings.data_dir, settings.ledger_url, writable=False)
    with store.ledger.reading() as connection:
        run_id = last_run(connection)
    path = Layout.at(settings.data_dir).runs / (run_id or "none") / "report.json"
    known = adapter_folders(settings.federation)
    if run_id is None:
        return ()
    try:
        report = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        failed = set(known)
    else:
        failed = {each["source_id"] for each in report["exports"] if each["outcome"] != "published"}
        failed |= {name for name, _ in report["broken"]}
    return tuple(sorted(name for name in failed & set(known) if not only or name in only))
