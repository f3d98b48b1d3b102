"""Run an ONNX graph with OpenVINO: the fastest engine measured on Intel and ARM processors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.engine import int8
from recognizer.errors import EngineError

OWN_GRAPH_AFTER = 3
"""Least runs with inputs of one shape before a graph is compiled for just that shape: a video's shapes come again,
those of photos do not."""
BYTES_A_RUN = 200_000
"""And one run more for so many bytes of the graph's file: O-Net compiles in 20 ms and saves 0.4 ms a run, EdgeFace XS
in 200 to 600 ms and saves 1.3, which a clip of four seconds does not bring back."""
OWN_GRAPHS = 32
"""At most: a pyramid has about ten levels, a batch one of four sizes."""
SHAPES_COUNTED = 1_000
"""Then counting begins anew: a folder of photos brings ten new shapes with each."""
OWN_GRAPH_BYTES = 80_000_000
"""Larger graph files keep to the one for any shape: each of their own holds the weights anew. IResNet-100 on batches of
1, 2, 4 and 8 took 2.6 GB with them, 0.6 after loading; EdgeFace's largest file has 73 MB."""


class OpenVinoRunner:
    """One graph, compiled for the processor; any batch size and, where the graph allows it, any picture size.

    Shapes that come again and again get a compiled graph of their own, and batches are cut into powers of four so that
    they do, few of them: each of EdgeFace XS's graphs takes 40 MB. Measured beside a graph for any shape, CPU time:
    EdgeFace XS 1.3 to 1.5 times faster, O-Net on four faces 1.3 times (1.6 where the batches' sizes change from frame
    to frame), P-Net 1.1 times.

    Args:
        graph: the file.
        threads: processor threads.
        cache_dir: where compiled graphs are kept for the next start.
        in_bytes: multiply bytes where the range of values is known; see ``recognizer.engine.int8``.

    Raises:
        EngineError: if OpenVINO is not installed or refuses the graph; if bytes are asked of a processor without VNNI.
    """

    def __init__(self, graph: Path, *, threads: int, cache_dir: Path | None = None, in_bytes: bool = False) -> None:
        try:
            import openvino
        except ImportError as error:
            raise EngineError(
                "OpenVINO is not installed: pip install openvino, or pass --engine onnxruntime."
            ) from error
        if in_bytes and not int8.processor_multiplies_bytes():
            raise EngineError(
                "openvino-int8 wants a processor that multiplies bytes (VNNI), as Linux tells it, and this is none: "
                "pass --engine openvino."
            )
        options: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # bf16 moves scores across thresholds
        }
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        self._graph, self._core, self._options = graph, openvino.Core(), options
        try:
            self._model = self._core.read_model(str(graph))
            self.layers_in_bytes = int8.quantise(self._model) if in_bytes else 0  # none where nothing fits
            any_shape = self._core.compile_model(self._model, "CPU", options)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {graph}: {_last_line(error)}") from error
        self._outputs = [next(iter(port.get_names())) for port in any_shape.outputs]
        self._any_shape = any_shape.create_infer_request()
        size = graph.stat().st_size
        self._own_graphs = OWN_GRAPHS if size <= OWN_GRAPH_BYTES else 0
        self._own_after = OWN_GRAPH_AFTER + size // BYTES_A_RUN
        self._own: dict[tuple[int, ...], Any] = {}
        self._runs: Counter[tuple[int, ...]] = Counter()

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Feed the single input; the returned arrays are copies and stay valid.

        Raises:
            EngineError: if the graph is made for inputs of another shape.
        """
        try:
            parts = [self._run(part) for part in _powers_of_four(np.ascontiguousarray(inputs))]
        except RuntimeError as error:
            raise EngineError(f"{self._graph} does not take {inputs.shape}: {_last_line(error)}") from error
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def _run(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        request = self._own.get(inputs.shape) or self._request(inputs.shape)
        results = request.infer([inputs], share_inputs=True, share_outputs=False)
        return {name: results[port] for port, name in enumerate(self._outputs)}

    def _request(self, shape: tuple[int, ...]) -> Any:
        """Run any shape; once one has come often enough, compile for it."""
        if len(self._runs) > SHAPES_COUNTED:
            self._runs.clear()
        self._runs[shape] += 1
        if self._runs[shape] <= self._own_after or len(self._own) >= self._own_graphs:
            return self._any_shape
        model = self._model.clone()
        model.reshape(list(shape))
        self._own[shape] = self._core.compile_model(model, "CPU", self._options).create_infer_request()
        return self._own[shape]


def _powers_of_four(batch: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The batch in parts of 4^n rows, the largest first."""
    start = 0
    while start < len(batch):
        size = 4 ** int(np.log2(len(batch) - start) / 2)
        yield batch[start : start + size]
        start += size


def _last_line(error: RuntimeError) -> str:
    """OpenVINO's messages begin with places in its source; what went wrong comes last."""
    return str(error).strip().splitlines()[-1]
