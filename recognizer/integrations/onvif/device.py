"""Ask an ONVIF device who it is and where its streams are (ONVIF Core and Media, version 1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recognizer.capture.address import split_credentials
from recognizer.errors import SourceError
from recognizer.integrations.onvif import xml
from recognizer.integrations.onvif.soap import Credentials, RefusedError, SoapClient

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEVICE_PATH = "/onvif/device_service"
"""Where the device service is (ONVIF Core, 5.1.1)."""
_STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
_MOST_PROFILES = 64
_LEAST_SUB_HEIGHT = 288
"""A smaller stream is no use for detection: faces of 40 px need a picture of some hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One profile of a device."""

    profile: str
    encoding: str
    """Such as H264; empty where the device does not say."""
    width: int
    """px; 0 where the device does not say."""
    height: int
    rate: float
    """Frames a second at most; 0 where the device does not say."""
    address: str
    """Without user and password."""

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a device says of itself."""

    host: str
    name: str
    """Manufacturer and model."""
    streams: tuple[Stream, ...]

    @property
    def main(self) -> Stream | None:
        """The stream with most pixels."""
        return max(self.streams, key=lambda stream: stream.pixels, default=None)

    @property
    def sub(self) -> Stream | None:
        """The smallest stream that is large enough to detect faces in; ``None`` where there is only one."""
        main = self.main
        smaller = [
            stream
            for stream in self.streams
            if main is not None and stream.pixels < main.pixels and stream.height >= _LEAST_SUB_HEIGHT
        ]
        return min(smaller, key=lambda stream: stream.pixels, default=None)


def device_address(host: str) -> str:
    """Return the address of a device's service: ``HOST``, ``HOST:PORT``, or the address itself."""
    return split_credentials(host)[2] if "://" in host else f"http://{host}{DEVICE_PATH}"


def read_device(address: str, credentials: Credentials | None = None, *, name: str = "") -> Device:
    """Ask a device for its model and streams.

    Args:
        address: of its device service.
        credentials: of a user; ``None``: asked without.
        name: what it called itself.

    Raises:
        RefusedError: it wants credentials, or others.
        SourceError: it does not answer, or has no streams.
    """
    host = urlsplit(address).hostname or address
    with SoapClient(host, credentials) as client:
        client.offset = _clock_offset(client, address)
        media = _media_service(client, address)
        profiles = list(
            xml.every(client.call(media, f'<GetProfiles xmlns="{xml.MEDIA}"/>'), f"{{{xml.MEDIA}}}Profiles")
        )
        streams = [made for each in profiles[:_MOST_PROFILES] if (made := _stream(client, media, each)) is not None]
        if not streams:
            raise SourceError(f"{host}: the device has no stream of video")
        return Device(host=host, name=_model(client, address) or name or host, streams=_distinct(streams))


def _clock_offset(client: SoapClient, address: str) -> dt.timedelta:
    """The device's clock less ours; asked before anything else, as it is open to all (ONVIF Core, 8.3.7)."""
    with suppress(SourceError, ValueError):
        answer = client.call(address, f'<GetSystemDateAndTime xmlns="{xml.DEVICE}"/>', anonymous=True)
        utc = next(xml.every(answer, f"{{{xml.SCHEMA}}}UTCDateTime"), None)
        parts = [
            int(xml.text(utc, f"{{{xml.SCHEMA}}}{part}"))
            for part in ("Year", "Month", "Day", "Hour", "Minute", "Second")
        ]
        return dt.datetime(
            parts[0], parts[1], parts[2], parts[3], parts[4], min(parts[5], 59), tzinfo=dt.UTC
        ) - dt.datetime.now(dt.UTC)
    return dt.timedelta()


def _media_service(client: SoapClient, address: str) -> str:
    body = f'<GetCapabilities xmlns="{xml.DEVICE}"><Category>Media</Category></GetCapabilities>'
    capabilities = client.call(address, body)
    media = next(xml.every(capabilities, f"{{{xml.SCHEMA}}}Media"), None)
    said, asked = urlsplit(xml.text(media, f"{{{xml.SCHEMA}}}XAddr")), urlsplit(address)
    if said.scheme not in ("http", "https"):
        raise SourceError(f"{asked.hostname}: the device has no media service")
    # the host that we reach it by: behind a router it names another, and nobody is to send the digest elsewhere
    host = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else asked.hostname
    port = said.port if said.hostname == asked.hostname else asked.port
    scheme = said.scheme if said.hostname == asked.hostname else asked.scheme
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{said.path}"


def _stream(client: SoapClient, media: str, profile: Element) -> Stream | None:
    token, encoder = profile.get("token", ""), profile.find(f"{{{xml.SCHEMA}}}VideoEncoderConfiguration")
    if not token or encoder is None:
        return None  # of sound or metadata only
    body = (
        f'<GetStreamUri xmlns="{xml.MEDIA}" xmlns:t="{xml.SCHEMA}"><StreamSetup><t:Stream>RTP-Unicast</t:Stream>'
        f"<t:Transport><t:Protocol>RTSP</t:Protocol></t:Transport></StreamSetup>"
        f"<ProfileToken>{xml.escape(token)}</ProfileToken></GetStreamUri>"
    )
    try:
        answer = client.call(media, body)
    except RefusedError:
        raise
    except SourceError:  # a profile that is not in use
        return None
    address = split_credentials(xml.text(answer, f"{{{xml.SCHEMA}}}Uri"))[2]
    if urlsplit(address).scheme.lower() not in _STREAM_SCHEMES or " " in address:
        return None
    return Stream(
        profile=xml.text(profile, f"{{{xml.SCHEMA}}}Name", token),
        encoding=xml.text(encoder, f"{{{xml.SCHEMA}}}Encoding"),
        width=_number(encoder, "Width"),
        height=_number(encoder, "Height"),
        rate=_number(encoder, "FrameRateLimit"),
        address=address,
    )


def _model(client: SoapClient, address: str) -> str:
    with suppress(SourceError):
        answer = client.call(address, f'<GetDeviceInformation xmlns="{xml.DEVICE}"/>')
        words = [xml.text(answer, f"{{{xml.DEVICE}}}{part}") for part in ("Manufacturer", "Model")]
        return " ".join(word for word in words if word)[:100]
    return ""


def _number(element: Element, name: str) -> int:
    try:
        return max(0, min(int(float(xml.text(element, f"{{{xml.SCHEMA}}}{name}", "0"))), 100_000))
    except (ValueError, OverflowError):
        return 0


def _distinct(streams: Sequence[Stream]) -> tuple[Stream, ...]:
    """The streams, each address once."""
    return tuple({stream.address: stream for stream in reversed(streams)}.values())[::-1]
