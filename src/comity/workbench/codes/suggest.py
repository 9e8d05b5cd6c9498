"""What an unmapped code probably means.

Invariant: a suggestion is only that: it names a code of the list, how like it is and why, and nothing is taken over
without a person. Letters of every script are compared by their sound, case and accents aside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comity.workbench.codes.uses import all_crosswalks, crosswalk_uses

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import CodeList, Standard

_LEAST = 60.0


@dataclass(frozen=True)
class Suggestion:
    """``score`` of 100: the same word. ``why`` names the label or the crosswalk line that is like the code."""

    code: str
    label: str
    score: float
    why: str


@dataclass
class Suggestions:
    """The words that stand for every code of every list: its own, and those that other crosswalks know for it."""

    standard: Standard
    words: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Code list → (plain word, code, why)."""

    @classmethod
    def of(cls, root: Path, standard: Standard) -> Suggestions:
        """The words of the code lists, and of the crosswalks of all sources."""
        found = cls(standard)
        for name, code_list in standard.code_lists.items():
            found.words[name] = list(_own_words(code_list))
        uses = crosswalk_uses(root, standard)
        crosswalks = all_crosswalks(root, uses)
        seen = set()
        for use in uses:
            crosswalk = crosswalks.get((use.source, use.crosswalk))
            if crosswalk is None or use.code_list is None or (crosswalk.path, use.code_list) in seen:
                continue
            seen.add((crosswalk.path, use.code_list))
            place = f"{crosswalk.path.parent.name}/{crosswalk.path.name}"
            for source_code, target in crosswalk.codes.items():
                if target is not None:
                    for word in dict.fromkeys((source_code, crosswalk.labels.get(source_code, ""))):
                        if plain(word):
                            found.words[use.code_list].append((plain(word), target, f"{place} has '{word}'"))
        return found

    def for_code(self, code: str, code_list: str | None, count: int = 3) -> tuple[Suggestion, ...]:
        """The likeliest codes of the list, the best first, each once."""
        from rapidfuzz import fuzz, process

        if code_list is None or not plain(code):
            return ()
        words = self.words[code_list]
        best: dict[str, Suggestion] = {}
        # fuzz.ratio: words of a code list are short, and a part of a word that fits says little.
        found = process.extract(
            plain(code),
            [word for word, _, _ in words],
            scorer=fuzz.token_sort_ratio,
            score_cutoff=_LEAST,
            limit=40,
        )
        for _, score, place in found:
            _, target, why = words[place]
            if target not in best or score > best[target].score:
                label = self.standard.code_lists[code_list].codes[target].label
                best[target] = Suggestion(target, label, round(score, 1), why)
        ranked = sorted(best.values(), key=lambda each: (-each.score, each.code))
        return tuple(ranked[:count])


def _own_words(code_list: CodeList) -> list[tuple[str, str, str]]:
    words = []
    for code in code_list.codes.values():
        for word, why in (
            (code.code, f"its code is '{code.code}'"),
            (code.label, f"its label is '{code.label}'"),
            *((text, f"its {name} is '{text}'") for name, text in code.attributes.items()),
        ):
            if plain(word):
                words.append((plain(word), code.code, why))
    return words


def plain(text: str) -> str:
    """Small Latin letters and digits, whatever script the text is in."""
    from anyascii import anyascii

    return " ".join("".join(sign if sign.isalnum() else " " for sign in anyascii(text).casefold()).split())
