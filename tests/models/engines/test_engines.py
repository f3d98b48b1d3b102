from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest

from recognizer.detect import nets
from recognizer.errors import EngineError
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines import processor
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.models.engines.openvino import OWN_GRAPH_AFTER, OpenVinoRunner
from recognizer.models.engines.torch import TorchRunner
from recognizer.protocols import GraphRunner

ONET = SHIPPED_FOLDER / "mtcnn_onet.onnx"
ENOUGH = OWN_GRAPH_AFTER + 2


def all_engines() -> dict[str, GraphRunner]:
    return {
        "openvino": OpenVinoRunner(ONET, threads=1),
        "onnxruntime": OnnxRuntimeRunner(ONET, threads=1),
        "torch": TorchRunner(nets.load("onet"), outputs=nets.OUTPUTS["onet"], threads=1),
    }


def test_all_engines_give_the_same_for_any_batch() -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (5, 48, 48, 3)).astype(np.float32)
    for batch in (pixels, pixels[:1], pixels[::2]):  # the last is not contiguous
        answers = {name: engine.run(batch) for name, engine in all_engines().items()}
        assert set(answers["openvino"]) == set(answers["onnxruntime"]) == {"offsets", "landmarks", "scores"}
        for name, answer in answers.items():
            for output, values in answer.items():
                np.testing.assert_allclose(values, answers["torch"][output], atol=1e-4, err_msg=f"{name} {output}")


def test_bf16_gives_about_the_same_and_shares_the_cache(tmp_path: Path) -> None:
    floats, bf16 = (
        OpenVinoRunner(ONET, threads=1, batches=BATCHES, precompile=BATCHES, cache_dir=tmp_path, bf16=wanted)
        for wanted in (False, True)
    )
    pixels = np.random.default_rng(0).uniform(0, 255, (4, 48, 48, 3)).astype(np.float32)
    exact, near = floats.run(pixels), bf16.run(pixels)
    for output, values in exact.items():
        np.testing.assert_allclose(near[output], values, atol=0.02, err_msg=output)
    if processor.has_bf16():
        assert any((near[output] != values).any() for output, values in exact.items())


def test_what_openvino_returned_stays_valid() -> None:
    engine = OpenVinoRunner(ONET, threads=1)
    rng = np.random.default_rng(0)
    first = engine.run(rng.uniform(0, 255, (1, 48, 48, 3)).astype(np.float32))["scores"]
    kept = first.copy()
    engine.run(np.zeros((1, 48, 48, 3), np.float32))
    np.testing.assert_array_equal(first, kept)


def test_graphs_of_their_own_for_shapes_that_come_again_change_nothing() -> None:
    engine = OpenVinoRunner(ONET, threads=1)
    pixels = np.random.default_rng(0).uniform(0, 255, (7, 48, 48, 3)).astype(np.float32)
    answers = [engine.run(pixels) for _ in range(ENOUGH)]
    for output, values in answers[0].items():
        assert len(values) == 7
        np.testing.assert_allclose(answers[-1][output], values, atol=1e-5)
        np.testing.assert_allclose(engine.run(pixels[6:])[output], values[6:], atol=1e-5)


BATCHES = (2, 4, 6, 16)


@pytest.fixture(scope="module")
def precompiled() -> OpenVinoRunner:
    return OpenVinoRunner(ONET, threads=1, batches=BATCHES, precompile=BATCHES)


@pytest.mark.parametrize("rows", [*range(1, 10), 15, 16, 37])
def test_a_batch_that_was_cut_or_filled_up_gives_its_own_rows(rows: int, precompiled: OpenVinoRunner) -> None:
    pixels = np.random.default_rng(rows).uniform(0, 255, (rows, 48, 48, 3)).astype(np.float32)
    plain = OpenVinoRunner(ONET, threads=1, batches=(rows,)).run(pixels)
    for output, values in precompiled.run(pixels).items():
        assert len(values) == rows
        np.testing.assert_allclose(values, plain[output], atol=1e-5)


def test_what_is_ready_compiles_nothing_when_frames_come(
    precompiled: OpenVinoRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(openvino.Core, "compile_model")
    for rows in range(1, 40):
        precompiled.run(np.zeros((rows, 48, 48, 3), np.float32))


def test_what_is_compiled_later_is_compiled_once_by_whoever_is_first(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []
    compile_model = openvino.Core.compile_model

    def counted(core: openvino.Core, model: openvino.Model, *arguments: object) -> object:
        compiled.append(model.inputs[0].shape[0])
        return compile_model(core, model, *arguments)

    monkeypatch.setattr(openvino.Core, "compile_model", counted)
    later: list[Callable[[], object]] = []
    engine = OpenVinoRunner(ONET, threads=1, batches=BATCHES, precompile=BATCHES, later=later)
    assert compiled == [2]
    engine.run(np.zeros((6, 48, 48, 3), np.float32))
    assert compiled == [2, 6]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda work: work(), later * 2))
    assert sorted(compiled) == [2, 4, 6, 16]


@pytest.mark.parametrize("fixed", [False, True])
def test_what_is_ready_serves_alone_until_another_size_has_come_often(
    fixed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    graph = onnx.load(ONET)
    if fixed:  # made for single faces, as many published graphs are
        graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(graph, tmp_path / "net.onnx")
    compiled: list[list[int]] = []
    compile_model = openvino.Core.compile_model

    def counted(core: openvino.Core, model: openvino.Model, *arguments: object) -> object:
        compiled.append(list(model.inputs[0].shape))
        return compile_model(core, model, *arguments)

    monkeypatch.setattr(openvino.Core, "compile_model", counted)
    pixels = np.random.default_rng(0).uniform(0, 255, (9, 48, 48, 3)).astype(np.float32)
    engine = OpenVinoRunner(tmp_path / "net.onnx", threads=1, batches=(1, 8), precompile=(1,))
    for rows in range(1, 8):
        first = engine.run(pixels[:rows])
    answers = [engine.run(pixels) for _ in range(ENOUGH)]
    assert compiled == [[1, 48, 48, 3], *([] if fixed else [[8, 48, 48, 3]])]
    for output, values in answers[0].items():
        np.testing.assert_allclose(answers[-1][output], values, atol=1e-5)
        np.testing.assert_allclose(first[output], values[:7], atol=1e-5)


@pytest.mark.parametrize("engine", [OpenVinoRunner, OnnxRuntimeRunner])
def test_a_file_that_is_no_graph_is_reported(engine: type[OpenVinoRunner], tmp_path: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"this is no graph")
    with pytest.raises(EngineError, match=r"cannot run .*no\.onnx"):
        engine(tmp_path / "no.onnx", threads=1)
