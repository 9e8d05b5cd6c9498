"""Comity: what police and justice databases hold, in one standard, as relations of DuckDB.

    import comity

    with comity.open(data="data") as federation:
        federation.sql("SELECT plate, make, owner_country FROM vehicle WHERE status = 'stolen'").df()

Invariant: importing this package loads nothing else; a name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.query.federation import Federation as Federation
    from comity.query.federation import open_data as open

__all__ = ["Federation", "__version__", "open"]


def __getattr__(name: str) -> object:
    if name in ("open", "Federation"):
        from comity.query import federation

        return federation.open_data if name == "open" else federation.Federation
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("comity")
        except PackageNotFoundError:
            found = "0+unknown"
        globals()[name] = found  # finding it out takes milliseconds, and every task of a night asks
        return found
    raise AttributeError(f"comity has no '{name}'")
