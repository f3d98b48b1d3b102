from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.cli import cameras
from recognizer.cli.main import run_command_line
from tests.integrations.onvif_device import PROFILES, OnvifDevice


@pytest.fixture
def camera() -> Iterator[OnvifDevice]:
    with OnvifDevice() as device:
        yield device


def discover(camera: OnvifDevice, *words: str) -> int:
    return run_command_line(["cameras", "discover", "--host", f"127.0.0.1:{camera.port}", *words])


def test_prints_settings_that_can_be_used(
    camera: OnvifDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", camera.password)
    assert discover(camera, "--user", camera.user) == 0
    captured = capfd.readouterr()
    assert camera.password not in captured.out + captured.err
    (tmp_path / "site.yaml").write_text(captured.out)
    (source,) = config.load(tmp_path / "site.yaml").sources
    assert source.name == "Ada & Sons Eye 2"
    assert source.location == PROFILES[0].uri.replace("://", "://admin@")
    assert source.detect_location == PROFILES[1].uri.replace("://", "://admin@")
    assert source.password_env == cameras.PASSWORD_VARIABLE


def test_an_open_camera_needs_no_user(camera: OnvifDevice, capfd: pytest.CaptureFixture[str]) -> None:
    camera.open_to_all = True
    camera.profiles = (replace(PROFILES[0]),)
    assert discover(camera, "--json") == 0
    (found,) = json.loads(capfd.readouterr().out)["cameras"]
    assert (found["location"], found["detect_location"]) == (PROFILES[0].uri, None)


def test_a_user_is_wanted(camera: OnvifDevice, capfd: pytest.CaptureFixture[str]) -> None:
    assert discover(camera) == 3
    assert "--user" in capfd.readouterr().err


def test_two_cameras_of_one_model_have_names_of_their_own(
    camera: OnvifDevice, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CAMERA_USER", camera.user)
    (tmp_path / "secret").write_text(camera.password + "\n")
    assert discover(camera, "--host", f"localhost:{camera.port}", "--password-file", str(tmp_path / "secret")) == 0
    out = capfd.readouterr().out
    assert "Ada & Sons Eye 2 127.0.0.1" in out
    assert "Ada & Sons Eye 2 localhost" in out
