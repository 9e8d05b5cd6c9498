from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from comity.standard import Standard, load_standard

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def standard() -> Standard:
    """The standard of this repository."""
    return load_standard(REPOSITORY / "standard")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A standard of one record type and two code lists, to be broken."""
    return write_small(tmp_path / "standard")


@pytest.fixture
def small_copy(small: Path, tmp_path: Path) -> Path:
    """The same standard again: the new version in a comparison."""
    return Path(shutil.copytree(small, tmp_path / "new"))


def write_small(root: Path) -> Path:
    files = {
        "standard.yaml": "title: Small\nversion: 1.2.3\ndescription: For tests.\nrecord_types: [boat]\n",
        "envelope.yaml": (
            "description: Envelope.\norigin: own\n"
            "identity:\n  record_id: {id: 1, type: text, required: true, description: Identity.}\n"
            "account:\n  flags: {id: 2, type: list<text>, required: true, description: Flags.}\n"
        ),
        "record_types/boat.yaml": (
            "record: boat\n"
            "title: Boat\n"
            "description: A boat.\n"
            "origin: informed by the sea\n"
            "sensitivity: operational\n"
            "columns:\n"
            "  name: {id: 101, type: text, description: Name.}\n"
            "  colour: {id: 102, type: code, code_list: colour, description: Colour.}\n"
            "  length: {id: 103, type: integer, minimum: 1, maximum: 400, unit: m, description: Length.}\n"
            "  built: {id: 104, type: partial_date, description: When it was built.}\n"
            "  crew: {id: 107, type: list<struct>, description: Crew., fields: {\n"
            "    name: {id: 10701, type: text, required: true, description: Name.},\n"
            "    rank: {id: 10702, type: code, code_list: rank, description: Rank.}}}\n"
        ),
        "code_lists/index.yaml": (
            "colour: {title: Colour, version: 1.0.0, origin: own}\n"
            "rank: {title: Rank, version: 1.0.0, origin: own}\n"
        ),
        "code_lists/colour.csv": "code,label,evidence,status\nred,red,own list,own\nblue,blue,own list,own\n",
        "code_lists/rank.csv": (
            "code,label,evidence,status,parent\nofficer,officer,recalled,unverified,\n"
            "mate,mate,recalled,unverified,officer\n"
        ),
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root
