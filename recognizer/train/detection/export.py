"""The averaged network as an ONNX graph, checked against itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from recognizer.detect import nets
from recognizer.errors import ModelError
from recognizer.train.detection.task import TrainingTask

MAX_ERROR = 1e-3
"""Between graph and network; of values over 1 as a share of them."""


def write_graph(network: nn.Module, task: TrainingTask, target: Path) -> None:
    """Write a graph for pictures of any size, or batches of any, as the task says.

    Raises:
        ModelError: if its outputs differ from the network's.
    """
    import onnxruntime

    network = network.eval()
    nets.write_graph(network, target, example=task.example, dynamic=dict(task.dynamic), outputs=task.outputs)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    for shape in task.probes:
        probe = torch.rand(shape) * 255
        with torch.no_grad():
            wanted = [answer.numpy() for answer in network(probe)]
        got = session.run(None, {"pixels": probe.numpy()})
        error = max(float((np.abs(w - g) / np.maximum(np.abs(w), 1)).max()) for w, g in zip(wanted, got, strict=True))
        if error > MAX_ERROR:
            raise ModelError(f"{target.name} differs from the network by {error:.2g} on pictures of {shape}.")
