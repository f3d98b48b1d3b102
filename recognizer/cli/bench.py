"""python main.py bench: the cost of each stage, and of all recognition against decoding alone."""

from __future__ import annotations

from typing import Annotated

import typer

from recognizer.bench import everything
from recognizer.bench.chart import stages_chart
from recognizer.bench.streams import measure as measure_streams
from recognizer.cli import _bench_setup, _console, _options
from recognizer.cli._bench_streams import show as show_streams
from recognizer.cli._bench_tables import show
from recognizer.cli.bench_archive import archive
from recognizer.cli.bench_gallery import gallery as search_bench
from recognizer.cli.bench_history import history_bench, history_cost
from recognizer.cli.bench_peers import peers
from recognizer.cli.bench_video import video
from recognizer.evaluation.plots import require_matplotlib

GALLERIES = (1_000, 100_000)
"""Vectors; ``bench gallery`` measures larger ones, in minutes."""

app = typer.Typer(help="Measure speed, as ratios within one run.", invoke_without_command=True)
app.command()(peers)
app.command()(archive)
app.command("video")(video)
app.command("gallery")(search_bench)
app.command("history")(history_bench)
app.command("history-cost")(history_cost)


@app.callback()
def bench(
    context: typer.Context,
    clip: _bench_setup.ClipOption = None,
    frames: _bench_setup.FramesOption = 150,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Passes of the whole clip.")] = 3,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    streams: Annotated[
        int | None,
        typer.Option("--streams", min=1, max=64, help="Instead: how many such clips keep up at once, up to this."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="With streams: processes that recognise; 0: this one.")
    ] = 0,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Seconds of a trial with streams.")] = 8,
    save: _bench_setup.SaveOption = None,
    plot: _bench_setup.PlotOption = None,
) -> None:
    """Measure every stage on a clip, and recognition from end to end against decoding alone."""
    if context.invoked_subcommand is not None:
        return
    require_matplotlib("--plot", plot)
    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    if streams is not None:
        capacity = measure_streams(bench.settings, bench.resolved, limit=streams, seconds=seconds, workers=workers)
        document = {**bench.conditions(), "capacity": capacity.as_dict()}
        _bench_setup.save(save, document, lambda: show_streams(capacity))
        return
    found = everything.measure(
        bench, rounds=rounds, frames=frames, galleries=GALLERIES, status=lambda what: _console.err.status(what)
    )
    figures = {**bench.conditions(), **found.as_dict()}

    def tables() -> None:
        _bench_setup.show_conditions(figures)
        show(found)

    _bench_setup.save(save, figures, tables, plot=plot, draw=lambda: stages_chart(found.stages))
