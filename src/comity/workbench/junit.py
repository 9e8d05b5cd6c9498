"""Results as JUnit's XML, which build servers show.

Invariant: a suite is a source, a case is one thing that was looked at; no character in it is one that XML cannot hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from comity.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """``outcome``: ``failure`` is a difference, ``error`` is what could not be looked at; ``text`` says more."""

    suite: str
    name: str
    outcome: Literal["passed", "failure", "error"] = "passed"
    message: str = ""
    text: str = ""


def write_junit(path: Path, cases: Sequence[Case]) -> None:
    """``cases`` in their order, those of one suite together."""
    root = ElementTree.Element("testsuites", {"name": "comity", **_counts(cases)})
    for suite in dict.fromkeys(case.suite for case in cases):
        own = [case for case in cases if case.suite == suite]
        parent = ElementTree.SubElement(root, "testsuite", {"name": suite, **_counts(own)})
        for case in own:
            element = ElementTree.SubElement(parent, "testcase", {"classname": suite, "name": case.name})
            if case.outcome != "passed":
                told = ElementTree.SubElement(element, case.outcome, {"message": printable(case.message)})
                told.text = "\n".join(map(printable, case.text.splitlines()))
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, "utf-8", xml_declaration=True)


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
    }
