from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from recognizer.app.calibrate_site import CalibrationResult
from recognizer.app.config import load
from recognizer.calibration.calibration_file import Budget, Calibration
from recognizer.calibration.impostors import Rate
from recognizer.calibration.strangers import measure_impostors
from recognizer.cli._options import load_settings
from recognizer.cli.evaluate_video import recognised
from recognizer.cli.main import app
from recognizer.errors import ConfigError, InputError, OutputError, RecognizerError, UsageError
from recognizer.evaluation import report
from recognizer.evaluation.faces import VectorStore, cut_with, embed_pictures
from recognizer.evaluation.identification import identify
from recognizer.evaluation.pairs import read_protocol
from recognizer.evaluation.truth import read_truth
from recognizer.evaluation.verification import verify
from recognizer.evaluation.video import score
from tests.conftest import ROOT
from tests.evaluation import trees
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, painted_vector


def command(*arguments: str | Path, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done.stdout


def friends(data: Path, folder: Path) -> Path:
    shutil.copytree(data / "data/video/friends_gallery", folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["evaluate", "verification", "megaface", "."], UsageError, "there are: lfw"),
        (["evaluate", "verification", "lfw", "nowhere"], InputError, "no folder"),
        (["evaluate", "identification", "nowhere"], InputError, "one folder of pictures"),
        (["evaluate", "identification", ".", "--sizes", "few"], UsageError, "--sizes wants numbers"),
        (["evaluate", "clusters", "nowhere"], InputError, "one folder of pictures"),
        (["evaluate", "clusters", ".", "--sizes", "0"], UsageError, "--sizes wants numbers from 1"),
        (["evaluate", "video", "clip.mp4"], UsageError, "--truth FILE"),
        (["evaluate", "video", "clip.mp4", "--truth", "none.yaml"], InputError, "none.yaml"),
        (["calibrate"], UsageError, "--budget"),
        (["calibrate", "--fmr", "2"], UsageError, "between 0 and 1"),
        (["calibrate", "--budget", "1 wrong name per day"], UsageError, "--strangers-per-day"),
    ],
)
def test_errors_come_before_a_model_is_loaded(
    arguments: list[str], error: type[RecognizerError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        command(*arguments)


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "verification", "lfw", "."),
        ("evaluate", "identification", "."),
        ("evaluate", "video", "clip.mp4", "--annotate"),
    ],
)
def test_a_report_needs_matplotlib(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "matplotlib" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(UsageError, match=r"--report draws with matplotlib: pip install -r requirements-report\.txt"):
        command(*words, "--report", "report.html")


@pytest.mark.long
def test_one_html_file_shows_curves_and_the_worst_errors(tmp_path: Path) -> None:
    pairs = read_protocol("lfw", trees.lfw(tmp_path / "lfw"))
    embedder = PaintedFaceEmbedder()
    with VectorStore(tmp_path, model=embedder.model, aligner="painted") as store:
        cut = cut_with(PaintedFaceDetector(), face_share=pairs.face_share)
        faces = embed_pictures(pairs.pictures, cut=cut, embedder=embedder, store=store)
    faces.straight[0] *= -1  # an error to show
    result = verify(pairs, faces, model=embedder.model, flip=False)
    report.write(
        tmp_path / "r/report.html", report.page("Verification", [report.verification_section([result], pairs)])
    )
    text = (tmp_path / "r/report.html").read_text()
    assert text.count("<svg") == 3
    assert "data:image/jpeg;base64," in text
    assert set(re.findall(r"https?://[^/]*", text)) == {"http://www.w3.org"}  # names of XML: nothing is fetched
    (tmp_path / "a file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        report.write(tmp_path / "a file/report.html", text)


def test_identification_of_painted_people() -> None:
    vectors = np.stack([painted_vector(person, variation) for person in range(12) for variation in range(3)])
    people = np.repeat(np.arange(12), 3).astype(np.int64)
    results = identify(vectors, people, sizes=[3, None, 999], photos=[1, 2], draws=4)
    assert [(result.people, result.photos) for result in results] == [(3, 1), (6, 1), (3, 2), (6, 2)]
    for result in results:
        output = result.as_dict()
        assert output["rank_1"] == 1.0
        assert [rate["tpir"] for rate in output["tpir"]] == [1.0] * 4
        assert output["mated_probes"] == 4 * result.people * (3 - result.photos)
        assert output["non_mated_probes"] == 4 * (12 - result.people)
    assert "<svg" in report.identification_section(results, model="painted", note="painted people")
    with pytest.raises(InputError, match="galleries of 100 or more people; at most 6"):
        identify(vectors, people, sizes=[1000, 100], photos=[1])
    with pytest.raises(InputError, match="more than 3 photos"):
        identify(vectors, people, sizes=[3], photos=[3])


def test_open_set_rates_are_what_counting_gives() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((200, 512)).astype(np.float32)
    people = np.repeat(np.arange(100), 2).astype(np.int64)
    vectors += 0.15 * random.standard_normal((100, 512)).astype(np.float32)[people] * 8
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    draw = identify(vectors, people, sizes=[30], draws=1)[0].draws[0]
    tpir, threshold = draw.tpir(0.1)
    assert sum(s >= threshold for s in draw.non_mated) == 7  # a tenth of 70 strangers
    assert tpir == pytest.approx(
        sum(s >= threshold and r == 1 for s, r in zip(draw.mated, draw.right, strict=True)) / 30
    )
    assert draw.cmc()[0] == pytest.approx((draw.right == 1).mean())


def coverage_of_friends(data: Path, folder: Path, *intervals_s: float) -> float:
    """Recognise the clip once with each interval between detections; returns the mean coverage, of no wrong name."""
    gallery = friends(data, folder / "gallery")
    truth = read_truth(ROOT / "tests/truth/friends_720p.yaml")
    coverages = []
    for interval_s in intervals_s:
        settings = load(
            None,
            {
                "source": {"location": str(data / "data/video/friends_720p.mp4")},
                "embed": {"model": "edgeface_xs_q", "weights_dir": data / "weights"},
                "gallery": {"folder": gallery},
                "detect": {"max_interval_s": interval_s},
            },
        )
        clip = recognised(settings)
        found = score(truth, clip.frames, enrolled=clip.enrolled)
        coverages.append(found.coverage)
        assert found.wrong == ()
        assert found.switches <= 2
        assert found.mated_named >= found.mated_tracks - 2
    return float(np.mean(coverages))


@pytest.mark.long
@pytest.mark.weights
def test_friends_coverage_and_no_wrong_name(shared_data: Path, tmp_path: Path) -> None:
    """One run's coverage depends on which frames are detected in, by 1 point either way."""
    assert coverage_of_friends(shared_data, tmp_path, 0.45) >= 0.89


@pytest.mark.weights
@pytest.mark.slow
def test_friends_mean_coverage_and_no_wrong_name(shared_data: Path, tmp_path: Path) -> None:
    """The mean of five; ``.ci/run`` runs this one, too."""
    assert coverage_of_friends(shared_data, tmp_path, 0.35, 0.4, 0.45, 0.5, 0.55) >= 0.9


@pytest.mark.long
@pytest.mark.weights
def test_a_draft_of_the_truth_can_be_read_back(shared_data: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("source: {max_frames: 30}\n")
    command(
        *("evaluate", "video", "--annotate", shared_data / "data/video/office/eat.mkv", "--output", tmp_path / "draft"),
        *("--gallery", friends(shared_data, tmp_path / "gallery"), "--model", "edgeface_xs_q"),
        *("--weights-dir", shared_data / "weights", "--config", config),
    )
    draft = read_truth(tmp_path / "draft/eat.truth.yaml")
    assert all(face.who == "?" and face.box for face in draft.faces)
    assert cv2.imread(str(tmp_path / "draft/eat.sheet01.jpg")) is not None


@pytest.mark.long
@pytest.mark.weights
def test_verification_on_the_command_line_is_instant_the_second_time(shared_data: Path, tmp_path: Path) -> None:
    full = (shared_data / "data/lfw/pairs.txt").read_text().splitlines()
    small = [line for fold in range(2) for kind in range(2) for line in full[1 + 600 * fold + 300 * kind :][:3]]
    (tmp_path / "pairs.txt").write_text("\n".join(["2\t3", *small]) + "\n")
    arguments: list[str | Path] = ["evaluate", "verification", "lfw", shared_data / "data/lfw", "--json"]
    arguments += ["--pairs", tmp_path / "pairs.txt", "--cache", tmp_path / "cache", "--report", tmp_path / "r.html"]
    arguments += ["--model", "edgeface_xs_q", "--weights-dir", shared_data / "weights"]
    first: list[dict[str, Any]] = json.loads(command(*arguments))
    assert [(one["flip"], one["pairs"], one["without_face"]) for one in first] == [(True, 12, 0), (False, 12, 0)]
    assert first[0]["accuracy"] >= 0.9
    assert json.loads(command(*arguments)) == first
    assert (tmp_path / "r.html").read_text(encoding="utf-8").count("<svg") == 3


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize(("model", "wanted"), [("edgeface_xs_q", 0.994), ("edgeface_xxs_q", 0.993)])
def test_lfw(shared_data: Path, model: str, wanted: float) -> None:
    lfw = shared_data / "data/lfw"
    output = command(
        *("evaluate", "verification", "lfw", lfw, "--json", "--model", model),
        *("--weights-dir", shared_data / "weights"),
    )
    for found in json.loads(output):
        assert found["accuracy"] >= wanted
        assert found["without_face"] == 0


def test_a_calibration_enrols_as_the_settings_say(tmp_path: Path) -> None:
    """It brings the gallery up to date: photos it enrols are averaged with their mirror image where run's are."""
    (tmp_path / "c.yaml").write_text("embed: {flip: true}\n")
    settings = load_settings(tmp_path / "c.yaml", model=None, engine=None, weights_dir=None, gallery=tmp_path)
    assert settings.embed.flip
    assert settings.gallery.folder == tmp_path


def test_fnir_is_of_the_raised_threshold() -> None:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(120), 2).astype(np.int64)
    vectors = random.standard_normal((120, 24))[people] + 0.35 * random.standard_normal((240, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    impostors = measure_impostors(vectors.astype(np.float32), people, data="made up", draws=20)
    budget = Budget("", fpir=0.05)
    plain, raised = (
        CalibrationResult(
            calibration=Calibration("m", impostors=impostors, budget=budget, shift=shift, protocol={}).at(20),
            impostors=impostors,
            budget=budget,
            enrolled=20,
            promise=Rate(0.05, 0.01, 0.1),
            strangers=100,
            site=None,
            within=None,
            excluded=(),
            confusable=(),
            people=(),
            default_known=0.4,
        )
        for shift in (0.0, 0.1)
    )
    assert raised.as_dict()["fnir"]["1"][0] == impostors.fnir.at(plain.calibration.known + 0.1, 1).mean
    assert raised.as_dict()["fnir"]["1"][0] > plain.as_dict()["fnir"]["1"][0]


@pytest.mark.long
@pytest.mark.weights
def test_calibrate_writes_what_run_uses(shared_data: Path, tmp_path: Path) -> None:
    from recognizer.app import build

    gallery = friends(shared_data, tmp_path / "gallery")
    arguments: list[str | Path] = ["calibrate", "--gallery", gallery, "--model", "edgeface_xs_q", "--json"]
    arguments += ["--weights-dir", shared_data / "weights"]
    settings = load(
        None,
        {
            "embed": {"model": "edgeface_xs_q", "weights_dir": shared_data / "weights"},
            "gallery": {"folder": gallery},
        },
    )
    resolved = build.model(settings)
    generous = json.loads(command(*arguments, "--budget", "1 wrong name per day", "--strangers-per-day", "50"))
    assert build.thresholds(settings, resolved, enrolled=6).known == pytest.approx(
        generous["thresholds"]["known"], abs=1e-3
    )
    strict = json.loads(command(*arguments, "--budget", "1 wrong name per year", "--strangers-per-day", "1000"))
    assert strict["thresholds"]["known"] > generous["thresholds"]["known"] + 0.05
    assert "rule of three" in strict["promise"]["warning"]
    assert (
        build.thresholds(settings, resolved, enrolled=600).known
        > build.thresholds(settings, resolved, enrolled=6).known
    )
    (gallery / ".recognizer/calibration.json").write_text("{}")
    shipped = build.thresholds(
        settings, resolved, enrolled=6
    )  # a damaged file is reported, and the shipped one is used
    assert shipped.known == pytest.approx(0.3848)
    with pytest.raises(ConfigError):
        build.calibrated(load(None, {"decide": {"calibration": gallery / ".recognizer/calibration.json"}}), resolved)
