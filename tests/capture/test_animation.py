"""GIF, APNG and WebP animations are videos."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.capture.animation import Animation, only_first, picture_count
from recognizer.capture.files import SinglePicture
from recognizer.capture.sources import SourceKind, open_source, source_kind
from recognizer.errors import SourceError
from tests.capture.capture_media import coded, decoded
from tests.capture.guarded.programs import run

KINDS = (".gif", ".png", ".webp")


def animated(path: Path, *, count: int = 5, shown_ms: int = 80, orientation: int = 1) -> Path:
    """An animation of coded pictures."""
    pictures = [Image.fromarray(coded(number)) for number in range(count)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {} if path.suffix == ".gif" else {"exif": exif.tobytes(), "lossless": True}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=shown_ms, loop=0, **options)
    return path


@pytest.mark.parametrize("suffix", KINDS)
def test_every_picture_comes_once_at_its_time(tmp_path: Path, suffix: str) -> None:
    path = animated(tmp_path / f"a{suffix}")
    assert source_kind(path.as_uri()) is SourceKind.ANIMATION
    with open_source(str(path)) as source:
        assert (source.frame_count, source.live) == (5, False)
        assert source.frame_rate == pytest.approx(12.5)
        frames = list(source)
    assert [decoded(frame.image) for frame in frames] == list(range(5))
    assert [frame.captured_at for frame in frames] == pytest.approx([0.08 * number for number in range(5)])


def test_pictures_shown_for_no_time_get_the_browsers_tenth_of_a_second(tmp_path: Path) -> None:
    with Animation(animated(tmp_path / "a.gif", shown_ms=0), max_pixels=10_000) as source:
        assert [frame.captured_at for frame in source] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_an_animation_is_turned_as_exif_says(tmp_path: Path, suffix: str) -> None:
    with Animation(animated(tmp_path / f"a{suffix}", orientation=6), max_pixels=10_000) as source:
        shapes = {frame.image.shape for frame in source}
    assert shapes == {(64, 48, 3)}


@pytest.mark.parametrize("suffix", KINDS)
def test_a_single_picture_stays_a_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    assert isinstance(open_source(str(path)), SinglePicture)
    assert only_first(path) is None


def test_what_an_animation_is_used_for_is_said(tmp_path: Path) -> None:
    assert only_first(animated(tmp_path / "a.gif")) == "an animation of 5 pictures; only the first is used"


def test_a_cut_off_animation_says_how_far_it_came(tmp_path: Path) -> None:
    path = animated(tmp_path / "a.png")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"fdAT") + 8])
    with Animation(path, max_pixels=10_000) as source:
        assert [decoded(frame.image) for frame in source] == [0, 1, 2, 3]
    assert source.shortfall is not None
    assert "4 of 5 pictures" in source.shortfall


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"no picture"])
def test_what_is_no_animation_is_refused_or_a_picture(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(data)
    assert picture_count(path) == 1
    with pytest.raises(SourceError), Animation(path, max_pixels=100):
        pass


def test_the_limit_is_kept(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="at most 100 pixels, got 64 x 48"),
        Animation(animated(tmp_path / "a.gif"), max_pixels=100),
    ):
        pass


def test_a_webp_whose_canvas_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    """Opening one takes the memory of its canvas: here 4 GB, for 38 bytes of file."""
    side = (16_383).to_bytes(3, "little")
    chunk = b"VP8X" + (10).to_bytes(4, "little") + bytes([2, 0, 0, 0]) + side + side
    path = tmp_path / "huge.webp"
    path.write_bytes(b"RIFF" + (4 + len(chunk) + 8).to_bytes(4, "little") + b"WEBP" + chunk + bytes(8))
    assert picture_count(path) == 1
    with pytest.raises(SourceError, match=r"need 4\.3 GB, wanted at most 300 MB"), Animation(path, max_pixels=10**9):
        pass


@pytest.mark.parametrize("suffix", KINDS)
def test_another_process_decodes(tmp_path: Path, suffix: str) -> None:
    """What an animation does to its decoder is no fault of this process: Pillow is not even loaded here."""
    path = animated(tmp_path / f"a{suffix}")
    done = run(
        "import sys; from pathlib import Path; from recognizer.capture.animation import Animation, picture_count\n"
        f"path = Path({str(path)!r}); print(picture_count(path))\n"
        "with Animation(path, max_pixels=10_000) as source: print(len(list(source)), 'PIL' in sys.modules)"
    )
    assert done.stdout.split() == ["5", "5", "False"], done.stderr


def test_a_decoder_that_is_killed_costs_no_picture(tmp_path: Path) -> None:
    with Animation(animated(tmp_path / "a.gif"), max_pixels=10_000) as source:
        shown = []
        for frame in source:
            shown.append(decoded(frame.image))
            assert source.decoder_pid is not None
            os.kill(source.decoder_pid, signal.SIGKILL)
    assert shown == list(range(5))


def test_a_frame_beyond_the_canvas_is_held_to_the_limit(tmp_path: Path) -> None:
    """Pillow makes the canvas of a GIF larger for it."""
    path = animated(tmp_path / "a.gif")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"\x21\xf9\x04")  # the last picture's graphic control; its descriptor follows
    width = data.index(b"\x2c", at) + 5
    data[width : width + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with Animation(path, max_pixels=10_000) as source:
        assert [decoded(frame.image) for frame in source] == [0, 1, 2, 3]
    assert "4 of 5" in (source.shortfall or "")
