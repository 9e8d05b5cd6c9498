"""The same mapping in pandas, on columns of Arrow text, the whole register in memory."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from bench.same_mapping import CONSTANTS, EMPTY, SPACES, crosswalk
from comity.mappings.transliterate import latin_words, name_words

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = pd.ArrowDtype(pa.string())


def main(export: str, target: str) -> None:
    rows = pd.read_csv(export, sep=";", dtype=TEXT, na_values=["", "-"], keep_default_na=False)
    cells = rows.apply(lambda column: column.str.strip(" "))
    records = _records(cells)
    known = records["status"].notna() & records["source_key"].notna()
    good = known & ~records["record_id"].where(known).duplicated()
    accepted = records[good].assign(**CONSTANTS, **dict.fromkeys(EMPTY))
    accepted.to_parquet(target, compression="zstd", index=False)
    rows[~good].to_parquet(target + ".rejects", compression="zstd")
    print(json.dumps({"accepted": int(good.sum()), "rejected": int((~good).sum()), "files": [target]}))


def _records(cells: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame(index=cells.index)
    key = cells["number"]
    out["record_id"] = pd.Series(
        [
            None if text is None else hashlib.sha256(f"AQ|aq-persons|person|{text}".encode()).hexdigest()[:32]
            for text in key.astype(object).where(key.notna(), None)
        ],
        index=cells.index,
        dtype=TEXT,
    )
    out["source_key"] = key
    out["status"] = _code(cells["status"].str.upper(), "status")
    names = [cells[name] for name in ("given_names", "patronymic", "family_name")]
    out["full_name"] = _joined(names, " ")
    out["family_name"], out["given_names"], out["patronymic"] = names[2], names[0], names[1]
    out["full_name_latin"] = _joined([_by_word(name, latin_words) for name in names], " ")
    words = _joined([_by_word(names[0], name_words), _by_word(names[2], name_words)], " ")
    out["name_key"] = _by_word(words, lambda text: " ".join(sorted(text.split())))
    out["other_names"] = [
        [] if text is None else [{"full_name": text, "name_type": "alias", "script": "Latn"}]
        for text in cells["alias"].astype(object).where(cells["alias"].notna(), None)
    ]
    out["sex"] = _code(cells["sex"], "sex")
    born = cells["born"]
    day = pd.to_datetime(born, format="%d.%m.%Y", errors="coerce")
    month = pd.to_datetime("01." + born, format="%d.%m.%Y", errors="coerce")
    year = pd.to_datetime("01.01." + born, format="%d.%m.%Y", errors="coerce")
    out["birth_date"] = (
        day.dt.strftime("%Y-%m-%d").fillna(month.dt.strftime("%Y-%m")).fillna(year.dt.strftime("%Y"))
    )
    out["birth_date_earliest"] = day.fillna(month).fillna(year).dt.date
    latest = day.fillna(month + pd.offsets.MonthEnd(0)).fillna(year + pd.offsets.YearEnd(0))
    out["birth_date_latest"] = latest.dt.date
    out["birth_place"] = cells["born_at"].str.replace(SPACES, " ", regex=True).str.strip()
    out["birth_country"] = _code(cells["born_in"].str.upper(), "country")
    out["birth_country_as_given"] = cells["born_in"]
    nationalities, foreign = _codes(cells["nationality"], ",", "country")
    out["nationalities"], out["nationality_as_given"] = nationalities, cells["nationality"]
    digits = cells["personal_number"].str.replace("[^0-9]+", "", regex=True)
    out["personal_number"] = digits.str.pad(10, fillchar="0").where(digits != "")
    number = cells["height"].str.extract("^(?P<cm>[0-9]+) *cm$", expand=False).astype("Int32")
    inside = number.between(30, 260)
    out["height_cm"] = number.where(inside)
    weight = cells["weight"].str.replace(",", ".", regex=False).astype("Float64")
    out["weight_kg"] = weight.where(weight > 0)
    eyes = _code(cells["eyes"].str.lower(), "eye_colour")
    out["eye_colours"] = [
        None if code is None else [code] for code in eyes.astype(object).where(eyes.notna(), None)
    ]
    out["eye_colour_as_given"] = cells["eyes"]
    hair, dyed = _codes(cells["hair"], "/", "hair_colour")
    out["hair_colours"], out["hair_colour_as_given"] = hair, cells["hair"]
    out["distinguishing_marks"] = cells["marks"]
    seen = pd.to_datetime(cells["seen"], format="%Y-%m-%d", errors="coerce")
    out["last_seen_date"] = seen.dt.strftime("%Y-%m-%d")
    out["last_seen_date_earliest"] = out["last_seen_date_latest"] = seen.dt.date
    out["last_seen_place"] = cells["seen_at"].str.replace(SPACES, " ", regex=True).str.strip()
    unmarked = pd.Series("no marks known", index=cells.index, dtype=TEXT).where(cells["marks"].isna())
    out["remarks"] = _joined([cells["note"], unmarked], "; ")
    out["source_row"] = range(1, len(cells) + 1)
    flags = {
        "sex:unmapped": cells["sex"].notna() & out["sex"].isna(),
        "birth_date:unparseable": born.notna() & out["birth_date"].isna(),
        "birth_country:unmapped": cells["born_in"].notna() & out["birth_country"].isna(),
        "nationalities:unmapped": foreign,
        "height_cm:unparseable": cells["height"].notna() & number.isna(),
        "height_cm:out_of_range": ~inside.fillna(True),
        "weight_kg:unknown": (weight == 0).fillna(False),
        "eye_colours:unmapped": cells["eyes"].notna() & eyes.isna(),
        "hair_colours:unmapped": dyed,
        "last_seen_date:unparseable": cells["seen"].notna() & out["last_seen_date"].isna(),
    }
    some = pd.Series("", index=cells.index)
    for flag, wrong in flags.items():
        some = some.where(~wrong.fillna(False).astype(bool), some + flag + ",")
    out["quality_flags"] = some.str.rstrip(",").map(lambda text: text.split(",") if text else [])
    return out


def _code(texts: pd.Series, codes: str) -> pd.Series:
    return texts.map(crosswalk(codes)).astype(TEXT)


def _codes(texts: pd.Series, separator: str, codes: str) -> tuple[pd.Series, pd.Series]:
    """The codes of a cell, worked out once for every distinct text; and whether one of them is unknown."""
    known = crosswalk(codes)
    items = {
        text: [known.get(item.strip()) for item in text.split(separator) if item.strip()]
        for text in texts.dropna().unique()
    }
    lists = {text: list(dict.fromkeys(code for code in found if code)) for text, found in items.items()}
    return texts.map(lists), texts.map({text: None in found for text, found in items.items()}) == True  # noqa: E712


def _by_word(texts: pd.Series, function: Callable[[str], str | None]) -> pd.Series:
    return texts.map({text: function(text) or None for text in texts.dropna().unique()}).astype(TEXT)


def _joined(parts: list[pd.Series], separator: str) -> pd.Series:
    whole = parts[0]
    for part in parts[1:]:
        whole = (whole + separator + part).fillna(whole).fillna(part)
    return whole


if __name__ == "__main__":
    main(*sys.argv[1:])
