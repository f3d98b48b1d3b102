"""python main.py bench video: what the labelled video costs."""

from __future__ import annotations

from typing import Annotated

import typer

from recognizer.app import build
from recognizer.bench import labelled_video
from recognizer.cli import _bench_setup, _options
from recognizer.cli._tables import show_rows


def video(
    clip: _bench_setup.ClipOption = None,
    frames: _bench_setup.FramesOption = 150,
    rounds: Annotated[int, typer.Option(min=2, max=100, help="Passes of the clip.")] = 5,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Measure drawing and encoding of the labelled video, divided by decoding alone; its size; its error."""
    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    pipeline = build.video_pipeline(bench.settings, bench.resolved)
    found = labelled_video.measure(bench.settings, pipeline, rounds=rounds, frames=frames)
    figures = {**bench.conditions(), "labelled_video": {name: each.as_dict() for name, each in found.items()}}

    def show() -> None:
        _bench_setup.show_conditions(figures)
        show_rows(
            [
                {
                    "drawn": name,
                    "CPU, decoding = 1": f"{each.against_decoding.median:.2f} "
                    f"[{each.against_decoding.low:.2f}, {each.against_decoding.high:.2f}]",
                    "KB a frame": f"{each.kb_per_frame:.1f}",
                    "dB": f"{each.psnr_db:.1f}",
                }
                for name, each in found.items()
            ],
            "",
        )

    _bench_setup.save(save, figures, show)
