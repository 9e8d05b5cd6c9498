"""Looking at an export nobody has described: what its files are, and a sample of what stands in them.

Invariant: nothing is written but below the folder given; each file is looked at by the kind that its content shows, not
by its name; files of one export that show different fields are an error that names them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from comity.adapters.archive_file import open_files
from comity.adapters.header import normal_name
from comity.adapters.part import ExportFile
from comity.errors import ReadError
from comity.workbench.delimited import find_dialect, read_delimited
from comity.workbench.encoding import Encoding, guess_encoding
from comity.workbench.fixed import read_described, read_fixed_lines, read_fixed_records
from comity.workbench.nested import read_json, read_json_lines
from comity.workbench.sample import Pieces, sample_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from comity.workbench.layout import Layout
    from comity.workbench.table import SampleField, Table

_SURE = 0.75
_JSON_WHOLE = 96 << 20


@dataclass(frozen=True)
class Export:
    """``tables``: one a layout that was seen; the first is that of the first file. ``fields`` hold the values of all.

    ``looked_at`` of ``size`` bytes. ``files``: the names of what was given.
    """

    tables: tuple[Table, ...]
    fields: tuple[SampleField, ...]
    encodings: tuple[Encoding, ...]
    files: tuple[str, ...]
    size: int
    looked_at: int
    file_rows: tuple[int, ...] = ()
    """How many rows of each file, in their order, stand in ``fields``."""

    @property
    def table(self) -> Table:
        return self.tables[0]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def look_at_files(paths: Sequence[Path], into: Path, layout: Layout | None = None) -> Export:
    """A sample of all ``paths``, which are one export or several of one source; ``layout``: where the fields of fixed
    width stand. Raises ReadError for what is none.
    """
    seen: list[tuple[str, Table, Encoding, int, int]] = []
    for path in paths:
        if not path.is_file():
            raise ReadError(
                "workbench.missing-file",
                "There is no such file",
                file=path,
                remedy="check the path; a folder is no export",
            )
        delivered = ExportFile(path.name, path, "", path.stat().st_size)
        for file in open_files(delivered, ("*",), into):
            if file.path.stat().st_size:
                seen.append((file.name, *_look(file, layout)))  # noqa: PERF401  (a member is gone when the next one comes)
    if not seen:
        raise ReadError(
            "read.empty-file",
            "The files are empty",
            file=paths[0],
            remedy="ask the owner for an export with rows",
        )
    seen = _same_names(seen)
    tables = _layouts(seen)
    return Export(
        tuple(table for table, _ in tables),
        _merged([table for _, table, *_ in seen]),
        tuple(encoding for _, encoding in tables),
        tuple(path.name for path in paths),
        sum(size for *_, size, _ in seen),
        sum(looked for *_, looked in seen),
        tuple(table.rows for _, table, *_ in seen),
    )


def _look(file: ExportFile, layout: Layout | None) -> tuple[Table, Encoding, int, int]:
    with file.path.open("rb") as opened:
        head = opened.read(4096)
    size = file.path.stat().st_size
    sure = Encoding("utf-8", 1.0, None, ())
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        from comity.workbench.sheet import read_sheet

        return read_sheet(file), sure, size, size
    if head.startswith(b"PAR1"):
        from comity.workbench.sheet import read_parquet

        return read_parquet(file), sure, size, size
    if head.startswith(b"SQLite format 3\0"):
        raise _database(file)
    pieces = sample_bytes(file.path)
    encoding = guess_encoding(pieces.pieces)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        from comity.workbench.markup import read_xml

        return read_xml(file.path, file.name), sure, size, min(size, 24 << 20)
    table = _text(file, pieces, encoding, layout)
    if table is None:
        raise ReadError(
            "read.no-header",
            "Nothing in the file looks like rows of a table",
            file=file.name,
            found=f"taken for {encoding.name}; no mark stands in most lines, and they are not of one length",
            remedy="write adapter.yaml by hand, see docs/adapters.md",
        )
    doubts = dict(table.doubts)
    if encoding.confidence < _SURE and "encoding" in table.format:
        doubts["encoding"] = "; ".join(encoding.evidence)
    table = replace(table, doubts=doubts, mark=head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")))
    return table, encoding, size, pieces.looked_at


def _database(file: ExportFile) -> ReadError:
    """A database is asked by a query, since it has more than one table."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"{file.path.resolve().as_uri()}?mode=ro", uri=True)) as opened:
        tables = opened.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name"
        ).fetchall()
    names = [name for (name,) in tables]
    query = f"SELECT * FROM {names[0] if names else 'TABLE'}"
    return ReadError(
        "workbench.database-file",
        "The file is a SQLite database, which is read by a query",
        file=file.name,
        found=f"tables and views: {', '.join(names) or 'none'}",
        remedy=f"name no file, but --database sqlite:///{file.path.name} --query '{query}'",
    )


