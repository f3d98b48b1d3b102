"""Tables of ``bench``."""

from __future__ import annotations

from rich.table import Table

from recognizer.bench import embedding, stages
from recognizer.bench.end_to_end import EndToEnd
from recognizer.bench.everything import Everything
from recognizer.bench.inside import Function
from recognizer.bench.stages import Stages
from recognizer.bench.start import Start
from recognizer.bench.timing import cpu_ms, wall_ms
from recognizer.cli import _bench_setup, _console
from recognizer.cli.bench_gallery import show as show_galleries


def show(found: Everything) -> None:
    """Print every table."""
    _show_stages(found.stages)
    _show_inside(found.inside)
    show_embedding(found.embedding)
    show_galleries(found.galleries)
    _show_end_to_end(found.end_to_end)
    _show_start(found.start)


def _show_stages(found: Stages) -> None:
    per_frame = {row.stage: row.cpu_ms_per_frame for row in found.rows}
    table = Table(title=f"Stages, {found.frames} frames, one at a time", title_justify="left")
    table.add_column("stage", no_wrap=True)
    for heading in ("calls", "median ms", "p95 ms", "CPU ms a frame", "of recognise", "of decode"):
        table.add_column(heading, justify="right")
    for row in found.rows:
        depth = row.stage.count(stages.SEPARATOR)
        table.add_row(
            "  " * depth + row.stage.rsplit(stages.SEPARATOR, 1)[-1],
            str(row.calls),
            f"{row.wall_ms.median:.2f}",
            f"{row.wall_ms.p95:.2f}",
            f"{row.cpu_ms_per_frame:.2f}",
            _share(row.cpu_ms_per_frame, per_frame[stages.RECOGNISE]) if row.stage.startswith(stages.RECOGNISE) else "",
            _share(row.cpu_ms_per_frame, per_frame[stages.DECODE]),
        )
    _console.out.print(table)
    _console.out.print(
        f"following {found.faces:.1f} faces between detections ({', '.join(stages.FOLLOW)}): {found.following:.3f} of "
        "decoding",
        highlight=False,
    )


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _show_inside(functions: list[Function]) -> None:
    table = Table(title="Exact MTCNN, by function", title_justify="left")
    table.add_column("function", no_wrap=True)
    for heading in ("CPU ms", "p95", "share"):
        table.add_column(heading, justify="right")
    for each in functions:
        table.add_row(each.name, f"{each.cpu_ms.median:.2f}", f"{each.cpu_ms.p95:.2f}", f"{100 * each.share:.0f} %")
    _console.out.print(table)


def show_embedding(rows: list[embedding.Embedding]) -> None:
    """Print the cost of a face for each model, engine and batch."""
    table = Table(title="Embedding", title_justify="left")
    for heading in ("model", "engine"):
        table.add_column(heading, no_wrap=True)
    for heading in ("batch", "CPU ms a face", "torch / this", "least cosine"):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = row.as_dict()
        table.add_row(
            row.model,
            row.engine,
            str(row.batch),
            f"{figures['cpu_ms_per_face']:.2f}",
            "" if row.against_torch is None else _bench_setup.times(row.against_torch.cpu),
            "" if row.least_cosine is None else f"{row.least_cosine:.5f}",
        )
    _console.out.print(table)


def _show_start(start: Start) -> None:
    table = Table(title=f"From the command to the first event, {len(start.first_event)} starts", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("s", "CPU s"):
        table.add_column(heading, justify="right")
    milestones = (
        ("the command line is imported", start.imported),
        ("models and gallery are ready", start.ready),
        ("the first event is reported", start.first_event),
    )
    for name, spent in milestones:
        table.add_row(name, f"{wall_ms(spent).median / 1000:.2f}", f"{cpu_ms(spent).median / 1000:.2f}")
    _console.out.print(table)


def _show_end_to_end(whole: EndToEnd) -> None:
    figures = whole.as_dict()
    table = Table(title=f"From end to end, {whole.frames} frames", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("CPU ms a frame", "CPU s a video s", "frames a second", "recognise / this"):
        table.add_column(heading, justify="right")
    for name, way in figures["ways"].items():
        against = whole.ratios.get(name)
        table.add_row(
            name,
            f"{way['cpu_ms_per_frame']['median']:.2f}",
            f"{way['cpu_s_per_video_s']:.3f}",
            f"{way['fps']:.0f}",
            "" if against is None else _bench_setup.times(against.cpu),
        )
    _console.out.print(table)
    memory = "" if whole.peak_rss_mb is None else f"; peak memory {whole.peak_rss_mb:.0f} MB"
    names = ", ".join(f"{name} {count}" for name, count in whole.named.items()) or "nobody"
    _console.out.print(
        f"{figures['faces_per_frame']:.1f} faces a frame{memory}; named, in frames: {names}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
