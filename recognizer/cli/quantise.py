"""python main.py models quantise: measure which layers of a model can run in int8, for up to a third less time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape

from recognizer.app import build
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.embed.embedder import normalised
from recognizer.errors import ImageError, ModelError, OutputError, one_picture
from recognizer.evaluation.faces import cut_with, pictures_of_folder, take_aligned
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.models.cache import Cache
from recognizer.models.engines import int8, ranges
from recognizer.types import AlignedFaces
from recognizer.whole_files import whole_file

FACES = 3_000
"""Pictures measured by default; with 800, rare large activations were missed, and one face in a thousand got a wrong
vector (cosine 0.94)."""


def quantise(
    faces: Annotated[Path, typer.Option("--faces", help="Folder of pictures of many people, one face in each.")],
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops already.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, help="Use so many of them at most.")] = FACES,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here, not into the cache.")] = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
) -> None:
    """Measure which layers of a model can run in int8, which OpenVINO then uses on processors with VNNI."""
    settings = _options.load_settings(config_file, model=model, engine="openvino", weights_dir=weights_dir, spec=spec)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    cut = resolved.spec.crop
    take = take_aligned(cut) if aligned else cut_with(build.photo_detector(settings), face_share=LOOSE_SHARE, cut=cut)
    pictures = pictures_of_folder(faces)
    chosen = [pictures[place] for place in np.random.default_rng(0).permutation(len(pictures))[:most]]
    found = []
    with counting("faces") as on_progress:
        for done, picture in enumerate(chosen, start=1):
            try:
                with one_picture(picture.name, "it cannot be searched for faces", "leave it out"):
                    face, there = take(picture.read())
            except ImageError as error:
                _console.err.print(f"skipped: {escape(str(error))}", soft_wrap=True)
                continue
            if there:
                found.append(face)
            on_progress(done, len(chosen))
    crops = AlignedFaces.joined(found).crops if found else np.zeros((0, cut.size_px, cut.size_px, 3), np.uint8)
    inputs = normalised(crops, resolved.spec)
    with counting("layers") as on_progress:
        measured = ranges.measure(resolved.graph, inputs, threads=settings.engine.threads, on_progress=on_progress)
    if not measured.ranges:
        raise ModelError(f"{resolved.name}: each of its {measured.layers} layers needs floats; nothing was written.")
    place = output or Cache().ranges(resolved.fingerprint)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as part:
            int8.save(measured.ranges, part)
    except OSError as error:
        raise OutputError(f"{place} cannot be written: {error.strerror or error}.") from error
    _console.err.print(
        f"{resolved.fingerprint}: {len(measured.ranges)} of {measured.layers} layers in int8; cosine to the vectors "
        f"in floats {measured.mean_cosine:.4f} in the mean, {measured.least_cosine:.4f} at least "
        f"({ranges.HELD_OUT_FACES} faces); {escape(str(place))}",
        soft_wrap=True,
        highlight=False,
    )
