"""What importing Great Expectations leaves out, and that it leaves it out for itself alone."""

from __future__ import annotations

import json
import subprocess
import sys

FIELDS = """
import json, re, sys
from great_expectations.expectations.registry import _registered_expectations as known
import great_expectations.expectations.core
def told(field):
    within = [told(each) for each in field.sub_fields or ()]
    parts = (field, field.type_, field.field_info, field.default, sorted(field.class_validators), field.validators)
    return [re.sub("0x[0-9a-f]+", "", repr(each)) for each in parts] + within
print(json.dumps({n: {f: told(v) for f, v in kind.__fields__.items()} for n, kind in sorted(known.items())}))
"""
AFTERWARDS = """
left_out = {"requests", "jinja2", "jsonschema", "great_expectations.datasource.fluent.snowflake_datasource"}
there = set(sys.modules)
import jinja2, requests
from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
asked_for = (requests.Session, jinja2.Template, PandasDatasource)
print(json.dumps([sorted(left_out & there), *(each.__module__ for each in asked_for)]))
print(json.dumps([type(each).__name__ for each in sys.meta_path if "comity" in type(each).__module__]))
"""


def said(program: str) -> list[object]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_left_out_is_there_for_whoever_asks_for_it_and_no_expectation_lacks_a_field() -> None:
    (alone,) = said(FIELDS)
    with_us, left_out, finders = said(f"import comity.validation.library\n{FIELDS}{AFTERWARDS}")

    assert isinstance(alone, dict)
    assert len(alone) > 50
    assert with_us == alone
    source = "great_expectations.datasource.fluent.pandas_datasource"
    assert left_out == [[], "requests.sessions", "jinja2.environment", source]
    assert finders == []
