"""A graph of one's own, with 96 numbers a vector, in every command; galleries moved to it; classes of training data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from recognizer.cli.main import app
from recognizer.embed import convert, facenet
from recognizer.errors import ConfigError, EngineError
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.models.cache import Cache
from recognizer.models.digest import git_blob_id
from recognizer.models.resolve import resolve
from tests.conftest import ROOT
from tests.embed import graphs
from tests.embed.seeded import seeded

PORTRAITS = ROOT / "recognizer/demo/media"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    for name, photos in {"Ada": ("grace_hopper",), "Bob": ("barack_obama_2009", "barack_obama_2012")}.items():
        (tmp_path / "gallery" / name).mkdir(parents=True)
        for photo in photos:
            shutil.copy(PORTRAITS / f"{photo}.jpg", tmp_path / "gallery" / name)
    return tmp_path / "gallery"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    graphs.write_insightface(tmp_path / "mine.onnx", dimension=96)
    (tmp_path / "mine.yaml").write_text("like: insightface\ndimension: 96\n")
    return tmp_path / "mine.onnx"


def command(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done.stdout


def people_of_lfw(data: Path, folder: Path, count: int) -> Path:
    """The first so many people of LFW who have two photos."""
    several = (path for path in sorted((data / "data/lfw/images").iterdir()) if len(list(path.glob("*.jpg"))) > 1)
    for _, person in zip(range(count), several, strict=False):
        (folder / person.name).mkdir(parents=True)
        for photo in sorted(person.glob("*.jpg"))[:2]:
            shutil.copyfile(photo, folder / person.name / photo.name)
    return folder


def settings_with(folder: Path, **decide: float) -> Path:
    path = folder / "settings.yaml"
    path.write_text(json.dumps({"decide": decide, "embed": {"flip": True}}))
    return path


def test_all_commands_run_on_it(gallery: Path, mine: Path, tmp_path: Path) -> None:
    there: Sequence[object] = ("--gallery", gallery, "--model", mine)
    portrait = PORTRAITS / "barack_obama_2009.jpg"
    assert json.loads(command("enroll", *there, "--json"))["people"] == ["Ada", "Bob"]
    assert load_enrolled(gallery).vectors.shape == (3, 96)
    with pytest.raises(ConfigError, match=r"No thresholds were measured.*calibrate --people FOLDER"):
        command("identify", portrait, *there)
    with pytest.raises(ConfigError, match="No thresholds were measured"):
        command("run", "--source", portrait, "--headless", "--events", tmp_path / "e.jsonl", *there)
    free = ("--config", settings_with(tmp_path, known=0.9, margin=0.0))
    (seen,) = json.loads(command("identify", portrait, *there, *free, "--json", "--save-crops", tmp_path / "crops"))
    assert (seen["name"], seen["status"]) == ("Bob", "known")
    command("run", "--source", portrait, "--headless", "--events", tmp_path / "e.jsonl", *there, *free)
    events = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert [event["name"] for event in events if event["kind"] == "recognised"] == ["Bob"]
    pair = json.loads(command("verify", portrait, portrait, "--model", mine, "--json"))
    assert pair["similarity"] == pytest.approx(1, abs=1e-4)
    assert pair["match"] is None
    command("predict", gallery, "--output", tmp_path / "v.npz", "--model", mine)
    with np.load(tmp_path / "v.npz") as kept:
        assert kept["vectors"].shape == (3, 96)
        assert (kept["norm"] > 0).all()


def test_facts_on_the_command_line(gallery: Path, mine: Path) -> None:
    mine.with_suffix(".yaml").unlink()
    with pytest.raises(EngineError, match="gives no vectors"):
        command("enroll", "--gallery", gallery, "--model", mine)
    facts = "like: insightface, dimension: 96"
    assert json.loads(command("enroll", "--gallery", gallery, "--model", mine, "--spec", facts, "--json"))["people"]


@pytest.mark.long
@pytest.mark.weights
def test_a_gallery_moves_with_its_thresholds_and_its_budget(
    shared_data: Path, gallery: Path, mine: Path, tmp_path: Path
) -> None:
    own = ("--gallery", gallery, "--model", "edgeface_xxs_own")
    there: Sequence[object] = ("--gallery", gallery, "--model", mine)
    command("enroll", *own)
    command("calibrate", *own, "--budget", "1 wrong name per day", "--strangers-per-day", "50")
    with pytest.raises(ConfigError, match=r"add --people FOLDER.*Nothing was changed"):
        command("gallery", "reembed", *there)
    with Gallery(gallery) as record:
        before = record.model
        assert before == resolve("edgeface_xxs_own").fingerprint
    people = people_of_lfw(shared_data, tmp_path / "people", 32)
    moved = json.loads(command("gallery", "reembed", *there, "--people", people, "--json"))
    assert moved["model"].startswith("mine-")
    assert moved["people"] == ["Ada", "Bob"]
    place = gallery / ".recognizer/calibration.json"
    carried = json.loads(place.read_text())
    assert (carried["model"], carried["budget"]["text"]) == (moved["model"], "1 wrong name per day")
    assert place.with_name(f"calibration-{before}.json").is_file()
    measured = json.loads((tmp_path / "cache/calibration" / f"{moved['model']}.json").read_text())
    assert measured["known"] > 0.8  # untrained: strangers are alike
    (seen,) = json.loads(command("identify", PORTRAITS / "barack_obama_2009.jpg", *there, "--json"))
    assert seen["name"] in {"Bob", None}
    back = json.loads(command("gallery", "reembed", *own, "--json"))
    assert back["model"] == before
    assert json.loads(place.read_text())["budget"]["text"] == "1 wrong name per day"


@pytest.mark.long
def test_classes_of_the_training_data(tmp_path: Path) -> None:
    checkpoint = tmp_path / "20180402-114759-vggface2.pt"
    network = seeded(facenet.InceptionResnetV1(5))
    torch.save(network.state_dict(), checkpoint)
    fingerprint = f"facenet_vggface2-{git_blob_id(checkpoint)[:12]}"
    Cache().add_graph("facenet_vggface2", fingerprint, lambda target: convert.export(network, target, size_px=160))
    (tmp_path / "names.txt").write_text("n0\nn1\nn2\nn3\n")
    portrait, model = PORTRAITS / "grace_hopper.jpg", ("--model", checkpoint, "--classify", "--json")
    (row,) = json.loads(command("identify", portrait, *model, "--class-names", tmp_path / "names.txt"))
    assert [each["name"] for each in row["classes"]] == [
        None if each["class"] == 4 else f"n{each['class']}" for each in row["classes"]
    ]
    shares = [each["probability"] for each in row["classes"]]
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    (torchs,) = json.loads(command("identify", portrait, *model, "--engine", "torch"))
    assert [each["class"] for each in torchs["classes"]] == [each["class"] for each in row["classes"]]
    with pytest.raises(EngineError, match="edgeface_xxs_own has no classes"):
        command("identify", portrait, "--model", "edgeface_xxs_own", "--classify")
