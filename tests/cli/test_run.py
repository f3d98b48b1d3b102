from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from recognizer.app.config import load
from recognizer.app.session import Session
from recognizer.cli.enroll import sync
from recognizer.emit.summary import Summary
from recognizer.errors import GalleryError, OutputError, RecognizerError, SourceError, UsageError
from tests.conftest import ROOT
from tests.rig import wait_until

FRIENDS = {"Chandler", "Joey", "Monica", "Phoebe", "Rachel", "Ross"}


def run(folder: Path, data: Path, clip: str, people: str, **extra: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Recognise the people of a gallery of the development data in one of its clips: summary and events."""
    gallery = folder / people
    if not gallery.exists():
        shutil.copytree(data / "data/video" / people, gallery)
        for path in (gallery, *gallery.rglob("*")):
            path.chmod(0o755)
    settings = load(
        None,
        {
            "source": {"location": str(data / "data/video" / clip), **extra},
            "embed": {"model": "edgeface_xs_q", "weights_dir": data / "weights"},
            "gallery": {"folder": gallery},
            "emit": {"headless": True, "events": str(folder / "events.jsonl"), "summary": folder / "summary.json"},
        },
    )
    recognise(settings)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return json.loads((folder / "summary.json").read_text(encoding="utf-8")), events


def recognise(settings: Any, show: Callable[[Summary], None] = lambda figures: None) -> Summary:
    return Session(settings, sync_gallery=sync, on_summary=show).run()


def names(events: Sequence[dict[str, Any]]) -> set[str]:
    return {event["name"] for event in events if event["name"]}


@pytest.mark.long
@pytest.mark.weights
def test_friends_are_all_named_and_nothing_else_is_reported(shared_data: Path, tmp_path: Path) -> None:
    summary, events = run(tmp_path, shared_data, "friends_720p.mp4", "friends_gallery")
    assert names(events) == FRIENDS
    assert {person["name"] for person in summary["people"]} == FRIENDS
    faces = summary["faces"]
    assert faces["known"] >= 0.95 * faces["observed"]
    assert faces["observed"] > 1000
    assert summary["unknown_tracks"] <= 1
    # who stands where, looked up by eye: a track near this place and time is this person
    for at_s, left_px, name in ((1.0, 830, "Joey"), (1.0, 380, "Rachel"), (13.0, 830, "Ross"), (13.0, 290, "Phoebe")):
        near = [e for e in events if e["kind"] == "lost" and e["at_s"] > at_s and abs(e["box"][0] - left_px) < 120]
        assert near[0]["name"] == name


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize(
    ("clip", "limit"), [("street_1080p.mp4", 60), ("classroom_720p.mp4", 100), ("four_faces_1080p.mp4", 40)]
)
def test_strangers_get_no_name(shared_data: Path, tmp_path: Path, clip: str, limit: int) -> None:
    summary, events = run(tmp_path, shared_data, clip, "friends_gallery", max_frames=limit)
    assert names(events) == set()
    assert summary["people"] == []
    assert summary["faces"]["observed"] > 100


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("clip", ["street_1080p", "classroom_720p", "four_faces_1080p", "no_face_432p"])
def test_strangers_get_no_name_in_whole_clips(shared_data: Path, tmp_path: Path, clip: str) -> None:
    _, events = run(tmp_path, shared_data, f"{clip}.mp4", "friends_gallery")
    assert names(events) == set()


@pytest.mark.long
@pytest.mark.weights
def test_the_dark_stage_names_who_is_there_and_nobody_else(shared_data: Path, tmp_path: Path) -> None:
    _, events = run(tmp_path, shared_data, "hamilton_360p.mp4", "hamilton_gallery")
    assert "Lin-Manuel Miranda" in names(events)
    assert names(events) <= {"Lin-Manuel Miranda", "Barack Obama", "Alex Lacamoire"}  # all three are in the clip


@pytest.mark.long
@pytest.mark.weights
def test_two_runs_tell_the_same(shared_data: Path, tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        _, events = run(tmp_path, shared_data, "friends_720p.mp4", "friends_gallery", max_frames=140)
        runs.append([{key: value for key, value in event.items() if key != "time"} for event in events])
    assert runs[0] == runs[1]
    assert runs[0]


def settings_for(folder: Path, source: Path, **emit: Any) -> Any:
    return load(
        None,
        {
            "source": {"location": str(source)},
            "gallery": {"folder": folder / "gallery"},
            "emit": {"headless": True, **emit},
        },
    )


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, SourceError, "no such file|There is no"),
        (b"", SourceError, "empty"),
        (b"hello, this is text" * 50, SourceError, "clip.mp4"),
    ],
)
def test_a_bad_video_is_reported_before_any_model_is_loaded(
    tmp_path: Path, content: bytes | None, error: type[RecognizerError], message: str
) -> None:
    clip = tmp_path / "clip.mp4"
    if content is not None:
        clip.write_bytes(content)
    with pytest.raises(error, match=f"(?i){message}"):
        recognise(settings_for(tmp_path, clip))


def test_the_source_is_not_overwritten(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"precious")
    with pytest.raises(UsageError, match="is the source itself"):
        recognise(settings_for(tmp_path, clip, video=clip))
    assert clip.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("emit", "message"), [({"video": "labelled.avi"}, "ending in .mp4"), ({"summary": "here/"}, "this is a folder")]
)
def test_a_bad_output_is_reported_before_any_model_is_loaded(
    tmp_path: Path, emit: dict[str, str], message: str
) -> None:
    (tmp_path / "here").mkdir()
    places = {key: tmp_path / value for key, value in emit.items()}
    with pytest.raises(OutputError, match=message):
        recognise(settings_for(tmp_path, tmp_path / "clip.mp4", **places))


@pytest.mark.long
@pytest.mark.weights
def test_a_truncated_video_is_recognised_as_far_as_it_goes_and_reported(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "data/video/office/eat.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    shutil.copytree(shared_data / "data/video/friends_gallery", tmp_path / "gallery")
    for path in (tmp_path / "gallery", *(tmp_path / "gallery").rglob("*")):
        path.chmod(0o755)
    shown: list[Any] = []
    settings = settings_for(tmp_path, tmp_path / "cut.mkv").model_copy(update={"embed": _xs_q(shared_data)})
    with pytest.raises(SourceError, match=r"cut\.mkv is cut off: \d+ frames"):
        recognise(settings, show=shown.append)
    assert shown[0].as_dict()["frames"] > 5


@pytest.mark.weights
def test_without_a_screen_it_goes_on_when_there_is_something_to_write(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    clip = shared_data / "data/video/office/eat.mkv"
    with pytest.raises(SourceError, match=r"missing\.mp4"):  # what is wrong in any case comes first
        recognise(settings_for(tmp_path, tmp_path / "missing.mp4", headless=False))
    with pytest.raises(OutputError, match="--headless"):
        recognise(settings_for(tmp_path, clip, headless=False))
    settings = settings_for(tmp_path, clip, headless=False, events=str(tmp_path / "events.jsonl"))
    with pytest.raises(GalleryError):  # further than the window
        recognise(settings.model_copy(update={"embed": _xs_q(shared_data)}))


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "--source", "missing.mp4", "--headless"], 3, "missing.mp4"),
        (["--source", "missing.mp4", "--headless"], 3, "missing.mp4"),  # run is the command without a name
        (["run", "--config", "none.yaml"], 2, "There is no settings file none.yaml"),
        (["frobnicate"], 2, "frobnicate"),
        (["run", "--max-frames", "0"], 2, "max-frames"),
        (["verify", "a.jpg", "b.jpg"], 3, "a.jpg"),
        (["identify", "a.jpg", "b.jpg", "--output", "one.jpg"], 2, "pass a folder"),
    ],
)
def test_what_is_wrong_is_one_message_and_a_status(arguments: list[str], status: int, message: str) -> None:
    done = command(*arguments)
    assert done.returncode == status
    assert message in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback() -> None:
    done = command("run", "--source", "missing.mp4", "--headless", "--debug")
    assert done.returncode == 3
    assert "Traceback" in done.stderr


@pytest.mark.weights
def test_a_missing_gallery_is_reported(shared_data: Path, tmp_path: Path) -> None:
    clip = shared_data / "data/video/office/eat.mkv"
    with pytest.raises(GalleryError, match="There is no gallery"):
        recognise(settings_for(tmp_path, clip).model_copy(update={"embed": _xs_q(shared_data)}))


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_does_not_stop_recognition_and_shows_in_the_end(shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / "data/video/hamilton_gallery", tmp_path / "gallery")
    for path in (tmp_path / "gallery", *(tmp_path / "gallery").rglob("*")):
        path.chmod(0o755)
    clip = shared_data / "data/video/office/eat.mkv"
    settings = settings_for(tmp_path, clip, events="/dev/full", summary=tmp_path / "summary.json")
    with pytest.raises(OutputError, match="no space left on device"):
        recognise(settings.model_copy(update={"embed": _xs_q(shared_data)}))
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["frames"] > 40


def _xs_q(data: Path) -> Any:
    return load(None, {"embed": {"model": "edgeface_xs_q", "weights_dir": data / "weights"}}).embed


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_its_files_complete(shared_data: Path, tmp_path: Path, number: int) -> None:
    shutil.copytree(shared_data / "data/video/friends_gallery", tmp_path / "gallery")
    for path in (tmp_path / "gallery", *(tmp_path / "gallery").rglob("*")):
        path.chmod(0o755)
    events, video = tmp_path / "events.jsonl", tmp_path / "labelled.mp4"
    program = [sys.executable, str(ROOT / "main.py"), "run", "--headless", "--model", "edgeface_xs_q"]
    program += ["--weights-dir", str(shared_data / "weights"), "--gallery", str(tmp_path / "gallery")]
    program += ["--source", str(shared_data / "data/video/friends_720p.mp4")]
    program += ["--events", str(events), "--output", str(video), "--summary", str(tmp_path / "summary.json")]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert wait_until(lambda: events.exists() and events.read_text(), seconds=100) < 100  # long beside other work
        os.kill(process.pid, number)
        began = time.monotonic()
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert time.monotonic() - began < 10
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["kind"] == "lost"
    assert video.stat().st_size > 1000
    assert json.loads((tmp_path / "summary.json").read_text())["frames"] < 632
