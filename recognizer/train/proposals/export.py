"""The averaged network as an ONNX graph, checked against itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from recognizer.detect import nets
from recognizer.errors import ModelError
from recognizer.train.proposals.network import ProposalNet

MAX_ABSOLUTE_ERROR = 1e-3
"""Between graph and network, on scores in [0, 1] and on distances as shares of themselves."""


def write_graph(network: ProposalNet, target: Path) -> None:
    """Write a graph for pictures of any size that is a multiple of 32 px.

    Raises:
        ModelError: if its outputs differ from the network's.
    """
    import onnxruntime

    network = network.eval()
    rows, columns = torch.export.Dim("rows", min=2, max=256), torch.export.Dim("columns", min=2, max=256)
    example = torch.rand(1, 288, 480, 3) * 255
    outputs = ("scores", "distances")
    nets.write_graph(network, target, example=example, dynamic={1: 32 * rows, 2: 32 * columns}, outputs=outputs)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    for height, width in ((64, 96), (192, 320), (288, 480)):
        probe = torch.rand(1, height, width, 3) * 255
        with torch.no_grad():
            scores, distances = (part.numpy() for part in network(probe))
        got_scores, got_distances = session.run(None, {"pixels": probe.numpy()})
        error = max(np.abs(scores - got_scores).max(), (np.abs(distances - got_distances) / distances).max())
        if error > MAX_ABSOLUTE_ERROR:
            raise ModelError(f"{target.name} differs from the network by {error:.2g} at {height}x{width} px.")
