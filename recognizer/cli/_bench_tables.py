"""What ``bench`` found, as tables for a terminal and as a chart."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from recognizer.align import align
from recognizer.bench import embedding, stages
from recognizer.bench.chart import Bar, bars
from recognizer.bench.end_to_end import EndToEnd
from recognizer.bench.inside import Function
from recognizer.bench.search import SearchRace
from recognizer.bench.stages import Stages
from recognizer.bench.start import Start
from recognizer.bench.timing import Spread, cpu_ms, wall_ms
from recognizer.cli import _bench_setup, _console
from recognizer.cli.bench_gallery import show as show_galleries
from recognizer.protocols import Detector
from recognizer.types import U8, AlignedFaces


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """All that ``bench`` measures in one go."""

    end_to_end: EndToEnd
    stages: Stages
    inside: list[Function]
    embedding: list[embedding.Embedding]
    galleries: list[SearchRace]
    start: Start


def first_faces(detector: Detector, images: list[U8]) -> AlignedFaces:
    """The first faces of some pictures, eight or a few more."""
    parts = [AlignedFaces.empty()]
    for image in images:
        found = detector.detect([image])[0]
        parts.append(align(image, found.landmarks, found.scores))
        if sum(map(len, parts)) >= max(embedding.BATCHES):
            break
    return AlignedFaces.joined(parts)


def show(found: Whole) -> None:
    """Every table, the whole last."""
    _show_stages(found.stages)
    _show_inside(found.inside)
    show_embedding(found.embedding)
    show_galleries(found.galleries)
    _show_end_to_end(found.end_to_end)
    _show_start(found.start)


def draw(found: Whole) -> str:
    """The stages of recognition beside decoding alone."""
    rows = {row.stage: row for row in found.stages.rows}
    chosen = [Bar(stages.DECODE, _steady(rows[stages.DECODE].cpu_ms_per_frame), "yardstick")]
    for name, row in rows.items():
        if name == stages.RECOGNISE or name.startswith(stages.RECOGNISE + stages.SEPARATOR):
            depth = name.count(stages.SEPARATOR)
            if depth < 2:
                label = "all of recognition" if depth == 0 else name.rsplit(stages.SEPARATOR, 1)[-1]
                chosen.append(Bar(label, _steady(row.cpu_ms_per_frame)))
    return bars("CPU time of a frame, by stage", "ms", chosen)


def _steady(value: float) -> Spread:
    return Spread(value, value, value, value)


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
    table = Table(title="Inside one full detection, as the profiler sees it", title_justify="left")
    table.add_column("function", no_wrap=True)
    for heading in ("CPU ms", "p95", "share"):
        table.add_column(heading, justify="right")
    for each in functions:
        table.add_row(each.name, f"{each.cpu_ms.median:.2f}", f"{each.cpu_ms.p95:.2f}", f"{100 * each.share:.0f} %")
    _console.out.print(table)


def show_embedding(rows: list[embedding.Embedding]) -> None:
    """Milliseconds a face, for each model, engine and batch."""
    table = Table(title="Embedding", title_justify="left")
    for heading in ("model", "engine"):
        table.add_column(heading, no_wrap=True)
    for heading in ("batch", "CPU ms a face", "faster than torch", "least cosine"):
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
    table = Table(title=f"From the command to the first face, {len(start.first_event)} times", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("s", "CPU s"):
        table.add_column(heading, justify="right")
    milestones = (
        ("all is imported", start.imported),
        ("models and gallery are ready", start.ready),
        ("the first face is reported", start.first_event),
    )
    for name, spent in milestones:
        table.add_row(name, f"{wall_ms(spent).median / 1000:.2f}", f"{cpu_ms(spent).median / 1000:.2f}")
    _console.out.print(table)


def _show_end_to_end(whole: EndToEnd) -> None:
    figures = whole.as_dict()
    table = Table(title=f"From end to end, {whole.frames} frames", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("CPU ms a frame", "CPU s a video s", "frames a second", "recognise takes"):
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
    memory = "" if whole.peak_rss_mb is None else f"; at most {whole.peak_rss_mb:.0f} MB"
    names = ", ".join(f"{name} {count}" for name, count in whole.named.items()) or "nobody"
    _console.out.print(
        f"{figures['faces_per_frame']:.1f} faces a frame{memory}; named, in frames: {names}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
