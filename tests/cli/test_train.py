"""The command: what it refuses before any work, and how it cuts faces."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from recognizer.capture.pictures import read_picture
from recognizer.cli import train as job
from recognizer.embed import statedict
from recognizer.errors import ConfigError, ModelError, UsageError, WeightsError
from tests.conftest import ROOT
from tests.train import factories


def test_a_graph_must_be_named_onnx(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"own\.pt does not end in \.onnx"):
        job.work(tmp_path / "none.yaml", tmp_path / "own.pt")


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        job.work(tmp_path / "none.yaml", None)


def test_a_picture_without_a_face_gives_none() -> None:
    assert job.face_cutter(40)(np.full((250, 250, 3), 128, np.uint8)) is None


def people_file(folder: Path, *, tuned: bool, samples: int = 2 * factories.BATCH) -> Path:
    """A folder of people who are noise, and the file that learns them in a few steps."""
    for person, picture in enumerate(factories.pictures(16)):
        path = folder / "people" / f"P{person // 2}" / f"{person}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture)
    config = factories.people_config(folder / "out", samples=samples)
    raw = config.model_dump(mode="json", exclude_none=True)
    raw["data"] |= {"people": str(folder / "people"), "aligned": True}
    if tuned:
        raw["finetune"] = {"weights": str(factories.teacher_file(folder))}
    (folder / "people.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder / "people.yaml"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_people_are_learned_and_exported_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = people_file(tmp_path, tuned=False)
    (tmp_path / "people" / "P1" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 half a picture")
    cv2.imwrite(str(tmp_path / "people" / "P2" / "tiny.png"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "people" / "P3" / "grey.png"), np.full((112, 112), 90, np.uint8))
    job.work(config, None)
    report = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    assert (report["left_out"]["unreadable"], report["left_out"]["tiny"]) == (["P1/damaged.jpg"], ["P2/tiny.png"])
    assert (report["faces"], report["grey"]) == (17, 1)
    (session,) = (tmp_path / "out" / "logs").iterdir()
    assert {path.name.split(".")[0] for path in session.iterdir()} >= {"metrics", "events"}, "for CSV and TensorBoard"
    job.work(config, tmp_path / "own.onnx")
    assert (tmp_path / "own.onnx").stat().st_size > 1e6
    printed = capsys.readouterr().out
    assert "OpenVINO: held-out accuracy" in printed
    assert "8 samples; wrote" in printed.replace("\n", " ")


def curve(out: Path) -> dict[str, dict[str, str]]:
    """By samples seen what was logged; a round that was killed before its checkpoint is logged twice, and alike."""
    rows: dict[str, dict[str, str]] = {}
    for path in sorted((out / "logs").glob("version_*/metrics.csv"), key=lambda path: int(path.parent.name[8:])):
        with path.open() as lines:
            for row in csv.DictReader(lines):
                row.pop("samples_per_s")
                assert rows.setdefault(row["step"], row) == row
    return rows


def signalled(command: list[str], number: int, *, after: int) -> int:
    """Run a training, send it a signal when it has reported so many rounds, and return its exit status."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        rounds = 0
        while rounds < after and (line := running.stderr.readline()):
            rounds += " samples, " in line
        running.send_signal(number)
        running.stderr.read()
    return running.returncode


@pytest.mark.slow
def test_stopped_again_and_again_it_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    samples = 40 * factories.BATCH
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    files = {name: people_file(tmp_path / name, tuned=False, samples=samples) for name in ("whole", "stopped")}
    command = [sys.executable, str(ROOT / "main.py"), "train", "--config"]
    subprocess.run([*command, str(files["whole"])], check=True, capture_output=True)
    stops = [(signal.SIGKILL, 2), (signal.SIGTERM, 3), (signal.SIGKILL, 1), (signal.SIGTERM, 1)]
    ended = [signalled([*command, str(files["stopped"])], number, after=after) for number, after in stops]
    assert ended == [-signal.SIGKILL, 0, -signal.SIGKILL, 0]
    last = statedict.read_checkpoint(tmp_path / "stopped/out/checkpoints/last.ckpt")
    assert int(last["samples_seen"]) < samples, "it was faster than the signals"
    subprocess.run([*command, str(files["stopped"])], check=True, capture_output=True)
    wanted, came = (statedict.read_checkpoint(tmp_path / name / "out/checkpoints/last.ckpt") for name in files)
    assert int(came["samples_seen"]) == samples
    assert [key for key in wanted if key != "seconds" and not torch.equal(wanted[key], came[key])] == []
    assert curve(tmp_path / "whole" / "out") == curve(tmp_path / "stopped" / "out")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_model_that_tuning_did_not_help_is_not_replaced(tmp_path: Path) -> None:
    config = people_file(tmp_path, tuned=True)
    (tmp_path / "out").mkdir()
    good_old_one = tmp_path / "out" / "model.onnx"
    good_old_one.write_bytes(b"the good old one")
    with pytest.raises(ModelError, match="no model was replaced"):
        job.work(config, None)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.name != "improvement.json"}
    with pytest.raises(ModelError, match="no model was replaced"):
        job.work(config, good_old_one)
    assert good_old_one.read_bytes() == b"the good old one"
    changed = {path.name for path in (tmp_path / "out").rglob("*") if kept.get(path) != path.stat().st_mtime_ns}
    assert changed <= {"improvement.json", "out", "data.json"}, "an export trained"


@pytest.mark.parametrize("tuned", [False, True])
def test_an_export_before_any_training_says_so_and_does_not_train(tmp_path: Path, tuned: bool) -> None:
    with pytest.raises(WeightsError, match=r"--export does not train.*last\.ckpt is not there; train first"):
        job.work(people_file(tmp_path, tuned=tuned), tmp_path / "own.onnx")
    assert not (tmp_path / "out").exists()


@pytest.mark.weights
def test_the_yaw_of_a_mirrored_face_is_the_other_way_round(shared_data: Path) -> None:
    picture = read_picture(shared_data / "data" / "lfw" / "images" / "Agnelo_Queiroz" / "Agnelo_Queiroz_0001.jpg")
    crop = job.face_cutter(40)(picture)
    assert crop is not None
    yaw_of = job.yaw_meter()
    assert yaw_of(crop) < -20, "the nose points to the left"
    assert yaw_of(crop[:, ::-1]) > 20


@pytest.mark.weights
def test_a_face_is_cut_upright_and_in_rgb(shared_data: Path) -> None:
    picture = read_picture(shared_data / "data" / "lfw" / "images" / "Abel_Pacheco" / "Abel_Pacheco_0001.jpg")
    crop = job.face_cutter(40)(picture)
    assert crop is not None
    assert crop.shape == (112, 112, 3)
    cheek = crop[70:80, 35:45].reshape(-1, 3).mean(axis=0)
    assert cheek[0] > cheek[2], "skin is redder than blue"
