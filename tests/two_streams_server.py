"""A camera with two streams of one moment: RTSP at /main and /sub, fed by one clock through GStreamer's server.

    /usr/bin/python3 -P two_streams_server.py MAIN.h264 SUB.h264 [--fps 25]

Prints ``READY PORT``; runs until its standard input ends. ``-P``: ``tests/types`` must not hide the library's module.
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
arguments = parser.parse_args()
Gst.init(None)
BEGAN = time.monotonic()


def feed(source: Any, file: Path) -> None:
    """Push access units when they are due, with that time: picture N of both files has the same."""
    units = [DELIMITER + unit for unit in file.read_bytes().split(DELIMITER)[1:]]
    while not source.get_base_time():  # until it plays
        time.sleep(0.005)
    number = int((time.monotonic() - BEGAN) * arguments.fps) + 1
    while True:
        time.sleep(max(0.0, BEGAN + number / arguments.fps - time.monotonic()))
        buffer = Gst.Buffer.new_wrapped(units[number % len(units)])
        buffer.pts = buffer.dts = int((BEGAN + number / arguments.fps) * Gst.SECOND) - source.get_base_time()
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
for path, file in (("/main", arguments.main), ("/sub", arguments.sub)):
    factory = Factory()
    factory.set_shared(True)
    factory.set_latency(0)

    def configure(_: Any, media: Any, file: Path = file) -> None:
        source = media.get_element().get_child_by_name("src")
        threading.Thread(target=feed, args=(source, file), daemon=True).start()

    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory(path, factory)
if server.attach(None) == 0:
    sys.exit("cannot listen")
loop = GLib.MainLoop()
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
print("READY", server.get_bound_port(), flush=True)
loop.run()
