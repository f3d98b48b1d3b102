"""A virtual display whose screen tests can read."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from recognizer.types import U8


@dataclass(frozen=True)
class Display:
    name: str
    picture: Path
    server: subprocess.Popen[bytes]

    def screenshot(self) -> U8:
        """(480, 640, 3) BGR, out of the X server's frame buffer file."""
        data = self.picture.read_bytes()
        (header_size,) = struct.unpack(">I", data[:4])
        (colours,) = struct.unpack(">I", data[19 * 4 : 20 * 4])
        pixels = np.frombuffer(data[header_size + 12 * colours :], np.uint8)
        return pixels[: 480 * 640 * 4].reshape(480, 640, 4)[:, :, :3]


@pytest.fixture
def display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Display]:
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset", "-fbdir", str(tmp_path)]
    server = subprocess.Popen([*command, "-displayfd", str(write)], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as file:
        number = file.readline().strip()
    try:
        if not number:
            pytest.skip("Xvfb does not start here")
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield Display(f":{number}", tmp_path / "Xvfb_screen0", server)
    finally:
        server.terminate()
        server.wait()
