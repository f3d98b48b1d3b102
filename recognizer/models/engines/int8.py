"""Bytes instead of floats in EdgeFace's convolutions: post-training quantisation, by ranges measured on faces.

Each channel that goes into a layer has a range of its own, which becomes the bytes 0 to 255; the channels' steps are
moved into the weights, and these are bytes with one scale for each output channel. What rounding the weights does to
the channels' means is added to the bias. Which layers are computed so, and their ranges, is measured once for each
model (``ranges.measure``, ``python main.py models quantise``); those of the published ``edgeface_xs_q`` and
``edgeface_xxs_q`` lie with the package. Everything else stays float.

edgeface_xs_q against floats, CPU time, interleaved, OpenVINO 2026.4: 1.3 to 1.4 times faster (1 face), 1.4 (8).

Nagel et al. 2021, "A White Paper on Neural Network Quantization", https://arxiv.org/abs/2106.08295: scales by channel,
bias correction, equalised channels (there between two layers; here within one, so that it is exact).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError
from recognizer.types import F32

MARGIN = 1.15
"""How much wider a range is taken than it was measured, as other faces reach further."""
NARROWEST = 0.02
"""No range is narrower than this share of the layer's widest: of channels that slept while they were measured."""
_PARTS = ("low", "high", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """What goes into one layer, a number for each of its C channels, as measured."""

    low: F32
    high: F32
    mean: F32


def save(ranges: Mapping[str, Range], path: Path) -> None:
    """Write the ranges of a model's layers."""
    arrays = {f"{layer}:{part}": getattr(each, part) for layer, each in ranges.items() for part in _PARTS}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: Path) -> dict[str, Range]:
    """Read what ``save`` wrote.

    Raises:
        EngineError: if it cannot be read.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            layers = dict.fromkeys(name.rpartition(":")[0] for name in arrays.files)
            return {layer: Range(*(arrays[f"{layer}:{part}"] for part in _PARTS)) for layer in layers}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EngineError(
            f"{path} holds no ranges of a model's values ({error}): remove it, or measure them anew: 'models quantise'."
        ) from error


def quantise(model: Any, ranges: Mapping[str, Range]) -> int:
    """Change an OpenVINO model in place; returns how many layers now multiply bytes.

    Args:
        model: ``openvino.Model``.
        ranges: of the layers that are to; others stay as they are.

    Raises:
        EngineError: if they are another model's.
    """
    from openvino import opset13 as ops

    count = 0
    for name, layer, weights in list(layers(model)):
        if (seen := ranges.get(name)) is None:
            continue
        if seen.low.shape != weights.shape[1:2]:
            raise EngineError(f"Ranges for {len(seen.low)} channels do not fit {name}, which has {weights.shape[1]}.")
        reach = (seen.high - seen.low) / 2 * np.float32(MARGIN)
        reach = np.maximum(reach, max(NARROWEST * reach.max(), 1e-12)).astype(np.float32)
        low, step = (seen.low + seen.high) / 2 - reach, _channels(2 * reach / 255)
        scaled = weights * step
        largest = np.maximum(np.abs(scaled).max(axis=(1, 2, 3), keepdims=True), np.float32(1e-12))
        rounded = np.round(scaled / largest * 127) * (largest / 127) / step
        bias = rounded.sum((2, 3)) @ low + (weights - rounded).sum((2, 3)) @ seen.mean

        ends = [ops.constant(_channels(end)) for end in (low, low + 255 * step.ravel())]
        bytes_in = ops.fake_quantize(layer.input_value(0), *ends, _scalar(ops, 0), _scalar(ops, 255), 256)
        sides = [ops.constant(side) for side in (-largest, largest)]
        bytes_by = ops.fake_quantize(ops.constant(scaled), *sides, *sides, 255)
        strides, none = layer.get_attributes()["strides"], [0, 0]
        products = ops.convolution(bytes_in, bytes_by, strides, none, none, [1, 1])
        layer.output(0).replace(ops.add(products, ops.constant(_channels(bias))).output(0))
        count += 1
    model.validate_nodes_and_infer_types()
    return count


def layers(model: Any) -> Iterator[tuple[str, Any, F32]]:
    """The convolutions that could multiply bytes: name, node, and weights (O, I, h, w).

    Their weights are known and nothing is padded, as the byte of zero is another one in each channel.
    """
    for layer in model.get_ordered_ops():
        if layer.get_type_name() != "Convolution":
            continue
        shape = layer.get_attributes()
        weights = layer.input_value(1).get_node()
        if weights.get_type_name() == "Convert":  # what ships is stored in half precision
            weights = weights.input_value(0).get_node()
        plain = not any([*shape["pads_begin"], *shape["pads_end"]]) and set(shape["dilations"]) == {1}
        if plain and weights.get_type_name() == "Constant":
            yield layer.get_friendly_name().removesuffix("/WithoutBiases"), layer, np.asarray(weights.data, np.float32)


def _channels(values: NDArray[np.floating[Any]]) -> F32:
    return np.asarray(values, np.float32).reshape(1, -1, 1, 1)


def _scalar(ops: Any, value: float) -> Any:
    return ops.constant(np.array([value], np.float32))
