"""Run a torch network without conversion, for comparison with the originals and on CUDA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError


class TorchRunner:
    """Runs one network on the processor, or on a CUDA device when there is one.

    Args:
        network: called with one float32 tensor; returns a tensor or a tuple of them.
        outputs: names of the returned tensors, in order.
        threads: processor threads; torch has one setting for the whole process.

    Raises:
        EngineError: if torch is not installed.
    """

    def __init__(self, network: Any, *, outputs: Sequence[str], threads: int) -> None:
        try:
            import torch
        except ImportError as error:
            raise EngineError("torch is not installed: pip install torch, or pass --engine openvino.") from error
        torch.set_num_threads(threads)
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = network.to(self._device)
        self._outputs = tuple(outputs)

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Run the network on its single input; return every output by name."""
        with self._torch.inference_mode():
            results = self._network(self._torch.from_numpy(np.ascontiguousarray(inputs)).to(self._device))
        if not isinstance(results, tuple):
            results = (results,)
        return {name: result.cpu().numpy() for name, result in zip(self._outputs, results, strict=True)}
