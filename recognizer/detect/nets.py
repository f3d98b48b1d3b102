"""The three nets of MTCNN on raw pixels, and their conversion to ONNX graphs.

Zhang, Zhang, Li, Qiao: "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks", IEEE SPL
2016. Networks and weights are facenet-pytorch's (MIT licence). Its input steps, RGB order and ``(x - 127.5) / 128``,
are linear and come before an unpadded convolution: they are folded into that convolution, so that each graph takes
BGR pixels as OpenCV and our frames hold them.

This file loads torch. A running recogniser needs it only for ``--engine torch``; the graphs ship with the code.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn

from recognizer.errors import ModelError

NETS = ("pnet", "rnet", "onet")
INPUT_SIZE_PX = {"rnet": 24, "onet": 48}
OUTPUTS = {"pnet": ("offsets", "scores"), "rnet": ("offsets", "scores"), "onet": ("offsets", "landmarks", "scores")}
MAX_ABSOLUTE_ERROR = 1e-4
"""Between graph and torch net, on outputs in about [-1, 1]; seen: 2e-6 (``tests/detect/test_nets.py``)."""


class PixelNet(nn.Module):
    """One of facenet-pytorch's nets, fed with pixels.

    Input (B, H, W, 3) float32 BGR in [0, 255]. Output: the net's own outputs, the softmax reduced to the score of
    "face": offsets (B, 4[, h, w]), landmarks (B, 10) for O-Net, scores (B[, h, w]).
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.eval()
        first: nn.Conv2d = net.conv1  # type: ignore[assignment]
        with torch.no_grad():
            weight = first.weight[:, [2, 1, 0]] / 128.0
            bias = first.bias - 127.5 * weight.sum(dim=(1, 2, 3))  # type: ignore[operator]
            first.weight.copy_(weight)
            first.bias.copy_(bias)  # type: ignore[union-attr]

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Run on (B, H, W, 3) BGR pixels."""
        *regressions, probabilities = self.net(pixels.permute(0, 3, 1, 2))
        return (*regressions, probabilities[:, 1])


def load(name: str) -> PixelNet:
    """Build ``pnet``, ``rnet`` or ``onet`` with facenet-pytorch's weights."""
    classes = {"pnet": PNet, "rnet": RNet, "onet": ONet}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # facenet-pytorch calls torch.load in the old way; its files are its own
        return PixelNet(classes[name]())


def convert(folder: Path) -> list[Path]:
    """Write ``mtcnn_pnet.onnx``, ``mtcnn_rnet.onnx`` and ``mtcnn_onet.onnx`` and check each against its torch net.

    Raises:
        ModelError: if a graph's outputs differ from the net's.
    """
    return [_convert(name, folder / f"mtcnn_{name}.onnx") for name in NETS]


def _convert(name: str, target: Path) -> Path:
    import onnxruntime

    net = load(name)
    size = INPUT_SIZE_PX.get(name, 40)
    example = torch.rand(2, size, size + (0 if name in INPUT_SIZE_PX else 6), 3) * 255
    batch = torch.export.Dim("batch", min=1, max=4096)
    sides = {} if name in INPUT_SIZE_PX else {1: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}
    write_graph(net, target, example=example, dynamic={0: batch, **sides}, outputs=OUTPUTS[name])
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    for height, width in ((size, size),) if name in INPUT_SIZE_PX else ((12, 12), (13, 27), (90, 161)):
        probe = torch.rand(3, height, width, 3) * 255
        with torch.no_grad():
            wanted = net(probe)
        for label, w, got in zip(OUTPUTS[name], wanted, session.run(None, {"pixels": probe.numpy()}), strict=True):
            error = float((w - torch.from_numpy(got)).abs().max())
            if error > MAX_ABSOLUTE_ERROR:
                raise ModelError(f"{target.name}: {label} differ from torch by {error:.2g} at {height}x{width} px.")
    return target


def write_graph(
    net: nn.Module, target: Path, *, example: Tensor, dynamic: Mapping[int, Any], outputs: Sequence[str]
) -> None:
    """Write a net on pixels as an ONNX graph that says nothing of the machine it was made on.

    Args:
        net: in evaluation mode.
        target: the file.
        example: a batch that it takes.
        dynamic: by dimension, what varies: ``torch.export.Dim``.
        outputs: names, in the net's order.
    """
    import onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (example,), str(target), dynamo=True, external_data=False, verbose=False,
            dynamic_shapes=(dynamic,), input_names=["pixels"], output_names=list(outputs),
        )  # fmt: skip
    graph = onnx.load(target)
    del graph.metadata_props[:]
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.save(graph, target)
