"""The same mapping in Polars, streaming: one lazy frame, two sinks, records and rejects.

Polars has no SHA-256 and takes its own 64-bit hash for the record id, which is in its favour.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import polars as pl

from bench.same_mapping import CONSTANTS, EMPTY, SPACES, crosswalk
from comity.mappings.transliterate import latin_words, name_words

if TYPE_CHECKING:
    from collections.abc import Callable


def main(export: str, target: str) -> None:
    rows = pl.scan_csv(export, separator=";", infer_schema=False, null_values=["", "-"])
    cells = rows.with_row_index("source_row", offset=1).with_columns(pl.col(pl.String).str.strip_chars(" "))
    records = _records(cells)
    good = pl.col("status").is_not_null() & pl.col("source_key").is_not_null()
    accepted = records.filter(good).unique("record_id", keep="any", maintain_order=False)
    constants = [pl.lit(value).alias(name) for name, value in CONSTANTS.items()]
    constants += [pl.lit(None, pl.String).alias(name) for name in EMPTY]
    rejected = cells.with_columns(status_code=_code("status", "status", "upper")).filter(
        pl.col("status_code").is_null() | pl.col("number").is_null()
    )
    sinks = [
        accepted.with_columns(constants).sink_parquet(
            target, compression="zstd", lazy=True, maintain_order=False
        ),
        rejected.sink_parquet(target + ".rejects", compression="zstd", lazy=True, maintain_order=False),
    ]
    pl.collect_all(sinks, engine="streaming")
    count = pl.scan_parquet(target).select(pl.len()).collect().item()
    total = (
        pl.scan_csv(export, separator=";", infer_schema=False)
        .select(pl.len())
        .collect(engine="streaming")
        .item()
    )
    print(json.dumps({"accepted": count, "rejected": total - count, "files": [target]}))


def _records(cells: pl.LazyFrame) -> pl.LazyFrame:
    col = pl.col
    day = col("born").str.to_date("%d.%m.%Y", strict=False)
    month = pl.concat_str(pl.lit("01."), col("born")).str.to_date("%d.%m.%Y", strict=False)
    year = pl.concat_str(pl.lit("01.01."), col("born")).str.to_date("%d.%m.%Y", strict=False)
    seen = col("seen").str.to_date("%Y-%m-%d", strict=False)
    height = col("height").str.extract("^([0-9]+) *cm$", 1).cast(pl.Int32, strict=False)
    weight = col("weight").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    names = ("given_names", "patronymic", "family_name")
    digits = col("personal_number").str.replace_all("[^0-9]+", "")
    alias = pl.struct(full_name=col("alias"), name_type=pl.lit("alias"), script=pl.lit("Latn"))
    first = cells.with_columns(
        day=day, month=month, year=year, seen_day=seen, height_number=height, weight_number=weight,
        sex_code=_code("sex", "sex"), country_code=_code("born_in", "country", "upper"),
        eye_code=_code("eyes", "eye_colour", "lower"),
        nationality_codes=_codes("nationality", ",", "country"), hair_codes=_codes("hair", "/", "hair_colour"),
        **{f"{name}_latin": _by_word(name, latin_words) for name in names},
        **{f"{name}_words": _by_word(name, name_words) for name in ("given_names", "family_name")},
    )  # fmt: skip
    inside = col("height_number").is_between(30, 260)
    flags = {
        "sex:unmapped": col("sex").is_not_null() & col("sex_code").is_null(),
        "birth_date:unparseable": col("born").is_not_null() & pl.coalesce("day", "month", "year").is_null(),
        "birth_country:unmapped": col("born_in").is_not_null() & col("country_code").is_null(),
        "nationalities:unmapped": col("nationality_codes").list.contains(pl.lit(None, pl.String)),
        "height_cm:unparseable": col("height").is_not_null() & col("height_number").is_null(),
        "height_cm:out_of_range": ~inside,
        "weight_kg:unknown": col("weight_number") == 0,
        "eye_colours:unmapped": col("eyes").is_not_null() & col("eye_code").is_null(),
        "hair_colours:unmapped": col("hair_codes").list.contains(pl.lit(None, pl.String)),
        "last_seen_date:unparseable": col("seen").is_not_null() & col("seen_day").is_null(),
    }
    return first.select(
        "source_row",
        record_id=pl.concat_str(pl.lit("AQ|aq-persons|person|"), col("number")).hash().cast(pl.String),
        source_key=col("number"),
        status=_code("status", "status", "upper"),
        full_name=pl.concat_str([col(name) for name in names], separator=" ", ignore_nulls=True),
        family_name=col("family_name"),
        given_names=col("given_names"),
        patronymic=col("patronymic"),
        full_name_latin=pl.concat_str([col(f"{name}_latin") for name in names], separator=" ", ignore_nulls=True),
        name_key=pl.concat_str("given_names_words", "family_name_words", separator=" ", ignore_nulls=True)
        .str.split(" ").list.sort().list.join(" "),
        other_names=pl.when(col("alias").is_not_null()).then(pl.concat_list(alias)).otherwise(pl.lit([])),
        sex=col("sex_code"),
        birth_date=pl.coalesce(
            col("day").dt.to_string("%Y-%m-%d"), col("month").dt.to_string("%Y-%m"), col("year").dt.to_string("%Y")
        ),
        birth_date_earliest=pl.coalesce("day", "month", "year"),
        birth_date_latest=pl.coalesce(
            col("day"), col("month").dt.month_end(), col("year").dt.offset_by("1y") - pl.duration(days=1)
        ),
        birth_place=_squeezed("born_at"),
        birth_country=col("country_code"),
        birth_country_as_given=col("born_in"),
        nationalities=col("nationality_codes").list.drop_nulls().list.unique(maintain_order=True),
        nationality_as_given=col("nationality"),
        personal_number=pl.when(digits.str.len_chars() > 0).then(digits.str.zfill(10)),
        height_cm=pl.when(inside).then("height_number"),
        weight_kg=pl.when(col("weight_number") > 0).then("weight_number"),
        eye_colours=pl.when(col("eye_code").is_not_null()).then(pl.concat_list("eye_code")),
        eye_colour_as_given=col("eyes"),
        hair_colours=col("hair_codes").list.drop_nulls().list.unique(maintain_order=True),
        hair_colour_as_given=col("hair"),
        distinguishing_marks=col("marks"),
        last_seen_date=col("seen_day").dt.to_string("%Y-%m-%d"),
        last_seen_date_earliest=col("seen_day"),
        last_seen_date_latest=col("seen_day"),
        last_seen_place=_squeezed("seen_at"),
        remarks=pl.concat_str(
            col("note"),
            pl.when(col("marks").is_null()).then(pl.lit("no marks known")),
            separator="; ",
            ignore_nulls=True,
        ),
        quality_flags=pl.concat_list(
            [pl.when(wrong).then(pl.lit(flag)) for flag, wrong in flags.items()]
        ).list.drop_nulls(),
    )  # fmt: skip


def _code(name: str, codes: str, case: str | None = None) -> pl.Expr:
    text = pl.col(name)
    if case is not None:
        text = text.str.to_uppercase() if case == "upper" else text.str.to_lowercase()
    return text.replace_strict(crosswalk(codes), default=None, return_dtype=pl.String)


def _codes(name: str, separator: str, codes: str) -> pl.Expr:
    item = (
        pl.element().str.strip_chars().replace_strict(crosswalk(codes), default=None, return_dtype=pl.String)
    )
    return pl.col(name).str.split(separator).list.eval(item)


def _by_word(name: str, function: Callable[[str], str | None]) -> pl.Expr:
    """Once for every distinct text of a batch."""

    def batch(texts: pl.Series) -> pl.Series:
        distinct = texts.unique().drop_nulls()
        values = [function(text) or None for text in distinct.to_list()]
        return texts.replace_strict(distinct, pl.Series(values, dtype=pl.String), default=None)

    return pl.col(name).map_batches(batch, return_dtype=pl.String, is_elementwise=True)


def _squeezed(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(SPACES, " ").str.strip_chars()


if __name__ == "__main__":
    main(*sys.argv[1:])
