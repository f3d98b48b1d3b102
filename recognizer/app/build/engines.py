"""Choose the engine that runs a graph on this machine, and load the graph."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from recognizer.app.config import Settings
from recognizer.errors import EngineError
from recognizer.models.cache import Cache
from recognizer.models.engines import processor
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import GraphRunner

INT8 = "openvino-int8"
"""OpenVINO with int8 layers where their ranges were measured, and bf16 for detection in video."""


def engine_name(settings: Settings) -> str:
    """Return the engine of the settings, with ``auto`` resolved for this machine.

    Raises:
        EngineError: if this machine cannot run it, or has no engine at all.
    """
    if settings.engine.name == INT8 and not processor.has_vnni():
        raise EngineError(
            f"{INT8} wants a processor with VNNI, as /proc/cpuinfo states it, and this one has none: pass "
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
    """Return the engine that runs a model: int8 only where its ranges are measured."""
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
    later: list[Callable[[], object]] | None = None,
) -> GraphRunner:
    """Load an ONNX graph on the engine of the settings.

    Args:
        settings: engine and threads.
        path: of the graph.
        batches: sizes that batches are split or padded to; empty for the engine's own.
        precompile: those of them to compile now, so that no frame waits for it.
        ranges: file with the ranges of the layers that may run in int8.
        bf16: allow bfloat16 arithmetic where the processor has it.
        later: where given, most of ``precompile`` is not compiled now; what does it, from any thread, is put here.

    Raises:
        EngineError: if the engine is not installed or refuses the graph.
    """
    if (engine := engine_name(settings)) in ("openvino", INT8):
        from recognizer.models.engines.openvino import BATCHES as DEFAULT_BATCHES
        from recognizer.models.engines.openvino import OpenVinoRunner

        return OpenVinoRunner(
            path,
            threads=settings.engine.threads,
            cache_dir=Cache().folder / "openvino",
            batches=batches or DEFAULT_BATCHES,
            precompile=precompile,
            ranges=ranges if engine == INT8 else None,
            bf16=bf16 and engine == INT8 and processor.has_bf16(),
            later=later,
        )
    from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner

    return OnnxRuntimeRunner(path, threads=settings.engine.threads)
