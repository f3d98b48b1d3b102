from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recognizer.app import build
from recognizer.app.camera_addresses import checked_address
from recognizer.app.cameras import CameraSettings, NoSuchCameraError, camera_ids, describe, with_names
from recognizer.app.config import Settings, load
from recognizer.capture.address import complete_address
from recognizer.errors import ConfigError, UsageError
from tests.app.camera_site import site

SECRET = "p@ss/w?rd#1"  # noqa: S105 - not one


def test_a_password_is_kept_in_a_file_of_its_own_and_shown_nowhere(tmp_path: Path) -> None:
    file, cameras = site(tmp_path, "# ours\nhistory: {enabled: true}\n")
    settings = cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1", "user": "admin", "password": SECRET})
    text = file.path.read_text()
    assert text.startswith("# ours\n")
    assert SECRET not in text
    [camera] = settings.cameras
    assert camera.password_file is not None
    assert camera.password_file.stat().st_mode & 0o777 == 0o600
    assert camera.password_file.parent.stat().st_mode & 0o777 == 0o700
    assert complete_address(camera.location, password_file=camera.password_file) == (
        "rtsp://admin:p%40ss%2Fw%3Frd%231@192.0.2.1/1"
    )
    [shown] = describe(settings)
    assert (shown["id"], shown["address"], shown["has_user"], shown["has_password"]) == (
        *("yard", "rtsp://192.0.2.1/1"),
        *(True, True),
    )
    assert "admin" not in str(shown)
    cameras.remove("yard")
    assert not camera.password_file.exists()
    assert file.path.read_text() == "# ours\nhistory: {enabled: true}\n"


