"""Bytes instead of floats for the 1x1 convolutions that follow a LayerNorm: post-training quantisation without data.

A value that LayerNorm made of C channels, before its affine part, is at most the root of C - 1 in size, whatever the
picture: so its scale is known and no calibration is needed. Weights are scaled per output channel. Everything else
stays float: the second layers of the MLPs too, whose inputs have long tails (with them EdgeFace XS is another 1.1 to
1.2 times faster, but of 29.6 million impostor pairs of LFW 351 to 360 pass the threshold instead of 333, and one face
with goggles and helmet came to a cosine of 0.945).

edgeface_xs_q against floats, CPU time, interleaved, OpenVINO 2026.4: 1.17 to 1.19 times faster (1 face), 1.18 to 1.20
(4). LFW's 7,701 faces: cosine to the float vectors 0.9968 at least, 0.9987 in the mean; 331 instead of 333 impostor
pairs above the threshold for FMR 1e-5; genuine pairs missed there 2.83 % instead of 2.77 %; ten-fold accuracy 99.55 %
as before with mirror images, 99.47 instead of 99.58 % without, which is why ``auto`` does not take it.

Nagel et al. 2021, "A White Paper on Neural Network Quantization", https://arxiv.org/abs/2106.08295: symmetric ranges,
one scale for each output channel, clipping.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

RANGE = 0.8
"""Share of the largest possible size that bytes reach; what is larger is cut off. Mean cosine to the float vectors on
512 faces: 0.9981 with 0.7, 0.9985 with 0.8, 0.9979 with 1 (xs_q); 0.9959, 0.9978, 0.9971 (xxs_q)."""
BYTE_PRODUCTS = {"avx512_vnni", "avx_vnni"}
"""Processor flags: four products of bytes in one step. Without them sums of two products may overflow, and OpenVINO is
no faster."""


def processor_multiplies_bytes(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether bytes are worth it here; only Linux says so."""
    try:
        lines = cpuinfo.read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not BYTE_PRODUCTS.isdisjoint(flags.split())


def quantise(model: Any) -> int:
    """Change an OpenVINO model in place; returns how many layers now multiply bytes, none where nothing fits.

    Args:
        model: ``openvino.Model``; EdgeFace as ``recognizer.embed.channels_first`` has it.
    """
    from openvino import opset13 as ops

    layers = 0
    for layer in model.get_ordered_ops():
        if layer.get_type_name() != "Convolution" or (weights := _pointwise_weights(layer)) is None:
            continue
        if (channels := _normalised_channels(_input(layer, 0))) is None:
            continue
        top = np.float32(RANGE * np.sqrt(channels - 1))
        inputs = _rounded(ops, layer.input_value(0), np.array([-top * 128 / 127], np.float32), np.array([top]), 256)
        layer.input(0).replace_source_output(inputs)
        largest = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), np.float32(1e-12))
        layer.input(1).replace_source_output(_rounded(ops, layer.input_value(1), -largest, largest, 255))
        layers += 1
    model.validate_nodes_and_infer_types()
    return layers


def _rounded(ops: Any, values: Any, low: Any, high: Any, levels: int) -> Any:
    low, high = ops.constant(low), ops.constant(high)
    return ops.fake_quantize(values, low, high, low, high, levels).output(0)


def _pointwise_weights(layer: Any) -> Any:
    """(O, I, 1, 1) float32 where the layer is a 1x1 convolution with known weights."""
    weights = _input(layer, 1)
    if weights.get_type_name() == "Convert":  # what ships is stored in half precision
        weights = _input(weights, 0)
    known = weights.get_type_name() == "Constant" and list(weights.shape)[2:] == [1, 1]
    return np.asarray(weights.data, np.float32) if known else None


def _normalised_channels(node: Any) -> int | None:
    """How many channels LayerNorm went over, where the node is ``d / sqrt(mean(d * d) + eps)`` with d = x - mean(x)."""
    if node.get_type_name() != "Divide":
        return None
    centred, square = _input(node, 0), _input(node, 1)
    for kind in ("Sqrt", "Add", "ReduceMean"):
        if square.get_type_name() != kind or not _over_channels(square):
            return None
        square = _input(square, 0)
    mean = _input(centred, 1) if centred.get_type_name() == "Subtract" else centred
    fits = (
        square.get_type_name() == "Multiply"
        and all(_same(_input(square, side), centred) for side in (0, 1))
        and mean.get_type_name() == "ReduceMean"
        and _over_channels(mean)
        and _same(_input(mean, 0), _input(centred, 0))
    )
    return int(node.output(0).partial_shape[1].get_length()) if fits else None


def _over_channels(node: Any) -> bool:
    """Whether a mean, if it is one, goes over the channels alone."""
    return node.get_type_name() != "ReduceMean" or _input(node, 1).data.tolist() in (1, [1])


def _same(one: Any, other: Any) -> bool:
    return bool(one.get_name() == other.get_name())  # unique within a model


def _input(node: Any, place: int) -> Any:
    return node.input_value(place).get_node()
