"""The model over the federation's own persons: training it, and asking it about one pair.

Invariant: nothing that is published changes; the model lies in the data folder, for its owner alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.linking.published import connected, open_store
from comity.store.view_sql import literal, parquet_scan

if TYPE_CHECKING:
    from pathlib import Path

    from comity.config.settings import Settings

MODEL_FOLDER = "links"


def model_folder(settings: Settings) -> Path:
    """Where the trained model lies."""
    return settings.data_dir / MODEL_FOLDER


def train_links(settings: Settings, pairs: float) -> Path:
    """Train the model of tier two on the last release; where it is."""
    from comity.linking.features import make_features
    from comity.linking.model import MODEL, train

    paths = [str(file.path) for file in open_store(settings).files("person")]
    if not paths:
        raise QueryError(
            "query.links-not-learnt",
            "There are too few persons whom several sources know to learn from",
            found="no person is published",
            remedy="train when more is published; exact links work without a model",
        )
    with connected(settings) as connection:
        make_features(connection, paths, "of_person")
        folder = model_folder(settings)
        train(connection, "of_person", folder, pairs=pairs)
    return folder / MODEL


def explain_links(
    settings: Settings, one: str, other: str
) -> tuple[float, list[tuple[str, str, float]], tuple[list[str], list[str]]]:
    """The weight of a pair of persons, what each comparison found, and how both are shown."""
    from comity.linking.features import make_features
    from comity.linking.likely import explain
    from comity.linking.model import Model

    if one == other:
        raise QueryError(
            "query.unknown-link", "A record is compared with another one", found=one, remedy="give two ids"
        )
    paths = [str(file.path) for file in open_store(settings).files("person")]
    if not paths:
        raise _no_person(one)
    with connected(settings) as connection:
        ids = f"({literal(one)}, {literal(other)})"
        found = connection.execute(
            f"SELECT record_id, list_filter([owner_country, full_name, birth_date], lambda v: v IS NOT NULL) "
            f"FROM {parquet_scan(paths)} "
            f"WHERE record_id IN {ids}"
        ).fetchall()
        shown: dict[str, list[str]] = dict(found)
        for record_id in (one, other):
            if record_id not in shown:
                raise _no_person(record_id)
        make_features(connection, paths, "of_person", ids=ids)
        weight, told = explain(connection, Model.load(model_folder(settings)), "of_person", one, other)
    return weight, told, (shown[one], shown[other])


def _no_person(record_id: str) -> QueryError:
    return QueryError(
        "query.unknown-record",
        "No person of the last release has that id",
        found=record_id,
        remedy="take the ids of one line of `comity links review`",
    )