def test_a_password_in_the_address_is_taken_out_of_it(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": "rtsp://admin:s3cret@192.0.2.1/1"})
    assert "s3cret" not in file.path.read_text()
    assert [shown["has_password"] for shown in describe(file.read())] == [True]


def test_what_is_not_given_stays_and_so_does_an_address_as_it_was_shown(tmp_path: Path) -> None:
    file, cameras = site(tmp_path, "sources: ['rtsp://admin:old@192.0.2.1/1?token=abc', /dev/video0]\n")
    assert camera_ids(file.read()) == ["camera 1", "/dev/video0"]
    shown = describe(file.read())[0]
    assert shown["address"] == "rtsp://192.0.2.1/1?token=***"
    options = {"name": "door", "address": shown["address"], "region": (0, 0.5, 1, 1), "rotate_deg": 180}
    camera = cameras.change("camera 1", options).cameras[0]
    assert camera.location == "rtsp://admin:old@192.0.2.1/1?token=abc"
    assert (camera.name, camera.region, camera.rotate_deg) == ("door", (0, 0.5, 1, 1), 180)
    camera = cameras.change("door", {"password": "new"}).cameras[0]
    assert camera.location == "rtsp://admin@192.0.2.1/1?token=abc"
    assert complete_address(camera.location, password_file=camera.password_file) == (
        "rtsp://admin:new@192.0.2.1/1?token=abc"
    )
    camera = cameras.change("door", {"address": "rtsp://192.0.2.9/1"}).cameras[0]
    assert (camera.location, camera.password_file) == ("rtsp://192.0.2.9/1", None)  # another host never gets it
    assert list((tmp_path / "passwords").iterdir()) == []


def test_a_single_source_becomes_the_first_of_a_list(tmp_path: Path) -> None:
    file, cameras = site(tmp_path, "source:\n  location: rtsp://192.0.2.1/1   # the old one\n")
    cameras.add({"name": "yard", "address": "https://192.0.2.2/snapshot.jpg", "mirror": True})
    assert "# the old one" in file.path.read_text()
    assert camera_ids(file.read()) == ["camera 1", "yard"]
    cameras.remove("camera 1")
    assert camera_ids(file.read()) == ["yard"]
    cameras.remove("yard")
    assert describe(file.read()) == []


@pytest.mark.parametrize(
    "address",
    [
        *("/etc/passwd", "file:///etc/passwd", "0", "/dev/video0", "ftp://192.0.2.1/", "rtsp://", "rtsp:///path"),
        *("exec:/bin/sh", "udp://192.0.2.1:1", "concat:http://x", "rtsp://192.0.2.1/${HOME}", "rtsp://a b/1"),
        *("http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/"),
        *("http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[::ffff:0.0.0.0]/"),
        *("rtsp://192.0.2.1/\n-evil", "rtsp://192.0.2.1/" + "a" * 1000),
    ],
)
def test_only_addresses_of_cameras_are_taken(tmp_path: Path, address: str) -> None:
    file, cameras = site(tmp_path)
    for attempt in (
        lambda: checked_address(address),
        lambda: cameras.add({"name": "yard", "address": address}),
        lambda: cameras.complete({"address": address}),
    ):
        with pytest.raises(UsageError, match="address"):
            attempt()
    assert file.path.read_text() == ""


def test_a_camera_to_try_has_its_kept_password_for_its_own_address_only(tmp_path: Path) -> None:
    _, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1", "user": "admin", "password": SECRET})
    kept = cameras.complete({"name": "yard", "rotate_deg": 90}, "yard")
    assert complete_address(kept.location, password_file=kept.password_file).startswith("rtsp://admin:p%40ss")
    moved = cameras.complete({"address": "rtsp://192.0.2.66/1"}, "yard")
    assert (moved.location, moved.password_file) == ("rtsp://192.0.2.66/1", None)
    fresh = cameras.complete({"address": "rtsp://192.0.2.5/1", "user": "u", "password": "a:b"})
    assert fresh.location == "rtsp://u:a%3Ab@192.0.2.5/1"
    with pytest.raises(NoSuchCameraError):
        cameras.complete({}, "nobody")


def test_wrong_options_change_nothing(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1"})
    before = file.path.read_text()
    with pytest.raises(UsageError, match="called 'yard' already"):
        cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1"})
    with pytest.raises(UsageError, match="user"):
        cameras.change("yard", {"password": "x"})
    with pytest.raises(ConfigError, match="left < right"):
        cameras.change("yard", {"region": (0.5, 0, 0.5, 1)})
    with pytest.raises(NoSuchCameraError):
        cameras.change("nobody", {"mirror": True})
    with pytest.raises(NoSuchCameraError):
        cameras.remove("nobody")
    assert file.path.read_text() == before


def passwords(settings: Settings) -> dict[str, str]:
    return {
        name: camera.password_file.read_text().strip() if camera.password_file else ""
        for name, camera in zip(camera_ids(settings), settings.cameras, strict=True)
    }


def test_a_new_camera_with_the_old_name_of_another_does_not_take_its_password(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1", "user": "u", "password": "first"})
    cameras.change("yard", {"name": "garden"})
    cameras.add({"name": "yard", "address": "rtsp://192.0.2.2/1", "user": "u", "password": "second"})
    assert passwords(file.read()) == {"garden": "first", "yard": "second"}
    cameras.remove("yard")
    assert passwords(file.read()) == {"garden": "first"}


def test_a_change_that_fails_leaves_the_password_as_it_was(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": "rtsp://192.0.2.1/1", "user": "u", "password": "old"})
    with pytest.raises(ConfigError, match="left < right"):
        cameras.change("yard", {"password": "new", "region": (0.5, 0, 0.5, 1)})
    with pytest.raises(ConfigError, match="left < right"):
        cameras.add({"name": "door", "address": "rtsp://u@192.0.2.1/1", "password": "x", "region": (0.5, 0, 0.5, 1)})
    assert passwords(file.read()) == {"yard": "old"}
    assert len(list((tmp_path / "passwords").iterdir())) == 1


def test_two_who_change_cameras_at_once_change_the_ones_they_name(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    for name in ("a", "b", "c"):
        cameras.add({"name": name, "address": f"rtsp://192.0.2.1/{name}"})
    other = CameraSettings(file, tmp_path / "passwords")
    change = file.change

    def later(edit: Callable[[Any], None]) -> Settings:
        file.change = change  # type: ignore[method-assign]
        other.remove("a")  # between the request and its turn
        return change(edit)

    file.change = later  # type: ignore[method-assign]
    cameras.change("b", {"mirror": True})
    assert [(camera.name, camera.mirror) for camera in file.read().cameras] == [("b", True), ("c", False)]


def test_the_service_names_cameras_so_that_no_address_is_shown(tmp_path: Path) -> None:
    file, _ = site(tmp_path, "sources: ['rtsp://192.0.2.1/1', {location: 'rtsp://192.0.2.2/1', name: yard}]\n")
    assert [source.name for source in build.sources(with_names(file.read()))] == ["camera 1", "yard"]
    assert with_names(load()) == load()


def test_a_camera_without_a_location_of_its_own_is_changed(tmp_path: Path) -> None:
    file, cameras = site(tmp_path, "source: {rotate_deg: 90}\n")
    [name] = camera_ids(file.read())
    cameras.change(name, {"mirror": True})
    [camera] = file.read().cameras
    assert (camera.location, camera.rotate_deg, camera.mirror) == ("0", 90, True)
