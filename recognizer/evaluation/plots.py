"""Curves and histograms as SVG text, for reports that are one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

WIDTH, HEIGHT = 460, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 30, 44
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
        step = 10 ** math.floor(math.log10(self.high - self.low))
        while (self.high - self.low) / step < 4:
            step /= 2
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def curves(
    title: str, x: Axis, y: Axis, lines: Mapping[str, tuple[ArrayLike, ArrayLike]], *, legend_below: bool = False
) -> str:
    """A plot of lines.

    Args:
        title: above it.
        x: the horizontal axis.
        y: the vertical axis.
        lines: name -> the x values and the y values.
        legend_below: where the curves run along the top.
    """
    parts = [_frame(title, x, y)]
    for number, (name, (across, up)) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = _thinned(np.column_stack([_across(x.place(across)), _up(y.place(up))]))
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        place = HEIGHT - _BOTTOM - 24 - _LINE * len(lines) if legend_below else _TOP
        parts.append(_legend(number, name, colour, top=place))
    return _svg(parts)


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
        parts.append(_legend(number, name, colour, top=_TOP))
    return _svg(parts)


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
    turn = f"rotate(-90 14 {middle})"
    parts.append(f'<text x="14" y="{middle}" text-anchor="middle" transform="{turn}">{escape(y.label)}</text>')
    return "".join(parts)


def _legend(number: int, name: str, colour: str, *, top: float) -> str:
    top += 14 + _LINE * number
    mark = f'<rect x="{_LEFT + 8}" y="{top - 8}" width="10" height="8" fill="{colour}"/>'
    return f'{mark}<text x="{_LEFT + 22}" y="{top}" class="name">{escape(name)}</text>'


def _number(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-") if 0 < abs(value) < 0.001 else f"{value:.4g}"


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" width="{WIDTH}">{"".join(parts)}</svg>'
