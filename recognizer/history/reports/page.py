"""A report as one HTML page that needs no other file: light and dark, on a telephone and on paper."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from html import escape

from recognizer.history.reports.attendance import Report
from recognizer.history.reports.timeline import COLOURS, Bar, common_axis, days, timeline
from recognizer.history.sightings import Presence, clock_time, day_hours, parts

_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#6a3d9a", "#666666")
_DARK = ("#56b4e9", "#e69f00", "#2fc79a", "#e39cc3", "#f0e442", "#3d8fd1", "#b79be0", "#aaaaaa")
"""After Okabe and Ito, "Color Universal Design" (2008), with two more; on dark ground lighter."""


def _colours(values: Sequence[str]) -> str:
    return "".join(f".c{number}{{fill:{value};background:{value}}}" for number, value in enumerate(values))


_STYLE = (
    """:root{color-scheme:light dark;--ink:#1c2430;--faint:#5b6675;--rule:#d8dde4;--ground:#fff}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:1rem;color:var(--ink);"""
    """background:var(--ground)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.2rem 0;color:var(--faint)}
h1,h2,td,.who span,.legend li{overflow-wrap:anywhere}time,td::before{white-space:nowrap}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
th{font-weight:600}.n{text-align:right}
svg{display:block;overflow:visible}.axis text{font-size:12px;fill:var(--faint)}.grid{stroke:var(--rule)}
.who{display:flex;justify-content:space-between;gap:1rem;margin-top:.4rem}
.who span:last-child{color:var(--faint);white-space:nowrap}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:1rem 0 0}
.legend i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin-right:.4rem}
"""
    + _colours(_LIGHT)
    + """
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--faint:#a0abba;--rule:#39424e;--ground:#14181d}
"""
    + _colours(_DARK)
    + """}
@media(max-width:40rem){thead{display:none}tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--rule)}
td,td.n{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem 0;text-align:right}
td::before{content:attr(data-label);color:var(--faint)}}
@media print{:root{--ink:#000;--faint:#444;--rule:#bbb;--ground:#fff}body{font-size:11pt;max-width:none;padding:0}
.day,tr{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}
rect,.legend i{print-color-adjust:exact;-webkit-print-color-adjust:exact}"""
    + _colours(_LIGHT)
    + "}"
)
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'"
)
"""Under which the page works, and which it states itself; a service that sends it may send this, too."""


def report_html(report: Report) -> bytes:
    """Write a page with the people, a timeline of each day and the rows; UTF-8."""
    title = "Who was present"
    policy = escape(CONTENT_SECURITY_POLICY)
    parts_of_page = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *_head(report),
    ]
    if report.sightings:
        by_day = days(report)
        parts_of_page += [*_people(report), *_timelines(report, by_day), *_rows(report)]
    else:
        parts_of_page.append("<h2>No named person was seen.</h2>")
    return ("\n".join(parts_of_page) + "\n</body></html>\n").encode("utf-8", "replace")


def _head(report: Report) -> Iterator[str]:
    if report.since or report.until or report.sightings:
        since = report.since or min((one.began for one in report.sightings), default=report.made)
        until = report.until or max((one.ended for one in report.sightings), default=report.made)
        yield f"<p>{_minute(report, since)} to {_minute(report, until)}, {escape(report.zone_name)}</p>"
    people = len({one.person for one in report.sightings})
    yield f"<p>{_count(people, 'person', 'people')}, {_count(len(report.visits), 'sighting', 'sightings')}. "
    yield f"Made {_minute(report, report.made)}.</p>"


def _people(report: Report) -> Iterator[str]:
    """Write a table of the people; time at which several sources saw somebody counts once."""
    headings = ("person", "first seen", "last seen", "days", "sightings", "time present")
    rows = []
    for person in sorted({one.person for one in report.visits}):
        visits = [one for one in report.visits if one.person == person]
        dates = {began.date() for one in visits for began, _ in parts(one.began, one.ended, by="day", zone=report.zone)}
        rows.append(
            (
                escape(person),
                _time(report, min(one.began for one in visits), "%Y-%m-%d %H:%M:%S"),
                _time(report, max(one.ended for one in visits), "%Y-%m-%d %H:%M:%S"),
                str(len(dates)),
                str(len(visits)),
                duration(sum(one.seconds for one in visits)),
            )
        )
    yield "<h2>People</h2>"
    yield from _table(headings, rows, numbers=3)


def _timelines(report: Report, by_day: dict[dt.date, list[Bar]]) -> Iterator[str]:
    names = report.short_names()
    colours = {source: number for number, source in enumerate(sorted(names))}
    axis = common_axis(report, by_day)
    yield '<ul class="legend">'
    for source, number in colours.items():
        yield f'<li title="{escape(source)}"><i class="c{number % COLOURS}"></i>{escape(names[source])}</li>'
    yield "</ul>"
    for day, bars in by_day.items():
        yield f'<section class="day"><h2>{day:%A, %Y-%m-%d}</h2>'
        hours = day_hours(bars[0].began, report.zone)
        if hours != 24:
            yield f"<p>The clocks change: this day has {hours:g} hours.</p>"
        yield from timeline(report, bars, axis, colours, names)
        yield "</section>"


def _rows(report: Report) -> Iterator[str]:
    period = () if report.by == "person" else (report.by,)
    headings = (*period, "person", "source", "first", "last", "sightings", "time present")
    form = "%Y-%m-%d %H:%M:%S" if report.by == "person" else "%H:%M:%S"
    title = {"person": "By person and source", "day": "By day", "hour": "By hour"}[report.by]
    names = report.short_names()
    yield f"<h2>{title}</h2>"
    yield from _table(headings, [_cells(report, row, form, names[row.source]) for row in report.rows], numbers=2)


def _cells(report: Report, row: Presence, form: str, source: str) -> tuple[str, ...]:
    period = () if report.by == "person" else (f"<time>{escape(row.period)}</time>",)
    times = (_time(report, row.first, form), _time(report, row.last, form, ends=report.by != "person"))
    return (*period, escape(row.person), escape(source), *times, str(row.sightings), duration(row.seconds))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> Iterator[str]:
    """Write a table of HTML cells, of which the last ones are numbers."""
    left = len(headings) - numbers
    kinds = ['class="n" ' if place >= left else "" for place in range(len(headings))]
    yield "<table><thead><tr>"
    yield "".join(f"<th {kind}scope=col>{heading}</th>" for kind, heading in zip(kinds, headings, strict=True))
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(kinds, headings, row, strict=True)
        yield "<tr>" + "".join(f'<td {kind}data-label="{name}">{cell}</td>' for kind, name, cell in cells) + "</tr>"
    yield "</tbody></table>"


def _time(report: Report, moment: dt.datetime, form: str, *, ends: bool = False) -> str:
    """Write a time; midnight as 24:00:00 where it ends something."""
    local = report.local(moment)
    shown = clock_time(local, ends=True) if ends else local.strftime(form)
    return f'<time datetime="{local.isoformat(timespec="seconds")}">{shown}</time>'


def _minute(report: Report, moment: dt.datetime) -> str:
    return _time(report, moment, "%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Return a time span as 1:02:03, or as 12.3 s below a minute."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
