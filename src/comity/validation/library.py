# ruff: noqa: E402  # what is set before the import has to stand before it
"""Great Expectations, imported in one place and without what it does unasked.

Invariant: every name of it that this package leans on is here, so what an upgrade can break is one page long. It sends
nothing anywhere, logs nothing, and does not load what no rule has asked for yet.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
from typing import TYPE_CHECKING, Any

from pydantic.v1.fields import ModelField

from comity.validation.left_out import load_when_used, names_only

if TYPE_CHECKING:
    from collections.abc import Iterator

# Great Expectations reads this when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
# What it logs repeats what its results say, and would put values of records into the log.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)

# More than a quarter of the time that the import takes, and only two expectations need it.
load_when_used("scipy.stats")
load_when_used("altair")  # draws, for one expectation, where nobody looks

_SOURCES = "great_expectations.datasource.fluent."
_OURS = ("sql_datasource", "invalid_datasource")


def _unused(module: str) -> bool:
    """Data sources of other kinds, a quarter of that time too; what would send, what would draw pages, and what one
    expectation uses that is refused.
    """
    if module.startswith(_SOURCES):
        return module.endswith(("_datasource", "fabric")) and not module.endswith(_OURS)
    return module.partition(".")[0] in ("requests", "jinja2", "mistune", "jsonschema")


def _flat(field: ModelField, _: object = None) -> ModelField:
    copied = copy.copy(field)
    copied.field_info = copy.copy(field.field_info)
    copied.class_validators = dict(field.class_validators)
    copied.sub_fields = [_flat(each) for each in field.sub_fields] if field.sub_fields else field.sub_fields
    copied.key_field = _flat(field.key_field) if field.key_field else field.key_field
    return copied


@contextlib.contextmanager
def _fields_copied_flat() -> Iterator[None]:
    """A class of pydantic's has copies of the fields of its bases. What is changed in such a copy is copied; also to
    copy the types and texts in it takes a sixth of the time that this import takes.
    """
    ModelField.__deepcopy__ = _flat  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del ModelField.__deepcopy__  # type: ignore[attr-defined]


with names_only(_unused), _fields_copied_flat():
    import great_expectations as great_expectations

from great_expectations import ExpectationSuite as ExpectationSuite
from great_expectations import get_context as get_context
from great_expectations.compatibility import pydantic as pydantic
from great_expectations.core.expectation_validation_result import (
    ExpectationValidationResult as ExpectationValidationResult,
)
from great_expectations.core.metric_domain_types import MetricDomainTypes as MetricDomainTypes
from great_expectations.core.metric_function_types import (
    MetricPartialFunctionTypes as MetricPartialFunctionTypes,
)
from great_expectations.data_context.types.base import ProgressBarsConfig as ProgressBarsConfig
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource as SQLDatasource
from great_expectations.datasource.fluent.sql_datasource import TableAsset as TableAsset
from great_expectations.exceptions.exceptions import GreatExpectationsError as GreatExpectationsError
from great_expectations.exceptions.exceptions import MetricResolutionError as MetricResolutionError
from great_expectations.execution_engine.execution_engine import (
    MetricComputationConfiguration as MetricComputationConfiguration,
)
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine as SqlAlchemyExecutionEngine,
)
from great_expectations.expectations import registry as registry
from great_expectations.expectations.expectation import BatchExpectation as BatchExpectation
from great_expectations.expectations.expectation import Expectation as Expectation
from great_expectations.expectations.legacy_row_conditions import (
    parse_condition_to_sqlalchemy as parse_condition_to_sqlalchemy,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial as metric_partial
from great_expectations.expectations.metrics.metric_provider import metric_value as metric_value
from great_expectations.expectations.metrics.table_metric_provider import (
    TableMetricProvider as TableMetricProvider,
)
from great_expectations.expectations.row_conditions import Condition as Condition
from great_expectations.expectations.row_conditions import (
    deserialize_row_condition as deserialize_row_condition,
)
from great_expectations.validator.metric_configuration import MetricConfiguration as MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator as MetricsCalculator
from great_expectations.validator.validator import ValidationDependencies as ValidationDependencies


@contextlib.contextmanager
def configurations_kept() -> Iterator[None]:
    """Within it, an expectation writes its configuration once: it is asked for forty times, and written anew each time,
    which is a fifth of what judging takes besides SQL.
    """
    kind: Any = Expectation
    write = kind.configuration
    kept: dict[int, tuple[Expectation, Any]] = {}  # with the expectation, or another could have its identity

    def configuration(expectation: Expectation) -> Any:
        if id(expectation) not in kept:
            kept[id(expectation)] = expectation, write.fget(expectation)
        return kept[id(expectation)][1]

    kind.configuration = property(configuration)
    try:
        yield
    finally:
        kind.configuration = write
