"""``comity shell``: questions one after the other.

Invariant: a question ends with a semicolon, or with the end of piped input; an error is shown and the
shell goes on. Piped input is answered without prompts, and its first error ends it, as a script wants.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from comity.errors import ComityError, QueryError, nearest
from comity.query.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import duckdb

    from comity.query.output import Format

HISTORY = ".comity_history"
HELP = """\
End a question with a semicolon; it may take several lines.
  .tables          the record types and reports, with their numbers of records
  .schema NAME     the columns of a record type or report, and what they mean
  .format FORM     table, csv or json
  .help            this
  .quit            leave (or Ctrl-D)
"""


def run_shell(
    connection: duckdb.DuckDBPyConnection,
    lines: Iterable[str | None],
    out: BinaryIO,
    *,
    interactive: bool,
    form: Format = "table",
    limits: Limits | None = None,
    give_up: Callable[[QueryError], object] | None = None,
) -> int:
    """Answer every question of ``lines``; 0, or 1 when piped input ended with an error.

    ``give_up``: what ``within`` does with a question that no interrupt ends.
    """
    shell = _Shell(connection, out, form, limits or Limits(), give_up)
    for command in statements(lines):
        try:
            if not shell.answer(command):
                return 0
        except ComityError as error:
            out.flush()
            print(error.text(), file=sys.stderr)
            if not interactive:
                return 1
    return 0


def statements(lines: Iterable[str | None]) -> Iterator[str]:
    """The dot commands, and the questions that a semicolon ends, among ``lines``; None drops what was
    begun.
    """
    begun = ""
    for line in lines:
        if line is None:
            begun = ""
        elif not begun.strip() and line.lstrip().startswith("."):
            yield line.strip()
        else:
            begun += line
            if _is_complete(begun):
                yield begun
                begun = ""
    if begun.strip():
        yield begun


def prompted(release: int) -> Iterator[str | None]:
    """Lines from the keyboard, with editing, and a history that only its owner can read."""
    import readline

    history = Path.home() / HISTORY
    with suppress(OSError):
        readline.read_history_file(history)
    print(f"Comity, release {release}. End a question with a semicolon; .help for help.")
    begun = ""
    try:
        while True:
            try:
                line = input("   ...> " if begun.strip() else "comity> ") + "\n"
                command = not begun.strip() and line.lstrip().startswith(".")
                begun = "" if command or _is_complete(begun + line) else begun + line
            except KeyboardInterrupt:
                print()
                begun = ""
                yield None
                continue
            yield line
    except EOFError:
        print()
    finally:
        # Questions name people: the history is as private as the data.
        with suppress(OSError):
            history.touch(0o600)
            readline.set_history_length(1000)
            readline.write_history_file(history)


class _Shell:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        out: BinaryIO,
        form: Format,
        limits: Limits,
        give_up: Callable[[QueryError], object] | None,
    ) -> None:
        self.limits, self.give_up = limits, give_up
        self.connection = connection
        self.out = out
        self.form = form
        self.commands: dict[str, Callable[[str], None]] = {
            ".tables": self._tables,
            ".schema": self._schema,
            ".format": self._format,
            ".help": self._help,
        }

    def answer(self, command: str) -> bool:
        """Answer one command or question; False when it says to leave."""
        from comity.query.limits import within

        with within(
            self.connection, self.limits, self.give_up
        ):  # an interrupt ends the question, not the shell, wherever it comes
            return self._answer(command)

    def _answer(self, command: str) -> bool:
        from comity.query.federation import ask

        if not command.startswith("."):
            self._show(ask(self.connection, command))
            return True
        word, _, rest = command.partition(" ")
        if word in (".quit", ".exit"):
            return False
        if word not in self.commands:
            raise QueryError(
                "query.unknown-command",
                f"There is no command '{word}'",
                remedy=nearest(word, [*self.commands, ".quit"]),
            )
        self.commands[word](rest.strip().rstrip(";"))
        return True

    def _show(self, relation: duckdb.DuckDBPyRelation | None) -> None:
        from comity.query.output import write

        if relation is not None:
            write(relation, self.form, self.out)
        self.out.flush()

    def _tables(self, rest: str) -> None:
        self._show(
            self.connection.sql(
                "SELECT view_name AS name, records, comment AS description FROM duckdb_views() AS v"
                " LEFT JOIN ledger.record_types AS t ON t.name = view_name"
                " WHERE database_name = current_database() AND NOT internal ORDER BY records IS NULL, t.rowid, 1"
            )
        )

    def _schema(self, rest: str) -> None:
        rows = self.connection.sql(
            "SELECT column_name AS column, data_type AS type, comment AS description FROM duckdb_columns()"
            f" WHERE database_name = current_database() AND table_name = '{rest.replace(chr(39), chr(39) * 2)}'"
            " ORDER BY column_index"
        )
        if not rows.limit(1).fetchall():
            views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            raise QueryError(
                "query.unknown-name",
                f"There is no table or view '{rest}'" if rest else "The command .schema needs a name",
                remedy=nearest(rest, (row[0] for row in self.connection.execute(views).fetchall())),
            )
        self._show(rows)

    def _format(self, rest: str) -> None:
        forms: dict[str, Format] = {"table": "table", "csv": "csv", "json": "json"}
        if rest not in forms:
            raise QueryError(
                "query.unknown-format", f"The shell does not show '{rest}'", remedy=nearest(rest, forms)
            )
        self.form = forms[rest]

    def _help(self, rest: str) -> None:
        self.out.write(HELP.encode())
        self.out.flush()


def _is_complete(text: str) -> bool:
    """Whether ``text`` ends with a semicolon that does not stand in a quoted text or a comment."""
    import duckdb

    if not text.rstrip().endswith(";"):
        return False

    try:
        kinds = duckdb.tokenize(text)
    except duckdb.Error:
        return True
    last = text.encode().rstrip().rfind(b";")
    return any(start == last and kind == duckdb.token_type.operator for start, kind in kinds)
