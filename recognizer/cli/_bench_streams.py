"""Tables of ``bench --streams``."""

from __future__ import annotations

from rich.table import Table

from recognizer.bench.capacity import LATE_S, MAX_DROPPED, Capacity, Trial
from recognizer.cli import _console


def show(capacity: Capacity) -> None:
    """Print each number of streams that was tried, then the largest that keeps up."""
    table = Table(title="Clips at their own rate, all at once; age of the oldest stream's frames", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("n", justify="right")
    for heading in ("frames", "dropped", "p50", "p95", "p99 ms", "cores"):
        table.add_column(heading, justify="right")
    table.add_column("lost")
    table.add_column("", no_wrap=True)
    for trial in capacity.decoded:
        _add(table, "decode", trial, "")
    for trial in capacity.recognised:
        _add(table, "recognise", trial, ", ".join(sorted(capacity.names_lost(trial))) or "none")
    _console.out.print(table)
    kept = [trial for trial in capacity.recognised if not trial.behind]
    if kept and kept[-1].stages:
        _console.out.print(_stages(kept[-1]))
    share = capacity.most_recognised / capacity.most_decoded if capacity.most_decoded else 0.0
    _console.out.print(
        f"{capacity.most_recognised} streams keep up, {capacity.most_decoded} with decoding alone ({100 * share:.0f} %)"
        f"{'; more were not tried' if not capacity.decoded[-1].behind else ''}. One recognised takes "
        f"{capacity.recognised[0].cores:.2f} cores, one decoded {capacity.decoded[0].cores:.2f}. Behind is a "
        f"stream with a frame age p95 of {1000 * LATE_S:.0f} ms, or more than {100 * MAX_DROPPED:.0f} % of its "
        "frames dropped.",
        highlight=False,
        soft_wrap=True,
    )


def _add(table: Table, name: str, trial: Trial, lost: str) -> None:
    worst = max((stream.as_dict() for stream in trial.streams), key=lambda figures: figures["age_ms"]["p95"])
    table.add_row(
        name,
        str(len(trial.streams)),
        str(sum(len(stream.ages_s) for stream in trial.streams)),
        str(sum(stream.dropped for stream in trial.streams)),
        *(f"{worst['age_ms'][name]:.0f}" for name in ("p50", "p95", "p99")),
        f"{trial.cores:.2f}",
        lost,
        "[red]behind[/]" if trial.behind else "[green]keeps up[/]",
    )


def _stages(trial: Trial) -> Table:
    table = Table(title=f"Stages with {len(trial.streams)} streams", title_justify="left")
    table.add_column("stage")
    for heading in ("calls", "median ms", "p95 ms", "CPU ms a frame"):
        table.add_column(heading, justify="right")
    for row in trial.stages:
        figures = (row.wall_ms.median, row.wall_ms.p95, row.cpu_ms_per_frame)
        table.add_row(row.stage, str(row.calls), *(f"{value:.2f}" for value in figures))
    return table
