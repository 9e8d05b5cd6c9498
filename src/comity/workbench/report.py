"""A proposal as a person reads it: what the export is, each field with its column, how sure that is and why.

Invariant: no value of a record is printed, but codes that many rows have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.workbench.look import Export
    from comity.workbench.propose import Draft


def report_lines(draft: Draft, written: Sequence[Path], root: Path) -> list[str]:
    """The whole report, a line each."""
    lines = [*export_lines(draft.export), ""]
    scores = ", ".join(f"{name} {score:g}" for name, score in draft.matched.scores[:3])
    lines.append(f"Record type: {draft.record} ({scores})")
    key = ", ".join(draft.matched.key) or "none found"
    lines.append(f"Key: {key}" + (f"  TODO {draft.matched.key_doubt}" if draft.matched.key_doubt else ""))
    lines.append(f"Language of the header: {draft.matched.language or 'not known'}")
    lines.append("")
    for proposal in draft.matched.proposals:
        rule = draft.rules.get(proposal.field)
        columns = ", ".join(rule[1].rules) if rule else ""
        doubts = [*proposal.doubts, *(rule[1].doubts if rule else ())]
        what = columns or ("key" if proposal.as_key else "ignored" if proposal.ignore else "?")
        mark = "TODO " if doubts or proposal.undecided else ""
        lines.append(f"  {proposal.field}  →  {what}   {mark}{proposal.confidence:.2f}")
        lines += [
            f"      {reason}"
            for reason in ([proposal.ignore] if proposal.ignore else []) + list(proposal.reasons)
        ]
        lines += [f"      ? {doubt}" for doubt in doubts]
    lines.append("")
    total = len(draft.matched.proposals)
    sure = sum(
        1
        for each in draft.matched.proposals
        if not each.undecided
        and not (draft.rules.get(each.field, (each, None))[1] and draft.rules[each.field][1].doubts)
    )
    lines.append(
        f"{sure} of {total} fields are proposed as sure; {sum(draft.undecided.values())} TODO to decide:"
    )
    for path in written:
        name = path.relative_to(root).as_posix()
        count = draft.undecided.get(name, 0)
        lines.append(f"  {name}" + (f"  {count} TODO" if count else ""))
    for name, left in draft.rare.items():
        lines.append(f"  {name}.csv leaves out {left} codes that fewer than five rows have")
    lines += ["", "Next:", *(f"  {line}" for line in _next(draft))]
    return lines


def _next(draft: Draft) -> list[str]:
    source = draft.source
    folders = " ".join(sorted({path.rsplit("/", 1)[0] for path in draft.files}))
    steps = [f"decide each TODO: grep -rn TODO {folders}"]
    if draft.export.files:
        if any(path.endswith(".csv") for path in draft.files):
            steps.append(
                f"comity codes review {source} --file FILE --decide    asks for the TODO of the crosswalks one by one"
            )
        steps.append(
            f"comity adapter preview {source} FILE    shows rows as they come and as they would be published"
        )
    steps.append(f"comity sources {source}    says what is still wrong, with file and line")
    steps.append(f"put the export into DIR/inbox/{source}/, then: comity --data DIR run --source {source}")
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


def export_lines(export: Export) -> list[str]:
    """What was looked at, and what it is, with the evidence."""
    about = sum(table.estimated or table.rows for table in export.tables)
    part = "" if export.rows >= about else f" of about {about:,}: head, tail and places between"
    place = f"in {len(export.files)} files of {export.size:,} bytes" if export.files else "of the query"
    lines = [f"Looked at {export.rows:,} rows{part}, {place}"]
    for number, table in enumerate(export.tables):
        lines.append("Format: " + ", ".join(f"{key} {_shown(value)}" for key, value in table.format.items()))
        lines += [f"  {each}" for each in table.evidence]
        if number < len(export.encodings) and "encoding" in table.format:
            encoding = export.encodings[number]
            lines.append(f"  encoding {encoding.name}, {encoding.confidence:.2f}:")
            lines += [f"    {each}" for each in encoding.evidence]
        lines += [f"  ? {key}: {doubt}" for key, doubt in table.doubts.items()]
    return lines


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) and not value.isalnum() else str(value)


def profile_lines(profile: dict[str, Any]) -> list[str]:
    """A profile as a person reads it."""
    lines = [f"{profile['rows']:,} rows looked at, of about {profile['about']:,}"]
    lines.append("Format: " + ", ".join(f"{key} {_shown(value)}" for key, value in profile["format"].items()))
    for field in profile["fields"]:
        if "records" in field:
            lines.append(
                f"  {field['name']}: a list of records with {', '.join(each['name'] for each in field['records'])}"
            )
            continue
        said = [f"{field['filled']:.0%} filled", f"{field['distinct']:,} different"]
        if "dates" in field:
            said.append(f"dates {', '.join(field['dates']['formats'])} ({field['dates']['calendar']})")
        if "text" in field:
            said.append(f"text of about {field['text']['length']} characters")
        lines.append(f"  {field['name']}: {'; '.join(said)}")
        if field["values"]:
            shown = [f"{value!r} {share:.0%}" for value, share in list(field["values"].items())[:8]]
            lines.append(f"      {', '.join(shown)}")
        if field.get("shapes"):
            lines.append(
                "      shapes: "
                + ", ".join(f"[{shape}] {share:.0%}" for shape, share in list(field["shapes"].items())[:4])
            )
    return lines
