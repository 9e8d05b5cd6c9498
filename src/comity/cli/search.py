"""``comity search``: who or what may be meant."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comity.config.settings import Settings
    from comity.search.answer import Answer

_T = TypeVar("_T")
_KINDS = ("person", "vehicle", "document", "firearm")


@dataclass(frozen=True)
class Asked:
    """A question, and where it stands in a file of questions."""

    question: str
    born: str | None
    file: Path | None = None
    line: int | None = None

    def read(self, how: Callable[[Asked], _T]) -> _T:
        """What it means; what is wrong with it is said with its place."""
        from comity.errors import QueryError

        try:
            return how(self)
        except QueryError as error:
            error.file, error.line = (str(self.file) if self.file else None), self.line
            raise


@click.command("search")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("question", required=False)
@click.option("--born", metavar="DATE", help="Of a person: a year, a month or a day, as 1970 or 1970-04-17.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Answers at most.")
@click.option(
    "--least", type=click.FloatRange(0, 100), default=50.0, show_default=True, help="The lowest score."
)
@click.option(
    "--batch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of questions with the columns `question` and, for persons, `born`; each line is answered.",
)
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "csv")), help="Default: text; csv with --batch."
)
@click.option("--release", type=click.IntRange(min=1), help="An older release. Default: the last one.")
@click.pass_obj
def command(
    settings: Settings,
    kind: str,
    question: str | None,
    born: str | None,
    limit: int,
    least: float,
    batch: Path | None,
    form: str | None,
    release: int | None,
) -> None:
    """Ask by name or number: QUESTION is `"FAMILY, GIVEN"` in any script and order, a VIN, a plate, a document's or a
    firearm's number. A part of a number is written with * for any signs and ? for one.

    An answer is a hint: it says why it is one, who owns the record and how to confirm it. The first search after a
    release brings the index of names up to date.
    """
    from comity.errors import QueryError

    if (question is None) == (batch is None):
        raise QueryError(
            "query.no-question",
            "One question, or a file of questions",
            remedy="give QUESTION, or --batch FILE",
        )
    asked = [Asked(question or "", born)] if batch is None else list(_read(batch))
    answered = _persons if kind == "person" else _numbered
    form = form or ("csv" if batch else "text")
    write = {"text": _text, "json": _json, "csv": _csv}[form]
    write(answered(settings, kind, asked, limit, least, release))


def _persons(
    settings: Settings, kind: str, asked: list[Asked], limit: int, least: float, release: int | None
) -> Iterator[tuple[Asked, list[Answer]]]:
    from comity.search import open_persons, parse_question

    questions = [each.read(lambda each: parse_question(each.question, each.born)) for each in asked]
    with open_persons(settings, release) as search:
        for each, question in zip(asked, questions, strict=True):
            yield each, search.ask(question, limit, least)


def _numbered(
    settings: Settings, kind: str, asked: list[Asked], limit: int, least: float, release: int | None
) -> Iterator[tuple[Asked, list[Answer]]]:
    from comity.query.federation import open_federation
    from comity.search.numbers import ask_number, numbered_type, parse_number

    record_type = numbered_type(kind)
    for each in asked:
        each.read(lambda each: parse_number(each.question))
    with open_federation(settings, release) as federation, federation.connect() as connection:
        for each in asked:
            answers = ask_number(connection, record_type, each.question, limit)
            yield each, [answer for answer in answers if answer.score >= least]


def _read(file: Path) -> Iterator[Asked]:
    from comity.query.filled import filled_rows

    rows = filled_rows(file, ["question"], "query.bad-batch", "The file of questions cannot be taken")
    for line, row in rows:
        yield Asked(row["question"], row.get("born") or None, file, line)


def _text(answered: Iterator[tuple[Asked, list[Answer]]]) -> None:
    from comity.errors import printable

    for asked, answers in answered:
        if not answers:
            click.echo(f"{printable(asked.question)}: no answer")
        for answer in answers:
            shown = "  ".join(_distinct(answer))
            click.echo(printable(f"{answer.score:5.1f}  {answer.owner_country}  {shown}"))
            for reason in answer.reasons:
                click.echo(printable(f"       {reason}"))
            click.echo(printable(f"       {_handling(answer)}"))
            click.echo(printable(f"       {answer.confirm}"))


def _json(answered: Iterator[tuple[Asked, list[Answer]]]) -> None:
    for asked, answers in answered:
        told: dict[str, Any] = {"question": asked.question}
        if asked.born is not None:
            told["born"] = asked.born
        told["answers"] = [answer.as_dict() for answer in answers]
        click.echo(json.dumps(told, ensure_ascii=False, default=str))


def _csv(answered: Iterator[tuple[Asked, list[Answer]]]) -> None:
    import csv

    columns = (
        "question born score record_type record_id owner_country source_id shown reasons confidentiality "
        "handling_codes permitted_purposes confirm"
    ).split()
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for asked, answers in answered:
        question = {"question": asked.question, "born": asked.born}
        if not answers:
            writer.writerow(question)
        for answer in answers:
            told, handling = answer.as_dict(), answer.handling
            writer.writerow(
                {name: told[name] for name in columns if name in told}
                | question
                | {
                    "shown": "; ".join(_distinct(answer)),
                    "reasons": "; ".join(answer.reasons),
                    "confidentiality": handling["confidentiality"],
                    "handling_codes": " ".join(handling["handling_codes"] or []),
                    "permitted_purposes": " ".join(handling["permitted_purposes"] or []),
                }
            )


def _distinct(answer: Answer) -> list[str]:
    """What is shown of a record, once: a name that is Latin already says no more in Latin letters."""
    return list(
        {value.casefold(): value for value in reversed(list(map(str, answer.shown.values())))}.values()
    )[::-1]


def _handling(answer: Answer) -> str:
    """What the owner says of use, in a line."""
    told = {
        name: ", ".join(value or []) for name, value in answer.handling.items() if isinstance(value, list)
    }
    codes = told["handling_codes"].replace(",", "") or "no handling code"
    words = [f"{answer.handling['confidentiality']}, {codes}", f"for {told['permitted_purposes']}"]
    if told.get("recipients_allow"):
        words.append(f"only to {told['recipients_allow']}")
    if told.get("recipients_deny"):
        words.append(f"not to {told['recipients_deny']}")
    return "; ".join(words)
