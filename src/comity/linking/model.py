"""The model of tier two: what is compared, and how much each agreement is worth.

Invariant: a model is plain data, a JSON file with its term frequencies beside it as one Parquet file, so that it can be
read, compared and used again without training. A trained model is never changed by using it.

The comparisons are of Splink (the Fellegi-Sunter model with term frequencies).
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.errors import QueryError
from comity.store.view_sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

_SLIP_RATE, _DISAGREE = 1e-4, 1e-2
MODEL, TERMS = "model.json", "terms.parquet"
TERM_COLUMNS = ("family", "given", "family_skeleton", "given_skeleton", "name_skeleton")
# Two days of birth of which one digit differs, or two have changed places.
_SLIP = "damerau_levenshtein(strftime(birth_day_l, '%Y%m%d'), strftime(birth_day_r, '%Y%m%d')) <= 1"
_EXCHANGED = (
    "(year(birth_day_l) = year(birth_day_r) AND month(birth_day_l) = day(birth_day_r) "
    "AND day(birth_day_l) = month(birth_day_r))"
)
# Any two records of a pair are of two sources.
APART = "l.source_id <> r.source_id"
BLOCKING = (
    "l.name_skeleton = r.name_skeleton",
    "l.birth_day = r.birth_day AND l.family_skeleton = r.family_skeleton",
    "l.birth_day = r.birth_day AND l.given_skeleton = r.given_skeleton",
    "l.birth_day = r.birth_day AND left(l.family, 2) = left(r.family, 2)",
    "l.birth_day = r.birth_day AND l.family_skeleton = r.given_skeleton",
    "l.birth_day = r.birth_day AND l.given_skeleton = r.family_skeleton",
    "l.birth_day = r.birth_day AND left(l.place, 3) = left(r.place, 3)",
    "l.family_skeleton = r.family_skeleton AND l.given_skeleton = r.given_skeleton AND l.birth_year = r.birth_year",
    "l.place = r.place AND l.given_skeleton = r.given_skeleton AND left(l.family, 1) = left(r.family, 1)",
    "l.place = r.place AND l.family_skeleton = r.family_skeleton AND left(l.given, 1) = left(r.given, 1)",
    "l.birth_day = r.birth_day AND l.sound_first = r.sound_first",
    "l.birth_day = r.birth_day AND l.sound_last = r.sound_last",
    "l.sound_first = r.sound_first AND l.sound_last = r.sound_last AND l.birth_year = r.birth_year",
    "l.personal_number = r.personal_number",
)
# Names go with sex and nationality, so that among pairs of one name these agree by themselves, and would be taken for
# what makes a match: where a name or the lack of one chose the pair, they are given and not learnt.
_ALIKE = (
    "coalesce(l.sex = r.sex, true) AND (len(l.nationalities) = 0 OR len(r.nationalities) = 0 "
    "OR list_has_any(l.nationalities, r.nationalities))"
)
# Among which pairs is learnt: what a rule speaks of is not learnt from its pairs, for it chose them.
TRAINING = (
    "l.birth_day = r.birth_day AND l.family_skeleton = r.family_skeleton",
    f"l.birth_day = r.birth_day AND l.given_skeleton = r.given_skeleton AND {_ALIKE}",
    f"l.family_skeleton = r.family_skeleton AND l.given_skeleton = r.given_skeleton AND {_ALIKE}",
    f"l.birth_day = r.birth_day AND (NOT l.split OR NOT r.split) AND {_ALIKE}",
)


def comparisons() -> list[Any]:
    """What is compared, from the strongest agreement to none."""
    import splink.comparison_level_library as level
    from splink.comparison_library import CustomComparison

    def name(part: str, other: str) -> CustomComparison:
        return CustomComparison(
            output_column_name=part,
            comparison_levels=[
                level.CustomLevel(f"{part}_l IS NULL OR {part}_r IS NULL", "not known").configure(
                    is_null_level=True
                ),
                level.CustomLevel(f"{part}_l = {part}_r", "the same").configure(
                    tf_adjustment_column=part, tf_adjustment_weight=1.0
                ),
                level.CustomLevel(f"{part}_skeleton_l = {part}_skeleton_r", "another spelling").configure(
                    tf_adjustment_column=f"{part}_skeleton", tf_adjustment_weight=1.0
                ),
                # One way alone: the other way is what the other comparison looks at.
                level.CustomLevel(f"{part}_skeleton_l = {other}_cross_r", "family and given names exchanged"),
                level.CustomLevel(f"damerau_levenshtein({part}_l, {part}_r) <= 1", "one letter apart"),
                level.CustomLevel(f"jaro_winkler_similarity({part}_l, {part}_r) >= 0.88", "much alike"),
                level.CustomLevel(f"jaro_winkler_similarity({part}_l, {part}_r) >= 0.75", "somewhat alike"),
                level.ElseLevel(),
            ],
        )

    # Where one side does not tell the parts of its name apart, all words are compared in any order.
    names = CustomComparison(
        output_column_name="names",
        comparison_levels=[
            level.CustomLevel("family_l IS NOT NULL AND family_r IS NOT NULL", "not known").configure(
                is_null_level=True
            ),
            level.CustomLevel("name_skeleton_l = name_skeleton_r", "the same words").configure(
                tf_adjustment_column="name_skeleton", tf_adjustment_weight=1.0
            ),
            level.CustomLevel(
                "least(len(sounds_l), len(sounds_r)) > 1 "
                "AND (list_has_all(sounds_l, sounds_r) OR list_has_all(sounds_r, sounds_l))",
                "the same words, and another",
            ),
            level.CustomLevel("jaro_winkler_similarity(whole_l, whole_r) >= 0.92", "much alike"),
            level.CustomLevel("list_has_any(sounds_l, sounds_r)", "a word in common"),
            level.ElseLevel(),
        ],
    )
    birth = CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            level.CustomLevel("birth_first_l IS NULL OR birth_first_r IS NULL", "not known").configure(
                is_null_level=True
            ),
            level.CustomLevel("birth_day_l = birth_day_r", "the same day"),
            level.CustomLevel(f"coalesce({_SLIP} OR {_EXCHANGED}, false)", "the same but for a slip"),
            level.CustomLevel(
                "birth_first_l <= birth_last_r AND birth_first_r <= birth_last_l", "agree as far as known"
            ),
            level.CustomLevel("birth_year_l = birth_year_r", "the same year"),
            level.CustomLevel("abs(birth_year_l - birth_year_r) <= 1", "a year apart"),
            level.ElseLevel(),
        ],
    )

    def exact(column: str, alike: float | None = None) -> CustomComparison:
        levels = [level.NullLevel(column), level.ExactMatchLevel(column)]
        if alike is not None:
            levels.append(level.JaroWinklerLevel(column, alike))
        return CustomComparison(output_column_name=column, comparison_levels=[*levels, level.ElseLevel()])

    nations = CustomComparison(
        output_column_name="nationalities",
        comparison_levels=[
            level.CustomLevel("len(nationalities_l) = 0 OR len(nationalities_r) = 0", "not known").configure(
                is_null_level=True
            ),
            level.CustomLevel("list_has_any(nationalities_l, nationalities_r)", "one in common"),
            level.ElseLevel(),
        ],
    )
    return [name("family", "given"), name("given", "family"), names, birth, exact("sex"), nations,
            exact("personal_number", 0.92), exact("place", 0.85)]  # fmt: skip


@dataclass(frozen=True)
class Model:
    """``settings``: what Splink reads; ``terms``: the file of term frequencies."""

    settings: dict[str, Any]
    terms: Path

    @classmethod
    def load(cls, folder: Path) -> Model:
        path = folder / MODEL
        if not path.exists():
            raise QueryError(
                "query.no-link-model",
                "No model for links has been trained here",
                file=path,
                remedy="run `comity links train` once there are persons of several sources",
            )
        return cls(json.loads(path.read_text("utf-8")), folder / TERMS)


def need_splink() -> None:
    """Raise when the extra ``links`` is not installed."""
    try:
        import splink  # noqa: F401
    except ImportError:
        raise QueryError(
            "query.no-splink",
            "Likely links need the package Splink, which is not installed",
            remedy="install the extra: pip install 'comity[links]', in a clone pip install -e '.[links]'; "
            "exact links work without it",
        ) from None


def linker_of(connection: duckdb.DuckDBPyConnection, table: str, settings: Any) -> Any:
    """Splink over a table of features, on the same connection."""
    need_splink()
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection)
    return Linker(api.register(table, table_name=f"splink_{table}"), settings, log_level=None)


def train(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, *, pairs: float = 5e6, apart: str = APART
) -> Model:
    """Train on a table of features and write the model into ``folder``. ``pairs``: looked at for what chance gives."""
    need_splink()
    from splink import SettingsCreator
    from splink.internals.blocking_rule_library import CustomRule
    from splink.internals.exceptions import SplinkException

    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons(),
        blocking_rules_to_generate_predictions=[CustomRule(f"{rule} AND {apart}") for rule in BLOCKING],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=True,
    )
    linker = linker_of(connection, table, settings)
    sure = [
        CustomRule(f"{rule} AND {apart}")
        for rule in ("l.name_skeleton = r.name_skeleton AND l.birth_day = r.birth_day",)
    ]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=1)
    learnt = 0
    for rule in TRAINING:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                CustomRule(f"{rule} AND {apart}"), max_pairs=pairs, record_sample_proportion=1.0
            )
            learnt += 1
        except (ValueError, SplinkException) as error:  # pairs that are too few, or all alike, teach nothing
            failed = error
    if not learnt:
        raise QueryError(
            "query.links-not-learnt",
            "There are too few persons whom several sources know to learn from",
            found=str(failed).split("\n")[0],
            remedy="train when more is published; exact links work without a model",
        ) from None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    trained = _without_zeros(linker.misc.save_model_to_json(), 1 / pairs)
    (folder / MODEL).write_text(json.dumps(trained, indent=1), "utf-8")
    (folder / MODEL).chmod(0o600)
    terms = " UNION ALL ".join(
        f"SELECT '{column}' AS \"column\", {column} AS term, count(*) / sum(count(*)) OVER () AS frequency "
        f"FROM {table} WHERE {column} IS NOT NULL GROUP BY {column}"
        for column in TERM_COLUMNS
    )
    connection.execute(f"COPY ({terms}) TO {literal(folder / TERMS)} (FORMAT parquet, COMPRESSION zstd)")
    (folder / TERMS).chmod(0o600)
    return Model(trained, folder / TERMS)


def _without_zeros(settings: dict[str, Any], rarest: float) -> dict[str, Any]:
    """What never occurred in training is rare, not impossible: by chance, as rare as the pairs that were looked at
    can tell; in a match, as rare as a clerk's slip.
    """
    for comparison in settings["comparisons"]:
        levels = comparison["comparison_levels"]
        if any("m_probability" in level for level in levels):
            # That nothing agrees was never seen in a match where few were there to learn from.
            levels[-1].setdefault("m_probability", _DISAGREE)
        for level in levels:
            for name, least in (("m_probability", _SLIP_RATE), ("u_probability", rarest)):
                if name in level:
                    level[name] = max(level[name], least)
    return settings
