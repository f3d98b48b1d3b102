from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from recognizer.embed import convert
from recognizer.errors import EngineError
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines import int8, processor
from recognizer.models.engines.int8 import Range
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.types import F32

VNNI = pytest.mark.skipif(not processor.has_vnni(), reason="a processor without VNNI")
CHANNELS = 17


def filters_of(kernel: int) -> F32:
    """Drawn, and the same in half precision."""
    drawn = np.random.default_rng(1).uniform(-9, 9, (3, CHANNELS, kernel, kernel))
    return drawn.astype(np.float16).astype(np.float32)


def model(*, kernel: int = 1, stride: int = 1, pad: int = 0, known: bool = True, half: bool = False) -> openvino.Model:
    """A convolution of 17 channels to three."""
    x = ops.parameter([1, CHANNELS, 4, 4], np.float32)
    weights = filters_of(kernel)
    inputs = [x]
    filters: Any = ops.constant(weights)
    if half:
        filters = ops.convert(ops.constant(weights.astype(np.float16)), np.float32)
    if not known:
        inputs.append(filters := ops.parameter(weights.shape, np.float32))
    layer = ops.convolution(x, filters, [stride] * 2, [pad] * 2, [pad] * 2, [1, 1])
    layer.set_friendly_name("layer")
    return openvino.Model([layer], inputs, "layer")


def values_and_range() -> tuple[F32, dict[str, Range]]:
    """Channels of very different sizes, one that slept, and what would have been measured of them."""
    rng = np.random.default_rng(0)
    sizes = np.geomspace(0.1, 20, CHANNELS)[:, None, None]
    values = (rng.normal(0, sizes, (CHANNELS, 4, 4)) + sizes).astype(np.float32)
    values[3] = 0.2
    low, high, mean = values.min((1, 2)), values.max((1, 2)), values.mean((1, 2))
    return values[None], {"layer": Range(low, high, mean)}


def answer(wanted: openvino.Model, values: F32) -> F32:
    compiled = openvino.Core().compile_model(wanted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    came: F32 = compiled([values])[0]
    return came


def by_hand(values: F32, seen: Range) -> F32:
    """A 1x1 layer of ``model`` in int8, computed by hand."""
    reach = (seen.high - seen.low) / 2 * 1.15
    reach = np.maximum(reach, 0.02 * reach.max())
    low, step = (seen.high + seen.low) / 2 - reach, 2 * reach / 255
    bytes_in = np.clip(np.round((values[0] - low[:, None, None]) / step[:, None, None]), 0, 255)
    weights = filters_of(1)[..., 0, 0]
    scaled = weights * step
    scale = np.abs(scaled).max(1, keepdims=True) / 127
    rounded = np.round(scaled / scale) * scale
    out = np.einsum("oc,chw->ohw", rounded, bytes_in)
    bias = (rounded / step) @ low + (weights - rounded / step) @ seen.mean
    return np.asarray(out + bias[:, None, None], np.float32)[None]


@VNNI
@pytest.mark.parametrize("half", [False, True])
def test_an_int8_layer_is_what_rounding_by_hand_gives(half: bool) -> None:
    values, ranges = values_and_range()
    changed = model(half=half)
    assert int8.quantise(changed, ranges) == 1
    came, wanted, floats = answer(changed, values), by_hand(values, ranges["layer"]), answer(model(), values)
    spread = floats.std()
    np.testing.assert_allclose(came, wanted, atol=0.02 * spread)  # a value between two steps may round either way
    assert 0 < np.abs(came - floats).max() < 0.05 * spread  # it ran in int8, and little is lost


@VNNI
def test_steps_of_two_pixels_and_larger_kernels_too() -> None:
    values, ranges = values_and_range()
    changed = model(kernel=2, stride=2)
    assert int8.quantise(changed, ranges) == 1
    came, floats = answer(changed, values), answer(model(kernel=2, stride=2), values)
    assert came.shape == floats.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(came, floats, atol=0.05 * floats.std())


@VNNI
def test_what_reaches_further_than_the_range_is_cut_off() -> None:
    values, ranges = values_and_range()
    beyond = values.copy()
    beyond[0, 5, 1, 1] = 1000
    changed = model()
    int8.quantise(changed, ranges)
    np.testing.assert_allclose(answer(changed, beyond), by_hand(beyond, ranges["layer"]), atol=1)
    assert np.abs(answer(model(), beyond) - by_hand(beyond, ranges["layer"])).max() > 1000


@pytest.mark.parametrize("other", [{"pad": 1, "kernel": 3}, {"known": False}])
def test_a_layer_that_cannot_stays_float(other: dict[str, Any]) -> None:
    changed = model(**other)
    assert [name for name, _, _ in int8.layers(changed)] == []
    assert int8.quantise(changed, values_and_range()[1]) == 0


def test_layers_without_ranges_stay_float() -> None:
    assert int8.quantise(model(), {}) == 0


def test_ranges_of_another_model_are_refused() -> None:
    few = np.zeros(4, np.float32)
    with pytest.raises(EngineError, match="Ranges for 4 channels do not fit layer, which has 17"):
        int8.quantise(model(), {"layer": Range(few, few, few)})


def test_ranges_are_kept(tmp_path: Path) -> None:
    _, ranges = values_and_range()
    path = tmp_path / "ranges.npz"
    int8.save(ranges | {"/body/2:x/Conv": ranges["layer"]}, path)
    came = int8.load(path)
    assert list(came) == ["layer", "/body/2:x/Conv"]
    for part in ("low", "high", "mean"):
        np.testing.assert_array_equal(getattr(came["layer"], part), getattr(ranges["layer"], part))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"nothing of the kind"])
