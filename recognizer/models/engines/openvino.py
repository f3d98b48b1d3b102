"""Run an ONNX graph with OpenVINO: the fastest engine measured on Intel and ARM processors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError
from recognizer.models.engines import int8

OWN_GRAPH_AFTER = 40
"""Runs with inputs of one shape before a graph is compiled for just that shape: a video's shapes come again, those of
photos do not. P-Net compiles in 15 ms and saves 0.3 a run, O-Net in 20 and 0.4."""
OWN_GRAPHS = 32
"""At most: a pyramid has about ten levels, a batch one of a dozen sizes."""
BATCHES = (1, 4, 16, 64)
"""Sizes that batches are cut into."""
SHAPES_COUNTED = 1_000
"""Then counting begins anew: a folder of photos brings ten new shapes with each."""
FILLED = 8
"""Small batches are filled up to at most so many rows: a call of a small net costs as much as three of them."""


class OpenVinoRunner:
    """One graph, compiled for the processor; any batch size and, where the graph allows it, any picture size.

    Shapes that come again and again get a compiled graph of their own, and large batches are cut so that they do.
    Beside a graph for any shape, CPU time: EdgeFace XS 1.3 to 1.5 times faster, O-Net on four faces 1.3 times (1.6
    where the batches' sizes change from frame to frame), P-Net 1.1 times.

    Args:
        graph: the file.
        threads: processor threads.
        cache_dir: where compiled graphs are kept for the next start.
        batches: sizes that batches are cut into, and filled up to where little is wanting.
        precompile: those of them that graphs are compiled for now, or, where the other sides are not known yet, for the
            first shape that comes; not when they pay, which a frame would wait for. They serve alone until another
            size has come in full often enough.
        ranges: file of the layers that multiply bytes instead of floats; see ``recognizer.models.engines.int8``.
        bf16: multiply bfloat16 numbers instead of floats: seven bits of precision, a third less time.

    Raises:
        EngineError: if OpenVINO is not installed or refuses the graph; if ``ranges`` are another graph's.
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
    ) -> None:
        try:
            import openvino
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
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        self._graph, self._core, self._options = graph, openvino.Core(), options
        try:
            self._model = self._core.read_model(str(graph))
            self.int8_layers = 0 if ranges is None else int8.quantise(self._model, int8.load(ranges))
            # a port may have further names, of nodes inside; the graph's own is that of its result
            results = [result.get_friendly_name() for result in self._model.get_results()]
            self._outputs = [name.split("/sink_port")[0] for name in results]
            self._own_after = 0 if precompile else OWN_GRAPH_AFTER
            self._batches, self._precompile = tuple(sorted(batches)), frozenset(precompile)
            self._own: dict[tuple[int, ...], _Fixed] = {}
            self._runs: Counter[tuple[int, ...]] = Counter()
            self._any_shape = None if precompile else self._request(self._model)  # made when it is needed after all
            if precompile:
                self._prepare()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {graph}: {_last_line(error)}") from error

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Feed the single input; the returned arrays are copies and stay valid.

        Raises:
            EngineError: if the graph is made for inputs of another shape.
        """
        try:
            parts = [self._run(*part) for part in _parts(np.ascontiguousarray(inputs), self._sizes(inputs))]
        except RuntimeError as error:
            raise EngineError(f"{self._graph} does not take {inputs.shape}: {_last_line(error)}") from error
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def _sizes(self, inputs: NDArray[np.float32]) -> Sequence[int]:
        """What this batch is cut into."""
        if not self._precompile:
            return self._batches
        return [size for size in self._batches if size in self._precompile or self._comes_often(size, inputs)]

    def _comes_often(self, size: int, inputs: NDArray[np.float32]) -> bool:
        """A size that was not made ready is worth a graph by now, of a network that takes other sizes."""
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
        """A graph for a shape that has come often enough."""
        if len(self._runs) > SHAPES_COUNTED:
            self._runs.clear()
        self._runs[shape] += 1
        if self._runs[shape] <= self._own_after or len(self._own) >= OWN_GRAPHS:
            return None
        model = self._model.clone()
        model.reshape(list(shape))
        self._own[shape] = _Fixed(self._request(model), self._outputs)
        return self._own[shape]

    def _prepare(self) -> None:
        """Compile a graph for each of the batches, if their other sides are known."""
        sides = list(self._model.inputs[0].partial_shape)[1:]
        if all(side.is_static for side in sides):
            for rows in self._precompile:
                self._compiled((rows, *(side.get_length() for side in sides)))

    def _request(self, model: Any) -> Any:
        return self._core.compile_model(model, "CPU", self._options).create_infer_request()


class _Fixed:
    """A graph for one shape, or for fewer rows; it is fed through memory of its own, which saves 0.14 ms a call."""

    def __init__(self, request: Any, outputs: Sequence[str]) -> None:
        self._request = request
        self._inputs = request.get_input_tensor().data
        self._outputs = {name: request.get_output_tensor(port).data for port, name in enumerate(outputs)}

    def run(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Copies of all outputs."""
        self._inputs[: len(inputs)] = inputs
        self._request.infer(share_outputs=True)
        if len(inputs) == len(self._inputs):
            return {name: values.copy() for name, values in self._outputs.items()}
        return {name: values[: len(inputs)].copy() for name, values in self._outputs.items()}


def _parts(batch: NDArray[np.float32], sizes: Sequence[int]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """The batch in parts, each with the size that it is filled up to: a small one where that adds at most a half."""
    start = 0
    while start < len(batch):
        left = len(batch) - start
        filled = next((size for size in sizes if left <= size <= max(min(1.5 * left, FILLED), sizes[0])), None)
        size = filled or max(size for size in sizes if size <= left)
        yield batch[start : start + size], size
        start += size


def _last_line(error: RuntimeError) -> str:
    """OpenVINO's messages begin with places in its source; what went wrong comes last."""
    return str(error).strip().splitlines()[-1]
