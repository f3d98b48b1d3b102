"""Build the frame sources of the settings."""

from __future__ import annotations

from recognizer.app.config import Settings
from recognizer.app.sections import Camera
from recognizer.capture.adjust import Adjustment
from recognizer.capture.sources import (
    SourceKind,
    SourceOptions,
    default_name,
    open_source,
    open_two_streams,
    source_kind,
)
from recognizer.protocols import FrameSource


def source(settings: Settings) -> FrameSource:
    """Build the first source of the settings."""
    return sources(settings)[0]


def sources(settings: Settings) -> list[FrameSource]:
    """Build all sources of the settings, each under a name of its own.

    Raises:
        SourceError: if a location cannot be a source.
    """
    named = zip(settings.cameras, source_names(settings), strict=True)
    return [camera_source(camera, name) for camera, name in named]


def camera_source(camera: Camera, name: str) -> FrameSource:
    """Build one source, of one or two streams.

    Raises:
        SourceError: if a location cannot be a source.
    """
    options = options_of(camera, name)
    if camera.detect_location is None:
        return open_source(camera.location, options)
    return open_two_streams(camera.location, camera.detect_location, options)


def source_names(settings: Settings) -> list[str]:
    """Return the display name of each source, no two of them equal."""
    names: list[str] = []
    for camera in settings.cameras:
        name = camera.name or default_name(camera.location)
        names.append(next(n for n in (name, *(f"{name} ({i})" for i in range(2, len(names) + 3))) if n not in names))
    return names


def only_photos(settings: Settings) -> bool:
    """Whether all sources are photos or folders of photos, so that no frame belongs with the one before it."""
    kinds = {source_kind(camera.location) for camera in settings.cameras}
    return kinds <= {SourceKind.FOLDER, SourceKind.PICTURE}


def options_of(camera: Camera, name: str) -> SourceOptions:
    """Return the options of a source."""
    return SourceOptions(
        name=name,
        threads=camera.decode_threads,
        deblock=camera.deblock,
        width=camera.width,
        height=camera.height,
        rate=camera.rate,
        transport=camera.transport,
        password_env=camera.password_env,
        password_file=camera.password_file,
        adjustment=Adjustment(
            rotate_deg=camera.rotate_deg,
            mirror=camera.mirror,
            region=camera.region,
            rate=camera.analysis_rate,
        ),
    )
