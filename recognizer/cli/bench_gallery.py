"""python main.py bench gallery: search in large galleries against exact FAISS, on drawn vectors."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recognizer.bench import search
from recognizer.cli import _bench_setup, _console
from recognizer.errors import UsageError

KINDS = {"faces": search.faces, "even": search.even}


def gallery(
    sizes: Annotated[str, typer.Option(help="Vectors enrolled; 1000000 takes 7 GB and minutes.")] = "1000,100000",
    kind: Annotated[
        str, typer.Option(help="faces: lie as EdgeFace's do; even: without any structure, the hardest.")
    ] = "faces",
    probes: Annotated[int, typer.Option(min=1, help="People asked for, and as many strangers.")] = 500,
    rounds: Annotated[int, typer.Option(min=2, help="Single probes that are timed.")] = 30,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Compare the index that the product takes with exact FAISS: speed, memory, and how often they agree."""
    if kind not in KINDS:
        raise UsageError(f"--kind: wanted {' or '.join(KINDS)}, got {kind}.")
    try:
        counts = [int(size) for size in sizes.split(",")]
    except ValueError:
        raise UsageError(f"--sizes: wanted numbers such as 1000,100000, got {sizes}.") from None
    if min(counts) < search.PHOTOS:
        raise UsageError(f"--sizes: wanted {search.PHOTOS} or more, got {min(counts)}.")
    races = [search.race(KINDS[kind](count, probes=probes), rounds=rounds) for count in counts]
    figures = {"probes": probes, "rounds": rounds, "galleries": [race.as_dict() for race in races]}
    _bench_setup.save(save, figures, lambda: show(races))


def show(races: list[search.SearchRace]) -> None:
    """A line for each gallery."""
    table = Table(
        title=f"One probe against exact FAISS, vectors drawn as '{races[0].kind}', one thread", title_justify="left"
    )
    headings = ("vectors", "index", "exact ms", "ms", "faster", "recall known", "others", "MB", "made s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "index" else "right", no_wrap=heading == "index")
    for race in races:
        figures = race.as_dict()
        speed = race.speedup.wall
        table.add_row(
            f"{race.vectors:,}",
            race.index,
            f"{figures['exact_ms']['median']:.2f}",
            f"{figures['product_ms']['median']:.2f}",
            f"{speed.median:.1f} x [{speed.low:.1f}, {speed.high:.1f}]",
            f"{race.recall['known']:.3f}",
            f"{race.recall['strangers']:.3f}",
            "?" if race.memory_mb is None else f"{race.memory_mb:.0f}",
            f"{race.build.wall_s:.1f}",
        )
    _console.out.print(table)
