"""H.264 and H.265 streams cut into RTP packets (RFC 6184, RFC 7798)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

_START = re.compile(rb"\x00\x00\x01")
_LARGEST = 1400
"""Bytes of a packet's payload; fits an Ethernet frame."""


class Clip:
    """The access units of an Annex B file whose encoder wrote access unit delimiters.

    Args:
        path: ends in ``.h264`` or ``.h265``.
    """

    def __init__(self, path: Path) -> None:
        self.codec = "H265" if path.suffix == ".h265" else "H264"
        delimiter = 35 if self.codec == "H265" else 9
        self.units: list[list[bytes]] = []
        for nal in _nals(path.read_bytes()):
            if self._kind(nal) == delimiter:
                self.units.append([])
            elif self.units:
                self.units[-1].append(nal)

    def _kind(self, nal: bytes) -> int:
        return nal[0] >> 1 & 0x3F if self.codec == "H265" else nal[0] & 0x1F

    def payloads(self, number: int) -> Iterator[tuple[bytes, bool]]:
        """Yield the payloads of an access unit, and whether each is its last."""
        unit = self.units[number % len(self.units)]
        for place, nal in enumerate(unit):
            parts = [nal] if len(nal) <= _LARGEST else list(self._fragments(nal))
            for index, part in enumerate(parts):
                yield part, place == len(unit) - 1 and index == len(parts) - 1

    def _fragments(self, nal: bytes) -> Iterator[bytes]:
        if self.codec == "H265":
            head, body = bytes([nal[0] & 0x81 | 49 << 1, nal[1]]), nal[2:]
        else:
            head, body = bytes([nal[0] & 0xE0 | 28]), nal[1:]
        for at in range(0, len(body), _LARGEST):
            first, last = at == 0, at + _LARGEST >= len(body)
            yield head + bytes([first << 7 | last << 6 | self._kind(nal)]) + body[at : at + _LARGEST]

    def description(self) -> str:
        """The SDP; parameter sets come in the stream."""
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=soak", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"]
        lines += ["m=video 0 RTP/AVP 96", f"a=rtpmap:96 {self.codec}/90000", "a=control:track1"]
        if self.codec == "H264":
            lines.append("a=fmtp:96 packetization-mode=1")
        return "\r\n".join(lines) + "\r\n"


def _nals(data: bytes) -> Iterator[bytes]:
    starts = [found.end() for found in _START.finditer(data)]
    for begin, end in zip(starts, [*(start - 3 for start in starts[1:]), len(data)], strict=True):
        nal = data[begin:end].rstrip(b"\0")
        if len(nal) > 1:
            yield nal


def packet(payload: bytes, *, sequence: int, clock: int, marker: bool) -> bytes:
    """Put an RTP header before a payload; ``clock`` in 1/90000 s."""
    head = bytes([0x80, marker << 7 | 96]) + (sequence & 0xFFFF).to_bytes(2, "big")
    return head + (clock & 0xFFFFFFFF).to_bytes(4, "big") + b"SOAK" + payload


def garbled(draw: random.Random, whole: bytes) -> bytes:
    """Damage a packet: nothing, wrong bytes in its payload, a wrong header, noise, or hardly anything left of it."""
    match draw.randrange(6):
        case 0:
            return whole
        case 1 | 2:
            out = bytearray(whole)
            for _ in range(draw.randint(1, 20)):
                out[draw.randrange(12, len(out))] = draw.randrange(256)
            return bytes(out)
        case 3:
            return draw.randbytes(12) + whole[12:]
        case 4:
            return draw.randbytes(draw.randint(1, 1500))
        case _:
            return whole[: draw.randint(1, 14)]
