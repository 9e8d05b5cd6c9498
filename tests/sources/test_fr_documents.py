"""The register of documents, whichever database it is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.nightly import sample
from comity.workbench.golden import golden_lines
from tests.servers import postgresql_server
from tests.sources.golden import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "fr-documents"


@pytest.mark.slow
def test_postgresql_gives_the_same_records_as_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    golden = ROOT / "adapters" / SOURCE / "golden"
    with postgresql_server() as server:
        server.psql((ROOT / "adapters" / SOURCE / "sample" / "registre.sql").read_text("utf-8"))
        monkeypatch.setenv("FR_DOCUMENTS_URL", server.get_uri())
        # The sample is in the server already: nothing is to be built in SQLite.
        monkeypatch.setattr(sample, "sample_database", _as_it_is)

        found = golden_lines(sample.run_sample(ROOT, SOURCE, tmp_path / "work"))

    for name in ("identity_document.ndjson", "accounts.ndjson"):
        assert found[name] == (golden / name).read_text("utf-8").splitlines()


class _as_it_is:
    def __init__(self, *_: object) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
