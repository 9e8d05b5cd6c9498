"""The room of validation: what must hold before anything is published.

Invariant: importing this package loads nothing; Great Expectations, which costs seconds, is imported only when a suite
is loaded or run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.validation.base import base_suite as base_suite
    from comity.validation.broken import violations as violations
    from comity.validation.gate import judge_again as judge_again
    from comity.validation.page import write_results as write_results
    from comity.validation.result import CheckResult as CheckResult
    from comity.validation.result import SuiteResult as SuiteResult
    from comity.validation.result import quality_table as quality_table
    from comity.validation.run import load_code_lists as load_code_lists
    from comity.validation.run import validate as validate
    from comity.validation.suite import Rule as Rule
    from comity.validation.suite import Suite as Suite
    from comity.validation.suite import load_suite as load_suite
    from comity.validation.suite import suite_for as suite_for

_HOMES = {
    "base_suite": "base",
    "judge_again": "gate",
    "write_results": "page",
    "CheckResult": "result",
    "SuiteResult": "result",
    "quality_table": "result",
    "load_code_lists": "run",
    "validate": "run",
    "Rule": "suite",
    "Suite": "suite",
    "load_suite": "suite",
    "suite_for": "suite",
    "violations": "broken",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    # Modules are named after what they hold: once `comity.validation.base` is imported, Python sets the
    # module itself as an attribute, so the function has to be asked for from it.
    if name not in _HOMES:
        raise AttributeError(f"comity.validation has no '{name}'")
    return getattr(import_module(f"comity.validation.{_HOMES[name]}"), name)
