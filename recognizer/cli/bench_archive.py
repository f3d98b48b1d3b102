"""python main.py bench archive: what indexing in bursts costs and finds, against every frame."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from recognizer.bench.peers import Absent, FacenetPyTorch
from recognizer.cli import _bench_setup, _console, _options
from recognizer.errors import UsageError

if TYPE_CHECKING:
    from recognizer.bench.archive import ArchiveFigures


def archive(
    clip: _bench_setup.ClipOption = None,
    every: Annotated[
        str, typer.Option("--every", help="Seconds from one part to the next, with commas.")
    ] = "0.5,1,2,4,8",
    rounds: Annotated[int, typer.Option(min=1, help="Times that each is measured, in turns.")] = 3,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Compare indexing a recording in bursts with every frame: cost, people, presence; and a per-frame peer."""
    from recognizer.bench import archive as measuring  # SQLAlchemy takes .2 s to import

    bench = _bench_setup.set_up(clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir)
    found = measuring.compare(bench.settings, bench.resolved, _intervals(every), rounds=rounds)
    missing = None
    try:
        mtcnn = FacenetPyTorch(bench.settings.detect, threads=bench.settings.engine.threads)
        peer_s = measuring.peer_cpu_s(bench.settings, bench.resolved, mtcnn, frames=found.ways[0].frames)
        found = dataclasses.replace(found, peer_cpu_s=peer_s)
        if peer_s is None:
            missing = f"EdgeFace in torch eager: torch, or the checkpoint of {bench.resolved.name}"
    except Absent as absent:
        missing = str(absent)
    figures = {**bench.conditions(), "missing": missing, **found.as_dict()}

    def show() -> None:
        _bench_setup.show_conditions(figures)
        _show(found)
        if missing is not None:
            _console.out.print(f"missing: {missing}", highlight=False, markup=False, soft_wrap=True)

    _bench_setup.save(save, figures, show)


def _intervals(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < each < 1e6 for each in found):
        raise UsageError(f"--every: wanted seconds with commas, such as 0.5,2,8, got {text!r}.")
    return found


def _show(found: ArchiveFigures) -> None:
    from recognizer.bench.archive import JOINED

    table = Table(
        title=f"{found.seconds:.0f} s of video, in which people are named for {found.half_seconds} half-seconds",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    for heading in ("CPU s", "cost", "speed", "people", "covered", "joined", "beyond"):
        table.add_column(heading, justify="right")
    for way in found.ways:
        shares = [f"{100 * share:.0f} %" for share in (way.covered, way.joined, way.beyond)]
        cost = "" if way.share is None else f"{100 * way.share.cpu.median:.1f} %"
        speed = f"{found.speed(way.cpu_s.median):.1f}"
        table.add_row(way.name, f"{way.cpu_s.median:.2f}", cost, speed, str(len(way.people)), *shares)
    if found.peer_cpu_s is not None:
        cpu_s = found.peer_cpu_s
        share = 100 * cpu_s / found.ways[0].cpu_s.median
        speed = f"{found.speed(cpu_s):.3f}"
        table.add_row("per-frame peer", f"{cpu_s:.0f}", f"{share:.0f} %", speed, "", "", "", "")
    _console.out.print(table)
    _console.out.print(
        "Cost is divided by that of every frame; speed is hours of video an hour and core. Covered: of the "
        f"half-seconds; joined: with tracks up to {JOINED:g} intervals apart joined; beyond: claimed so, and wrong.",
        highlight=False,
        soft_wrap=True,
    )
