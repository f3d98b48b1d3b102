"""Run an ONNX graph with ONNX Runtime, for platforms without OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError


class OnnxRuntimeRunner:
    """Runs one graph in one session.

    Raises:
        EngineError: if ONNX Runtime is not installed or refuses the graph.
    """

    def __init__(self, graph: Path, *, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise EngineError("ONNX Runtime is not installed: pip install onnxruntime.") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not occupy a core
        try:
            self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no narrower base
            raise EngineError(f"ONNX Runtime cannot run {graph}: {str(error).splitlines()[0]}") from error
        self._graph = graph
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Run the graph on its single input; return every output by name.

        Raises:
            EngineError: if the graph takes inputs of another shape.
        """
        try:
            results = self._session.run(self._outputs, {self._input: np.ascontiguousarray(inputs)})
        except Exception as error:  # its errors share no narrower base
            raise EngineError(f"{self._graph} does not take {inputs.shape}: {str(error).splitlines()[0]}") from error
        return dict(zip(self._outputs, results, strict=True))
