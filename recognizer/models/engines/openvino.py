"""Run an ONNX graph with OpenVINO, the fastest engine measured on Intel and ARM processors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from recognizer.errors import EngineError
from recognizer.models.engines import int8
from recognizer.models.engines.compiled import CompiledGraphs
from recognizer.models.engines.quiet_openvino import COMPILING, shared_core

OWN_GRAPH_AFTER = 40
"""Runs with one input shape before a graph is compiled for it alone: the shapes of a video recur, those of photos do
not. P-Net compiles in 15 ms and saves 0.3 ms a run, O-Net in 20 ms and saves 0.4 ms."""
OWN_GRAPHS = 32
"""Most graphs for single shapes: a pyramid has about ten levels, a batch one of a dozen sizes."""
BATCHES = (1, 4, 16, 64)
"""Sizes that batches are split into."""
SHAPES_COUNTED = 1_000
"""Shapes counted before the counts are reset: a folder of photos has ten new shapes a photo."""
PAD_TO = 8
"""Largest size that a small batch is padded to: a call of a small net costs as much as three rows."""


class OpenVinoRunner:
    """Runs one graph on the processor, with any batch size and, where the graph allows it, any picture size.

    Recurring shapes get a compiled graph of their own, and large batches are split so that shapes recur. CPU time of a
    graph for any shape over that of one for the shape: EdgeFace XS 1.3 to 1.5, O-Net on four faces 1.3 (1.6 where the
    batch size changes from frame to frame), P-Net 1.1.

    Args:
        graph: the file.
        threads: processor threads.
        cache_dir: keeps compiled graphs for the next start; done without where it cannot be used.
        batches: sizes that batches are split into, or padded to where few rows are missing.
        precompile: those of ``batches`` to compile now or, where other dimensions are unknown, at the first shape;
            until another size has recurred in full, only these are used.
        ranges: file with the ranges of the layers to run in int8; see ``recognizer.models.engines.int8``.
        bf16: compute in bfloat16: seven bits of precision, a third less time.
        later: compile only the smallest of ``precompile`` now; what compiles each of the others, from any thread, is
            put here. One that is needed before is compiled then.

    Raises:
        EngineError: if OpenVINO is not installed or refuses the graph, or ``ranges`` are another graph's.
    """

    def __init__(
        self,
        graph: Path,
        *,
        threads: int,
        cache_dir: Path | None = None,
        batches: Sequence[int] = BATCHES,
        precompile: Collection[int] = (),
        ranges: Path | None = None,
        bf16: bool = False,
        later: list[Callable[[], object]] | None = None,
    ) -> None:
        try:
            core = shared_core()
        except ImportError as error:
            raise EngineError(
                "OpenVINO is not installed: pip install openvino, or pass --engine onnxruntime."
            ) from error
        options: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        }
        self._kept = None if cache_dir is None else CompiledGraphs(cache_dir / graph.stem)
        self._graph, self._core, self._options = graph, core, options
        try:
            with COMPILING:
                self._model = self._core.read_model(str(graph))
            self.int8_layers = 0 if ranges is None else int8.quantise(self._model, int8.load(ranges))
            # a port may also have the names of inner nodes; the graph's output name is that of its result
            results = [result.get_friendly_name() for result in self._model.get_results()]
            self._outputs = [name.split("/sink_port")[0] for name in results]
            self._own_after = 0 if precompile else OWN_GRAPH_AFTER
            self._batches, self._precompile = tuple(sorted(batches)), frozenset(precompile)
            self._own: dict[tuple[int, ...], _Fixed] = {}
            self._compiling = threading.Lock()
            self._runs: Counter[tuple[int, ...]] = Counter()
            self._any_shape = None if precompile else self._request(self._model)  # compiled on demand
            if precompile:
                self._prepare([] if later is None else later, now=1 if later is not None else len(self._precompile))
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {graph}: {_last_line(error)}") from error

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Run the graph on its single input; the returned arrays are copies and stay valid.

        Raises:
            EngineError: if the graph takes inputs of another shape.
        """
        try:
            parts = [self._run(*part) for part in _parts(np.ascontiguousarray(inputs), self._sizes(inputs))]
        except RuntimeError as error:
            raise EngineError(f"{self._graph} does not take {inputs.shape}: {_last_line(error)}") from error
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def _sizes(self, inputs: NDArray[np.float32]) -> Sequence[int]:
        """Return the sizes that this batch may be split into."""
        if not self._precompile:
            return self._batches
        return [size for size in self._batches if size in self._precompile or self._comes_often(size, inputs)]

    def _comes_often(self, size: int, inputs: NDArray[np.float32]) -> bool:
        """Whether a size that is not precompiled has recurred enough to compile, if the graph takes it."""
        if len(inputs) < size or self._model.inputs[0].partial_shape[0].is_static:
            return False
        shape = (size, *inputs.shape[1:])
        self._runs[shape] += 1
        return self._runs[shape] > OWN_GRAPH_AFTER

    def _run(self, inputs: NDArray[np.float32], rows: int) -> dict[str, NDArray[np.float32]]:
        shape = (rows, *inputs.shape[1:])
        own = self._own.get(shape) or self._compiled(shape)
        if own is not None:
            return own.run(inputs)
        if self._any_shape is None:
            self._any_shape = self._request(self._model)
        results = self._any_shape.infer([inputs], share_inputs=True, share_outputs=False)
        return {name: results[port] for port, name in enumerate(self._outputs)}

    def _compiled(self, shape: tuple[int, ...]) -> _Fixed | None:
        """Compile a graph for a shape that has recurred enough; ``None`` before."""
        if len(self._runs) > SHAPES_COUNTED:
            self._runs.clear()
        self._runs[shape] += 1
        if self._runs[shape] <= self._own_after or len(self._own) >= OWN_GRAPHS:
            return None
        with self._compiling:
            if shape not in self._own:
                model = self._model.clone()
                model.reshape(list(shape))
                self._own[shape] = _Fixed(self._request(model), self._outputs)
            return self._own[shape]

    def _prepare(self, later: list[Callable[[], object]], *, now: int) -> None:
        """Compile a graph for each batch size to precompile, if the other dimensions are known; only some now."""
        sides = list(self._model.inputs[0].partial_shape)[1:]
        if all(side.is_static for side in sides):
            shapes = [(rows, *(side.get_length() for side in sides)) for rows in sorted(self._precompile)]
            for shape in shapes[:now]:
                self._compiled(shape)
            later += [partial(self._compiled, shape) for shape in shapes[now:]]

    def _request(self, model: Any) -> Any:
        """Compile a graph, without the cache where it may not be read or written: another user's, or a full disk."""
        if self._kept is not None and self._kept.usable():
            options = self._options | {"CACHE_DIR": str(self._kept.folder)}
            try:
                with COMPILING:
                    request = self._core.compile_model(model, "CPU", options).create_infer_request()
            except RuntimeError as error:
                logger.debug("compiled graphs in {} are not used: {}", self._kept.folder, _last_line(error))
                self._kept = None
            else:
                self._kept.seal()
                return request
        with COMPILING:
            return self._core.compile_model(model, "CPU", self._options).create_infer_request()


