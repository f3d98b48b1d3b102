"""Curves and histograms as SVG text, for reports that are one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

WIDTH, HEIGHT = 460, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 12, 30, 44
TIMELINE_WIDTH = 960
_TIMELINE_LEFT, _ROW = 130, 24
_LINE = 15
COLOURS = ("#1f6fb4", "#d1495b", "#2a9d5c", "#8e5bb5", "#e08e1b", "#4b5563", "#0e9aa7", "#a0522d")


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a plot."""

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, values: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Where values stand between the axis' ends, in [0, 1]; what lies outside is put on the end."""
        kept = np.clip(np.asarray(values, np.float64), self.low, self.high)
        if self.log:
            return np.asarray((np.log10(kept) - math.log10(self.low)) / math.log10(self.high / self.low))
        return np.asarray((kept - self.low) / (self.high - self.low))

    def ticks(self) -> list[float]:
        """Round values on the axis."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        power = 10 ** math.floor(math.log10(self.high - self.low))
        step = next(share * power for share in (1, 0.5, 0.2) if (self.high - self.low) / (share * power) >= 4 - 1e-9)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def curves(title: str, x: Axis, y: Axis, lines: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> str:
    """A plot of lines.

    Args:
        title: above it.
        x: the horizontal axis.
        y: the vertical axis.
        lines: name -> the x values, rising, and the y values.
    """
    parts = [_frame(title, x, y)]
    for number, (name, (across, up)) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        inside = max(0, int(np.searchsorted(across, x.low, side="right")) - 1)  # no wall along the left edge
        places = _thinned(np.column_stack([_across(x.place(across)), _up(y.place(up))])[inside:])
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts.append(_legend(number, name, colour))
    return _svg(parts, rows=len(lines))


def histograms(title: str, x: Axis, groups: Mapping[str, ArrayLike], *, bins: int = 60) -> str:
    """Distributions laid over each other, each of area one; the vertical axis is the share in a bin."""
    edges = np.linspace(x.low, x.high, bins + 1)
    shares = {
        name: np.histogram(np.clip(np.asarray(values), x.low, x.high), edges)[0] / max(1, np.size(values))
        for name, values in groups.items()
    }
    top = max((float(share.max()) for share in shares.values()), default=0.0) or 1.0
    y = Axis("share", 0, top * 1.05)
    parts = [_frame(title, x, y)]
    for number, (name, share) in enumerate(shares.items()):
        colour = COLOURS[number % len(COLOURS)]
        corners = np.column_stack([np.repeat(edges, 2)[1:-1], np.repeat(share, 2)])
        outline = [(x.low, 0.0), *corners.tolist(), (x.high, 0.0)]
        points = " ".join(f"{_across(x.place(a)):.1f},{_up(y.place(b)):.1f}" for a, b in outline)
        parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.3" stroke="{colour}"/>')
        parts.append(_legend(number, name, colour))
    return _svg(parts, rows=len(groups))


@dataclass(frozen=True, slots=True)
class Bar:
    """From when to when, on a row of a timeline."""

    row: str
    from_s: float
    to_s: float
    colour: str
    note: str
    """Shown when the pointer rests on it."""
    thin: bool = False
    """Drawn in the middle of its row, over what is there."""


def timeline(title: str, length_s: float, rows: Sequence[str], bars: Sequence[Bar], legend: Mapping[str, str]) -> str:
    """Who was where when: a row for each name, time from left to right.

    Args:
        title: above it.
        length_s: of the whole.
        rows: from top to bottom.
        bars: in the order in which they are drawn.
        legend: what a colour means -> the colour.
    """
    x = Axis("seconds", 0, max(length_s, 0.1))
    left, right = _TIMELINE_LEFT, TIMELINE_WIDTH - _RIGHT
    bottom = _TOP + _ROW * len(rows)

    def across(at: float) -> float:
        return left + float(x.place(at)) * (right - left)

    parts = [f'<text x="{TIMELINE_WIDTH / 2}" y="18" text-anchor="middle" font-weight="600">{escape(title)}</text>']
    for tick in x.ticks():
        at = f"{across(tick):.1f}"
        parts.append(f'<line x1="{at}" y1="{_TOP}" x2="{at}" y2="{bottom}" class="grid"/>')
        parts.append(f'<text x="{at}" y="{bottom + 15}" text-anchor="middle">{_number(tick)}</text>')
    for number, row in enumerate(rows):
        parts.append(f'<text x="{left - 8}" y="{_TOP + _ROW * number + 16}" text-anchor="end">{escape(row)}</text>')
    for bar in bars:
        inset = 7 if bar.thin else 2
        top, high = _TOP + _ROW * rows.index(bar.row) + inset, _ROW - 2 * inset
        begins = across(bar.from_s)
        box = f'x="{begins:.1f}" y="{top}" width="{max(1.0, across(bar.to_s) - begins):.1f}" height="{high}"'
        parts.append(f'<rect {box} fill="{bar.colour}"><title>{escape(bar.note)}</title></rect>')
    parts.append(f'<text x="{(left + right) / 2}" y="{bottom + 32}" text-anchor="middle">{x.label}</text>')
    for number, (name, colour) in enumerate(legend.items()):
        place = left + 190 * number
        parts.append(f'<rect x="{place}" y="{bottom + 44}" width="10" height="8" fill="{colour}"/>')
        parts.append(f'<text x="{place + 15}" y="{bottom + 52}">{escape(name)}</text>')
    high = bottom + 60
    return f'<svg viewBox="0 0 {TIMELINE_WIDTH} {high}" role="img" width="100%">{"".join(parts)}</svg>'


def _across(
    share: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(_LEFT + share * (WIDTH - _LEFT - _RIGHT))


def _up(share: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM))


def _thinned(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Points at least half a pixel apart."""
    if len(points) < 2:
        return points
    kept = [0]
    for row in range(1, len(points) - 1):
        if np.abs(points[row] - points[kept[-1]]).max() >= 0.5:
            kept.append(row)
    return points[[*kept, len(points) - 1]]


