"""A profile may leave the building, and a sample made of it holds no rare value of the source."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.workbench.look import look_at_files
from comity.workbench.profile import profile_of
from comity.workbench.synthesise import synthesise
from tests.workbench.proposals import columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comity.workbench.propose import Draft


def korean(rows: int = 300) -> bytes:
    lines = ["접수번호;차량번호;색상;도난일자;발생장소;비고"]
    for number in range(rows):
        colour = ("흰색", "검정", "은색")[number % 3] if number else "분홍"
        day = f"2024-{number % 12 + 1:02}-{number % 27 + 1:02}"
        place = ("서울특별시 강남구", "부산광역시 해운대구")[number % 2]
        lines.append(
            f"{10_000 + number};{number % 90 + 10}가{1000 + number * 7};{colour};{day};{place};목격자 {number} 진술"
        )
    return ("\r\n".join(lines) + "\r\n").encode("cp949")


def cells(raw: bytes, encoding: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode(encoding), newline=""), delimiter=";"))


def test_no_rare_value_is_in_the_profile_or_in_the_sample(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(korean())

    profile = profile_of(look_at_files([tmp_path / "a.csv"], tmp_path))
    made = synthesise(json.loads(json.dumps(profile)), 500, 3)

    header, *rows = cells(korean(), "cp949")
    assert cells(made, "cp949")[0] == header and b"\r\n" in made and len(cells(made, "cp949")) == 501
    for place, field in enumerate(profile["fields"]):
        counted = Counter(row[place] for row in rows)
        rare = {value for value, count in counted.items() if count < 5}
        assert not rare & set(field["values"])
        assert not rare & {row[place] for row in cells(made, "cp949")[1:]}, field["name"]
    assert "분홍" not in json.dumps(profile, ensure_ascii=False) and "목격자" not in json.dumps(
        profile, ensure_ascii=False
    )


def test_a_proposal_from_the_sample_is_that_from_the_export(
    look: Callable[..., Draft], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(korean())
    profile = profile_of(look_at_files([tmp_path / "a.csv"], tmp_path))

    real, made = look({"real.csv": korean()}), look({"made.csv": synthesise(profile, 300, 1)})

    assert made.record == real.record == "vehicle"
    assert dict(made.export.table.format) == dict(real.export.table.format)
    assert {name: found[0] for name, found in columns(made).items()} == {
        name: found[0] for name, found in columns(real).items()
    }


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("abXY12 -", min_size=1, max_size=6), st.integers(0, 999)), min_size=12, max_size=60
    )
)
def test_whatever_the_values_are_no_rare_one_comes_back(pairs: list[tuple[str, int]]) -> None:
    import tempfile
    from pathlib import Path

    text = "name;count\n" + "".join(f"{word.strip() or 'x'};{number}\n" for word, number in pairs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(text, "utf-8")
        profile = profile_of(look_at_files([path], Path(folder)))
    made = cells(synthesise(profile, 100, 1), "utf-8")[1:]

    for place in (0, 1):
        counted = Counter(row[place] for row in cells(text.encode(), "utf-8")[1:])
        assert not {value for value, count in counted.items() if count < 5} & {
            row[place] for row in made if row[place]
        }