def test_a_damaged_file_is_reported(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "ranges.npz").write_bytes(content)
    with pytest.raises(EngineError, match=r"ranges\.npz holds no int8 ranges .* 'models quantise'"):
        int8.load(path)


def test_any_damaged_or_oversized_file_is_reported(tmp_path: Path) -> None:
    _, ranges = values_and_range()
    int8.save(ranges, path := tmp_path / "ranges.npz")
    good = path.read_bytes()
    for place in range(0, len(good), 3):
        data = bytearray(good)
        data[place] ^= 1 << (place % 8)
        path.write_bytes(data)
        with contextlib.suppress(EngineError):
            int8.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("layer:low.npy", bytes(int8.MAX_BYTES + 1))
    with pytest.raises(EngineError, match="more than 16 MB"):
        int8.load(path)


def test_a_file_without_a_part_is_reported(tmp_path: Path) -> None:
    with zipfile.ZipFile(path := tmp_path / "ranges.npz", "w") as file, file.open("layer:low.npy", "w") as low:
        np.save(low, np.zeros(3, np.float32))
    with pytest.raises(EngineError, match=r"holds no int8 ranges"):
        int8.load(path)


@pytest.mark.long
@VNNI
@pytest.mark.weights
@pytest.mark.parametrize(("name", "layers"), [("edgeface_xs_q", 34), ("edgeface_xxs_q", 19)])
def test_faces_keep_their_vectors(shared_data: Path, tmp_path: Path, name: str, layers: int) -> None:
    convert.to_onnx(name, shared_data / "weights" / f"{name}.pt", tmp_path / "graph.onnx")
    photos = sorted((shared_data / "data/lfw/images").glob("*/*_0001.jpg"))[:400:10]
    middles = [cv2.resize(np.asarray(cv2.imread(str(photo)))[70:180, 70:180, ::-1], (112, 112)) for photo in photos]
    faces = (np.stack(middles).transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
    plain = OpenVinoRunner(tmp_path / "graph.onnx", threads=1)
    (ranges,) = (SHIPPED_FOLDER / "ranges").glob(f"{name}-*.npz")
    runner = OpenVinoRunner(tmp_path / "graph.onnx", threads=1, ranges=ranges)
    assert (plain.int8_layers, runner.int8_layers) == (0, layers)
    floats, came = (each.run(faces)["vectors"] for each in (plain, runner))
    cosines = (floats * came).sum(1) / np.linalg.norm(floats, axis=1) / np.linalg.norm(came, axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.95  # faces that nobody aligned
    assert cosines.max() < 0.99999  # it ran in int8
