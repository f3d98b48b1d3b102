"""The formats of a report, by the ending of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recognizer.history.reports.attendance import Report
from recognizer.history.reports.page import report_html
from recognizer.history.reports.tables import report_csv, report_xlsx


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is written."""

    media_type: str
    render: Callable[[Report], bytes]


FORMATS: Mapping[str, Format] = {
    ".csv": Format("text/csv; charset=utf-8", report_csv),
    ".xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", report_xlsx),
    ".html": Format("text/html; charset=utf-8", report_html),
}
