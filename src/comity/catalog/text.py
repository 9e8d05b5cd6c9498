"""The catalogue in a terminal.

Invariant: each page fits what it is asked for; a share that is not a whole is never shown as 0 % or 100 %; no control
character of a title or rule comes out.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from comity.query.terminal import cells, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comity.catalog.catalog import Catalog
    from comity.catalog.entry import Entry
    from comity.standard import Column

_WIDTH = 100
_RULE = 160


def percent(share: float | None) -> str:
    """``share`` for a person: ``–`` without records, and no rounding to nothing or to all."""
    if share is None:
        return "–"
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def unit_words(unit: str) -> str:
    """A unit as it is said: those whose sign is not read at once in words."""
    return {"a": "years", "deg": "degrees", "bit": "bits"}.get(unit, unit)


def catalog_text(catalog: Catalog, entry: Entry | None) -> str:
    """The overview, or one entry."""
    if entry is None:
        lines = _overview(catalog)
    elif entry.kind == "record type":
        lines = _record_type(catalog, entry.name)
    elif entry.kind == "column":
        lines = _column(catalog, entry.name, entry.column)
    elif entry.kind == "source":
        lines = _source(catalog, entry.name)
    else:
        lines = _code_list(catalog, entry.name)
    return "\n".join(printable(line).rstrip() for line in lines) + "\n"


def _overview(catalog: Catalog) -> Iterator[str]:
    at = f", {catalog.published_at:%Y-%m-%d %H:%M} UTC" if catalog.published_at else ""
    yield f"{catalog.standard.title} {catalog.standard.version}, release {catalog.release}{at}"
    yield ""
    yield from _table(
        ("record type", "records", "countries", "columns filled", "title"),
        [
            (
                each.name,
                f"{catalog.records(each.name):,}",
                ", ".join(sorted({held.owner_country for held in catalog.of_type(each.name)})),
                f"{sum(bool(catalog.share(each.name, c.name)) for c in each.own_columns)} of {len(each.own_columns)}",
                each.title,
            )
            for each in catalog.standard.record_types.values()
        ],
    )
    yield ""
    yield from _table(
        ("source", "owner", "records", "checks hold", "freshness", "title"),
        [
            (
                source.source_id,
                source.owner_country or "",
                f"{source.records:,}",
                percent(None if (last := catalog.quality.last(source.source_id)) is None else last / 100),
                source.freshness.text() + (", overdue" if source.freshness.stale else ""),
                source.title,
            )
            for source in catalog.sources
        ],
    )
    yield ""
    yield "One of them: comity catalog NAME; a column: comity catalog RECORD_TYPE.COLUMN"


def _record_type(catalog: Catalog, name: str) -> Iterator[str]:
    record_type = catalog.standard.record_types[name]
    countries = sorted({held.owner_country for held in catalog.of_type(name)})
    yield f"{name}: {record_type.title}"
    yield from wrap(record_type.description, _WIDTH)
    yield f"  after     {record_type.origin}"
    yield f"  records   {catalog.records(name):,}"
    for held in catalog.of_type(name):
        yield f"            {held.owner_country}  {held.source_id}  {held.records:,}"
    yield ""
    for title, columns in (
        ("columns", record_type.own_columns),
        ("of every record", tuple(column for column in record_type.columns if column.envelope)),
    ):
        yield from _table(
            (title, "type", *countries, "meaning"),
            [
                (
                    column.name,
                    column.type,
                    *(percent(catalog.share(name, column.name, country)) for country in countries),
                    _cut(column.description, 80),
                )
                for column in columns
            ],
        )
        yield ""


def _column(catalog: Catalog, record_type: str, name: str) -> Iterator[str]:
    column = catalog.standard.record_types[record_type].column(name)
    yield f"{record_type}.{name}"
    yield from wrap(column.description, _WIDTH)
    for label, text in column_facts(column):
        yield f"  {label:<12} {text}"
    yield ""
    yield f"coverage     {percent(catalog.share(record_type, name))} of {catalog.records(record_type):,} records"
    for held in catalog.of_type(record_type):
        flags = ", ".join(f"{count:,} {reason}" for reason, count in held.flagged.get(name, {}).items())
        told = f"{percent(held.share(name)):>6}  {held.filled.get(name, 0):,} of {held.records:,}"
        yield f"  {held.owner_country:<4} {held.source_id:<24} {told}" + (f"; {flags}" if flags else "")
    yield ""
    yield "lineage"
    for lineage in catalog.lineage_of(record_type):
        rules = lineage.of(column)
        head = f"  {lineage.source_id}, mapping {lineage.mapping_version}"
        yield head + (", of earlier exports" if lineage.earlier else "")
        for rule in rules:
            kind = f"{rule.kind}: " if rule.kind else ""
            yield f"    {kind}{_cut(rule.text, _RULE)}"
            if rule.reads:
                yield f"      from {', '.join(rule.reads)}"
        if not rules:
            yield "    not filled by this source"


def column_facts(column: Column) -> list[tuple[str, str]]:
    """What the standard says of a column beside its meaning: label and text."""
    bounds = [f"from {column.minimum}"] if column.minimum is not None else []
    bounds += [f"to {column.maximum}"] if column.maximum is not None else []
    facts = [
        ("type", column.type + (f" in {unit_words(column.unit)}" if column.unit else "")),
        ("required", "yes" if column.required else ""),
        ("code list", column.code_list or ""),
        ("pattern", column.pattern or ""),
        ("range", " ".join(bounds)),
        ("sensitivity", column.sensitivity),
        ("after", column.origin),
        ("field id", str(column.field_id)),
        ("items", ", ".join(f"{field.name} ({field.type})" for field in column.fields)),
    ]
    return [(label, text) for label, text in facts if text]


def _source(catalog: Catalog, name: str) -> Iterator[str]:
    source = catalog.source(name)
    assert source is not None
    yield f"{name}: {source.title}"
    yield from wrap(source.description, _WIDTH)
    held = catalog.quality.last(name)
    for label, text in (
        ("owner", f"{source.owner_country} {source.authority}".strip()),
        ("exports", f"{source.kind}, {source.freshness.text()}"),
        ("overdue", "yes" if source.freshness.stale else ""),
        ("last export", source.last_outcome),
        ("licence", source.licence),
        ("attribution", source.attribution),
        *((label.replace("_", " "), text) for label, text in (source.handling or {}).items()),
        ("checks hold", percent(held / 100) if held is not None else "not judged yet"),
        *(("note", note) for note in source.notes),
    ):
        if text:
            yield f"  {label:<22} {text}"
    for each in catalog.of_source(name):
        yield f"  {each.record_type:<22} {each.records:,} records"
    yield ""
    lineages = [each for each in catalog.lineage if each.source_id == name and not each.earlier]
    rows = []
    for field in source.fields:
        columns = [
            f"{each.record_type}.{column}" for each in lineages for column in each.filled_from(field.path)
        ]
        if used := (source.used or {}).get(field.path):
            columns.append(used)
        ignored = (source.ignored or {}).get(field.path)
        became = ", ".join(columns) or (f"not used: {ignored}" if ignored else "")
        rows.append((field.path, _cut(became, 120)))
    yield from _table(("field", "becomes"), rows)


def _code_list(catalog: Catalog, name: str) -> Iterator[str]:
    codes = catalog.standard.code_lists[name]
    yield f"{name}: {codes.title}, version {codes.version}"
    yield f"  after     {codes.origin}"
    used = [
        f"{each.name}.{column.name}"
        for each in catalog.standard.record_types.values()
        for column in each.columns
        if column.code_list == name and not column.envelope
    ]
    if used:
        yield f"  used by   {', '.join(used)}"
    yield ""
    yield from _table(
        ("code", "label", "status"), [(c.code, c.label, c.status) for c in codes.codes.values()]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    shown = [head, *rows]
    widths = [max(cells(row[place]) for row in shown) for place in range(len(head))]
    for row in shown:
        yield "  ".join(
            cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
