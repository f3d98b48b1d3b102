"""What is left out of decoding is what nobody else needs."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from recognizer.capture.decoder import BgrConverter, Deblock, Picture, decoder_options
from recognizer.capture.video import VideoFile
from recognizer.types import U8

SIDE_PX = 160


@pytest.fixture(scope="module")
def blocky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip so hard pressed that its blocks show, with frames that others are made from and B frames."""
    path = tmp_path_factory.mktemp("clips") / "blocky.mp4"
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(
            "libx264", rate=25, options={"preset": "medium", "qp": "38", "bf": "3", "b-pyramid": "none"}
        )
        assert isinstance(stream, VideoStream)
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = "yuv420p"
        for number in range(20):
            wave = 127 + 100 * np.sin((columns + 3 * number) / 9) * np.cos((rows - 2 * number) / 13)
            picture = np.repeat(wave[..., None], 3, axis=2).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode())
    return path


def pictures(path: Path, deblock: Deblock) -> list[U8]:
    with VideoFile(path, deblock=deblock) as video:
        return [frame.image for frame in video]


def kinds(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [av.video.frame.PictureType(frame.pict_type).name for frame in container.decode(video=0)]


def test_most_spares_b_frames_only(blocky: Path) -> None:
    every, most, none = (pictures(blocky, deblock) for deblock in ("all", "most", "none"))
    same = [np.array_equal(*pair) for pair in zip(every, most, strict=True)]
    is_b = [kind == "B" for kind in kinds(blocky)]
    assert 5 < sum(is_b) < 18
    assert [other for other, b in zip(same, is_b, strict=True) if not b] == [True] * (20 - sum(is_b))
    assert not all(other for other, b in zip(same, is_b, strict=True) if b)
    assert not np.array_equal(every[0], none[0])
    for ours, plain in zip(most, every, strict=True):
        assert np.abs(ours.astype(int) - plain).mean() < 3


def test_b_frames_of_other_codecs_may_be_needed() -> None:
    assert decoder_options("h264", deblock="most", max_pixels=9) == {"max_pixels": "9", "skip_loop_filter": "bidir"}
    assert decoder_options("hevc", deblock="most", max_pixels=9)["skip_loop_filter"] == "noref"


@pytest.mark.parametrize(("pixels", "has_luma"), [("yuv420p", True), ("yuv444p", True), ("rgb24", False)])
def test_brightness_is_that_of_the_colours(pixels: str, has_luma: bool) -> None:
    ramp = np.tile(np.arange(0, 250, 5, dtype=np.uint8)[None, :, None], (30, 1, 3))  # grey, 50 x 30: rows are padded
    picture = Picture(av.VideoFrame.from_ndarray(ramp, format="bgr24").reformat(format=pixels), BgrConverter("clip"))
    assert picture.size == (50, 30)
    assert np.abs(picture.bgr().astype(int) - ramp).max() <= 5
    assert (picture.luma is not None) == has_luma
    if picture.luma is not None:
        assert picture.luma.shape == (30, 50)
        assert np.corrcoef(picture.luma.ravel(), ramp[..., 0].ravel())[0, 1] > 0.999


@pytest.mark.parametrize("colorspace", [1, 2, 5, 9])
@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p"])
def test_planes_become_the_colours_that_ffmpeg_gives(pixels: str, colorspace: int, color_range: int) -> None:
    blocks = np.random.default_rng(0).integers(40, 216, (4, 6, 3)).astype(np.uint8)
    drawn = np.repeat(np.repeat(blocks, 8, axis=0), 8, axis=1)
    decoded = av.VideoFrame.from_ndarray(drawn, format="bgr24").reformat(format=pixels)
    decoded.colorspace, decoded.color_range = colorspace, color_range
    picture = Picture(decoded, BgrConverter("clip"))
    planes = picture.planes
    assert planes is not None
    assert planes.shape == (32, 48)
    assert planes.blue.shape == planes.red.shape == (16, 24)
    whole = np.stack([planes.luma, *(plane.repeat(2, 0).repeat(2, 1) for plane in (planes.blue, planes.red))], axis=2)
    ours = np.clip(whole @ planes.to_bgr[:, :3].T + planes.to_bgr[:, 3], 0, 255)
    middles = (slice(4, None, 8), slice(4, None, 8))
    assert np.abs(ours[middles] - picture.bgr()[middles]).max() <= 3
    grey = np.array([planes.grey, 128, 128]) @ planes.to_bgr[:, :3].T + planes.to_bgr[:, 3]
    np.testing.assert_allclose(grey, 127, atol=1)


def test_other_pictures_have_no_planes() -> None:
    drawn = np.zeros((30, 50, 3), np.uint8)
    for pixels in ("yuv444p", "nv12", "rgb24"):
        picture = Picture(
            av.VideoFrame.from_ndarray(drawn, format="bgr24").reformat(format=pixels), BgrConverter("clip")
        )
        assert picture.planes is None
