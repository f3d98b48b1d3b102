"""The timeline of a report: for each day one bar chart, a row for each person."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from recognizer.history.reports.attendance import Report
from recognizer.history.sightings import clock_time, midnight, next_midnight, parts

COLOURS = 8
"""Sources that have a colour of their own; the next ones begin again."""
_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360)
_MOST_TICKS = 8
"""More labels overlap on a telephone's screen."""
_LANE_PX, _GAP_PX = 12, 3
_LEAST_SHARE = 0.004
"""Narrowest bar, as a share of the width: a glimpse must be visible, too."""
_AXIS_PX = 18


@dataclass(frozen=True, slots=True)
class Bar:
    """A person at a source, within one day."""

    person: str
    source: str
    began: dt.datetime
    ended: dt.datetime


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds since midnight that are shown; the clock may be set meanwhile, so they are not the time of day."""

    begin_s: float
    end_s: float
    step_min: int

    def share(self, seconds: float) -> float:
        """Return where on the axis a time is, [0, 1]."""
        return min(max((seconds - self.begin_s) / (self.end_s - self.begin_s), 0.0), 1.0)


def days(report: Report) -> dict[dt.date, list[Bar]]:
    """Return the sightings of each day on which somebody was present, cut at midnights."""
    found: dict[dt.date, list[Bar]] = {}
    for one in report.sightings:
        for began, ended in parts(one.began, one.ended, by="day", zone=report.zone):
            found.setdefault(began.date(), []).append(Bar(one.person, one.source, began, ended))
    return dict(sorted(found.items()))


def timeline(
    report: Report, bars: Sequence[Bar], axis: Axis, colours: Mapping[str, int], names: Mapping[str, str]
) -> Iterator[str]:
    """Draw one day as HTML: a line of times, then name, first and last time and bars of each person.

    Args:
        report: gives the time zone.
        bars: of one day.
        axis: of all days, so that their charts have one scale.
        colours: number of each source's colour, from 0.
        names: short name of each source.
    """
    start = midnight(bars[0].began, report.zone)
    ticks = list(_ticks(report, start, axis))
    yield from _times(ticks)
    people: dict[str, list[Bar]] = {}
    for bar in bars:
        people.setdefault(bar.person, []).append(bar)
    for person, theirs in sorted(people.items()):
        yield from _row(person, theirs, start, axis, [place for place, _ in ticks], colours, names)


def common_axis(report: Report, by_day: Mapping[dt.date, Sequence[Bar]]) -> Axis:
    """Choose a span of whole steps around the bars of all days, with at most ``_MOST_TICKS`` labels."""
    low, high = math.inf, -math.inf
    for bars in by_day.values():
        start = midnight(bars[0].began, report.zone).timestamp()
        low = min(low, *(bar.began.timestamp() - start for bar in bars))
        high = max(high, *(bar.ended.timestamp() - start for bar in bars))
    for step in _STEPS_MIN:
        begin = low // (60 * step) * (60 * step)
        end = max(-(-high // (60 * step)) * (60 * step), begin + 60 * step)
        if (end - begin) / (60 * step) < _MOST_TICKS:
            break
    return Axis(begin, end, step)


def _ticks(report: Report, start: dt.datetime, axis: Axis) -> Iterator[tuple[float, str]]:
    """Yield places and labels: times of day that are multiples of the step, also after the clock was set."""
    minutes = min(axis.step_min, 60)
    last = next_midnight(start, report.zone).timestamp() - start.timestamp()
    offset = axis.begin_s
    while offset <= axis.end_s:
        moment = report.local(dt.datetime.fromtimestamp(start.timestamp() + offset, dt.UTC))
        if (60 * moment.hour + moment.minute) % axis.step_min == 0 or offset == last:
            yield axis.share(offset), "24:00" if offset == last else f"{moment:%H:%M}"
        offset += 60 * minutes


def _times(ticks: Sequence[tuple[float, str]]) -> Iterator[str]:
    yield f'<svg class="axis" width="100%" height="{_AXIS_PX}" aria-hidden="true">'
    for place, label in ticks:
        anchor = "start" if place < 0.02 else "end" if place > 0.98 else "middle"
        yield f'<text x="{100 * place:.2f}%" y="13" text-anchor="{anchor}">{label}</text>'
    yield "</svg>"


def _row(
    person: str,
    bars: Sequence[Bar],
    start: dt.datetime,
    axis: Axis,
    ticks: Sequence[float],
    colours: Mapping[str, int],
    names: Mapping[str, str],
) -> Iterator[str]:
    """Draw a person's bars, a lane for each source."""
    lanes = {source: lane for lane, source in enumerate(sorted({bar.source for bar in bars}))}
    height = len(lanes) * (_LANE_PX + _GAP_PX) + _GAP_PX
    spans = [f"{names[bar.source]}, {bar.began:%H:%M:%S} to {clock_time(bar.ended, ends=True)}" for bar in bars]
    yield f'<div class="who"><span>{escape(person)}</span><span>{escape(_span(bars))}</span></div>'
    yield f'<svg width="100%" height="{height}" role="img" aria-label="{escape(person + ": " + "; ".join(spans))}">'
    for place in ticks:
        yield f'<line class="grid" x1="{100 * place:.2f}%" x2="{100 * place:.2f}%" y1="0" y2="{height}"/>'
    for bar, words in zip(bars, spans, strict=True):
        begin, end = (axis.share(at.timestamp() - start.timestamp()) for at in (bar.began, bar.ended))
        begin = min(begin, 1 - _LEAST_SHARE)
        width = max(end - begin, _LEAST_SHARE)
        top = _GAP_PX + lanes[bar.source] * (_LANE_PX + _GAP_PX)
        yield (
            f'<rect class="c{colours[bar.source] % COLOURS}" x="{100 * begin:.3f}%" width="{100 * width:.3f}%" '
            f'y="{top}" height="{_LANE_PX}" rx="2"><title>{escape(f"{person}, {words}")}</title></rect>'
        )
    yield "</svg>"


def _span(bars: Sequence[Bar]) -> str:
    first = min(bars, key=lambda bar: bar.began.timestamp()).began
    last = max(bars, key=lambda bar: bar.ended.timestamp()).ended
    return f"{first:%H:%M} to {clock_time(last, ends=True, form='%H:%M')}"
