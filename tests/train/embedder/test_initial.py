"""A training that starts from a graph starts from the network that the graph computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recognizer.embed import trained
from recognizer.errors import WeightsError
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.train.embedder import distiller, initial, learner, ship
from recognizer.train.embedder.settings import Network
from tests.embed.seeded import seeded
from tests.train import factories

SHIPPED = SHIPPED_FOLDER / "edgeface_xxs_own.onnx"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph of a network whose norms, scales and temperatures are all unlike those of a fresh one."""
    network = seeded(trained.create("edgeface_xxs"))
    path = tmp_path_factory.mktemp("graph") / "own.onnx"
    ship.write_graph(network, path)
    return path


def least_cosine(network: nn.Module, graph: Path) -> float:
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 3, 112, 112)).astype(np.float32)
    with torch.inference_mode():
        one = network.eval()(torch.from_numpy(faces)).numpy()
    two = OnnxRuntimeRunner(graph, threads=1).run(faces)["vectors"]
    return float(((one * two).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)).min())


def test_the_network_computes_what_the_shipped_graph_does() -> None:
    network = learner.start(Network(name="edgeface_xxs"))
    assert least_cosine(network, SHIPPED) < 0.9
    initial.fill_from_graph(network, SHIPPED, name="edgeface_xxs")
    assert least_cosine(network, SHIPPED) > 0.9999


def test_what_the_exporter_folded_is_unfolded(written: Path) -> None:
    network = learner.start(Network(name="edgeface_xxs"))
    initial.fill_from_graph(network, written, name="edgeface_xxs")
    assert least_cosine(network, written) > 0.9999
    gammas = [parameter for name, parameter in network.named_parameters() if "gamma" in name]
    assert all(bool((gamma == 0.3).all()) for gamma in gammas), "scales stay where a training wants them"


def test_another_networks_graph_is_refused(written: Path) -> None:
    for graph in (written, SHIPPED):
        with pytest.raises(WeightsError, match=rf"{graph.name} does not hold edgeface_xs"):
            initial.fill_from_graph(trained.create("edgeface_xs"), graph, name="edgeface_xs")


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.onnx").write_bytes(b"no graph")
    for name in ("none.onnx", "absent.onnx"):
        with pytest.raises(WeightsError, match=rf"{name} is no readable ONNX graph"):
            initial.weights_of(tmp_path / name)


def test_a_student_and_its_average_start_from_the_graph_and_a_resumed_one_does_not(tmp_path: Path) -> None:
    config = factories.config(tmp_path, tmp_path)
    config = config.model_copy(update={"student": config.student.model_copy(update={"initial": SHIPPED})})
    module = distiller.Distiller(config)
    assert least_cosine(module.student, SHIPPED) > 0.9999
    assert least_cosine(module.average, SHIPPED) > 0.9999
    config.last_checkpoint.parent.mkdir()
    config.last_checkpoint.touch()
    missing = config.student.model_copy(update={"initial": tmp_path / "since deleted.onnx"})
    distiller.Distiller(config.model_copy(update={"student": missing}))
