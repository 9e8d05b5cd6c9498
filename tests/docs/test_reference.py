"""The reference is what the code says and the examples give, and leaves nothing out."""

from __future__ import annotations

import re

from comity.adapters.formats import BY_TYPE
from comity.mappings.calendar import YEARS
from comity.mappings.rule import Rule
from comity.mappings.text_steps import STEPS
from tests.docs.codes import ROOT
from tests.docs.reference import reference_page

PAGE = (ROOT / "docs" / "reference.md").read_text("utf-8")


def test_every_example_gives_what_the_page_shows() -> None:
    assert reference_page() == PAGE, "run `make docs`"


def test_nothing_is_left_out() -> None:
    keys = {field.alias or name for name, field in Rule.model_fields.items()}
    options = {
        f"{kind}: {name}" for kind, model in BY_TYPE.items() for name in model.model_fields if name != "type"
    }

    assert keys | options <= set(re.findall(r"^###+ (.+)$", PAGE, re.MULTILINE))
    assert set(STEPS) | set(YEARS) <= set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
