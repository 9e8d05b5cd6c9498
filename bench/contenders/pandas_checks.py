"""The same forty expectations by Great Expectations as it comes, on pandas."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

from comity.config.yaml_file import read_yaml

SUITE = Path(__file__).parents[1] / "forty.yaml"


def main(*files: str) -> None:
    warnings.simplefilter("ignore")
    content, _ = read_yaml(SUITE)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    frame = pd.concat([pd.read_parquet(file) for file in files])
    suite = gx.ExpectationSuite(name="forty")
    for rule in content["expectations"]:
        kind = "".join(part.capitalize() for part in rule["type"].split("_"))
        suite.add_expectation(getattr(gxe, kind.replace("AToBe", "AToBe"))(**rule["kwargs"]))
    began = time.process_time()
    source = context.data_sources.add_pandas("memory").add_dataframe_asset("records")
    batch = source.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    found = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0})
    violated = [result.result.get("unexpected_count", 0 if result.success else 1) for result in found.results]
    errors = sum(bool(result.exception_info.get("raised_exception")) for result in found.results)
    cpu = time.process_time() - began
    print(json.dumps({"cpu": cpu, "checks": len(found.results), "violated": violated, "errors": errors}))


if __name__ == "__main__":
    main(*sys.argv[1:])
