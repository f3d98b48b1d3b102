"""Bars as one SVG file, for a README: no style sheet and nothing else is needed to look at it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from recognizer.bench.timing import Spread, rounded

WIDTH = 760
_LABEL, _RIGHT, _TOP, _LINE = 230, 110, 44, 26
COLOURS = {"ours": "#1f6fb4", "yardstick": "#8a8f98", "peer": "#d1495b"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with its spread."""

    name: str
    value: Spread
    kind: str = "ours"
    """``ours``, ``yardstick`` or ``peer``."""


def bars(title: str, unit: str, rows: Sequence[Bar], *, log: bool = False) -> str:
    """Horizontal bars from 0, or of orders of magnitude.

    Args:
        title: above them.
        unit: of the values, told behind each.
        rows: from top to bottom; a thin line shows the quartiles.
        log: the axis is logarithmic, from the power of ten below the smallest value.
    """
    height = _TOP + _LINE * len(rows) + 16
    most = max(row.value.high for row in rows)
    least = 10 ** math.floor(math.log10(max(min(row.value.median for row in rows), 1e-9))) if log else 0.0

    def across(value: float) -> float:
        share = math.log10(max(value, least) / least) / math.log10(most / least) if log else value / most
        return _LABEL + share * (WIDTH - _LABEL - _RIGHT)

    parts = [f'<text x="12" y="24" font-size="16" font-weight="600">{escape(title)}</text>']
    for number, row in enumerate(rows):
        top = _TOP + _LINE * number
        middle = top + _LINE / 2
        end, low, high = across(row.value.median), across(row.value.low), across(row.value.high)
        parts += [
            f'<text x="{_LABEL - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(row.name)}</text>',
            f'<rect x="{_LABEL}" y="{top + 4}" width="{max(end - _LABEL, 1):.1f}" height="{_LINE - 8}" '
            f'fill="{COLOURS[row.kind]}"/>',
            f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" stroke="#222"/>',
            f'<text x="{max(end, high) + 8:.1f}" y="{middle + 4:.1f}">{rounded(row.value.median):g} '
            f"{escape(unit)}</text>",
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
