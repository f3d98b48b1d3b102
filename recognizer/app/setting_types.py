"""Types of single settings: paths, addresses and ranges."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from recognizer.capture.names import display_name
from recognizer.capture.paths import local_path

_LONGEST_PATH, _LONGEST_NAME = 4095, 255
"""Bytes; of Linux, whose file systems take no longer ones."""


def _expanded(value: Any) -> Any:
    """Expand ``~`` and ``$VARIABLES`` in a path; an address is left alone, as a password may hold either."""
    if isinstance(value, Path):
        value = local_path(value)
    if not isinstance(value, str | Path) or "://" in str(value):
        return value
    text = os.path.expandvars(os.path.expanduser(str(value)))
    names = [os.fsencode(name) for name in text.split(os.sep)]
    if "\0" in text or len(os.fsencode(text)) > _LONGEST_PATH or max(map(len, names)) > _LONGEST_NAME:
        raise ValueError(f"wanted a path of at most {_LONGEST_PATH} bytes, each name of at most {_LONGEST_NAME}")
    return type(value)(text) if isinstance(value, str) else Path(text)


def _location(value: Any) -> Any:
    """A webcam may be given as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _expanded(value)


def _without_password(name: str) -> str:
    """Name a source without its credentials where the name is an address."""
    return display_name(name) if "://" in name else name


def _network(value: str) -> str:
    """Check an address or a network; everybody (``0.0.0.0/0``) is none to trust."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"wanted an address or a network such as 10.0.0.0/24 ({error})") from None
    if network.prefixlen == 0:
        raise ValueError("wanted an address or a network, not all of them")
    return value


UserPath = Annotated[Path, BeforeValidator(_expanded)]
"""A path in which ``~`` and ``$VARIABLES`` are expanded."""
UserText = Annotated[str, BeforeValidator(_expanded)]
Location = Annotated[str, BeforeValidator(_location)]
SourceName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_without_password)]
Share = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Days = Annotated[float, Field(gt=0, le=36600)]
Threads = Annotated[int, Field(ge=1, le=64)]
Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]
"""An IP address, or a network as 10.0.0.0/24."""
