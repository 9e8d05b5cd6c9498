"""``comity search``: who or what may be meant."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comity.config.settings import Settings
    from comity.search.answer import Answer

_KINDS = ("person", "vehicle", "document", "firearm")


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
    questions = [(question or "", born)] if batch is None else list(_read(batch))
    answered = _persons if kind == "person" else _numbered
    form = form or ("csv" if batch else "text")
    write = {"text": _text, "json": _json, "csv": _csv}[form]
    write(answered(settings, kind, questions, limit, least, release))


def _persons(
    settings: Settings,
    kind: str,
    questions: list[tuple[str, str | None]],
    limit: int,
    least: float,
    release: int | None,
) -> Iterator[tuple[str, list[Answer]]]:
    from comity.search import open_persons, parse_question

    asked = [(text, parse_question(text, born)) for text, born in questions]
    with open_persons(settings, release) as search:
        for text, question in asked:
            yield text, search.ask(question, limit, least)


def _numbered(
    settings: Settings,
    kind: str,
    questions: list[tuple[str, str | None]],
    limit: int,
    least: float,
    release: int | None,
) -> Iterator[tuple[str, list[Answer]]]:
    from comity.query.federation import open_federation
    from comity.search.numbers import ask_number, numbered_type

    record_type = numbered_type(kind)
    with open_federation(settings, release) as federation, federation.connect() as connection:
        for text, _ in questions:
            answers = ask_number(connection, record_type, text, limit)
            yield text, [answer for answer in answers if answer.score >= least]


def _read(file: Path) -> Iterator[tuple[str, str | None]]:
    import csv

    from comity.errors import QueryError

    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if "question" not in (reader.fieldnames or []):
            raise QueryError(
                "query.bad-batch",
                "The file of questions has no column `question`",
                file=file,
                line=1,
                found=", ".join(reader.fieldnames or []) or "nothing",
                remedy="write a header: question,born",
            )
        for row in reader:
            yield row["question"] or "", row.get("born") or None


def _text(answered: Iterator[tuple[str, list[Answer]]]) -> None:
    from comity.errors import printable

    for text, answers in answered:
        if not answers:
            click.echo(f"{printable(text)}: no answer")
        for answer in answers:
            shown = "  ".join(str(value) for value in answer.shown.values())
            click.echo(printable(f"{answer.score:5.1f}  {answer.owner_country}  {shown}"))
            for reason in answer.reasons:
                click.echo(printable(f"       {reason}"))
            handling = answer.handling
            codes = " ".join(handling["handling_codes"] or []) or "no handling code"
            click.echo(
                printable(
                    f"       {handling['confidentiality']}, {codes}; for {', '.join(handling['permitted_purposes'])}"
                )
            )
            click.echo(printable(f"       {answer.confirm}"))


def _json(answered: Iterator[tuple[str, list[Answer]]]) -> None:
    for text, answers in answered:
        told = {"question": text, "answers": [answer.as_dict() for answer in answers]}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))


def _csv(answered: Iterator[tuple[str, list[Answer]]]) -> None:
    import csv

    columns = (
        "question score record_type record_id owner_country source_id shown reasons confidentiality confirm"
    ).split()
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for text, answers in answered:
        for answer in answers:
            row: dict[str, Any] = answer.as_dict()
            writer.writerow(
                {
                    **{name: row.get(name) for name in columns},
                    "question": text,
                    "shown": "; ".join(str(value) for value in answer.shown.values()),
                    "reasons": "; ".join(answer.reasons),
                    "confidentiality": answer.handling["confidentiality"],
                }
            )
