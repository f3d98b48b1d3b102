"""Check the cameras: each is opened and watched for some seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from recognizer.app import build
from recognizer.app.cameras import has_cameras
from recognizer.app.config import Settings
from recognizer.app.sections import Camera
from recognizer.doctor.camera_probe import CameraReport, probe
from recognizer.doctor.finding import Finding, State, guarded

Probe = Callable[[Camera, str], CameraReport]
"""Watches one camera; raises ``SourceError``."""

DARK = 20.0
"""Mean brightness below which nothing is to be seen: black is 16 in video."""
FEW_FPS = 5.0
"""Below it faces are hardly followed: MTCNN's last net verifies a track five times a second."""
OLD_MS = 500.0
"""Frames that wait longer than this come in bursts; they are dropped after 120 ms where newer ones wait."""
_AT_ONCE = 4
_REMEDY = "Try the address in another player, such as ffplay; then correct 'location' or the password in the settings."
_WEBCAM = "ls -l /dev/video* shows the webcams; its group (video) may open them: sudo usermod -aG video USER."


def check_cameras(settings: Settings, *, probe_one: Probe = probe) -> Iterator[Finding]:
    """Watch all cameras, a few at a time."""
    if not has_cameras(settings):
        yield Finding("camera", "all", State.OFF, "the settings name none; 'run' takes the first webcam")
        return
    named = list(zip(build.source_names(settings), settings.cameras, strict=True))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(_findings, probe_one, name, camera) for name, camera in named]
        for each in waiting:
            yield from each.result()


def _findings(probe_one: Probe, name: str, camera: Camera) -> list[Finding]:
    streams = {name: camera}
    if camera.detect_location is not None:
        streams[f"{name}, main stream"] = camera.model_copy(update={"detect_location": None})
    return [
        finding
        for label, each in streams.items()
        for finding in guarded("camera", label, partial(_report, probe_one, label, each), _remedy(each))
    ]


def _remedy(camera: Camera) -> str:
    is_webcam = camera.location.isdigit() or camera.location.startswith("/dev/")
    return _WEBCAM if is_webcam else _REMEDY


def _report(probe_one: Probe, name: str, camera: Camera) -> list[Finding]:
    return [_judged(name, probe_one(camera, name))]


def _judged(name: str, report: CameraReport) -> Finding:
    shown = f"{report.width} x {report.height}"
    shown += f", {report.fps:.1f} frames a second" if report.fps is not None else ""
    shown += f", age p95 {report.age_ms:.0f} ms" if report.age_ms is not None else ""
    if report.brightness < DARK:
        return Finding(
            "camera",
            name,
            State.WARNING,
            f"{shown}; the picture is black",
            "Check its lens, its light and its night mode.",
        )
    if report.live and report.fps is not None and report.fps < FEW_FPS:
        return Finding(
            "camera", name, State.WARNING, f"{shown}: few frames", "Raise its frame rate to 10 a second or more."
        )
    if report.age_ms is not None and report.age_ms > OLD_MS:
        return Finding(
            "camera",
            name,
            State.WARNING,
            f"{shown}: frames come in bursts",
            "Check the network, or choose a smaller stream.",
        )
    return Finding("camera", name, State.OK, shown)
