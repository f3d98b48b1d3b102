"""The file that ships computes what was trained, at half the size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.embed import edgeface, trained
from recognizer.errors import WeightsError
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.train.embedder import card, distiller, learner, ship
from recognizer.train.embedder.data import shrunk
from recognizer.train.embedder.settings import Network, Stage
from recognizer.types import F32
from tests.train import factories

ENGINES: dict[str, ship.Engine] = {
    "OpenVINO": lambda path: OpenVinoRunner(path, threads=1),
    "ONNX Runtime": lambda path: OnnxRuntimeRunner(path, threads=1),
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> trained.Snapshot:
    """What a run leaves behind after 4,000 samples and half an hour, taken back from its checkpoint."""
    folder = tmp_path_factory.mktemp("checkpoint")
    config = factories.config(folder, folder)
    module = distiller.Distiller(config)
    module.samples_seen += 4000
    module.seconds += 1800
    torch.save({"state_dict": module.state_dict()}, folder / "last.ckpt")
    return ship.snapshot("edgeface_xxs", None, folder / "last.ckpt", config.schedule)


@pytest.fixture(scope="module")
def graph(taken: trained.Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "own.onnx"
    ship.write_graph(taken.network, path)
    return path


def test_a_snapshot_knows_how_long_it_learned(taken: trained.Snapshot) -> None:
    assert (taken.samples, taken.hours, taken.size_px) == (4000, 0.5, 48)


def test_the_graph_is_small_and_no_other_file_is_left(graph: Path) -> None:
    assert graph.stat().st_size < 3e6
    assert list(graph.parent.iterdir()) == [graph]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", [1, 3])
def test_engines_compute_what_torch_does(taken: trained.Snapshot, graph: Path, engine: str, batch: int) -> None:
    faces = np.random.default_rng(0).uniform(-1, 1, (batch, 3, 112, 112)).astype(np.float32)
    with torch.inference_mode():
        wanted: F32 = taken.network(torch.from_numpy(faces)).numpy()
    came = ENGINES[engine](graph).run(faces)["vectors"]
    assert came.shape == (batch, 512)
    assert came.dtype == np.float32
    cosines = (came * wanted).sum(axis=1) / np.linalg.norm(came, axis=1) / np.linalg.norm(wanted, axis=1)
    assert cosines.min() > 0.9999


def test_measuring_and_the_card(taken: trained.Snapshot, graph: Path, tmp_path: Path) -> None:
    faces = factories.FakeFaces(tmp_path)
    measured = ship.measure(graph, taken.network, faces.test, faces.people, ENGINES)
    assert [m.engine for m in measured] == ["OpenVINO", "ONNX Runtime"]
    assert measured[0].plain.accuracy == measured[1].plain.accuracy
    card.write(
        path=tmp_path / "own.md",
        graph=graph,
        config_path=Path("configs/distil.yaml"),
        config=factories.config(tmp_path, tmp_path),
        taken=taken,
        faces=10,
        teacher_accuracy=0.999,
        measured=measured,
    )
    text = (tmp_path / "own.md").read_text(encoding="utf-8")
    reached = f"{measured[0].plain.accuracy:.2%}"
    for wanted in ("4,000 of 24 samples in 0.5 hours", "99.90%", "CC BY-NC-SA 4.0", reached):
        assert wanted in text


def test_a_graph_of_another_network_is_noticed(graph: Path, tmp_path: Path) -> None:
    faces = factories.FakeFaces(tmp_path)
    other = learner.start(Network()).eval()
    with pytest.raises(WeightsError, match="computes other vectors"):
        ship.measure(graph, other, faces.test, faces.people, ENGINES)


@pytest.mark.parametrize("size_px", [112, 80, 64, 56])
def test_the_graph_shrinks_as_the_training_did(size_px: int) -> None:
    picture = factories.pictures(1)[0]
    wanted = shrunk(picture, size_px).astype(np.float32)
    came = trained.Shrink(size_px)(torch.from_numpy(picture.transpose(2, 0, 1)[None]).float())[0].permute(1, 2, 0)
    assert np.abs(came.numpy() - wanted).max() < 0.51, "within the rounding to whole grey levels"


def test_a_student_of_full_size_is_not_wrapped(tmp_path: Path) -> None:
    config = factories.config(tmp_path, tmp_path)
    full = config.schedule.model_copy(update={"sizes": (Stage(after=0, size_px=112),)})
    torch.save({"state_dict": distiller.Distiller(config).state_dict()}, tmp_path / "last.ckpt")
    assert isinstance(ship.snapshot("edgeface_xxs", None, tmp_path / "last.ckpt", full).network, edgeface.EdgeFace)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    schedule = factories.config(tmp_path, tmp_path).schedule
    with pytest.raises(WeightsError, match="no weight file"):
        ship.snapshot("edgeface_xxs", None, tmp_path / "none.ckpt", schedule)
    torch.save({"state_dict": {"average.x": torch.zeros(1)}}, tmp_path / "other.ckpt")
    with pytest.raises(WeightsError, match="holds no averaged edgeface_xxs"):
        ship.snapshot("edgeface_xxs", None, tmp_path / "other.ckpt", schedule)
