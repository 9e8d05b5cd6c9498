"""Kinds of option that several commands have.

Invariant: a size and a time are written on the command line as in the settings; what is no such thing is an error of
the call that shows the form.
"""

from __future__ import annotations

from typing import Any

import click

from comity.config.settings import is_size, seconds_of


class Size(click.ParamType[str]):
    """``2GB``, ``512MiB``, kept as text."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_size(str(value)):
            self.fail(f"'{value}' is no size; write a number with a unit, for example 2GB", param, ctx)
        return str(value)


class Span(click.ParamType[float]):
    """``60`` seconds, ``90s``, ``5min``, in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        seconds = seconds_of(text if text[-1:].isalpha() else f"{text}s")
        if seconds is None:
            self.fail(f"'{value}' is no time; write seconds, or a number with s, min or h", param, ctx)
        return seconds
