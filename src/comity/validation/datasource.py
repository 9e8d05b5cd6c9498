"""A Great Expectations data source over one live DuckDB connection.

Invariant: the data source shares the connection that it is given and never opens another; its assets are
tables and views of that connection, never queries. Nothing is sent anywhere, shown as a progress bar or kept
on disk.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from comity.validation.dialect import engine_over
from comity.validation.engine import DuckDBExecutionEngine
from comity.validation.library import ProgressBarsConfig, SQLDatasource, TableAsset, get_context, pydantic

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

    from comity.validation.scope import Scope


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = get_context(mode="ephemeral")
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
