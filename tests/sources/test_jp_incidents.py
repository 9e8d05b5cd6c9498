"""One register in two encodings, with full-width digits and dates in years of the era."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.exports.jp_incidents import COMMON, MORE, as_shift_jis, as_utf8

from comity.adapters.adapter import load_adapter
from comity.nightly.sample import run_sample
from tests.sources.golden import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from comity.nightly.sample import SampleRun

SOURCE = "jp-incidents"
HEADER = (*COMMON, *MORE["jitensha"][1])


def incident(when: str, block: str = "長堂3丁目", hour: str = "7") -> list[str]:
    place = ["布施警察署", "長堂交番", "272272", "大阪府", "東大阪市", block]
    return ["窃盗", "自転車盗", *place, when, hour, "都市公園", "", "不明", "その他", "施錠した"]


def run(content: bytes, folder: Path) -> SampleRun:
    (folder / "in").mkdir()
    (folder / "in" / "prefecture_2024jitensha.csv").write_bytes(content)
    (only,) = run_sample(ROOT, SOURCE, folder / "work", folder / "in")
    return only


def test_the_same_rows_in_either_encoding_are_the_same_records(tmp_path: Path) -> None:
    rows = [incident("令和6年1月5日"), incident("R6.3.10", hour="１７")]
    for name in ("utf8", "shift_jis"):
        (tmp_path / name).mkdir()

    utf8 = run(as_utf8(HEADER, rows), tmp_path / "utf8").records["incident"]
    shift_jis = run(as_shift_jis(HEADER, rows), tmp_path / "shift_jis").records["incident"]

    assert utf8 == shift_jis
    assert [record["occurred_from"] for record in utf8] == ["2024-01-05", "2024-03-10"]


def test_only_full_width_digits_are_changed(tmp_path: Path) -> None:
    rows = [
        incident("平成30年10月30日", block="長堂３丁目"),
        incident("令和３年３月３０日", block="長堂30丁"),
    ]

    records = run(as_utf8(HEADER, rows), tmp_path).records["incident"]

    assert [record["occurred_from"] for record in records] == ["2018-10-30", "2021-03-30"]
    assert [record["district"] for record in records] == ["長堂3丁目", "長堂30丁"]


def test_a_day_belongs_to_the_era_that_names_it(tmp_path: Path) -> None:
    days = ["平成31年4月30日", "令和元年5月1日", "平成31年5月1日", "令和1年4月30日"]

    records = run(as_utf8(HEADER, [incident(day) for day in days]), tmp_path).records["incident"]

    assert [record.get("occurred_from") for record in records] == ["2019-04-30", "2019-05-01", None, None]


def test_nobody_of_the_register_reaches_a_record() -> None:
    personal = {
        field.name
        for field in load_adapter(ROOT / "adapters" / SOURCE).fields
        if field.sensitivity == "personal"
    }
    golden = (ROOT / "adapters" / SOURCE / "golden" / "incident.ndjson").read_text("utf-8")

    assert personal == {"被害者の性別", "被害者の年齢", "被害者の職業"}
    assert not any(word in golden for word in ("女性", "20歳代", "会社員"))
