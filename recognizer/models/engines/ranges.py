"""Measure on faces which layers of a model can run in int8, and the ranges of their inputs.

A layer is chosen if quantising it alone keeps the mean cosine to the fp32 vectors at ``MIN_COSINE``. Of the published
``edgeface_xs_q`` these are 34 of 42; the others have rare large values, which int8 clips or which coarsen the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.errors import EngineError
from recognizer.geometry import unit_rows
from recognizer.models.engines import int8, processor
from recognizer.models.engines.int8 import Range
from recognizer.models.engines.quiet_openvino import COMPILING, shared_core
from recognizer.types import F32

MIN_COSINE = 0.9999
"""Mean cosine to the fp32 vectors that a layer must keep. ``edgeface_xs_q`` with all chosen layers in int8, mean cosine
and CPU time of fp32 over int8: limit 0.99995 gives .99955 and 1.12; 0.9999 gives .9987 and 1.4; 0.9998 gives .998 and
1.45 (LFW, 7,701 faces)."""
HELD_OUT_FACES = 256
"""Faces, the last ones, to measure the cosine on; the ranges are measured on the others."""
BATCH = 32


@dataclass(frozen=True, slots=True)
class Measured:
    """Result of a measurement."""

    ranges: dict[str, Range]
    """Of the chosen layers."""
    layers: int
    """Number of layers tried."""
    mean_cosine: float
    """Between the vectors with all chosen layers in int8 and in fp32."""
    least_cosine: float


def measure(graph: Path, faces: F32, *, threads: int, on_progress: Callable[[int, int], None]) -> Measured:
    """Measure the int8 ranges of a graph.

    Args:
        graph: ONNX; its first output is the vectors.
        faces: (N, 3, S, S) inputs of the graph, of many people; N at least twice ``HELD_OUT_FACES``.
        threads: processor threads.
        on_progress: called with the steps done and their total.

    Raises:
        EngineError: if there are too few faces, VNNI or OpenVINO is missing, or no layer can be quantised.
    """
    if len(faces) < 2 * HELD_OUT_FACES:
        raise EngineError(f"Wanted {2 * HELD_OUT_FACES} faces or more to measure ranges on, got {len(faces)}.")
    if not processor.has_vnni():
        raise EngineError("This processor has no VNNI (int8): measure on one that has, and copy the file.")
    try:
        core = shared_core()
    except ImportError as error:
        raise EngineError("Only OpenVINO runs int8, and it is not installed: pip install openvino.") from error
    options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        with COMPILING:
            model = core.read_model(str(graph))

        def request(wanted: Any) -> Any:
            with COMPILING:
                return core.compile_model(wanted, "CPU", options).create_infer_request()

        names = [name for name, _, _ in int8.layers(model)]
        if not names:
            raise EngineError(f"No layer of {graph} can run in int8.")
        seen = _observed(model.clone(), faces[:-HELD_OUT_FACES], request)
        held_out = faces[-HELD_OUT_FACES:]
        floats = _vectors(request(model), held_out)

        def cosines(ranges: dict[str, Range]) -> F32:
            changed = model.clone()
            int8.quantise(changed, ranges)
            return np.asarray((_vectors(request(changed), held_out) * floats).sum(axis=1), np.float32)

        kept = {}
        for done, name in enumerate(names):
            on_progress(done, len(names))
            if cosines({name: seen[name]}).mean() >= MIN_COSINE:
                kept[name] = seen[name]
        on_progress(len(names), len(names))
        together = cosines(kept)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot run {graph}: {str(error).strip().splitlines()[-1]}") from error
    return Measured(kept, len(names), float(together.mean()), float(together.min()))


def _observed(model: Any, faces: F32, request: Callable[[Any], Any]) -> dict[str, Range]:
    """Measure the range and the mean of each input channel of each layer."""
    inputs = {name: layer.input_value(0) for name, layer, _ in int8.layers(model)}
    first = len(model.outputs)
    model.add_outputs(list(inputs.values()))
    run = request(model)
    batches = [faces[start : start + BATCH] for start in range(0, len(faces) - BATCH + 1, BATCH)]
    found: dict[str, Range] = {}
    for batch in batches:
        values = run.infer([batch])
        for place, name in enumerate(inputs, start=first):
            low, high, mean = (how(values[place], axis=(0, 2, 3)) for how in (np.min, np.max, np.mean))
            mean = mean / np.float32(len(batches))
            before = found.get(name, Range(low, high, np.zeros_like(mean)))
            found[name] = Range(np.minimum(low, before.low), np.maximum(high, before.high), mean + before.mean)
    return found


def _vectors(run: Any, faces: F32) -> F32:
    """Run the graph in batches; return vectors of unit length, (N, D)."""
    found = np.concatenate([run.infer([faces[i : i + BATCH]])[0].copy() for i in range(0, len(faces), BATCH)])
    return unit_rows(found)
