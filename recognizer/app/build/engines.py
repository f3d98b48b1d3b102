"""Which engine runs a graph on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Sequence
from pathlib import Path

from recognizer.app.config import Settings
from recognizer.errors import EngineError
from recognizer.models.cache import Cache
from recognizer.models.engines import processor
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import GraphRunner

INT8 = "openvino-int8"
"""The engine that multiplies fewer bits where it may."""


def engine_name(settings: Settings) -> str:
    """The engine that ``auto`` stands for on this machine, or the one that was asked for."""
    if settings.engine.name == INT8 and not processor.has_vnni():
        raise EngineError(
            f"{INT8} wants a processor that multiplies bytes (VNNI), as Linux tells it, and this is none: pass "
            "--engine openvino."
        )
    if settings.engine.name != "auto":
        return settings.engine.name
    if importlib.util.find_spec("openvino"):
        return INT8 if processor.has_vnni() else "openvino"
    if importlib.util.find_spec("onnxruntime"):
        return "onnxruntime"
    raise EngineError("No graph engine is installed: pip install openvino (or onnxruntime).")


def engine_of(settings: Settings, resolved: ResolvedModel) -> str:
    """The engine that runs a model here: bytes are multiplied only where its ranges are known."""
    name = engine_name(settings)
    return "openvino" if name == INT8 and resolved.ranges is None else name


def graph(
    settings: Settings,
    path: Path,
    *,
    batches: Sequence[int] = (),
    precompile: Collection[int] = (),
    ranges: Path | None = None,
    bf16: bool = False,
) -> GraphRunner:
    """An ONNX graph on the engine of the settings.

    Args:
        settings: engine and threads.
        path: of the graph.
        batches: sizes that its batches may be brought to.
        precompile: get ready for these of them now, so that no frame waits for it.
        ranges: of the layers that may multiply bytes.
        bf16: it may multiply bfloat16 numbers.
    """
    if (engine := engine_name(settings)) in ("openvino", INT8):
        from recognizer.models.engines.openvino import BATCHES as USUAL
        from recognizer.models.engines.openvino import OpenVinoRunner

        return OpenVinoRunner(
            path,
            threads=settings.engine.threads,
            cache_dir=Cache().folder / "openvino",
            batches=batches or USUAL,
            precompile=precompile,
            ranges=ranges if engine == INT8 else None,
            bf16=bf16 and engine == INT8 and processor.has_bf16(),
        )
    from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner

    return OnnxRuntimeRunner(path, threads=settings.engine.threads)
