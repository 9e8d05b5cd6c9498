"""What a night calls when it has published: the tables follow, and nothing can go wrong for the night.

Invariant: it never raises for what is wrong with a table; it says so, and the next run tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import ComityError, StoreError

if TYPE_CHECKING:
    from comity.store.store import Store


def keep_in_step(store: Store) -> list[ComityError]:
    """Bring the tables to the last release; what went wrong, each error once."""
    from comity.store.iceberg.glance import in_step

    try:
        if in_step(store):
            return []
        from comity.store.iceberg.keeper import sync

        errors = [outcome.error for outcome in sync(store) if outcome.error is not None]
    except ComityError as error:
        errors = [error]
    except (
        Exception
    ) as error:  # a library that is missing or at fault must not fail a night that is published
        errors = [failed(error)]
    return list({error.text(): error for error in errors}.values())


def failed(error: Exception, table: str | None = None) -> StoreError:
    """Any other failure, which is a fault of ours or of pyiceberg, as an error to tell of."""
    about = f"The Iceberg table {table}" if table else "The Iceberg tables"
    return StoreError(
        "store.iceberg-failed",
        f"{about} could not be brought to the last release",
        found=f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:300]}",
        remedy="the release itself is published; the next run tries again, `comity store sync` does so now",
    )
