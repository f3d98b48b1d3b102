"""Tables that several commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from recognizer.cli import _console
from recognizer.history.records import short_source

if TYPE_CHECKING:
    from recognizer.evaluation.quality import Matched

__all__ = ["matched_cell", "short_source", "show_rows"]


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


def matched_cell(found: Matched) -> str:
    """Describe how many comparisons matched, with the interval of their rate."""
    if not found.comparisons:
        return "-"
    interval = f"{found.low:.0e} to {found.high:.0e}" if found.hits else f"under {found.high:.0e}"
    return f"{found.hits} of {found.comparisons}\n[dim]{interval}[/]"