def _text(file: ExportFile, pieces: Pieces, encoding: Encoding, layout: Layout | None) -> Table | None:
    share = pieces.looked_at / max(pieces.size, 1)
    if layout is not None:
        return read_described(pieces.pieces[0], encoding.name, len(pieces.pieces[0]) / pieces.size, layout)
    if (
        encoding.name.startswith("cp")
        and encoding.confidence == 0.6
        and b"\n" not in pieces.pieces[0][:_LONG_LINE]
    ):
        return read_fixed_records(pieces.pieces[0], encoding.name, share)
    texts = [piece.decode(encoding.name, "replace") for piece in pieces.pieces]
    start = texts[0].lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        if start == "{" and (table := read_json_lines(texts, encoding.name, share=share)) is not None:
            return table
        whole, read = texts[0], pieces.whole
        if not read and pieces.size <= _JSON_WHOLE:
            whole, read, share = file.path.read_bytes().decode(encoding.name, "replace"), True, 1.0
        if (found := read_json(whole, encoding.name, whole=read, share=share)) is not None:
            return found
    dialect = find_dialect(texts[0].removeprefix("\ufeff"))
    if dialect is None:
        return read_fixed_lines(texts[0], encoding.name, share)
    return read_delimited(texts, dialect, encoding.name, whole=pieces.whole, share=share)


_LONG_LINE = 4096


def _same_names(
    seen: Sequence[tuple[str, Table, Encoding, int, int]],
) -> list[tuple[str, Table, Encoding, int, int]]:
    """Names that differ from file to file in white space, width or case alone are one: a reader takes them so."""
    spelled: dict[str, str] = {}
    found = []
    for name, table, *rest in seen:
        fields = []
        for field in table.fields:
            usual = spelled.setdefault(normal_name(field.name).replace(" ", "").casefold(), field.name)
            aliases = (field.name,) if normal_name(usual) != normal_name(field.name) else ()
            fields.append(replace(field, name=usual, aliases=aliases))
        found.append((name, replace(table, fields=tuple(fields)), *rest))
    return found  # type: ignore[return-value]


def _layouts(seen: Sequence[tuple[str, Table, Encoding, int, int]]) -> list[tuple[Table, Encoding]]:
    """The different formats, each with the rows of all files that have it. All must show the same fields."""
    first_name, first = seen[0][0], {field.name for field in seen[0][1].fields}
    found: list[tuple[Table, Encoding]] = []
    for name, table, encoding, *_ in seen:
        names = {field.name for field in table.fields}
        if len(names & first) * 3 < len(names | first):
            raise ReadError(
                "read.header-drift",
                "The files do not have the same fields, so they are no one source",
                file=name,
                found=f"beside {first_name}: missing {', '.join(sorted(first - names)) or 'nothing'}; "
                f"new {', '.join(sorted(names - first)) or 'nothing'}",
                remedy="give the files of one layout; another layout is another source, or has 'aliases'",
            )
        for place, (known, sure) in enumerate(found):
            if dict(known.format) == dict(table.format):
                both = (known.estimated or known.rows) + (table.estimated or table.rows)
                found[place] = (replace(known, rows=known.rows + table.rows, estimated=both), sure)
                break
        else:
            found.append((table, encoding))
    # A file without a letter beyond ASCII says nothing of the encoding: another one does.
    plain = [
        (table, encoding) for table, encoding in found if "only ASCII" not in " ".join(encoding.evidence)
    ]
    return plain or found


def _merged(tables: Sequence[Table]) -> tuple[SampleField, ...]:
    """The fields of all files, in the order of the first."""
    merged: dict[str, SampleField] = {}
    for table in tables:
        for field in table.fields:
            known = merged.get(field.name)
            merged[field.name] = (
                field
                if known is None
                else replace(
                    known,
                    values=known.values + field.values,
                    optional=known.optional or field.optional,
                    aliases=tuple(dict.fromkeys(known.aliases + field.aliases)),
                )
            )
    everywhere = set.intersection(*({field.name for field in table.fields} for table in tables))
    return tuple(
        field if field.name in everywhere else replace(field, optional=True) for field in merged.values()
    )
