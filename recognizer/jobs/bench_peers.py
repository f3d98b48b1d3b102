"""python main.py bench peers: the same work by others, on the same frames, in turns, in one run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recognizer import build
from recognizer.bench import peer_detection
from recognizer.bench.peers import Absent, FacenetPyTorch
from recognizer.jobs import bench_setup, console


def peers(
    clip: bench_setup.ClipOption = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Frames of the clip, evenly spread.")] = 20,
    gallery: console.GalleryOption = None,
    config_file: console.ConfigOption = None,
    model: console.ModelOption = None,
    engine: console.EngineOption = None,
    weights_dir: console.WeightsDirOption = None,
    save: bench_setup.SaveOption = None,
) -> None:
    """Compare with facenet-pytorch: ratios with their spread, and whether the work comes to the same."""
    bench = bench_setup.set_up(clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir)
    settings = bench.settings
    missing: list[str] = []
    images = peer_detection.spread_frames(settings, frames)
    race = None
    try:
        theirs = FacenetPyTorch(settings.detect, threads=settings.engine.threads)
        race = peer_detection.race(build.detector(settings), theirs, images)
    except Absent as absent:
        missing.append(str(absent))
    figures = {
        **bench.facts(),
        "missing": missing,
        "detection": None if race is None else race.as_dict(),
    }

    def show() -> None:
        if race is not None:
            _show_detection(race)
        for what in missing:
            console.out.print(f"left out: {what}", highlight=False, markup=False, soft_wrap=True)

    bench_setup.save(save, figures, show)


def _show_detection(race: peer_detection.DetectionRace) -> None:
    figures = race.as_dict()
    table = Table(title=f"One full detection, {race.frames} frames", title_justify="left")
    table.add_column("")
    for heading in ("CPU ms", "ms", "faster, CPU", "faster, wall"):
        table.add_column(heading, justify="right")
    table.add_row(
        "facenet-pytorch MTCNN.detect",
        f"{figures['theirs_cpu_ms']['median']:.1f}",
        f"{figures['theirs_wall_ms']['median']:.1f}",
        "1",
        "1",
    )
    cpu, wall = race.speedup.cpu, race.speedup.wall
    table.add_row(
        "ours",
        f"{figures['ours_cpu_ms']['median']:.1f}",
        f"{figures['ours_wall_ms']['median']:.1f}",
        f"{cpu.median:.1f} x [{cpu.low:.1f}, {cpu.high:.1f}]",
        f"{wall.median:.1f} x [{wall.low:.1f}, {wall.high:.1f}]",
    )
    console.out.print(table)
    console.out.print(
        f"of their {race.every.reference} boxes ours has {race.every.found}, of their {race.confident.reference} "
        f"confident ones {race.confident.found}; {race.every.extra} of ours are not theirs",
        highlight=False,
        soft_wrap=True,
    )
