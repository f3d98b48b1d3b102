"""python main.py bench: what each stage costs, and the whole beside the ceiling of decoding alone."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recognizer import build
from recognizer.bench import end_to_end, stages
from recognizer.bench.streams import measure as measure_streams
from recognizer.bench.timing import rounded
from recognizer.jobs import bench_setup, console
from recognizer.jobs.bench_gallery import gallery as search_bench
from recognizer.jobs.bench_peers import peers
from recognizer.jobs.bench_streams import show as show_streams

app = typer.Typer(help="Measure speed, as ratios within one run.", invoke_without_command=True)
app.command()(peers)
app.command("gallery")(search_bench)


@app.callback()
def bench(
    context: typer.Context,
    clip: bench_setup.ClipOption = None,
    frames: bench_setup.FramesOption = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often the whole clip is gone through.")] = 3,
    gallery: console.GalleryOption = None,
    config_file: console.ConfigOption = None,
    model: console.ModelOption = None,
    engine: console.EngineOption = None,
    weights_dir: console.WeightsDirOption = None,
    streams: Annotated[
        int | None,
        typer.Option("--streams", min=1, max=64, help="Instead: how many such clips keep up at once, up to so many."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Length of a trial with streams.")] = 8,
    save: bench_setup.SaveOption = None,
) -> None:
    """Measure every stage on a clip, and recognition from end to end against decoding alone."""
    if context.invoked_subcommand is not None:
        return
    bench = bench_setup.set_up(clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir)
    settings = bench.settings
    if streams is not None:
        capacity = measure_streams(settings, bench.resolved, limit=streams, seconds=seconds)
        document = {**bench.facts(), "capacity": capacity.as_dict()}
        bench_setup.save(save, document, lambda: show_streams(capacity))
        return
    whole = end_to_end.measure(settings, build.pipeline(settings, bench.resolved), rounds=rounds, frames=frames)
    rows, count = stages.measure(settings, bench.resolved, frames=frames)
    figures = {
        **bench.facts(),
        "end_to_end": whole.as_dict(),
        "stages": [row.as_dict() for row in rows],
        "stage_frames": count,
        "following_against_decode": rounded(stages.following(rows)),
    }

    def show() -> None:
        bench_setup.show_facts(figures)
        _show_stages(rows, count)
        _show_whole(whole)

    bench_setup.save(save, figures, show)


def _show_stages(rows: list[stages.Row], frames: int) -> None:
    whole = next(row.cpu_ms_per_frame for row in rows if row.stage == stages.RECOGNISE)
    decode = next(row.cpu_ms_per_frame for row in rows if row.stage == stages.DECODE)
    table = Table(title=f"Stages, {frames} frames, one at a time", title_justify="left")
    table.add_column("stage")
    for heading in ("calls", "median ms", "p95 ms", "CPU ms a frame", "of recognise", "of decode"):
        table.add_column(heading, justify="right")
    for row in rows:
        depth = row.stage.count(stages.SEPARATOR)
        table.add_row(
            "  " * depth + row.stage.rsplit(stages.SEPARATOR, 1)[-1],
            str(row.calls),
            f"{row.wall_ms.median:.2f}",
            f"{row.wall_ms.p95:.2f}",
            f"{row.cpu_ms_per_frame:.2f}",
            f"{100 * row.cpu_ms_per_frame / whole:.0f} %" if row.stage.startswith(stages.RECOGNISE) else "",
            f"{100 * row.cpu_ms_per_frame / decode:.0f} %",
        )
    console.out.print(table)
    console.out.print(
        f"following faces between detections ({', '.join(stages.FOLLOW)}): {stages.following(rows):.2f} of decoding",
        highlight=False,
    )


def _show_whole(whole: end_to_end.EndToEnd) -> None:
    figures = whole.as_dict()
    table = Table(title=f"From end to end, {whole.frames} frames", title_justify="left")
    table.add_column("")
    for heading in ("CPU ms a frame", "CPU s a second of video", "frames a second", "recognise is, in CPU"):
        table.add_column(heading, justify="right")
    for name, way in figures["ways"].items():
        against = whole.ratios.get(name)
        table.add_row(
            name,
            f"{way['cpu_ms_per_frame']['median']:.2f}",
            f"{way['cpu_s_per_video_s']:.3f}",
            f"{way['fps']:.0f}",
            "" if against is None else bench_setup.times(against.cpu),
        )
    console.out.print(table)
    memory = "" if whole.peak_rss_mb is None else f"; at most {whole.peak_rss_mb:.0f} MB"
    names = ", ".join(f"{name} {count}" for name, count in whole.named.items()) or "nobody"
    faces = figures["faces_per_frame"]
    console.out.print(
        f"{faces:.1f} faces a frame{memory}; named, in frames: {names}", highlight=False, markup=False, soft_wrap=True
    )
