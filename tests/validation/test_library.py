"""What importing Great Expectations leaves out, and that it leaves it out for itself alone."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, sys
import comity.validation.library as library
left_out = {"requests", "jinja2", "jsonschema", "great_expectations.datasource.fluent.snowflake_datasource"}
there = set(sys.modules)
import jinja2, requests
from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
asked_for = (requests.Session, jinja2.Template, PandasDatasource)
print(json.dumps([sorted(left_out & there), *(each.__module__ for each in asked_for)]))
print(json.dumps([type(each).__name__ for each in sys.meta_path if "comity" in type(each).__module__]))
"""


def test_what_is_left_out_is_there_for_whoever_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    left_out, *others = (json.loads(line) for line in done.stdout.splitlines())

    source = "great_expectations.datasource.fluent.pandas_datasource"
    assert left_out == [[], "requests.sessions", "jinja2.environment", source]
    assert others == [[]]
