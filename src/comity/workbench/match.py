"""Which column each field is, and of which record type: the words of the header and the values together.

Invariant: a column is proposed for one field, and a field has one column; a proposal that is not sure, that another
comes near, or that the values do not settle, says what is to be decided.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from comity.workbench.data import read_data
from comity.workbench.dates import read_dates
from comity.workbench.support import Seen, Support, support
from comity.workbench.values import Values
from comity.workbench.words import Meaning, language_of, meaning_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comity.standard import Standard
    from comity.workbench.known_codes import KnownCodes
    from comity.workbench.table import SampleField

SURE: Final = 0.75
_NEAR: Final = 0.08
_RIVAL: Final = 0.2
_LEAST: Final = 0.3
_UNKNOWN_WORD: Final = 0.35


@dataclass(frozen=True)
class Proposal:
    """``column`` is None where nothing was found. ``doubts``: what a person must decide; ``others`` came near.

    ``as_key``: the field is a mere number of the record, so it belongs in the key.
    """

    field: str
    column: str | None
    confidence: float
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    contested: str | None = None
    """The column that it may be, were it not another field's."""
    as_key: bool = False
    ignore: str | None = None

    @property
    def undecided(self) -> bool:
        return bool(self.doubts) or (self.confidence < SURE and not self.as_key and not self.ignore)


@dataclass(frozen=True)
class Matched:
    """``scores``: record type → how well the fields fit it, the chosen one first. ``key``: its fields."""

    record: str
    scores: tuple[tuple[str, float], ...]
    proposals: tuple[Proposal, ...]
    seen: Mapping[str, Seen]
    language: str | None
    key: tuple[str, ...]
    key_doubt: str | None

    @property
    def near(self) -> tuple[str, ...]:
        """The record types that fit about as well, where the chosen one is not plain."""
        best = self.scores[0][1]
        near = tuple(name for name, score in self.scores[:3] if score > 0.75 * best)
        return near if len(near) > 1 else ()


def match_fields(
    fields: Sequence[SampleField], standard: Standard, known: KnownCodes, *, named: bool, record: str | None = None,
    language: str | None = None, files: Sequence[int] = (),
) -> Matched:  # fmt: skip
    """The proposals for ``fields``. ``named``: their names are the owner's words; ``record``: the type, if given."""
    fields = [field for field in fields if not field.records]
    language = (language_of([field.name for field in fields]) if named else None) or language
    seen = {}
    for field in fields:
        values = Values.of(field.values)
        seen[field.name] = Seen(values, read_dates(values, language), field.many)
    meanings = {
        field.name: meaning_of(field.name, language) if named else Meaning((), (), 0) for field in fields
    }
    if named:
        meanings = _names_told_apart(meanings)
    trials: dict[str, list[Proposal]] = {}
    for name in [record] if record else record_types():
        trials[name] = _assign(fields, name, standard, known, seen, meanings)
    scores = sorted(
        ((name, round(_fit(found), 2)) for name, found in trials.items()), key=lambda each: -each[1]
    )
    chosen = scores[0][0]
    key, key_doubt = _key(fields, seen, meanings, files)
    proposals = tuple(_with_key(each, key) for each in trials[chosen])
    return Matched(chosen, tuple(scores), proposals, seen, language, key, key_doubt)


def _names_told_apart(meanings: dict[str, Meaning]) -> dict[str, Meaning]:
    """Beside a family name `name` is the given one, and beside given names it is the family's."""
    concepts = [set(meaning.concepts) for meaning in meanings.values()]
    family = any("family" in each and not each & {"father", "mother", "maiden"} for each in concepts)
    given = any("given" in each and not each & {"father", "mother", "second"} for each in concepts)
    if family == given:
        return meanings
    other = "given" if family else "family"
    return {
        field: replace(
            meaning, concepts=tuple(other if each == "name" else each for each in meaning.concepts)
        )
        if set(meaning.concepts) <= {"name", "latin"}
        else meaning
        for field, meaning in meanings.items()
    }


