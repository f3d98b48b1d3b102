"""Which layers of a model may multiply bytes, and the ranges of what goes into them: measured on faces.

A layer is taken if it alone, in bytes, leaves the vectors as they are but for ``KEPT``. Of the published
``edgeface_xs_q`` these are 34 of 42; the others hold rare large values, which bytes cut off or let drown the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.errors import EngineError
from recognizer.models.engines import int8, processor
from recognizer.models.engines.int8 import Range
from recognizer.types import F32

KEPT = 0.9999
"""Mean cosine to the float vectors that a layer must leave. ``edgeface_xs_q``, all such layers in bytes: with 0.99995
.99955 and 1.12 times faster than floats; with 0.9999 .9987 and 1.4; with 0.9998 .998 and 1.45 (LFW's 7,701 faces)."""
JUDGED_BY = 256
"""Faces, the last ones, that layers are judged by; ranges are measured on the others."""
BATCH = 32


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found out about a model."""

    ranges: dict[str, Range]
    """Of the layers that may multiply bytes."""
    layers: int
    """That were tried."""
    mean_cosine: float
    """Between the vectors with all these layers in bytes and in floats."""
    least_cosine: float


def measure(graph: Path, faces: F32, *, threads: int, on_progress: Callable[[int, int], None]) -> Measured:
    """Measure a graph.

    Args:
        graph: ONNX; its first output is the vectors.
        faces: (N, 3, S, S) as the graph takes them, of all sorts; N more than twice ``JUDGED_BY``.
        threads: processor threads.
        on_progress: told how many steps of how many are done.

    Raises:
        EngineError: if there are too few faces, OpenVINO is missing, or no layer of the graph could multiply bytes.
    """
    if len(faces) < 2 * JUDGED_BY:
        raise EngineError(f"Wanted {2 * JUDGED_BY} faces or more to measure ranges on, got {len(faces)}.")
    if not processor.has_vnni():
        raise EngineError("This processor does not multiply bytes (VNNI): measure on one that does, and copy the file.")
    try:
        import openvino
    except ImportError as error:
        raise EngineError("Only OpenVINO multiplies bytes, and it is not installed: pip install openvino.") from error
    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        model = core.read_model(str(graph))

        def request(wanted: Any) -> Any:
            return core.compile_model(wanted, "CPU", options).create_infer_request()

        names = [name for name, _, _ in int8.layers(model)]
        if not names:
            raise EngineError(f"No layer of {graph} could multiply bytes.")
        seen = _observed(model.clone(), faces[:-JUDGED_BY], request)
        judges = faces[-JUDGED_BY:]
        floats = _vectors(request(model), judges)

        def cosines(ranges: dict[str, Range]) -> F32:
            changed = model.clone()
            int8.quantise(changed, ranges)
            return np.asarray((_vectors(request(changed), judges) * floats).sum(axis=1), np.float32)

        kept = {}
        for done, name in enumerate(names):
            on_progress(done, len(names))
            if cosines({name: seen[name]}).mean() >= KEPT:
                kept[name] = seen[name]
        on_progress(len(names), len(names))
        together = cosines(kept)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot run {graph}: {str(error).strip().splitlines()[-1]}") from error
    return Measured(kept, len(names), float(together.mean()), float(together.min()))


def _observed(model: Any, faces: F32, request: Callable[[Any], Any]) -> dict[str, Range]:
    """The range and the mean of each channel that goes into each layer."""
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
    """Of unit length."""
    found = np.concatenate([run.infer([faces[i : i + BATCH]])[0].copy() for i in range(0, len(faces), BATCH)])
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
