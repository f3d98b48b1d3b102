"""python main.py bench: what each stage costs, and the whole beside the ceiling of decoding alone."""

from __future__ import annotations

from typing import Annotated

import typer

from recognizer.app import build
from recognizer.bench import embedding, end_to_end, inside, search, stages, start
from recognizer.bench.peer_detection import spread_frames
from recognizer.bench.streams import measure as measure_streams
from recognizer.cli import _bench_setup, _console
from recognizer.cli._bench_streams import show as show_streams
from recognizer.cli._bench_tables import Whole, draw, first_faces, show
from recognizer.cli.bench_gallery import gallery as search_bench
from recognizer.cli.bench_peers import peers

PROFILED = 10
"""Pictures that detection is taken apart on."""
GALLERIES = (1_000, 100_000)
"""Vectors; a million takes minutes: ``bench gallery``."""
PROBES = 50

app = typer.Typer(help="Measure speed, as ratios within one run.", invoke_without_command=True)
app.command()(peers)
app.command("gallery")(search_bench)


@app.callback()
def bench(
    context: typer.Context,
    clip: _bench_setup.ClipOption = None,
    frames: _bench_setup.FramesOption = 150,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often the whole clip is gone through.")] = 3,
    gallery: _console.GalleryOption = None,
    config_file: _console.ConfigOption = None,
    model: _console.ModelOption = None,
    engine: _console.EngineOption = None,
    weights_dir: _console.WeightsDirOption = None,
    spec: _console.SpecOption = None,
    streams: Annotated[
        int | None,
        typer.Option("--streams", min=1, max=64, help="Instead: how many such clips keep up at once, up to so many."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Length of a trial with streams.")] = 8,
    save: _bench_setup.SaveOption = None,
    plot: _bench_setup.PlotOption = None,
) -> None:
    """Measure every stage on a clip, and recognition from end to end against decoding alone."""
    if context.invoked_subcommand is not None:
        return
    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    settings, resolved = bench.settings, bench.resolved
    if streams is not None:
        capacity = measure_streams(settings, resolved, limit=streams, seconds=seconds)
        document = {**bench.facts(), "capacity": capacity.as_dict()}
        _bench_setup.save(save, document, lambda: show_streams(capacity))
        return
    with _console.err.status("from end to end"):  # first: the peak of memory is the product's alone
        whole = end_to_end.measure(settings, build.video_pipeline(settings, resolved), rounds=rounds, frames=frames)
    with _console.err.status("stage by stage"):
        staged = stages.measure(settings, resolved, frames=frames)
        detector, images = build.exact_detector(settings), spread_frames(settings, PROFILED)
        functions = inside.detection(detector, images)
    with _console.err.status("embedding"):
        models = embedding.models_at_hand(settings)
        faces = embedding.measure(settings, models, first_faces(detector, images), rounds=10)
    with _console.err.status("search"):
        galleries = [search.race(search.faces(size, probes=PROBES), rounds=20) for size in GALLERIES]
    with _console.err.status("start"):
        starts = start.measure(settings, rounds=rounds)
    found = Whole(whole, staged, functions, faces, galleries, starts)
    figures = {
        **bench.facts(),
        "end_to_end": whole.as_dict(),
        **staged.as_dict(),
        "inside_detection": [function.as_dict() for function in functions],
        "embedding": [row.as_dict() for row in faces],
        "match": [race.as_dict() for race in galleries],
        "start_s": starts.as_dict(),
    }

    def tables() -> None:
        _bench_setup.show_facts(figures)
        show(found)

    _bench_setup.save(save, figures, tables, plot=plot, draw=lambda: draw(found))
