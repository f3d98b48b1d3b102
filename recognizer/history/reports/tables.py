"""A report as CSV and as an Excel workbook. What names hold is never run as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recognizer.errors import UsageError
from recognizer.history.reports.attendance import Report

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters by which spreadsheets know a formula (OWASP, "CSV Injection"); the last four are wide forms."""
_DATE, _MINUTE, _SECOND = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss"
_MOST_COLUMN = 50
"""Widest column, characters."""

Cell = str | float | dt.datetime | dt.date


def report_csv(report: Report) -> bytes:
    """Write the rows as CSV: UTF-8 with its mark, by which Excel knows it; times as ISO 8601 with their zone."""
    text = io.StringIO()
    rows = report.as_rows()
    period = [] if report.by == "person" else [report.by]
    headings = [*period, "person", "source", "first", "last", "seconds", "sightings"]
    writer = csv.DictWriter(text, headings)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return text.getvalue().encode("utf-8-sig", "replace")


def report_xlsx(report: Report) -> bytes:
    """Write an Excel workbook: the rows, and a second sheet with every sighting.

    Times are dates of the report's zone, as Excel's have none; a column holds the distance from UTC.

    Raises:
        UsageError: if XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise UsageError("Excel files need XlsxWriter: pip install xlsxwriter. CSV needs nothing.") from None
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:  # no temporary files with names on the disk
        book.set_properties(
            {
                "title": "Who was present",
                "comments": f"Times of {report.zone_name}.",
                "created": report.made.astimezone(dt.UTC).replace(tzinfo=None),
            }
        )
        _write_sheet(book, "Presence", *_presence_columns(report))
        _write_sheet(book, "Sightings", *_sighting_columns(report))
    return file.getvalue()


def _presence_columns(report: Report) -> tuple[Mapping[str, str], list[list[Cell]]]:
    """Return headings with number formats, and rows."""
    period: dict[str, str] = {"person": {}, "day": {"day": _DATE}, "hour": {"hour": _MINUTE}}[report.by]
    headings = period | {"person": "", "source": "", "first": _SECOND, "last": _SECOND, "seconds": "0.0"}
    headings |= {"sightings": "0", "from UTC": ""}
    rows: list[list[Cell]] = []
    for row in report.rows:
        start: list[Cell] = []
        if report.by == "day":
            start = [dt.date.fromisoformat(row.period)]
        elif report.by == "hour":
            start = [row.first.replace(minute=0, second=0, microsecond=0)]
        rows.append(
            [*start, row.person, row.source, row.first, row.last, row.seconds, row.sightings, _from_utc(row.first)]
        )
    return headings, rows


def _sighting_columns(report: Report) -> tuple[Mapping[str, str], list[list[Cell]]]:
    headings = {"person": "", "source": "", "began": _SECOND, "ended": _SECOND, "seconds": "0.0"}
    headings |= {"tracks": "0", "from UTC": ""}
    rows: list[list[Cell]] = []
    for one in report.sightings:
        began, ended = report.local(one.began), report.local(one.ended)
        rows.append([one.person, one.source, began, ended, one.seconds, one.tracks, _from_utc(began)])
    return headings, rows


def _write_sheet(book: Any, name: str, headings: Mapping[str, str], rows: Sequence[Sequence[Cell]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(rows)), len(headings) - 1)
    bold = book.add_format({"bold": True, "bottom": 1})
    for column, (heading, form) in enumerate(headings.items()):
        sheet.write_string(0, column, heading, bold)
        style = book.add_format({"num_format": form or "@", "valign": "top"})
        cells = [row[column] for row in rows]
        longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
        sheet.set_column(column, column, min(max(longest, len(form), len(heading) + 3) + 1, _MOST_COLUMN))
        for place, cell in enumerate(cells, 1):
            _writer(sheet, cell)(place, column, cell, style)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _writer(sheet: Any, value: Cell) -> Callable[..., object]:
    """Return the method that writes a value as what it is; ``write`` would make formulas and links of some names."""
    if isinstance(value, str):
        return sheet.write_string  # type: ignore[no-any-return]
    if isinstance(value, dt.date):  # also a time
        return lambda row, column, moment, style: sheet.write_datetime(row, column, _naive(moment), style)
    return sheet.write_number  # type: ignore[no-any-return]


def _naive(moment: dt.datetime | dt.date) -> dt.datetime | dt.date:
    return moment.replace(tzinfo=None) if isinstance(moment, dt.datetime) else moment


def _from_utc(moment: dt.datetime) -> str:
    return moment.isoformat()[-6:]


def _harmless(value: Any) -> Any:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
