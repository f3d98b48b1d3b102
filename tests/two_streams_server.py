"""A camera with two streams of one moment: RTSP at /main and /sub, fed by one clock through GStreamer's server.

    /usr/bin/python3 -P two_streams_server.py MAIN.h264 SUB.h264 [--fps 25] [--late SECONDS]

Prints ``READY PORT``; runs until its standard input ends. ``--late``: the main stream's pictures lag behind.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( appsrc name=src is-live=true format=time max-bytes=8000000 leaky-type=downstream "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au "
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
DELIMITER = b"\x00\x00\x00\x01\x09"

parser = argparse.ArgumentParser()
parser.add_argument("main", type=Path)
parser.add_argument("sub", type=Path)
parser.add_argument("--fps", type=float, default=25)
parser.add_argument("--late", type=float, default=0.0)
arguments = parser.parse_args()
Gst.init(None)
BEGAN = time.monotonic()


def feed(source: Any, file: Path, late_s: float) -> None:
    """Push access units when they are due: picture N of both files at the same time."""
    units = [DELIMITER + unit for unit in file.read_bytes().split(DELIMITER)[1:]]
    number = first = int((time.monotonic() - BEGAN) * arguments.fps) + 1
    while True:
        time.sleep(max(0.0, BEGAN + late_s + number / arguments.fps - time.monotonic()))
        buffer = Gst.Buffer.new_wrapped(units[number % len(units)])
        buffer.pts = buffer.dts = int((number - first) * Gst.SECOND / arguments.fps)
        if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
            return
        number += 1


class Factory(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    """Makes the pipeline of one stream."""

    def do_create_element(self, url: Any) -> Any:
        """Make it."""
        return Gst.parse_launch(PIPELINE)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
for path, file, late_s in (("/main", arguments.main, arguments.late), ("/sub", arguments.sub, 0.0)):
    factory = Factory()
    factory.set_shared(True)
    factory.set_latency(0)

    def configure(_: Any, media: Any, file: Path = file, late_s: float = late_s) -> None:
        source = media.get_element().get_child_by_name("src")
        source.set_property("do-timestamp", True)  # the pipeline's clock: sender reports then say when
        threading.Thread(target=feed, args=(source, file, late_s), daemon=True).start()

    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory(path, factory)
if server.attach(None) == 0:
    sys.exit("cannot listen")
loop = GLib.MainLoop()
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
print("READY", server.get_bound_port(), flush=True)
loop.run()
