from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.app.sections import Camera
from recognizer.doctor import cameras
from recognizer.doctor.camera_probe import CameraReport, probe
from recognizer.doctor.finding import State
from recognizer.errors import SourceError
from tests.capture.capture_media import write_clip

GOOD = CameraReport(live=True, width=1920, height=1080, brightness=90.0, fps=25.0, age_ms=40.0)


def test_a_file_is_opened_in_a_process_of_its_own(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=5, first=1)
    report = probe(Camera(location=str(clip)), "clip")
    assert (report.live, report.width, report.height, report.fps, report.age_ms) == (False, 64, 48, 25.0, None)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.mp4.*no such file"):
        probe(Camera(location=str(tmp_path / "gone.mp4")), "gone.mp4")
    with pytest.raises(SourceError, match="door: connection refused"):
        probe(Camera(location="rtsp://admin:hunter2@127.0.0.1:1/x"), "door")


@pytest.mark.parametrize(
    ("report", "state", "words"),
    [
        (GOOD, State.OK, "1920 x 1080, 25.0 frames a second, age p95 40 ms"),
        (replace(GOOD, brightness=15.9), State.WARNING, "black"),
        (replace(GOOD, fps=2.0), State.WARNING, "few frames"),
        (replace(GOOD, age_ms=900.0), State.WARNING, "bursts"),
        (replace(GOOD, live=False, fps=2.0, age_ms=None), State.OK, "1920 x 1080, 2.0 frames a second"),
    ],
)
def test_reports_are_judged(report: CameraReport, state: State, words: str) -> None:
    settings = config.load(sources=["rtsp://camera/1"])
    (finding,) = cameras.check_cameras(settings, probe_one=lambda camera, name: report)
    assert finding.state is state
    assert words in finding.message


def test_each_camera_has_its_finding_in_order() -> None:
    def probe_one(camera: Camera, name: str) -> CameraReport:
        if name.endswith("b/1"):
            raise SourceError(f"{name}: no answer in time")
        return GOOD

    settings = config.load(sources=["rtsp://user:hunter2@a/1", "rtsp://user:hunter2@b/1"])
    found = list(cameras.check_cameras(settings, probe_one=probe_one))
    assert [(each.subject, each.state) for each in found] == [
        ("rtsp://a/1", State.OK),
        ("rtsp://b/1", State.BROKEN),
    ]
    assert "hunter2" not in str(found)
    assert found[1].remedy


def test_a_library_that_fails_does_not_end_the_examination() -> None:
    def probe_one(camera: Camera, name: str) -> CameraReport:
        raise RuntimeError(f"cannot open {camera.location}")

    (finding,) = cameras.check_cameras(config.load(sources=["rtsp://user:hunter2@a/1"]), probe_one=probe_one)
    assert finding.state is State.BROKEN
    assert "RuntimeError" in finding.message
    assert "hunter2" not in str(finding)


def test_no_camera_is_no_fault() -> None:
    (finding,) = cameras.check_cameras(config.load())
    assert finding.state is State.OFF


@pytest.mark.parametrize(
    ("location", "words"), [("rtsp://camera/1", "ffplay"), ("1", "/dev/video"), ("/dev/video9", "/dev/video")]
)
def test_what_to_do_fits_the_camera(location: str, words: str) -> None:
    def probe_one(camera: Camera, name: str) -> CameraReport:
        raise SourceError(f"{name}: no answer")

    (finding,) = cameras.check_cameras(config.load(sources=[location]), probe_one=probe_one)
    assert words in finding.remedy
