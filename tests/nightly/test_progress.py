"""Progress while a night works: bars on a terminal, plain lines elsewhere, nothing with --json."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from comity.nightly.progress import progress

STAGES = ("reading", "normalising", "part", "normalised", "validating", "published", "blocked", "failed")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def tell_a_night(stream: io.StringIO, *, quiet: bool = False) -> str:
    with progress(stream, quiet=quiet) as tell:
        tell("some-source", "reading", "a.csv")
        tell("some-source", "normalising", "3,000 rows")
        tell("some-source", "part", "1/2")
        tell("some-source", "part", "2/2")
        tell("some-source", "published", "in release 7")
        tell("some-source", "reading", "b.csv")
        tell("some-source", "failed", "The export is empty")
    return stream.getvalue()


def test_elsewhere_than_on_a_terminal_every_stage_is_a_plain_line() -> None:
    assert tell_a_night(io.StringIO()).splitlines() == [
        "some-source            reading a.csv",
        "some-source            normalising 3,000 rows",
        "some-source            published in release 7",
        "some-source            reading b.csv",
        "some-source            failed The export is empty",
    ]


def test_on_a_terminal_a_bar_moves_and_what_became_of_each_export_stays() -> None:
    shown = tell_a_night(Terminal())

    assert "\x1b[" in shown
    assert "some-source            published in release 7\n" in shown
    assert "some-source            failed The export is empty\n" in shown


def test_asked_to_be_quiet_it_says_nothing() -> None:
    assert tell_a_night(Terminal(), quiet=True) == ""


@settings(max_examples=60, deadline=None)
@given(some.sampled_from(STAGES), some.text(max_size=30))
@example("failed", "no end [/red] of markup [link=x]")
@example("reading", "\x1b]0;a title\x07\x1b[2J.csv")
def test_whatever_it_is_told_it_neither_fails_nor_lets_a_control_character_out(
    stage: str, detail: str
) -> None:
    detail = "1/2" if stage == "part" else detail
    plain, terminal = io.StringIO(), Terminal()

    for stream in (plain, terminal):
        with progress(stream) as tell:
            tell("some-source", stage, detail)

    assert plain.getvalue().removesuffix("\n").isprintable()
    assert "\x1b]" not in terminal.getvalue() and "\x1b[2J" not in terminal.getvalue()


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    terminal = Terminal()

    with progress(terminal) as tell:
        tell("some-source", "failed", "no end [/red] of markup [link=x]")

    assert "some-source            failed no end [/red] of markup [link=x]\n" in terminal.getvalue()


@pytest.mark.parametrize("failing", [KeyboardInterrupt, ValueError])
def test_an_interruption_goes_through_it(failing: type[BaseException]) -> None:
    with pytest.raises(failing), progress(Terminal()) as tell:
        tell("some-source", "reading", "a.csv")
        raise failing
