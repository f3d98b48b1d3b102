"""Draw curves, histograms and timelines with matplotlib, as SVG text for reports that are one file.

matplotlib is an extra (``requirements-report.txt``); it is imported when a figure is drawn. The same values give the
same text: ids are derived from a fixed salt, and no date or version is written.
"""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import ArrayLike

from recognizer.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
SIZE_IN = (4.8, 3.6)
"""Width and height of a plot, inches: 460 x 345 CSS px."""
TIMELINE_WIDTH_IN = 10.0
ROW_IN = 0.25
"""Height of a row of a timeline."""
COLOURS = ("#1f6fb4", "#d1495b", "#2a9d5c", "#8e5bb5", "#e08e1b", "#4b5563", "#0e9aa7", "#a0522d")
_STYLE: Any = {
    "svg.hashsalt": "recognizer",
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "text.parse_math": False,  # names may contain a dollar sign
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "grid.color": "#e4e7ec",
}
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a plot; values outside are drawn at its end."""

    label: str
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of time on a row of a timeline."""

    row: str
    from_s: float
    to_s: float
    colour: str
    note: str
    """Tooltip."""
    thin: bool = False
    """Draw it in the middle of its row, over what is there."""


def require_matplotlib(option: str, file: Path | None) -> None:
    """Refuse an option whose plots cannot be drawn here, before any work is done.

    Args:
        option: as on the command line.
        file: its value; ``None``: the option is not used.

    Raises:
        UsageError: if matplotlib is not installed.
    """
    if file is not None and importlib.util.find_spec("matplotlib") is None:
        raise UsageError(f"{option} draws with matplotlib: pip install -r requirements-report.txt.")


def as_svg(draw: Callable[P, Figure]) -> Callable[P, str]:
    """Make a function that draws a figure return it as SVG text, in the style of all our figures.

    The text has no XML declaration, so that it can be embedded in a page.
    """

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> str:
        import matplotlib as mpl

        file = io.StringIO()
        with mpl.rc_context(_STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts draw the text
            draw(*arguments, **named).savefig(file, format="svg", metadata=_METADATA)
        text = file.getvalue()
        return text[text.index("<svg") :]

    return drawn


@as_svg
def curves(title: str, x: Axis, y: Axis, lines: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Plot lines.

    Args:
        title: above the plot.
        x: the horizontal axis.
        y: the vertical axis.
        lines: name -> the x values, rising, and the y values.
    """
    figure, axes = _plot(title, x, y)
    for number, (name, (across, up)) in enumerate(lines.items()):
        xs, ys = np.asarray(across), np.asarray(up)
        first = max(0, int(np.searchsorted(xs, x.low, side="right")) - 1)  # no vertical line along the left edge
        xs, ys = np.clip(xs[first:], x.low, x.high), np.clip(ys[first:], y.low, y.high)
        axes.plot(xs, ys, label=name, color=COLOURS[number % len(COLOURS)], linewidth=1.4)
    _legend(figure, len(lines))
    return figure


@as_svg
def histograms(title: str, x: Axis, groups: Mapping[str, ArrayLike], *, bins: int = 60) -> Figure:
    """Plot distributions over each other; the vertical axis is the share of a group in a bin."""
    edges = np.linspace(x.low, x.high, bins + 1)
    shares = {
        name: np.histogram(np.clip(np.asarray(values), x.low, x.high), edges)[0] / max(1, np.size(values))
        for name, values in groups.items()
    }
    top = max((float(share.max()) for share in shares.values()), default=0.0) or 1.0
    figure, axes = _plot(title, x, Axis("share", 0, top * 1.05))
    for number, (name, share) in enumerate(shares.items()):
        colour = COLOURS[number % len(COLOURS)]
        axes.stairs(share, edges, fill=True, alpha=0.3, color=colour, label=name)
        axes.stairs(share, edges, color=colour)
    _legend(figure, len(groups))
    return figure


def timeline(title: str, length_s: float, rows: Sequence[str], bars: Sequence[Bar], legend: Mapping[str, str]) -> str:
    """Plot spans of time, a row for each name; the note of a bar is its tooltip.

    Args:
        title: above the plot.
        length_s: of the whole.
        rows: from top to bottom.
        bars: in the order in which they are drawn.
        legend: what a colour means -> the colour.
    """
    text = _timeline(title, length_s, rows, bars, legend)
    for number, bar in enumerate(bars):
        group = f'<g id="bar-{number}">'
        text = text.replace(group, f"{group}<title>{escape(bar.note)}</title>")
    return text


@as_svg
def _timeline(
    title: str, length_s: float, rows: Sequence[str], bars: Sequence[Bar], legend: Mapping[str, str]
) -> Figure:
    from matplotlib.patches import Patch

    figure, axes = new_figure(TIMELINE_WIDTH_IN, 1.2 + ROW_IN * len(rows))
    axes.set(title=title, xlim=(0, max(length_s, 0.1)), ylim=(len(rows) - 0.5, -0.5), xlabel="seconds")
    axes.set_yticks(range(len(rows)), labels=rows)
    axes.grid(axis="x")
    for number, bar in enumerate(bars):
        height = 0.4 if bar.thin else 0.85
        [patch] = axes.barh(rows.index(bar.row), bar.to_s - bar.from_s, height, bar.from_s, color=bar.colour)
        patch.set_gid(f"bar-{number}")
    handles = [Patch(color=colour, label=name) for name, colour in legend.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, len(handles)), frameon=False)
    return figure


def new_figure(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    """Make a figure of one plot; sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.subplots()


def _plot(title: str, x: Axis, y: Axis) -> tuple[Figure, Axes]:
    figure, axes = new_figure(*SIZE_IN)
    axes.set(
        title=title,
        xlabel=x.label,
        ylabel=y.label,
        xscale="log" if x.log else "linear",
        yscale="log" if y.log else "linear",
        xlim=(x.low, x.high),
        ylim=(y.low, y.high),
    )
    for axis, values in ((x, axes.xaxis), (y, axes.yaxis)):
        if axis.log:
            values.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid()
    return figure, axes


def _legend(figure: Figure, names: int) -> None:
    """Put the legend below the plot: curves may run anywhere in it."""
    if names:
        figure.legend(loc="outside lower center", ncols=min(names, 2), frameon=False)
