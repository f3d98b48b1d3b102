"""Run an ONNX graph with OpenVINO: the fastest engine measured on Intel and ARM processors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError


class OpenVinoRunner:
    """One graph, compiled for the processor; any batch size and, where the graph allows it, any picture size.

    Compiling for each input shape instead was measured and gains nothing that can be told from noise.

    Raises:
        EngineError: if OpenVINO is not installed or refuses the graph.
    """

    def __init__(self, graph: Path, *, threads: int, cache_dir: Path | None = None) -> None:
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
            "INFERENCE_PRECISION_HINT": "f32",  # bf16 moves scores across thresholds
        }
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        try:
            compiled = openvino.Core().compile_model(str(graph), "CPU", options)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {graph}: {_last_line(error)}") from error
        self._graph = graph
        self._outputs = [next(iter(port.get_names())) for port in compiled.outputs]
        self._request = compiled.create_infer_request()

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Feed the single input; the returned arrays are copies and stay valid.

        Raises:
            EngineError: if the graph is made for inputs of another shape.
        """
        try:
            results = self._request.infer([np.ascontiguousarray(inputs)], share_inputs=True, share_outputs=False)
        except RuntimeError as error:
            raise EngineError(f"{self._graph} does not take {inputs.shape}: {_last_line(error)}") from error
        return {name: results[port] for port, name in enumerate(self._outputs)}


def _last_line(error: RuntimeError) -> str:
    """OpenVINO's messages begin with places in its source; what went wrong comes last."""
    return str(error).strip().splitlines()[-1]
