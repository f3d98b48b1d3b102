"""Labels drawn on planes look like those drawn on BGR, and a labelled video is made of either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from recognizer.capture.video import VideoFile
from recognizer.emit.encoded_picture import EncodedPicture
from recognizer.emit.overlay import Overlay
from recognizer.emit.overlay_planes import draw_planes
from recognizer.emit.video import VideoWriter
from recognizer.types import U8, Frame, FrameResult, Status
from recognizer.types.frame import Planes
from tests.results import identity, make_result

BT601, BT709 = 6, 1
LIMITED, FULL = 1, 2
PEOPLE = [identity(1, "Anna"), identity(2, status=Status.UNKNOWN), identity(3, status=Status.UNDECIDED)]
BOXES = [(31.0, 71.0, 92.0, 143.0), (141.0, 90.0, 203.0, 160.0), (240.0, 3.0, 319.0, 81.0)]


def scene() -> U8:
    """A picture of slow gradients, (240, 320, 3) BGR."""
    y, x = np.mgrid[:240, :320].astype(np.float32)
    return np.stack([60 + x / 4, 90 + y / 4, 150 - x / 8], axis=2).astype(np.uint8)


@pytest.fixture(params=[(BT601, LIMITED), (BT709, LIMITED), (BT709, FULL)], ids=["601", "709", "709-full"])
def decoded(request: pytest.FixtureRequest, tmp_path: Path) -> Frame:
    """A frame of a file with such colours."""
    matrix, value_range = request.param
    path = tmp_path / "source.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_range = matrix, value_range
        bgr = av.VideoFrame.from_ndarray(scene(), format="bgr24")
        picture = bgr.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=value_range)
        for packet in [*stream.encode(picture), *stream.encode(None)]:
            container.mux(packet)
    with VideoFile(path) as source:
        return next(iter(source))


def labelled(frame: Frame) -> FrameResult:
    return replace(make_result(identities=PEOPLE, boxes=BOXES), frame=frame)


def test_looks_like_the_overlay_on_bgr(decoded: Frame, tmp_path: Path) -> None:
    """Encoded with the source's own colours, a player shows what the window shows."""
    result = labelled(decoded)
    with VideoWriter(tmp_path / "a.mp4", render=_never, draw=draw_planes, quantiser=4) as writer:
        writer.emit(result)
    with VideoFile(tmp_path / "a.mp4") as video:
        shown = next(iter(video)).image.astype(int)
    wanted = Overlay()(result)
    drawn = (wanted != decoded.image).any(axis=2).astype(np.uint8)
    near = cv2.dilate(drawn, np.ones((7, 7), np.uint8)) > 0  # a label may lie a pixel aside, colours are half as fine
    assert np.abs(shown - wanted)[~near].max() < 8
    assert (np.abs(shown - decoded.image).max(axis=2) > 30).sum() == pytest.approx(drawn.sum(), rel=0.15)
    for colour in ((115, 158, 0), (0, 94, 213), (66, 228, 240)):  # of a known, an unknown and an undecided face
        there = (wanted == np.array(colour, np.uint8)).all(axis=2)
        assert there.sum() > 100
        assert np.abs(np.median(shown[there], axis=0) - colour).max() < 12, colour


def test_the_source_picture_is_left_alone(decoded: Frame) -> None:
    planes = decoded.crop_source
    assert isinstance(planes, Planes)
    before = [plane.copy() for plane in (planes.luma, planes.blue, planes.red)]
    draw_planes(planes, labelled(decoded), np.empty((360, 320), np.uint8))
    for plane, as_it_was in zip((planes.luma, planes.blue, planes.red), before, strict=True):
        assert np.array_equal(plane, as_it_was)


def test_a_label_at_an_odd_corner_stays_inside(decoded: Frame) -> None:
    planes = decoded.crop_source
    assert isinstance(planes, Planes)
    for box in ((0.0, 0.0, 3.0, 3.0), (301.0, 221.0, 319.0, 239.0), (-50.0, 101.0, 700.0, 133.0)):
        result = replace(make_result(identities=PEOPLE[:1], boxes=[box]), frame=decoded)
        canvas = np.zeros((360, 320), np.uint8)
        draw_planes(planes, result, canvas)
        assert (canvas[:240] != planes.luma).any()


@dataclass(frozen=True)
class Bgr:
    """A decoded picture without planes."""

    image: U8
    luma: None = None
    planes: None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[1], self.image.shape[0]

    def bgr(self) -> U8:
        return self.image


def test_pictures_without_planes_among_others_have_the_same_colours(decoded: Frame) -> None:
    """As when a camera comes back with another format, or in another size."""
    first = make_result()
    first = replace(first, frame=decoded)
    picture = EncodedPicture(first, render=Overlay(), draw=draw_planes)
    picture.take(first)
    as_planes = picture.planes.copy()
    for image in (decoded.image, cv2.resize(decoded.image, (640, 480), interpolation=cv2.INTER_LINEAR)):
        other = Frame(Bgr(np.asarray(image, np.uint8)), 1, 0.04, "clip")
        picture.take(replace(first, frame=other))
        assert np.abs(picture.planes.astype(int) - as_planes).mean() < 1.5


def test_a_source_without_planes_is_converted() -> None:
    image = scene()
    result = make_result(image=image)
    picture = EncodedPicture(result, render=Overlay(), draw=draw_planes)
    picture.take(result)
    assert picture.colours == (BT601, LIMITED)
    back = cv2.cvtColor(picture.planes, cv2.COLOR_YUV2BGR_I420)
    assert np.abs(back.astype(int) - image).mean() < 2


def _never(result: FrameResult) -> U8:
    raise AssertionError("this picture has planes")