def _frame(title: str, x: Axis, y: Axis) -> str:
    parts = [f'<text x="{WIDTH / 2}" y="18" text-anchor="middle" font-weight="600">{escape(title)}</text>']
    bottom = HEIGHT - _BOTTOM
    for tick in x.ticks():
        left = float(_across(x.place(tick)))
        parts.append(f'<line x1="{left:.1f}" y1="{_TOP}" x2="{left:.1f}" y2="{bottom}" class="grid"/>')
        parts.append(f'<text x="{left:.1f}" y="{bottom + 15}" text-anchor="middle">{_number(tick)}</text>')
    for tick in y.ticks():
        top = float(_up(y.place(tick)))
        parts.append(f'<line x1="{_LEFT}" y1="{top:.1f}" x2="{WIDTH - _RIGHT}" y2="{top:.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{top + 4:.1f}" text-anchor="end">{_number(tick)}</text>')
    middle = (_TOP + bottom) / 2
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x.label)}</text>')
    turn = f"rotate(-90 12 {middle})"
    parts.append(f'<text x="12" y="{middle}" text-anchor="middle" transform="{turn}">{escape(y.label)}</text>')
    return "".join(parts)


def _legend(number: int, name: str, colour: str) -> str:
    top = HEIGHT + 10 + _LINE * number  # below the plot: curves may run anywhere in it
    mark = f'<rect x="{_LEFT + 8}" y="{top - 8}" width="10" height="8" fill="{colour}"/>'
    return f'{mark}<text x="{_LEFT + 22}" y="{top}">{escape(name)}</text>'


def _number(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-") if 0 < abs(value) < 0.001 else f"{value:.4g}"


def _svg(parts: Sequence[str], *, rows: int) -> str:
    high = HEIGHT + _LINE * rows + 4
    return f'<svg viewBox="0 0 {WIDTH} {high}" role="img" width="{WIDTH}">{"".join(parts)}</svg>'
