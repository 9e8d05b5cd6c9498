"""The room of the standard: what every country's data becomes.

Invariant: importing this package loads nothing; a name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.standard.arrow import arrow_schema as arrow_schema
    from comity.standard.code_list import Code as Code
    from comity.standard.code_list import CodeList as CodeList
    from comity.standard.column import Column as Column
    from comity.standard.diff import Change as Change
    from comity.standard.diff import compare as compare
    from comity.standard.diff import needed_version as needed_version
    from comity.standard.field_ids import field_ids_clause as field_ids_clause
    from comity.standard.json_schemas import json_schema as json_schema
    from comity.standard.load import load_standard as load_standard
    from comity.standard.markdown import markdown_pages as markdown_pages
    from comity.standard.odcs import data_contract as data_contract
    from comity.standard.record_type import RecordType as RecordType
    from comity.standard.record_type import Standard as Standard

_HOMES = {
    "arrow_schema": "arrow",
    "Code": "code_list",
    "CodeList": "code_list",
    "Column": "column",
    "Change": "diff",
    "compare": "diff",
    "needed_version": "diff",
    "markdown_pages": "markdown",
    "field_ids_clause": "field_ids",
    "json_schema": "json_schemas",
    "load_standard": "load",
    "data_contract": "odcs",
    "RecordType": "record_type",
    "Standard": "record_type",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"comity.standard has no '{name}'")
    return getattr(import_module(f"comity.standard.{_HOMES[name]}"), name)
