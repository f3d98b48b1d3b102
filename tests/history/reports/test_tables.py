from __future__ import annotations

import csv
import datetime as dt
import io
import sys
from collections.abc import Callable

import openpyxl
import pytest

from recognizer.errors import UsageError
from recognizer.history.records import Selection
from recognizer.history.reports.attendance import Report
from recognizer.history.reports.formats import FORMATS
from recognizer.history.reports.tables import report_csv, report_xlsx
from tests.history.reports.conftest import FORMULA, NIGHT, at

Make = Callable[..., Report]


def test_csv_has_iso_times_and_no_formula(make: Make) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(make()).decode("utf-8-sig"))))
    assert [row["person"] for row in rows if row["source"] == "'+1 gate"] == [f"'{FORMULA}"]
    nights = [(row["day"], row["first"], row["seconds"]) for row in rows if row["person"] == NIGHT]
    assert nights == [
        ("2026-10-24", "2026-10-24T22:00:00+02:00", "7200.0"),
        ("2026-10-25", "2026-10-25T00:00:00+02:00", "25200.0"),
    ]


def test_an_empty_report_has_headings(make: Make) -> None:
    nobody = make("hour", Selection(person="Nobody"))
    assert report_csv(nobody).decode("utf-8-sig") == "hour,person,source,first,last,seconds,sightings\r\n"
    assert openpyxl.load_workbook(io.BytesIO(report_xlsx(nobody)))["Presence"].dimensions == "A1:H1"


def test_excel_has_dates_and_numbers_and_no_formula(make: Make) -> None:
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx(make())))
    sheet = book["Presence"]
    assert sheet.freeze_panes == "A2"
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    night = [row for row in rows if row[1] == NIGHT]
    assert night[0] == (
        dt.datetime(2026, 10, 24),
        NIGHT,
        "gate",
        dt.datetime(2026, 10, 24, 22),
        dt.datetime(2026, 10, 25),
        7200,
        1,
        "+02:00",
    )
    cells = [cell for each in book for row in each.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "d", "n"}
    assert {cell.value for cell in cells if cell.data_type == "s"} >= {FORMULA, "+1 gate"}
    assert all(cell.hyperlink is None for cell in cells)
    assert book["Sightings"].max_row == 6
    widths = [sheet.column_dimensions[letter].width for letter in "ABD"]
    assert all(width >= 11 for width in widths)


def test_hours_are_dates_in_excel(make: Make) -> None:
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx(make("hour", Selection(since=at("2026-10-25T04:00"))))))
    rows = list(book["Presence"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [dt.datetime(2026, 10, 25, 4), dt.datetime(2026, 10, 25, 5)]


def test_the_message_without_the_library(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError, match="pip install xlsxwriter"):
        report_xlsx(make())


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(make: Make, suffix: str) -> None:
    assert FORMATS[suffix].render(make()) == FORMATS[suffix].render(make())
