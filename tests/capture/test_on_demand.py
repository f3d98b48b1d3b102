from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from recognizer.capture import on_demand
from recognizer.capture.demand import MOST, Demand
from recognizer.capture.on_demand import OnDemandStream
from tests.capture.capture_media import coded, decoded

GROUP = 10


@pytest.fixture
def packets(tmp_path: Path) -> Iterator[list[av.Packet[VideoStream]]]:
    """Of 40 coded pictures, every tenth a key frame."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": str(GROUP), "bf": "0", "sc_threshold": "0", "crf": "10", "tune": "zerolatency"}
        for number in range(4 * GROUP):
            frame = av.VideoFrame.from_ndarray(coded(number), format="bgr24")
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        video.codec_context.options = {"flags": "low_delay"}
        yield [packet for packet in container.demux(video) if packet.size]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Stream:
    def __init__(self) -> None:
        self.clock = Clock()
        self.demand = Demand(self.clock)
        self.stream = OnDemandStream(self.demand, "rtsp://camera/main")

    def feed(self, packet: av.Packet[VideoStream]) -> list[int]:
        """The numbers of the pictures that a packet gives."""
        self.clock.now += 0.1
        pictures = self.stream._decode(packet) or []
        return [decoded(np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)) for picture in pictures]


def test_only_key_frames_are_decoded_while_nobody_asks(packets: list[av.Packet[VideoStream]]) -> None:
    stream = Stream()
    given = [stream.feed(packet) for packet in packets]
    assert [number for each in given for number in each] == [0, 10, 20, 30]
    assert (stream.stream.received, stream.stream.decoded) == (40, 4)


def test_what_was_left_out_is_decoded_when_somebody_asks(packets: list[av.Packet[VideoStream]]) -> None:
    stream = Stream()
    for packet in packets[:15]:
        stream.feed(packet)
    stream.demand.ask([1])
    assert stream.feed(packets[15])[-1] == 15  # from the key frame 10 on, in one go
    assert stream.feed(packets[16]) == [16]
    stream.clock.now += 5
    assert stream.feed(packets[17]) == []
    assert stream.feed(packets[20]) == [20]


def test_a_budget_that_is_used_up_leaves_the_key_frames(packets: list[av.Packet[VideoStream]]) -> None:
    stream = Stream()
    assert stream.demand.take(MOST)
    stream.feed(packets[0])
    stream.demand.ask([1])
    stream.clock.now -= 0.1
    assert stream.feed(packets[1]) == []
    assert stream.feed(packets[10]) == [10]


def test_too_long_behind_a_key_frame_the_next_one_is_awaited(
    packets: list[av.Packet[VideoStream]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_demand, "CATCH_UP", 5)
    stream = Stream()
    for packet in packets[:6]:
        stream.feed(packet)
    stream.demand.ask([1])
    assert stream.feed(packets[6]) == []
    stream.demand.ask([2])
    assert stream.feed(packets[10]) == [10]
    assert stream.feed(packets[11]) == [11]


def test_packets_that_are_kept_have_a_limit(
    packets: list[av.Packet[VideoStream]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_demand, "_MOST_BYTES", 100)
    stream = Stream()
    for packet in packets[:9]:
        stream.feed(packet)
    stream.demand.ask([1])
    assert stream.feed(packets[9]) == []  # the pictures between are gone
    assert stream.feed(packets[10]) == [10]
    assert stream.feed(packets[11]) == [11]


def test_packets_of_a_connection_that_broke_are_not_given_to_the_next_ones_decoder(
    packets: list[av.Packet[VideoStream]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream()
    for packet in packets[:5]:
        stream.feed(packet)
    monkeypatch.setattr(av, "open", lambda *_, **__: None)
    stream.stream._open()
    stream.demand.ask([1])
    assert stream.feed(packets[15]) == []
    assert stream.feed(packets[20]) == [20]
