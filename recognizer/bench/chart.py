"""Draw charts of CPU time as SVG files for a README, with matplotlib (``requirements-report.txt``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recognizer.bench.peer_video import VideoComparison
from recognizer.bench.stages import DECODE, RECOGNISE, SEPARATOR, Stages
from recognizer.bench.timing import Spread, cpu_ms, rounded
from recognizer.evaluation.plots import as_svg, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN, ROW_IN = 7.9, 0.27
COLOURS = {"ours": "#1f6fb4", "yardstick": "#8a8f98", "peer": "#d1495b"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with its quartiles."""

    name: str
    value: Spread
    kind: str = "ours"
    """``ours``, ``yardstick`` or ``peer``: its colour."""


@as_svg
def bars(title: str, unit: str, rows: Sequence[Bar], *, log: bool = False) -> Figure:
    """Draw horizontal bars with their values; a thin line shows the quartiles.

    Args:
        title: above the bars.
        unit: of the values.
        rows: from top to bottom.
        log: a logarithmic axis, from the power of ten below the smallest value, instead of one from 0.
    """
    figure, axes = new_figure(WIDTH_IN, 0.6 + ROW_IN * len(rows))
    medians = [row.value.median for row in rows]
    least = 10 ** (math.ceil(math.log10(max(min(medians), 1e-9))) - 1) if log else 0.0
    if log:
        axes.set_xscale("log")
    places = range(len(rows))
    widths = [max(median, least) - least for median in medians]
    axes.barh(places, widths, 0.7, left=least, color=[COLOURS[row.kind] for row in rows])
    axes.hlines(places, [max(row.value.low, least) for row in rows], [row.value.high for row in rows], color="#222222")
    for place, row in enumerate(rows):
        end = max(row.value.median, row.value.high)
        text = f"{rounded(row.value.median):g} {unit}"
        axes.annotate(text, (end, place), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_yticks(places, labels=[row.name for row in rows])
    axes.set(title=title, ylim=(len(rows) - 0.5, -0.5), xlim=(least, axes.get_xlim()[1]))
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    return figure


def stages_chart(found: Stages) -> str:
    """Draw the stages of recognition, with decoding alone."""
    rows = {row.stage: row for row in found.rows}
    chosen = [Bar(DECODE, _constant(rows[DECODE].cpu_ms_per_frame), "yardstick")]
    for name, row in rows.items():
        depth = name.count(SEPARATOR)
        if name.split(SEPARATOR)[0] == RECOGNISE and depth < 2:
            label = "all of recognition" if depth == 0 else name.rsplit(SEPARATOR, 1)[-1]
            chosen.append(Bar(label, _constant(row.cpu_ms_per_frame)))
    return bars("CPU time of a frame, by stage", "ms", chosen)


def peers_chart(found: VideoComparison) -> str:
    """Draw our pipeline and its peers."""
    rows = [Bar(name, cpu_ms(way.per_frame), "ours" if name == "ours" else "peer") for name, way in found.ways.items()]
    return bars("CPU time of a frame, decoding included (logarithmic)", "ms", rows, log=True)


def _constant(value: float) -> Spread:
    return Spread(value, value, value, value)
