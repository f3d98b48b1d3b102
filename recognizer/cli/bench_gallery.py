"""python main.py bench gallery: the product's index against exact FAISS, on random vectors."""

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
        str, typer.Option(help="faces: distributed as EdgeFace's; even: uniform, the hardest case.")
    ] = "faces",
    probes: Annotated[int, typer.Option(min=1, help="Probes of enrolled people, and as many of strangers.")] = 500,
    rounds: Annotated[int, typer.Option(min=2, help="Single probes that are timed.")] = 30,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Compare the product's index with exact FAISS: speed, memory and recall."""
    if kind not in KINDS:
        raise UsageError(f"--kind: wanted {' or '.join(KINDS)}, got {kind}.")
    try:
        counts = [int(size) for size in sizes.split(",")]
    except ValueError:
        raise UsageError(f"--sizes: wanted numbers such as 1000,100000, got {sizes}.") from None
    if min(counts) < search.PHOTOS:
        raise UsageError(f"--sizes: wanted {search.PHOTOS} or more, got {min(counts)}.")
    comparisons = [search.compare(KINDS[kind](count, probes=probes), rounds=rounds) for count in counts]
    figures = {"probes": probes, "rounds": rounds, "galleries": [each.as_dict() for each in comparisons]}
    _bench_setup.save(save, figures, lambda: show(comparisons))


def show(comparisons: list[search.SearchComparison]) -> None:
    """Print a row for each gallery."""
    table = Table(
        title=f"One probe against exact FAISS, vectors drawn as '{comparisons[0].kind}', one thread",
        title_justify="left",
    )
    headings = ("vectors", "index", "exact ms", "ms", "faster", "recall known", "strangers", "MB", "build s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "index" else "right", no_wrap=heading == "index")
    for found in comparisons:
        figures = found.as_dict()
        speed = found.speedup.wall
        table.add_row(
            f"{found.vectors:,}",
            found.index,
            f"{figures['exact_ms']['median']:.2f}",
            f"{figures['product_ms']['median']:.2f}",
            f"{speed.median:.1f} x [{speed.low:.1f}, {speed.high:.1f}]",
            f"{found.recall['known']:.3f}",
            f"{found.recall['strangers']:.3f}",
            "?" if found.memory_mb is None else f"{found.memory_mb:.0f}",
            f"{found.build.wall_s:.1f}",
        )
    _console.out.print(table)
