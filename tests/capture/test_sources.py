"""What the user writes after --source becomes the right source."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from recognizer.capture.adjust import Adjusted, Adjustment
from recognizer.capture.files import ImageFolder, SinglePicture
from recognizer.capture.live import LiveSource
from recognizer.capture.sources import SourceKind, SourceOptions, open_source, require_openable, source_kind
from recognizer.capture.video import VideoFile
from recognizer.errors import SourceError
from tests.capture.capture_media import write_clip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", SourceKind.WEBCAM),
        (" 12 ", SourceKind.WEBCAM),
        ("/dev/video2", SourceKind.WEBCAM),
        ("rtsp://h/x", SourceKind.STREAM),
        ("HTTPS://h/x.jpg", SourceKind.STREAM),
        ("a.mp4", SourceKind.VIDEO),
        ("no-suffix", SourceKind.VIDEO),
        ("a.JPG", SourceKind.PICTURE),
        ("file:///a/b.png", SourceKind.PICTURE),
    ],
)
def test_kind(text: str, kind: SourceKind) -> None:
    assert source_kind(text) is kind


def test_open_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "ä b.mp4", frames=2)
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    (tmp_path / "7").mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source(str(tmp_path)), ImageFolder)
    assert isinstance(open_source("7"), ImageFolder)
    assert isinstance(open_source("1.png"), SinglePicture)
    assert isinstance(open_source("ä b.mp4", SourceOptions(threads=2)), VideoFile)
    source = open_source((tmp_path / "ä b.mp4").as_uri())
    with source:
        assert len(list(source)) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rtsp://u:Gh7xQ2@h/x", "rtsp://h/x"),
        ("0", "webcam 0"),
        ("/dev/video7", "/dev/video7"),
        ("http://h/m", "http://h/m"),
    ],
)
def test_cameras_are_live_and_named_without_credentials(text: str, name: str) -> None:
    source = open_source(text)
    assert isinstance(source, LiveSource)
    assert source.live
    assert source.name == name
    assert "Gh7xQ2" not in repr(vars(source))


def test_a_wish_about_the_pictures_wraps_any_source() -> None:
    source = open_source("rtsp://u:Gh7xQ2@h/x", SourceOptions(name="door", adjustment=Adjustment(mirror=True)))
    assert isinstance(source, Adjusted)
    assert source.live
    assert source.name == "door"


def test_a_webcam_that_is_not_there_is_reported_at_once() -> None:
    with pytest.raises(SourceError, match=r"webcam 37: there is no such camera.*Pass --source"):
        require_openable(open_source("37"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty text"),
        ("ftp://u:Gh7xQ2@h/x", "ftp are not read; known are http"),
        ("a\0b", "no such file|no possible path"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught, open_source(text):
        pass
    assert "Gh7xQ2" not in str(caught.value)


def test_missing_file_with_a_password_in_its_name() -> None:
    with pytest.raises(SourceError, match="no such file") as caught, open_source("admin:Gh7xQ2@10.0.0.9:554/live"):
        pass
    assert "Gh7xQ2" not in str(caught.value)
