"""Cameras that were found on the network, as a section of the settings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from recognizer.capture.address import with_credentials
from recognizer.integrations.onvif.device import Device, Stream
from recognizer.strict_yaml import dumps


def settings_yaml(devices: Sequence[Device], *, user: str | None, password_env: str) -> str:
    """Return the ``sources:`` section for some devices: the main stream, and the sub-stream to detect in.

    Args:
        devices: as they described themselves.
        user: who may see the streams; ``None`` where they are open.
        password_env: environment variable for the user's password, which is not written.
    """
    out = io.StringIO()
    out.write("sources:\n")
    for device, name in zip(devices, _names(devices), strict=True):
        main, sub = device.main, device.sub
        if main is None:
            continue
        section: dict[str, Any] = {"name": name, "location": _location(main, user)}
        if sub is not None:
            section["detect_location"] = _location(sub, user)
        if user:
            section["password_env"] = password_env
        text = dumps(section)
        shown = f"{_shown(main)}{f', to detect in: {_shown(sub)}' if sub is not None else ''}"
        out.write(f"  # {shown}\n  - " + text.replace("\n", "\n    ").rstrip() + "\n")
    return out.getvalue()


def as_dict(device: Device) -> dict[str, Any]:
    """Return a device for JSON; addresses are without user and password."""
    streams = [
        {
            "profile": stream.profile,
            "encoding": stream.encoding or None,
            "width": stream.width or None,
            "height": stream.height or None,
            "rate": stream.rate or None,
            "address": stream.address,
        }
        for stream in device.streams
    ]
    main, sub = device.main, device.sub
    return {
        "host": device.host,
        "name": device.name,
        "location": main.address if main else None,
        "detect_location": sub.address if sub else None,
        "streams": streams,
    }


def _names(devices: Sequence[Device]) -> list[str]:
    """A name for each device; its host distinguishes devices of one model."""
    plain = [device.name for device in devices]
    return [
        (name if plain.count(name) == 1 else f"{name[:60]} {device.host[:39]}")[:100]
        for name, device in zip(plain, devices, strict=True)
    ]


def _location(stream: Stream, user: str | None) -> str:
    return with_credentials(stream.address, user) if user else stream.address


def _shown(stream: Stream) -> str:
    size = f"{stream.width} x {stream.height}" if stream.pixels else "unknown size"
    return " ".join(part for part in (stream.encoding, size, f"{stream.rate:g} fps" if stream.rate else "") if part)
