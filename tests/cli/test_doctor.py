from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from recognizer.cli.main import run_command_line
from recognizer.demo.demo_clip import MEDIA
from tests.capture.capture_media import write_clip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Settings of a site where all is well; a clip stands for its camera."""
    (tmp_path / "gallery" / "Grace Hopper").mkdir(parents=True)
    shutil.copy(MEDIA / "grace_hopper.jpg", tmp_path / "gallery" / "Grace Hopper")
    clip = write_clip(tmp_path / "clip.mp4", first=1)
    file = tmp_path / "site.yaml"
    file.write_text(
        f"gallery: {{folder: {tmp_path / 'gallery'}}}\nembed: {{model: edgeface_xxs_own}}\nsources:\n  - {clip}\n"
    )
    return file


def test_all_is_well(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["doctor", "--config", str(site)]) == 0
    shown = capfd.readouterr().out
    assert "0 broken" in shown
    for area in ("settings", "model", "engine", "gallery", "camera", "disk", "clock", "permissions", "database"):
        assert area in shown


@pytest.mark.long
def test_what_is_broken_is_said_and_no_secret(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with site.open("a") as file:
        file.write("  - rtsp://admin:hunter2@127.0.0.1:1/stream?token=t0ps3cret\nserve: {port: 0}\n")
        file.write("webhooks:\n  - {address: 'http://user:hunter2@127.0.0.1:1/hook', secret_env: NO_SUCH}\n")
    assert run_command_line(["doctor", "--config", str(site), "--json"]) == 1
    captured = capfd.readouterr()
    document = json.loads(captured.out)
    assert document["ok"] is False
    broken = {finding["subject"] for finding in document["findings"] if finding["state"] == "broken"}
    assert broken == {"rtsp://127.0.0.1:1/stream?token=***", "webhook 1"}
    for secret in ("hunter2", "t0ps3cret"):
        assert secret not in captured.out + captured.err


def test_settings_that_are_wrong_are_a_finding(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("detect: {min_faces: 3}\n")
    assert run_command_line(["doctor", "--config", str(file), "--json"]) == 1
    found = {each["area"]: each for each in json.loads(capfd.readouterr().out)["findings"]}
    assert found["settings"]["state"] == "broken"
    assert "min_faces" in found["settings"]["message"]
