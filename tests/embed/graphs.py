"""ONNX graphs of recognition networks as others write them, with seeded random weights, made without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from recognizer.types import F32

ZOO_STAGES = ((64, 3), (128, 13), (256, 30), (512, 3))
"""Width and blocks of LResNet100E-IR."""
SMALL_STAGES = ((8, 1), (12, 2), (16, 1), (24, 1))
"""The same layout, to be run in no time."""


class Writer:
    """Collects nodes and seeded weights."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(seed)

    def weight(self, name: str, shape: tuple[int, ...], low: float, high: float) -> str:
        return self.constant(name, self._rng.uniform(low, high, shape).astype(np.float32))

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x: str, name: str, shape: tuple[int, int, int], *, stride: int = 1) -> str:
        outputs, inputs, kernel = shape
        width = (3 / (inputs * kernel * kernel)) ** 0.5
        weight = self.weight(f"{name}_weight", (outputs, inputs, kernel, kernel), -width, width)
        pad = kernel // 2
        return self.node("Conv", [x, weight], name, strides=[stride] * 2, pads=[pad] * 4, kernel_shape=[kernel] * 2)

    def norm(self, x: str, name: str, width: int, **attributes: Any) -> str:
        parts = (("gamma", 0.5, 1.5), ("beta", -0.2, 0.2), ("moving_mean", -0.2, 0.2), ("moving_var", 0.5, 1.5))
        weights = [self.weight(f"{name}_{part}", (width,), low, high) for part, low, high in parts]
        return self.node("BatchNormalization", [x, *weights], name, epsilon=2e-5, **attributes)

    def prelu(self, x: str, name: str, width: int) -> str:
        return self.node("PRelu", [x, self.weight(f"{name}_gamma", (width, 1, 1), 0.05, 0.4)], name)

    def save(
        self, path: Path, *, opset: int, given: tuple[str, list[int | str]], got: tuple[str, list[int | str]]
    ) -> None:
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
            [helper.make_tensor_value_info(got[0], TensorProto.FLOAT, got[1])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def write_zoo(path: Path, *, stages: tuple[tuple[int, int], ...] = SMALL_STAGES, seed: int = 0) -> None:
    """LResNetE-IR as MXNet wrote it for the ONNX model zoo: one face at a time, opset 8, the scaling inside.

    Names, order of layers and attributes are those of ``vision/body_analysis/arcface/dependencies/fresnet.py``
    (version_input 1, version_output E, version_unit 3) after MXNet's export: ``data`` (1, 3, 112, 112) RGB 0..255 in,
    ``fc1`` (1, 512) out; the batch normalisation behind the linear layer is not spatial.
    """
    w = Writer(seed)
    x = w.node("Sub", ["data", w.constant("_minusscalar0_scalar", np.array([127.5], np.float32))], "_minusscalar0")
    x = w.node("Mul", [x, w.constant("_mulscalar0_scalar", np.array([0.0078125], np.float32))], "_mulscalar0")
    before = stages[0][0]
    x = w.prelu(w.norm(w.conv(x, "conv0", (before, 3, 3)), "bn0", before), "relu0", before)
    for stage, (width, blocks) in enumerate(stages, 1):
        for unit in range(1, blocks + 1):
            at, stride = f"stage{stage}_unit{unit}", 2 if unit == 1 else 1
            out = w.conv(w.norm(x, f"{at}_bn1", before), f"{at}_conv1", (width, before, 3))
            out = w.prelu(w.norm(out, f"{at}_bn2", width), f"{at}_relu1", width)
            out = w.norm(w.conv(out, f"{at}_conv2", (width, width, 3), stride=stride), f"{at}_bn3", width)
            if unit == 1:
                short = w.conv(x, f"{at}_conv1sc", (width, before, 1), stride=2)
                x = w.node("Add", [out, w.norm(short, f"{at}_sc", width)], f"{at}_plus")
            else:
                x = w.node("Add", [out, x], f"{at}_plus")
            before = width
    x = w.node("Dropout", [w.norm(x, "bn1", before)], "dropout0", ratio=0.4)
    x = w.node("Flatten", [x], "flatten", axis=1)
    inputs = before * 7 * 7
    width = (3 / inputs) ** 0.5
    linear = [w.weight("pre_fc1_weight", (512, inputs), -width, width), w.weight("pre_fc1_bias", (512,), -0.1, 0.1)]
    x = w.node("Gemm", [x, *linear], "pre_fc1", alpha=1.0, beta=1.0, transA=0, transB=1)
    w.norm(x, "fc1", 512, spatial=0)
    w.save(path, opset=8, given=("data", [1, 3, 112, 112]), got=("fc1", [1, 512]))


def write_insightface(
    path: Path, *, dimension: int = 512, size_px: int = 112, output: str = "683", seed: int = 0
) -> None:
    """A small network in the layout of InsightFace's packs: ``input.1`` of any batch in, one output with a number."""
    w = Writer(seed)
    x = w.prelu(w.norm(w.conv("input.1", "0", (8, 3, 3), stride=2), "1", 8), "2", 8)
    x = w.prelu(w.norm(w.conv(x, "3", (16, 8, 3), stride=4), "4", 16), "5", 16)
    x = w.conv(x, "6", (16, 16, 3), stride=2)
    x = w.node("Flatten", [x], "7", axis=1)
    inputs = 16 * (-(-size_px // 16)) ** 2
    width = (3 / inputs) ** 0.5
    linear = [w.weight("fc.weight", (dimension, inputs), -width, width), w.weight("fc.bias", (dimension,), -0.1, 0.1)]
    w.norm(w.node("Gemm", [x, *linear], "8", transB=1), output, dimension)
    given: list[int | str] = ["None", 3, size_px, size_px]
    w.save(path, opset=11, given=("input.1", given), got=(output, ["None", dimension]))


def run(path: Path, inputs: F32) -> F32:
    """The graph's only output, by ONNX Runtime fed directly, one face at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: inputs[row : row + 1]})[0] for row in range(len(inputs))])
