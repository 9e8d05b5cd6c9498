"""A Great Expectations data source over one live DuckDB connection.

Invariant: the data source shares the connection that it is given and never opens another; its assets are
tables and views of that connection, never queries. Nothing is sent anywhere, shown as a progress bar or kept
on disk.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

# Great Expectations reads these when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource, TableAsset

from comity.validation.dialect import engine_over
from comity.validation.engine import DuckDBExecutionEngine

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

    from comity.validation.scope import Scope

# What it logs repeats what its results say, and would put values of records into the log.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)


class DuckDBDatasource(SQLDatasource):
    """``connection_string`` is a name only: the engine over the live connection is attached by
    ``add_duckdb``.
    """

    asset_types: ClassVar[list[Any]] = [TableAsset]
    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]
    connection_string: str = "duckdb://"
    _live: Any = pydantic.PrivateAttr(None)

    @property
    def execution_engine_type(self) -> Any:
        return DuckDBExecutionEngine

    def attach(self, engine: sa.Engine) -> None:
        self._live = DuckDBExecutionEngine(name=self.name, engine=engine, create_temp_table=False)

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        execution_engine: DuckDBExecutionEngine = self._live
        return execution_engine

    def get_engine(self) -> sa.Engine:
        engine: sa.Engine = self._live.engine
        return engine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing: a live connection needs no test."""


@functools.cache
def context() -> Any:
    """The one ephemeral context of this process."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False)
    return made


def add_duckdb(connection: duckdb.DuckDBPyConnection, name: str = "duckdb") -> DuckDBDatasource:
    """A data source of the process's context over ``connection``, in place of an earlier one of that name."""
    sources = context().data_sources
    if name in sources.all():
        sources.delete(name)
    made: DuckDBDatasource = sources.add_duckdb(name=name)
    made.attach(engine_over(connection))
    return made


def open_batch(
    connection: duckdb.DuckDBPyConnection, table: str, scope: Scope
) -> tuple[Any, DuckDBExecutionEngine]:
    """A table or view as a batch, and the engine that computes over it."""
    datasource = add_duckdb(connection)
    engine = datasource.get_execution_engine()
    engine.scope = scope
    asset = datasource.add_table_asset(name=table, table_name=table)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    engine.batch_manager.load_batch_list(batch_list=[batch])
    return batch, engine
