"""One catalogue of the night in which every source has published its sample, and its site, for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comity.catalog.catalog import Catalog, read_catalog
from comity.catalog.site import write_site
from tests.query.conftest import comity, data, night  # noqa: F401  (fixtures)

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.settings import Settings


@pytest.fixture(scope="session")
def catalog(night: Settings) -> Catalog:  # noqa: F811
    return read_catalog(night)


@pytest.fixture(scope="session")
def site(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue") / "site"
    write_site(catalog, folder)
    return folder
