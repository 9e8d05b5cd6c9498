"""What the federation knows of codes: the standard's lists, the crosswalks of other sources, words of values.

Invariant: a text that two places give two different codes has none; the crosswalks of the source that is being written
are left out, so that a proposal never rests on an earlier one.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.workbench.data import read_data
from comity.workbench.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from comity.standard import Standard

_PARTS = re.compile(r",\s*| or | and |/")


@dataclass(frozen=True)
class KnownCodes:
    """Code list → folded text → (code, where that is known from)."""

    lists: Mapping[str, Mapping[str, tuple[str, str]]]

    def code(self, code_list: str, text: str) -> tuple[str, str] | None:
        return self.lists.get(code_list, {}).get(_key(text))

    def overlap(self, code_list: str, counted: Counter[str]) -> float:
        """The share of the rows whose value is known."""
        known = self.lists.get(code_list, {})
        total = counted.total()
        return (
            sum(count for value, count in counted.items() if _key(value) in known) / total if total else 0.0
        )

    def beside(self, code_list: str, texts: Iterable[str], language: str | None) -> KnownCodes:
        """The same for a field that has all these ``texts``: of a sex, a letter means something beside the other letter
        only (Spanish M is a woman beside H, a man beside F).
        """
        letters = {text.casefold() for text in texts if len(text) == 1}
        pairs = [
            pair for pair in read_data("value_words.yaml")["sex_letters"] if {pair["M"], pair["F"]} <= letters
        ]
        if code_list != "sex" or not pairs:
            return self
        known = {text: found for text, found in self.lists.get("sex", {}).items() if text not in letters}
        meant = [pair for pair in pairs if language in pair.get("languages", (language,))]
        if len(meant) == 1:
            known |= {meant[0][code]: (code, "a letter in some language") for code in ("M", "F")}
        return KnownCodes({**self.lists, "sex": known})


def _key(text: str) -> str:
    return " ".join(fold(text).replace("_", " ").split())


def known_codes(standard: Standard, root: Path, source: str) -> KnownCodes:
    """All that is known in the federation ``root`` without what ``source`` itself says."""
    found: dict[str, dict[str, Counter[tuple[str, str]]]] = defaultdict(lambda: defaultdict(Counter))
    for name, code_list in standard.code_lists.items():
        for code in code_list.codes.values():
            texts = {code.code, code.label, *_PARTS.split(code.label)}
            texts |= {value for key, value in code.attributes.items() if key in ("alpha3", "numeric", "icao")}
            for text in texts:
                if len(text.strip()) > 1 or text == code.code:
                    found[name][_key(text)][code.code, f"code list {name}"] += 1 if text != code.code else 100
    for listed in ("sex", "colour", "vehicle_category"):
        for each, words in read_data("value_words.yaml")[listed].items():
            for word in words:
                found[listed][_key(word)][each, "a word in some language"] += 1
    for path in sorted((root / "standard" / "names").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found[path.stem][_key(row["name"])][row["code"], "a name in some language"] += 1
    for listed, path in _crosswalks(standard, root, source):
        for text, each in _lines(path):
            if each in standard.code_lists[listed].codes:
                found[listed][_key(text)][each, f"crosswalk {path.parent.name}/{path.name}"] += 2
    return KnownCodes({name: dict(_decided(texts)) for name, texts in found.items()})


def _decided(texts: Mapping[str, Counter[tuple[str, str]]]) -> Iterator[tuple[str, tuple[str, str]]]:
    for text, counted in texts.items():
        codes: Counter[str] = Counter()
        for (code, _), count in counted.items():
            codes[code] += count
        (code, most), *others = codes.most_common(2)
        if not others or most >= 2 * others[0][1]:
            yield text, next(each for each, _ in counted.most_common() if each[0] == code)


def _crosswalks(standard: Standard, root: Path, source: str) -> set[tuple[str, Path]]:
    """Which crosswalk serves which code list, as the mappings use them."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    found: set[tuple[str, Path]] = set()
    for path in sorted((root / "mappings").glob("*/*.yaml")):
        if path.parent.name == source:
            continue
        try:
            content = yaml.load(path.read_text("utf-8"), loader)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
            continue
        shape = standard.record_types.get(content.get("record", "")) if isinstance(content, dict) else None
        if shape is None:
            continue
        lists = {column.name: column.code_list for column in shape.columns if column.code_list}
        for column, name in _uses(content):
            for folder in (path.parent, root / "mappings" / "crosswalks"):
                if column in lists and (folder / f"{name}.csv").exists():
                    found.add((str(lists[column]), folder / f"{name}.csv"))
                    break
    return found


def _uses(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    blocks = [
        content.get("fields", {}),
        *(row.get("fields", {}) for row in content.get("rows", []) if isinstance(row, dict)),
    ]
    for block in blocks:
        for column, rule in block.items() if isinstance(block, dict) else ():
            for name in _codes_in(rule):
                yield column, name


def _codes_in(rule: Any) -> Iterable[str]:
    if isinstance(rule, dict):
        if isinstance(rule.get("codes"), str) and rule.get("take") != "relation":
            yield rule["codes"]
        for value in rule.values():
            yield from _codes_in(value)
    elif isinstance(rule, list):
        for value in rule:
            yield from _codes_in(value)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("standard_code") and row.get("relation") in ("exact", "broader", "narrower"):
                yield row["source_code"] or "", row["standard_code"]
