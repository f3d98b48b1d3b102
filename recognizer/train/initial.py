"""The weights a training begins with: those of a graph that ships, read back into the torch network.

A graph keeps its weights as initialisers. Our exporter stores them in half precision, a ``.half`` behind the name.
Linear layers are stored transposed under a number; their names are those of the MatMul nodes that use them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from recognizer.embed.statedict import fill
from recognizer.errors import WeightsError
from recognizer.train.ship import HALF_SUFFIX


def fill_from_graph(network: nn.Module, graph: Path, *, name: str) -> None:
    """Fill a network with the weights of its own graph.

    Args:
        network: is filled; any network whose graph kept the names of its layers.
        graph: an ONNX file.
        name: of the network, for the message.

    Raises:
        WeightsError: if the file is no graph, or holds another network.
    """
    fill(network, weights_of(graph), name=name, path=graph)


def weights_of(graph: Path) -> dict[str, Tensor]:
    """The weights in a graph by the names of their layers, float32.

    Raises:
        WeightsError: if the file is no ONNX graph.
    """
    try:
        model = onnx.load(graph)
    except (OSError, DecodeError) as error:
        raise WeightsError(f"{graph} is no readable ONNX graph ({error}).") from error
    linears = {
        node.input[1]: _layer(node.name) + ".weight" for node in model.graph.node if node.op_type == "MatMul"
    }
    out = {}
    for stored in model.graph.initializer:
        key = stored.name.removesuffix(HALF_SUFFIX)
        values = numpy_helper.to_array(stored)
        if key in linears:
            key, values = linears[key], values.T
        if values.ndim:
            out[key] = torch.from_numpy(np.array(values, np.float32))
    return out


def _layer(node: str) -> str:
    """``model.stages.0.blocks.1.mlp.fc1`` of ``/model/stages/stages.0/blocks/blocks.1/mlp/fc1/MatMul``.

    torch's exporter writes the path of modules; a module in a list has the list's name before its number.
    """
    parts = node.strip("/").split("/")[:-1]
    return ".".join(part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(f"{part}."))
