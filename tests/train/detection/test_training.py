"""A whole training, far too short to be good for anything, on the pictures of the demo."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recognizer.detect import proposals
from recognizer.detect.follow import FollowNet
from recognizer.errors import ConfigError, InputError
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.train.detection import settings, training
from recognizer.train.detection.settings import DetectionConfig
from recognizer.train.detection.task import TrainingTask
from recognizer.train.follow.task import FollowTask
from recognizer.train.loop import watch
from recognizer.train.loop.learner import Learner
from recognizer.train.proposals.task import ProposalTask
from tests.conftest import ROOT
from tests.train import labelled, line

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
TASKS: tuple[TrainingTask, ...] = (ProposalTask(box_weight=1.0), FollowTask(box_weight=1.0))


def config_file(folder: Path, *, out: str, samples: int) -> Path:
    path = folder / f"{out}-{samples}.yaml"
    path.write_text(
        f"out: {folder / out}\nschedule: {{samples: {samples}, batch: 4, warmup: 8}}\nrun: {{round_samples: 8}}\n"
        f"data:\n  photos: [{folder / 'photos'}]\n  videos: [{folder / 'clip.avi'}]\n  archives: {folder / 'faces'}\n"
        f"  held_out: [{folder / 'clip.avi'}]\n  min_face_px: 40\n"
    )
    return path


def weights(config: DetectionConfig) -> dict[str, torch.Tensor]:
    return dict(torch.load(config.last_checkpoint, weights_only=True)["state_dict"])


def write_as_before(path: Path) -> None:
    """Give a checkpoint the content that 0.1 wrote: other names, and Lightning's own schedule of the rate."""
    content: dict[str, Any] = torch.load(path, weights_only=True)
    state = content["state_dict"]
    state.pop("seconds")
    state["seen"] = state.pop("samples_seen")
    content["state_dict"] = {key.replace("student.", "network."): value for key, value in state.items()}
    content["lr_schedulers"] = [
        {"base_lrs": [0.003, 0.003], "last_epoch": 2, "_step_count": 3, "lr_lambdas": [None] * 2}
    ]
    torch.save(content, path)


def stop_at(config: DetectionConfig, task: TrainingTask, seen: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train until SIGTERM comes, at the start of the round after so many samples."""

    def stop(self: object, trainer: object, module: Learner) -> None:
        if module.seen == seen:
            line.sigterm()

    with monkeypatch.context() as stopped:
        stopped.setattr(watch.RoundReport, "on_train_epoch_start", stop)
        with pytest.raises(SystemExit) as ended:
            training.learn(task, config, labelled.teacher())
    assert ended.value.code == 0


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS)
def test_a_training_that_was_stopped_ends_where_one_without_stop_ends(
    task: TrainingTask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut, old = (
        settings.read(config_file(folder, out=f"{type(task).__name__}-{name}", samples=16))
        for name in ("whole", "cut", "old")
    )
    training.learn(task, whole, labelled.teacher())
    stop_at(cut, task, 8, monkeypatch)
    assert int(weights(cut)["samples_seen"]) == 8
    shutil.copytree(cut.out, old.out)
    write_as_before(old.last_checkpoint)
    for resumed in (cut, old):
        training.learn(task, resumed, labelled.teacher())
        wanted, came = weights(whole), weights(resumed)
        assert int(came["samples_seen"]) == 16
        for key in wanted.keys() - {"seconds"}:
            torch.testing.assert_close(wanted[key], came[key])


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_its_graph_says_what_the_network_says(
    task: TrainingTask, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings.read(config_file(folder, out=f"{type(task).__name__}-graph", samples=8))
    with pytest.raises(InputError, match="train first"):
        training.export(task, config, labelled.teacher(), tmp_path / "net.onnx")
    training.learn(task, config, labelled.teacher())
    training.export(task, config, labelled.teacher(), tmp_path / "net.onnx")
    graph, picture = OnnxRuntimeRunner(tmp_path / "net.onnx", threads=1), np.zeros((320, 320, 3), np.uint8)
    if isinstance(task, ProposalTask):
        monkeypatch.setattr(proposals, "THRESHOLD", 0.0)
        assert len(proposals.ProposalNet(graph, min_face_px=40).propose(picture)) > 10
    else:
        boxes = np.array([[10, 10, 60, 60], [300, 300, 400, 400]], np.float32)
        assert len(FollowNet(graph).find(picture, boxes)) == 2


def test_a_wrong_file_is_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("out: x\nschedule: {samples: 8}\nrate_: 3\n")
    with pytest.raises(ConfigError, match="rate_"):
        settings.read(path)
    good = config_file(folder, out="missing", samples=8).read_text()
    path.write_text(good.replace("clip.avi", "none.avi"))
    with pytest.raises(InputError, match=r"none\.avi"):
        training.learn(TASKS[0], settings.read(path), labelled.teacher())
    path.write_text(good.replace("round_samples: 8", "round_samples: 9"))
    with pytest.raises(ConfigError, match=r"run\.round_samples \(9\) must be a multiple of schedule\.batch"):
        settings.read(path)


@pytest.mark.parametrize("name", ["proposals", "follow"])
def test_the_files_that_ship_are_valid_and_keep_their_figures(name: str) -> None:
    config = settings.read(ROOT / "configs" / f"{name}.yaml")
    assert (config.optimiser.clip, config.optimiser.matrix_rate, config.run.processes) == (5.0, None, 1)
    assert config.schedule.rate(config.schedule.samples // 2) == pytest.approx(0.5)
    assert config.schedule.samples % config.run.round_samples % config.schedule.batch == 0


def test_keys_without_their_section_are_read_with_a_warning(
    folder: Path, tmp_path: Path, logged_warnings: list[str]
) -> None:
    data = config_file(folder, out="old", samples=16).read_text().partition("data:")[2]
    path = tmp_path / "old.yaml"
    path.write_text(f"out: x\nsamples: 16\nbatch: 4\nround_samples: 8\nrun: {{threads: 2}}\nrate: 0.1\ndata:{data}")
    config = settings.read(path)
    assert (config.schedule.samples, config.schedule.batch, config.optimiser.rate) == (16, 4, 0.1)
    assert (config.run.threads, config.run.round_samples) == (2, 8)
    assert "write schedule.samples, schedule.batch, optimiser.rate, run.round_samples" in "".join(logged_warnings)


@pytest.mark.parametrize("run", ["processes: 2", "accelerator: auto", "precision: bf16-mixed"])
def test_what_only_an_embedder_can_do_is_refused(folder: Path, tmp_path: Path, run: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(config_file(folder, out="run", samples=16).read_text().replace("round_samples: 8", run))
    with pytest.raises(ConfigError, match="run: this net trains with processes: 1"):
        settings.read(path)
