"""The soak's cameras: GStreamer's server where it is installed, else our own; frozen, killed and started again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests import rig
from tests.conftest import ROOT


class Camera(rig.RtspServer):
    """An RTSP server in a process of its own.

    Args:
        clip: ``.h264``; ``.h265`` with our own server.
        rig_data: the development data, to use GStreamer's server of its rig; ``None`` for our own, which alone knows
            ``garbage``, ``clean`` and ``next``.
        prefix: words before the command, as those that enter a network namespace.
    """

    def __init__(self, clip: Path, *, rig_data: Path | None = None, prefix: Sequence[str] = ()) -> None:
        super().__init__(rig_data or Path(), clip)
        if rig_data is None:
            self._program = [sys.executable, "-P", "-c", _RUN, str(clip)]
        self._program = [*prefix, *self._program]
        self.kind = "our own server" if rig_data is None else "GStreamer's server"

    @property
    def address(self) -> str:
        """What the product is given."""
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def freeze(self) -> None:
        """Stop its process: the connection stays, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let its process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("The camera is not running.")
        os.kill(self._process.pid, number)


_RUN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.soak.rtsp_server import main; main()"
