"""Tables that several commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from recognizer.cli import _console
from recognizer.history.records import short_source

__all__ = ["short_source", "show_rows"]


def show_rows(rows: Sequence[Mapping[str, Any]], nothing: str) -> None:
    """Print rows as a table whose headings are the keys of the first row; ``nothing`` where there are none."""
    if not rows:
        _console.out.print(nothing)
        return
    table = Table()
    for heading in rows[0]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    _console.out.print(table)
