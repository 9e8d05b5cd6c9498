"""Suites: what must hold for the records of one type, or of one type from one source.

Invariant: a suite that has been loaded holds exactly the rules that its file says, each known, each with
arguments that its expectation accepts, each with an id of its own. Great Expectations drops what it does not
know; this does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from comity.config.yaml_file import place_of, read_yaml, validate_model
from comity.errors import ConfigError, did_you_mean, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from comity.standard import Standard

SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class Rule:
    """One expectation. ``type`` is None while the rule only changes an earlier one of the same id."""

    id: str
    type: str | None
    kwargs: dict[str, Any] = field(default_factory=dict)
    severity: str | None = "critical"
    why: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Suite:
    record_type: str
    source_id: str | None
    rules: tuple[Rule, ...]

    def rule(self, rule_id: str) -> Rule:
        return next(rule for rule in self.rules if rule.id == rule_id)


class _Meta(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """The rule's own name, by which a later suite changes it or switches it off."""
    why: str = Field(min_length=10)
    """Why the rule holds, for whoever is stopped by it."""


class _Expectation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str | None = None
    """The expectation, in Great Expectations' words or one of our own."""
    kwargs: dict[str, Any] = {}
    """What it is asked with."""
    severity: Literal["critical", "warning", "info", "off"] | None = None
    """critical blocks publication, warning marks it, info is recorded, off removes an earlier rule."""
    meta: _Meta
    """Its id and its reason."""


class SuiteFile(BaseModel):
    """A suite as it stands in its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    record: str
    """The record type that is judged."""
    source: str | None = None
    """The source, for a suite of one source."""
    expectations: tuple[_Expectation, ...]
    """The rules, in order."""


def load_suite(path: Path) -> Suite:
    """The suite in the file ``path``, every rule checked against what its expectation accepts."""
    from comity.validation.vocabulary import check_rule

    content, places = read_yaml(path)
    file = validate_model(content if content is not None else {}, SuiteFile, path, places)
    rules: list[Rule] = []
    first: dict[str, int | None] = {}
    for index, written in enumerate(file.expectations):
        here = ("expectations", index)
        line, column = place_of(places, here)
        if written.type is None and written.meta.id is None:
            raise ConfigError(
                "config.missing-key",
                "A rule has a type, or the id of the rule that it changes",
                file=path,
                line=line,
                column=column,
                remedy="add 'type', or 'meta: {id: …}'",
            )
        if written.type is not None and written.severity is None:
            raise ConfigError(
                "config.missing-key",
                "The key 'severity' is missing",
                file=path,
                line=line,
                column=column,
                found=written.type,
                remedy=f"add 'severity', one of {', '.join(SEVERITIES)}",
            )
        rule = Rule(
            id=written.meta.id or default_id(written.type or "", written.kwargs),
            type=written.type,
            kwargs=written.kwargs,
            severity=written.severity,
            why=written.meta.why,
            file=str(path),
            line=line,
            column=column,
        )
        if rule.id in first:
            raise ConfigError(
                "config.duplicate-rule",
                f"Two rules of the suite have the id '{rule.id}'",
                file=path,
                line=line,
                column=column,
                found=f"the first is in line {first[rule.id]}",
                remedy="give one of them another id in 'meta: {id: …}'",
            )
        first[rule.id] = line
        if rule.type is not None and rule.severity != "off":
            check_rule(rule, path, places, here)
        rules.append(rule)
    return Suite(file.record, file.source, tuple(rules))


def default_id(expectation: str, kwargs: dict[str, Any]) -> str:
    """The id of a rule that was given none: its columns and what is expected of them."""
    columns = [kwargs[key] for key in ("column", "column_A", "column_B") if isinstance(kwargs.get(key), str)]
    columns += [each for each in kwargs.get("column_list") or [] if isinstance(each, str)]
    short = expectation.removeprefix("expect_").removeprefix("column_")
    return ".".join(["+".join(columns), short] if columns else [short])


def suite_for(
    standard: Standard, validation_root: Path, record_type: str, source_id: str | None = None
) -> Suite:
    """What the standard demands, then what the record type's suite says, then the source's; the later rule
    wins.
    """
    from comity.validation.base import base_suite
    from comity.validation.vocabulary import check_columns

    kind = standard.record_type(record_type)
    rules = {rule.id: rule for rule in base_suite(standard, record_type).rules}
    layers: list[tuple[Path, str | None]] = []
    general = validation_root / f"{record_type}.yaml"
    if general.exists():
        layers.append((general, None))
    if source_id is not None:
        layers += [(path, source_id) for path in source_files(validation_root, source_id)]
    for path, source in layers:
        suite = load_suite(path)
        _expect_head(suite, path, record_type, source, standard)
        if suite.record_type != record_type:
            continue
        for rule in suite.rules:
            _lay_over(rules, rule)
            if rule.id in rules:
                check_columns(rules[rule.id], kind, standard)
    return Suite(record_type, source_id, tuple(rules.values()))


def source_files(validation_root: Path, source_id: str) -> list[Path]:
    """``sources/<source>.yaml`` and, for a source of several record types, ``sources/<source>.<record
    type>.yaml``.
    """
    folder = validation_root / "sources"
    return [
        p for p in [folder / f"{source_id}.yaml", *sorted(folder.glob(f"{source_id}.*.yaml"))] if p.exists()
    ]


def _expect_head(suite: Suite, path: Path, record_type: str, source: str | None, standard: Standard) -> None:
    """A file says what it is for, and its name says the same."""
    if suite.record_type not in standard.record_types:
        raise ConfigError(
            "config.unknown-record-type",
            f"The standard has no record type '{suite.record_type}'",
            file=path,
            found=suite.record_type,
            remedy=nearest(suite.record_type, standard.record_types),
        )
    if suite.source_id != source or (source is None and suite.record_type != record_type):
        raise ConfigError(
            "config.wrong-suite",
            "What the suite says it is for and the name of its file differ",
            file=path,
            found=f"record: {suite.record_type}, source: {suite.source_id}",
            remedy=f"name '{source or record_type}' in the file, or rename the file",
        )


def _lay_over(rules: dict[str, Rule], rule: Rule) -> None:
    if rule.type is None or rule.severity == "off":
        earlier = rules.get(rule.id)
        if earlier is None:
            raise ConfigError(
                "config.unknown-rule",
                f"No earlier rule has the id '{rule.id}', so there is nothing to change",
                file=rule.file,
                line=rule.line,
                column=rule.column,
                remedy=_near(rule.id, rules),
            )
        if rule.severity == "off":
            del rules[rule.id]
            return
        rule = replace(
            rule,
            type=earlier.type,
            kwargs={**earlier.kwargs, **rule.kwargs},
            severity=rule.severity or earlier.severity,
        )
        from comity.validation.vocabulary import check_kwargs

        check_kwargs(rule)
    rules[rule.id] = rule


def _near(rule_id: str, rules: dict[str, Rule]) -> str:
    return f"{did_you_mean(rule_id, rules)}'comity suite show' lists them all"
