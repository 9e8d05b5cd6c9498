"""Asking for persons by name and date of birth.

Invariant: the answers are those of one release, in the order of their scores; a record is answered once, however many
of its names agree.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from comity.errors import QueryError
from comity.search.answer import Answer
from comity.search.candidates import candidates
from comity.search.index import follow
from comity.search.score import BIRTH, KINDS, birth_agreements, name_reasons, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from comity.config.settings import Settings
    from comity.search.index import Live
    from comity.search.question import Question
    from comity.search.score import Scored

FOLDER = "index"
LEAST = 50.0  # a lower score is not worth an officer's time


@contextmanager
def open_persons(settings: Settings, release: int | None = None) -> Iterator[PersonSearch]:
    """The search over the persons of the last release, or of ``release``; its index is made if it is not there."""
    from comity.query.federation import open_federation

    with open_federation(settings, release) as federation, federation.connect() as connection:
        files = connection.execute(
            "SELECT path FROM ledger.files WHERE record_type = 'person' ORDER BY rows DESC, path"
        ).fetchall()
        authorities = dict(connection.execute("SELECT source_id, authority FROM sources").fetchall())
        folder = settings.data_dir / FOLDER / "person"
        yield PersonSearch(follow(folder, connection, [path for (path,) in files]), authorities)


class PersonSearch:
    """``authorities``: who answers for a source."""

    def __init__(self, segments: Sequence[Live], authorities: Mapping[str, str | None]) -> None:
        self.segments, self.authorities = segments, authorities

    @property
    def persons(self) -> int:
        return sum(live.rows for live in self.segments)

    def ask(self, question: Question, limit: int = 10, least: float = LEAST) -> list[Answer]:
        """The best answers, ``limit`` at most, of a score of ``least`` at least."""
        if limit < 1:
            raise QueryError(
                "query.bad-limit", "The limit is one or more", found=str(limit), remedy="ask for 10"
            )
        found: list[tuple[float, Live, Scored, int]] = []
        for live in self.segments:
            scored = self._score(live, question)
            found += [(float(scored.scores[i]), live, scored, i) for i in range(min(limit, len(scored.rows)))]
        found.sort(key=lambda each: -each[0])
        best = [each for each in found[:limit] if each[0] * 100 >= least]
        return [self._answer(question, live, scored, i) for _, live, scored, i in best]

    @staticmethod
    def _score(live: Live, question: Question) -> Scored:
        segment = live.segment
        names = candidates(segment, question)
        if live.files is not None:
            files = segment.array("row_file")[segment.array("name_row")[names]]
            names = names[live.files[files]]
        return score(segment, names, question)

    def _answer(self, question: Question, live: Live, scored: Scored, i: int) -> Answer:
        segment, row = live.segment, int(scored.rows[i])
        start = segment.array("name_start")
        name = int(scored.names[i])
        words = segment.words(segment.array("name_word")[int(start[name]) : int(start[name + 1])])
        person = segment.people(scored.rows[i : i + 1])[0]
        reasons = name_reasons(question.words, words)
        first, last = (segment.array(each)[row : row + 1] for each in ("born_first", "born_last"))
        if said := BIRTH[KINDS[int(birth_agreements(first, last, question)[0])]][1]:
            reasons.append(said)
        handling = dict(segment.handling[person.pop("handling")])
        source, owner = handling.pop("source_id"), handling.pop("owner_country")
        return Answer(
            "person",
            person.pop("record_id"),
            float(scored.scores[i]) * 100,
            tuple(reasons),
            owner,
            source,
            {name: value for name, value in person.items() if value is not None},
            handling,
            self.authorities.get(source),
        )


def index_folder(settings: Settings) -> Path:
    """Where every index lies; it may be removed at any time."""
    return settings.data_dir / FOLDER
