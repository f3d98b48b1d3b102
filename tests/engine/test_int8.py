from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from recognizer.build import WEIGHTS
from recognizer.embed import convert, edgeface
from recognizer.engine import int8
from recognizer.engine.openvino import OpenVinoRunner
from recognizer.errors import EngineError
from recognizer.types import F32
from tests.embed.seeded import seeded

VNNI = pytest.mark.skipif(not int8.processor_multiplies_bytes(), reason="a processor without VNNI")


def filters_of(kernel: int) -> F32:
    """Drawn, and the same in half precision."""
    drawn = np.random.default_rng(1).uniform(-9, 9, (3, 17, kernel, kernel))
    return drawn.astype(np.float16).astype(np.float32)


def model(
    *, axis: int = 1, centred_twice: bool = True, kernel: int = 1, known: bool = True, half: bool = False
) -> openvino.Model:
    """LayerNorm over 17 channels and a convolution to three, or nearly that."""
    x = ops.parameter([1, 17, 4, 4], np.float32)
    weights = filters_of(kernel)
    centred = ops.subtract(x, ops.reduce_mean(x, [axis], keep_dims=True))
    square = ops.multiply(centred, centred if centred_twice else x)
    spread = ops.sqrt(ops.add(ops.reduce_mean(square, [axis], keep_dims=True), np.float32(1e-6)))
    normal = ops.divide(centred, spread)
    inputs = [x]
    filters: Any = ops.constant(weights)
    if half:
        filters = ops.convert(ops.constant(weights.astype(np.float16)), np.float32)
    if not known:
        inputs.append(filters := ops.parameter(weights.shape, np.float32))
    edge = [kernel // 2] * 2
    return openvino.Model([ops.convolution(normal, filters, [1, 1], edge, edge, [1, 1])], inputs, "layer")


def answer(wanted: openvino.Model, values: F32) -> F32:
    """As the reference says, not the processor's kernels."""
    compiled = openvino.Core().compile_model(wanted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    came: F32 = compiled([values])[0]
    return came


def by_hand(values: F32) -> F32:
    """The layer of ``model`` in bytes, written out."""
    centred = values - values.mean(1, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-6)
    step = 0.8 * 4 / 127  # the root of 17 - 1
    bytes_in = np.clip(np.round(normal / step), -128, 127)
    weights = filters_of(1)[..., 0, 0]
    scales = np.abs(weights).max(1, keepdims=True) / 127
    out: F32 = np.einsum("oc,bchw->bohw", np.round(weights / scales) * scales, bytes_in * step)
    return out


@VNNI
@pytest.mark.parametrize("half", [False, True])
def test_a_layer_in_bytes_is_what_rounding_by_hand_gives(half: bool) -> None:
    values = np.random.default_rng(0).normal(3, 2, (1, 17, 4, 4)).astype(np.float32)
    values[0, 5, 1, 1] = 60  # almost the largest that LayerNorm leaves: cut off
    changed = model(half=half)
    assert int8.quantise(changed) == 1
    came, wanted = answer(changed, values), by_hand(values)
    np.testing.assert_allclose(came, wanted, atol=0.25)  # a value between two bytes may fall to either: 9 * step
    assert np.abs(came - wanted).mean() < 0.01
    assert np.abs(answer(model(), values) - wanted).max() > 1  # what was cut off shows


@pytest.mark.parametrize("other", [{"axis": 2}, {"centred_twice": False}, {"kernel": 3}, {"known": False}])
def test_a_layer_whose_range_is_not_known_stays_float(other: dict[str, Any]) -> None:
    assert int8.quantise(model(**other)) == 0


def test_edgeface_has_such_layers_and_mtcnn_none(tmp_path: Path) -> None:
    network = edgeface.create("edgeface_xxs")
    seeded(network)
    convert.export(network, tmp_path / "own.onnx")
    core = openvino.Core()
    assert int8.quantise(core.read_model(str(tmp_path / "own.onnx"))) == 12 + 3  # MLPs, attentions
    assert int8.quantise(core.read_model(str(WEIGHTS / "mtcnn_onet.onnx"))) == 0


@VNNI
@pytest.mark.weights
@pytest.mark.parametrize("name", ["edgeface_xs_q", "edgeface_xxs_q"])
def test_faces_keep_their_vectors(shared_data: Path, tmp_path: Path, name: str) -> None:
    convert.to_onnx(name, shared_data / "weights" / f"{name}.pt", tmp_path / "graph.onnx")
    photos = sorted((shared_data / "data/lfw/images").glob("*/*_0001.jpg"))[:400:10]
    middles = [cv2.resize(np.asarray(cv2.imread(str(photo)))[70:180, 70:180, ::-1], (112, 112)) for photo in photos]
    faces = (np.stack(middles).transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
    plain = OpenVinoRunner(tmp_path / "graph.onnx", threads=1).run(faces)["vectors"]
    runner = OpenVinoRunner(tmp_path / "graph.onnx", threads=1, in_bytes=True)
    assert runner.layers_in_bytes > 0
    came = runner.run(faces)["vectors"]
    cosines = (plain * came).sum(1) / np.linalg.norm(plain, axis=1) / np.linalg.norm(came, axis=1)
    assert cosines.min() > 0.99
    assert cosines.max() < 0.99999  # bytes were multiplied


@pytest.mark.parametrize(
    ("flags", "fits"),
    [
        ("flags : fpu avx512_vnni", True),
        ("flags\t: avx2 avx_vnni sse", True),
        ("flags : avx2 vnni512", False),
        ("", False),
    ],
)
def test_the_processor_is_asked(tmp_path: Path, flags: str, fits: bool) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n", "utf-8")
    assert int8.processor_multiplies_bytes(tmp_path / "cpuinfo") is fits
    assert int8.processor_multiplies_bytes(tmp_path / "none") is False


def test_another_processor_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "processor_multiplies_bytes", lambda: False)
    with pytest.raises(EngineError, match=r"openvino-int8 wants a processor .* pass --engine openvino"):
        OpenVinoRunner(WEIGHTS / "mtcnn_onet.onnx", threads=1, in_bytes=True)
