from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from recognizer.errors import EngineError
from recognizer.models.engines import processor, ranges
from recognizer.models.engines.int8 import Range
from recognizer.types import F32

pytestmark = pytest.mark.skipif(not processor.has_vnni(), reason="a processor without VNNI")


def network(path: Path, *, spikes: bool) -> Path:
    """Two 1x1 layers and a mean; the second one's input can have a channel of rare large values."""
    x = ops.parameter([-1, 3, 8, 8], np.float32)
    between = ops.relu(layer("first", x, 3, 16))
    last = ops.power(x, np.float32(7 if spikes else 1))
    vectors = ops.tanh(ops.multiply(layer("second", ops.concat([between, last], 1), 19, 32), np.float32(0.3)))
    mean = ops.reduce_mean(vectors, np.array([2, 3]), keep_dims=False)
    openvino.save_model(openvino.Model([mean], [x], "net"), str(path), compress_to_fp16=False)
    return path


def layer(name: str, inputs: Any, channels: int, wanted: int) -> Any:
    weights = np.random.default_rng(channels).normal(0, 1, (wanted, channels, 1, 1)).astype(np.float32)
    made = ops.convolution(inputs, ops.constant(weights), [1, 1], [0, 0], [0, 0], [1, 1])
    made.set_friendly_name(name)
    return made


def faces(count: int = 640) -> F32:
    return np.random.default_rng(3).normal(0, 1, (count, 3, 8, 8)).astype(np.float32)


def test_layers_that_change_little_are_taken(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    graph = network(tmp_path / "net.xml", spikes=False)
    found = ranges.measure(graph, faces(), threads=1, on_progress=lambda done, of: steps.append((done, of)))
    assert list(found.ranges) == ["first", "second"]
    assert found.layers == 2
    assert steps == [(0, 2), (1, 2), (2, 2)]
    assert 0.999 < found.least_cosine <= found.mean_cosine < 0.999999


def test_ranges_are_those_of_the_faces_but_the_last(tmp_path: Path) -> None:
    shown = faces()
    shown[-1, 0, 0, 0] = 1.1 * shown.max()  # in a held-out face, which must not widen the range
    found = ranges.measure(network(tmp_path / "net.xml", spikes=False), shown, threads=1, on_progress=lambda *_: None)
    seen: Range = found.ranges["first"]
    known = shown[: -ranges.HELD_OUT_FACES]
    np.testing.assert_allclose(seen.low, known.min((0, 2, 3)))
    np.testing.assert_allclose(seen.high, known.max((0, 2, 3)))
    np.testing.assert_allclose(seen.mean, known.mean((0, 2, 3)), atol=1e-5)


def test_a_layer_that_rare_large_values_reach_is_left(tmp_path: Path) -> None:
    graph = network(tmp_path / "net.xml", spikes=True)
    found = ranges.measure(graph, faces(), threads=1, on_progress=lambda *_: None)
    assert (list(found.ranges), found.layers) == (["first"], 2)


def test_too_few_faces_are_steps(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Wanted 512 faces or more to measure ranges on, got 511"):
        ranges.measure(tmp_path / "net.xml", faces(511), threads=1, on_progress=lambda *_: None)


def test_a_graph_without_such_layers_is_steps(tmp_path: Path) -> None:
    x = ops.parameter([-1, 3, 8, 8], np.float32)
    openvino.save_model(openvino.Model([ops.relu(x)], [x], "net"), str(tmp_path / "net.xml"))
    with pytest.raises(EngineError, match=r"No layer of .* can run in int8"):
        ranges.measure(tmp_path / "net.xml", faces(), threads=1, on_progress=lambda *_: None)


def test_a_file_that_is_no_graph_is_steps(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    with pytest.raises(EngineError, match="OpenVINO cannot run"):
        ranges.measure(tmp_path / "net.onnx", faces(), threads=1, on_progress=lambda *_: None)