@cache
def _spec() -> dict[str, dict[str, dict[str, list[frozenset[str]]]]]:
    content = read_data("header_columns.yaml")
    return {
        "columns": {
            record: {column: [frozenset(way.split()) for way in ways] for column, ways in columns.items()}
            for record, columns in content.items()
            if record not in ("weights", "stopwords", "generic", "nothing")
        }
    }


def record_types() -> list[str]:
    """Those that a proposal can be of."""
    return [name for name in _spec()["columns"] if name != "alert"]


@cache
def _weight(concept: str) -> float:
    return float(read_data("header_columns.yaml")["weights"].get(concept, 1.0))


def header_score(meaning: Meaning, ways: Sequence[frozenset[str]]) -> tuple[float, bool]:
    """How much of the header one of ``ways`` explains, 0 to 1; whether it rests on general words alone."""
    concepts = set(meaning.concepts)
    generic = set(read_data("header_columns.yaml")["generic"])
    best, plain = 0.0, False
    for way in ways:
        if way <= concepts:
            whole = sum(map(_weight, concepts)) + _UNKNOWN_WORD * meaning.unknown
            score = sum(map(_weight, way)) / whole
            if score > best:
                best, plain = score, len(way) == 1 and way <= generic
    return best, plain


def _assign(
    fields: Sequence[SampleField], record: str, standard: Standard, known: KnownCodes, seen: Mapping[str, Seen],
    meanings: Mapping[str, Meaning],
) -> list[Proposal]:  # fmt: skip
    shape = {column.name: column for column in standard.record_types[record].columns if not column.envelope}
    nothing = read_data("header_columns.yaml")["nothing"]
    candidates: dict[str, dict[str, tuple[float, Proposal]]] = defaultdict(dict)
    for field in fields:
        for column, ways in _spec()["columns"][record].items():
            score, plain = header_score(meanings[field.name], ways)
            held = support(shape[column], seen[field.name], known)
            confidence = _confidence(score, plain, held)
            if not score and meanings[field.name].concepts:
                confidence /= 2  # the header says that it is something else
            if confidence >= _LEAST:
                candidates[field.name][column] = (
                    confidence,
                    _proposal(field.name, column, confidence, meanings[field.name], score, plain, held),
                )
    order = sorted(
        ((each[0], name, column) for name, found in candidates.items() for column, each in found.items()),
        key=lambda each: -each[0],
    )
    taken: dict[str, str] = {}
    chosen: dict[str, Proposal] = {}
    rivals: dict[str, tuple[str, str]] = {}
    for confidence, name, column in order:
        if name in chosen:
            continue
        if column in taken:
            first = chosen[taken[column]]
            if first.confidence - confidence < _RIVAL and name not in rivals:
                rivals[name] = column, f"it may be {column}, and so may '{first.field}'"
                doubt = f"'{name}' may be {column} as well"
                chosen[first.field] = replace(first, doubts=(*first.doubts, doubt))
            continue
        others = tuple(
            other
            for other, (near, _) in candidates[name].items()
            if other != column and confidence - near < _NEAR and other not in taken
        )
        proposal = candidates[name][column][1]
        if others:
            proposal = replace(
                proposal, others=others, doubts=(*proposal.doubts, f"or {' or '.join(others)}?")
            )
        taken[column], chosen[name] = name, proposal
    found = []
    for field in fields:
        reason = next(
            (nothing[concept] for concept in meanings[field.name].concepts if concept in nothing), None
        )
        if reason is not None:
            found.append(Proposal(field.name, None, 0.8, (_words(meanings[field.name]),), ignore=reason))
        else:
            none = _none(field.name, meanings[field.name], seen[field.name], rivals.get(field.name))
            proposal = chosen.get(field.name, none)
            if field.name in rivals and proposal.column:
                proposal = replace(proposal, doubts=(*proposal.doubts, rivals[field.name][1]))
            found.append(proposal)
    return found


def _confidence(score: float, plain: bool, held: Support) -> float:
    if held.value < -0.3:
        return score * 0.3
    if not score:
        return held.strong * 0.9
    confidence = 0.45 + 0.45 * score + 0.1 * max(held.value, 0)
    # Where the header leaves the column open, only values that hardly have another one close it.
    return min(0.97, confidence * (0.75 + 0.2 * held.strong if plain else 1.0))