class _Fixed:
    """Runs a graph for one shape, or fewer rows, through its own input memory, which saves 0.14 ms a call."""

    def __init__(self, request: Any, outputs: Sequence[str]) -> None:
        self._request = request
        self._inputs = request.get_input_tensor().data
        self._outputs = {name: request.get_output_tensor(port).data for port, name in enumerate(outputs)}

    def run(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the graph; return copies of all outputs."""
        self._inputs[: len(inputs)] = inputs
        self._request.infer(share_outputs=True)
        if len(inputs) == len(self._inputs):
            return {name: values.copy() for name, values in self._outputs.items()}
        return {name: values[: len(inputs)].copy() for name, values in self._outputs.items()}


def _parts(batch: NDArray[np.float32], sizes: Sequence[int]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Split a batch into parts, each with the size to pad it to; padding adds at most a half."""
    start = 0
    while start < len(batch):
        left = len(batch) - start
        padded = next((size for size in sizes if left <= size <= max(min(1.5 * left, PAD_TO), sizes[0])), None)
        size = padded or max(size for size in sizes if size <= left)
        yield batch[start : start + size], size
        start += size


def _last_line(error: RuntimeError) -> str:
    """Return the last line of OpenVINO's message; those before it are places in its source."""
    return str(error).strip().splitlines()[-1]
