"""Quantise EdgeFace's convolutions to int8 after training, by ranges measured on faces.

Each input channel of a layer has a range of its own, mapped to 0..255; the channels' steps are folded into the
weights, which become int8 with one scale for each output channel. The shift of the means that rounding the weights
causes is added to the bias. Which layers are quantised, and their ranges, is measured once for each model
(``ranges.measure``, ``python main.py models quantise``); the package ships those of ``edgeface_xs_q`` and
``edgeface_xxs_q``. All other layers stay fp32.

edgeface_xs_q, CPU time of fp32 over int8, interleaved, OpenVINO 2026.4: 1.3 to 1.4 with one face, 1.4 with eight.

Nagel et al. 2021, "A White Paper on Neural Network Quantization", https://arxiv.org/abs/2106.08295: scales by channel,
bias correction, equalised channels (there between two layers; here within one, which is exact).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import EngineError
from recognizer.models.engines.quiet_openvino import import_openvino
from recognizer.types import F32

MARGIN = 1.15
"""Factor by which a measured range is widened, as other faces exceed it."""
NARROWEST = 0.02
"""Narrowest range, as a share of the layer's widest, for channels that were inactive during the measurement."""
MAX_BYTES = 16 << 20
"""Of all ranges of a model; those shipped have less than 0.2 MB."""
_PARTS = ("low", "high", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Measured input of one layer, (C,) each: a number for each of its C channels."""

    low: F32
    high: F32
    mean: F32


def save(ranges: Mapping[str, Range], path: Path) -> None:
    """Write the ranges of a model's layers to an ``.npz`` file."""
    arrays = {f"{layer}:{part}": getattr(each, part) for layer, each in ranges.items() for part in _PARTS}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: Path) -> dict[str, Range]:
    """Read a file of ``save``.

    Raises:
        EngineError: if it cannot be read.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if sum(member.file_size for member in arrays.zip.infolist()) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES >> 20} MB")
            layers = dict.fromkeys(name.rpartition(":")[0] for name in arrays.files)
            return {layer: Range(*(arrays[f"{layer}:{part}"] for part in _PARTS)) for layer in layers}
    except Exception as error:  # NumPy and zipfile raise a dozen kinds on damaged files
        raise EngineError(
            f"{path} holds no int8 ranges ({error}): remove it, or measure them again with 'models quantise'."
        ) from error


def quantise(model: Any, ranges: Mapping[str, Range]) -> int:
    """Quantise layers of an OpenVINO model in place; return their number.

    Args:
        model: ``openvino.Model``.
        ranges: of the layers to quantise; others stay fp32.

    Raises:
        EngineError: if the ranges are another model's.
    """
    ops = import_openvino().opset13
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
        quantised_inputs = ops.fake_quantize(layer.input_value(0), *ends, _scalar(ops, 0), _scalar(ops, 255), 256)
        sides = [ops.constant(side) for side in (-largest, largest)]
        quantised_weights = ops.fake_quantize(ops.constant(scaled), *sides, *sides, 255)
        strides, none = layer.get_attributes()["strides"], [0, 0]
        products = ops.convolution(quantised_inputs, quantised_weights, strides, none, none, [1, 1])
        layer.output(0).replace(ops.add(products, ops.constant(_channels(bias))).output(0))
        count += 1
    model.validate_nodes_and_infer_types()
    return count


def layers(model: Any) -> Iterator[tuple[str, Any, F32]]:
    """Yield the convolutions that can be quantised: name, node, and weights (O, I, h, w).

    They have constant weights and no padding, as zero maps to another int8 value in each channel.
    """
    for layer in model.get_ordered_ops():
        if layer.get_type_name() != "Convolution":
            continue
        shape = layer.get_attributes()
        weights = layer.input_value(1).get_node()
        if weights.get_type_name() == "Convert":  # the shipped graphs store fp16
            weights = weights.input_value(0).get_node()
        plain = not any([*shape["pads_begin"], *shape["pads_end"]]) and set(shape["dilations"]) == {1}
        if plain and weights.get_type_name() == "Constant":
            yield layer.get_friendly_name().removesuffix("/WithoutBiases"), layer, np.asarray(weights.data, np.float32)


def _channels(values: NDArray[np.floating[Any]]) -> F32:
    return np.asarray(values, np.float32).reshape(1, -1, 1, 1)


def _scalar(ops: Any, value: float) -> Any:
    return ops.constant(np.array([value], np.float32))