def _proposal(
    field: str, column: str, confidence: float, meaning: Meaning, score: float, plain: bool, held: Support
) -> Proposal:
    reasons = [_words(meaning)] if score else []
    reasons += [held.reason] if held.reason else []
    doubts = [held.doubt] if held.doubt else []
    if score:
        doubts += [f"'{word}' has another meaning too" for word in meaning.ambiguous]
    if confidence < SURE and plain:
        doubts.append("the header's word is a general one")
    elif confidence < SURE and not score:
        doubts.append("the values alone say so" if not meaning.concepts else "the header says something else")
    elif confidence < SURE:
        doubts.append("the header is only partly understood, or the values do not fit")
    return Proposal(field, column, round(confidence, 2), tuple(reasons), tuple(doubts))


def _words(meaning: Meaning) -> str:
    if not meaning.words:
        return "the header is not understood" if meaning.unknown else "there is no header"
    return "header: " + ", ".join(
        f"'{word}' is {concept} ({language})" for word, concept, language in meaning.words
    )


def _none(field: str, meaning: Meaning, seen: Seen, rival: tuple[str, str] | None) -> Proposal:
    values = seen.values
    looks = f"{values.distinct:,} different values in {values.filled:,} rows"
    looks += f", about {values.usual_length:.0f} characters"
    column, doubt = rival or (None, "no column was found")
    return Proposal(field, None, 0.0, (_words(meaning), looks), (doubt,), contested=column)


def _fit(proposals: Sequence[Proposal]) -> float:
    return sum(each.confidence**2 for each in proposals if each.column)


def _key(
    fields: Sequence[SampleField], seen: Mapping[str, Seen], meanings: Mapping[str, Meaning],
    files: Sequence[int],
) -> tuple[tuple[str, ...], str | None]:  # fmt: skip
    """The fields that tell the records apart, best first those that the header calls a number or an id."""
    unique = {field.name: _unique(field.values, files) for field in fields}

    def rank(name: str) -> tuple[float, ...]:
        concepts = set(meanings[name].concepts)
        named = bool(concepts & {"id", "case", "document", "warrant", "serial", "vin", "personalnumber"}) or (
            "number" in concepts and not concepts & {"plate", "birth", "street", "contact"}
        )
        named = named and not concepts & {"type", "status", "colour", "code"}
        typed = "uuid" in seen[name].values.kinds
        return (
            (named or typed) and unique[name] > 0.8,
            unique[name] >= 0.999,
            unique[name],
            -seen[name].values.usual_length,
        )

    full = [
        field.name
        for field in fields
        if not field.many and seen[field.name].values.filled >= 0.9 * max(len(field.values), 1)
    ]
    if not full:
        return (), "no field is filled in every row"
    best = max(full, key=rank)
    named, whole, share, _ = rank(best)
    if named and whole:
        again = seen[best].values.unique < 0.999
        return (
            (best,),
            f"'{best}' is different in every row of a file and comes back in other files: the same record, or another?"
            if again
            else None,
        )
    if named:
        return (
            best,
        ), f"'{best}' comes back in some rows ({1 - share:.1%}): what else tells two records apart?"
    if whole and seen[best].dates is None and not seen[best].values.is_text:
        return (best,), f"'{best}' is different in every row that was looked at: is it the owner's key?"
    return (
        (),
        f"no field is different in every row (the most: '{best}', {share:.1%}): which fields together are the key?",
    )


def _unique(values: Sequence[str | None], files: Sequence[int]) -> float:
    """The share of different values within each file."""
    different = filled = at = 0
    for rows in files or (len(values),):
        part = [value for value in values[at : at + rows] if value is not None]
        different, filled, at = different + len(set(part)), filled + len(part), at + rows
    return different / filled if filled else 0.0


def _with_key(proposal: Proposal, key: tuple[str, ...]) -> Proposal:
    """A mere number of the record needs no column beside the key."""
    if proposal.field in key and proposal.column is None and not proposal.ignore:
        return replace(
            proposal,
            as_key=True,
            doubts=(),
            confidence=0.9,
            reasons=(*proposal.reasons, "it tells the records apart"),
        )
    return proposal
