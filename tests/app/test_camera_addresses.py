"""The second address of a camera, in which faces are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recognizer.app.camera_addresses import changed_addresses
from recognizer.app.cameras import describe
from recognizer.app.sections import Camera
from recognizer.capture.address import complete_address
from recognizer.errors import UsageError
from tests.app.camera_site import site

MAIN, SMALL = "rtsp://192.0.2.1/main", "rtsp://192.0.2.1/small"


def opened(camera: Camera) -> list[str]:
    """The addresses that are opened, with the password."""
    places = [place for place in (camera.location, camera.detect_location) if place]
    return [complete_address(place, password_file=camera.password_file, environment={"P": "v"}) for place in places]


def test_a_small_stream_is_added_shown_kept_changed_and_taken_away(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    form = {"name": "yard", "address": MAIN, "detect_address": SMALL, "user": "u", "password": "first"}
    [camera] = cameras.add(form).cameras
    assert opened(camera) == ["rtsp://u:first@192.0.2.1/main", "rtsp://u:first@192.0.2.1/small"]
    assert "first" not in file.path.read_text()
    [shown] = describe(file.read())
    assert (shown["address"], shown["detect_address"]) == (MAIN, SMALL)
    as_shown = {"address": MAIN, "detect_address": SMALL}
    assert opened(cameras.change("yard", {**as_shown, "mirror": True}).cameras[0]) == opened(camera)
    [camera] = cameras.change("yard", {**as_shown, "password": "second"}).cameras
    assert opened(camera) == ["rtsp://u:second@192.0.2.1/main", "rtsp://u:second@192.0.2.1/small"]
    [camera] = cameras.change("yard", {"detect_address": "rtsp://192.0.2.1/other"}).cameras
    assert opened(camera)[1] == "rtsp://u:second@192.0.2.1/other"
    [camera] = cameras.change("yard", {"detect_address": ""}).cameras
    assert opened(camera) == ["rtsp://u:second@192.0.2.1/main"]
    assert describe(file.read())[0]["detect_address"] is None


def test_comments_stay_where_they_were(tmp_path: Path) -> None:
    text = (
        "sources:\n  - name: door   # ours\n    location: rtsp://192.0.2.1/main   # the front\n"
        "  # the yard, behind the house\n  - location: rtsp://192.0.2.2/1\n    name: yard\n"
    )
    file, cameras = site(tmp_path, text)
    cameras.change("door", {"detect_address": SMALL})
    line = f"    detect_location: {SMALL}\n"
    assert file.path.read_text() == text.replace("    location", line + "    location", 1)
    cameras.change("door", {"detect_address": ""})
    assert file.path.read_text() == text


def test_a_last_line_that_is_taken_away_leaves_the_comment_of_the_next_camera(tmp_path: Path) -> None:
    text = (
        f"sources:\n  - location: {MAIN}  # large\n    detect_location: {SMALL}  # small\n"
        "  # the yard\n  - location: rtsp://192.0.2.2/1\n"
    )
    file, cameras = site(tmp_path, text)
    cameras.change("camera 1", {"detect_address": ""})
    assert file.path.read_text() == text.replace(f"    detect_location: {SMALL}  # small\n", "")


def test_a_password_that_is_kept_goes_to_no_other_host(tmp_path: Path) -> None:
    file, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": MAIN, "user": "u", "password": "kept"})
    cameras.add({"name": "door", "address": MAIN})
    before = file.path.read_text()
    for place in ("rtsp://192.0.2.66/small", "rtsp://192.0.2.1:8554/small", "rtsps://192.0.2.1/small"):
        for options in ({"detect_address": place}, {"detect_address": place, "user": "u"}):
            with pytest.raises(UsageError, match="another host"):
                cameras.change("yard", options)
            with pytest.raises(UsageError, match="another host"):
                cameras.complete(options, "yard")
    assert file.path.read_text() == before
    given = {"detect_address": "rtsp://192.0.2.66/small", "user": "u", "password": "new"}
    assert opened(cameras.complete(given, "yard"))[1] == "rtsp://u:new@192.0.2.66/small"
    assert opened(cameras.change("yard", given).cameras[0])[1] == "rtsp://u:new@192.0.2.66/small"
    open_one = cameras.change("door", {"detect_address": "rtsp://192.0.2.66/small"}).cameras[1]
    assert open_one.detect_location == "rtsp://192.0.2.66/small"
    moved = {"address": "rtsp://192.0.2.77/main", "detect_address": "rtsp://192.0.2.66/small"}
    [camera, _] = cameras.change("yard", moved).cameras
    assert camera.password_file is None
    assert "new" not in str(opened(camera))


def test_an_account_that_stands_in_the_address_counts_for_the_small_stream(tmp_path: Path) -> None:
    for account in ("admin:old", "admin:${P}"):
        _, cameras = site(tmp_path, f"sources: ['rtsp://{account}@192.0.2.1/main?token=abc']\n")
        [camera] = cameras.change("camera 1", {"detect_address": SMALL}).cameras
        assert camera.detect_location == f"rtsp://{account}@192.0.2.1/small"
    [camera] = cameras.change("camera 1", {"password": "new"}).cameras
    assert opened(camera) == ["rtsp://admin:new@192.0.2.1/main?token=abc", "rtsp://admin:new@192.0.2.1/small"]


def test_another_address_without_a_small_one_takes_it_away(tmp_path: Path) -> None:
    _, cameras = site(tmp_path)
    cameras.add({"name": "yard", "address": MAIN, "detect_address": SMALL})
    [camera] = cameras.change("yard", {"address": "rtsp://192.0.2.9/main"}).cameras
    assert (camera.location, camera.detect_location) == ("rtsp://192.0.2.9/main", None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"address": MAIN, "detect_address": "http://192.0.2.1/small"}, "wanted rtsp://"),
        ({"address": "http://192.0.2.1/main", "detect_address": SMALL}, "wanted rtsp://"),
        ({"address": MAIN, "detect_address": "/etc/passwd"}, "^detect_address: wanted one"),
        ({"address": MAIN, "detect_address": "rtsp://169.254.169.254/"}, "^detect_address: link-local"),
        ({"address": MAIN, "detect_address": "rtsp://192.0.2.1/${HOME}"}, "^detect_address: variables"),
        ({"address": MAIN, "detect_address": SMALL, "password": "x"}, "name of its user"),
    ],
)
def test_what_is_no_small_stream_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        changed_addresses("", None, options, has_kept=False)
