"""A run's outputs: checked before the run, opened for it, and what they lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from loguru import logger

from recognizer.app import config
from recognizer.emit.log import EventLog
from recognizer.emit.overlay import Overlay
from recognizer.emit.overlay_planes import draw_planes
from recognizer.emit.places import require_place
from recognizer.emit.queued import QueuedSink
from recognizer.emit.rotation import Rotation
from recognizer.emit.several import Mosaic, Only, file_name
from recognizer.emit.video import VideoWriter, require_video_place
from recognizer.errors import OutputError, UsageError
from recognizer.integrations.alerts import AlertSink
from recognizer.integrations.event_sink import DeliveringSink
from recognizer.protocols import Sink
from recognizer.runtime.keys import Keys


def require_places(settings: config.Settings) -> None:
    """Check that every output can be written, and that none overwrites a source.

    Raises:
        OutputError: if a file cannot be written where it should be.
        UsageError: if the labelled video is one of the sources.
    """
    video, events = settings.emit.video, settings.emit.events
    if video is not None:
        require_video_place(video)
    if settings.emit.summary is not None:
        require_place(settings.emit.summary, wanted="the summary")
    if events and events != "-":
        require_place(Path(events), wanted="the event log", beside=False)
    for location in (Path(camera.location) for camera in settings.cameras):
        if video is not None and video.exists() and location.exists() and video.samefile(location):
            raise UsageError(f"--output {video} is the source itself; name another file.")


def headless_without_display(settings: config.Settings) -> config.Settings:
    """Switch the window off where there is no display, if the run writes a file instead.

    Raises:
        OutputError: if there is no display and nothing else to write.
    """
    emit = settings.emit
    if emit.headless:
        return settings
    from recognizer.emit.window import require_display

    try:
        require_display()
    except OutputError as error:
        if not (emit.video or emit.events or emit.summary):
            raise
        logger.warning("No window: {}", error)
        return settings.model_copy(update={"emit": emit.model_copy(update={"headless": True})})
    return settings


def make_sinks(
    settings: config.Settings,
    sources: Sequence[str],
    *,
    live: AbstractSet[str],
    overlay: Overlay,
    keys: Keys,
    stop: threading.Event,
) -> Iterator[Sink]:
    """Build event log, labelled videos and window, each if the settings name it.

    Args:
        settings: what to write, and where.
        sources: names of all sources.
        live: names of the live ones, whose sinks may drop results.
        overlay: draws the labels.
        keys: handles the window's keys.
        stop: set when the run is to end; no sink waits for its reader then.
    """
    emit = settings.emit
    if emit.events:
        yield EventLog(
            None if emit.events == "-" else Path(emit.events),
            live=live,
            append=bool(live),  # after a restart by a supervisor the earlier events are kept
            rotation=Rotation(
                max_bytes=None if emit.rotate_mb is None else round(emit.rotate_mb * 1e6),
                max_age_s=None if emit.rotate_hours is None else emit.rotate_hours * 3600,
                keep=emit.rotate_keep,
            ),
            sync_every_s=emit.sync_every_s,
            stop=stop,
        )
    if emit.video and len(sources) == 1:
        writer = VideoWriter(emit.video, render=overlay, draw=draw_planes)
        yield QueuedSink(writer, name="video", lossy=bool(live), stop=stop)
    elif emit.video:
        for source in sources:
            path = emit.video.with_stem(f"{emit.video.stem}-{file_name(source)}")
            writer = VideoWriter(path, render=overlay, draw=draw_planes)
            yield Only(source, QueuedSink(writer, name=f"video {path.name}", lossy=source in live, stop=stop))
    if not emit.headless:
        from recognizer.emit.window import Window

        yield keys
        yield Window(
            render=overlay if len(sources) == 1 else Mosaic(render=overlay, sources=list(sources)), on_key=keys.press
        )


def lost_by(sinks: Sequence[Sink]) -> Mapping[str, int]:
    """Count what slow outputs dropped: events, frames of labelled videos, deliveries, and tracks of the history."""
    events = sum(sink.lost for sink in sinks if isinstance(sink, EventLog))
    frames = sum(sink.lost for sink in sinks if isinstance(sink, QueuedSink | Only))
    deliveries = sum(sink.lost for sink in sinks if isinstance(sink, DeliveringSink | AlertSink))
    tracks = sum(
        sink.lost for sink in sinks if not isinstance(sink, EventLog | QueuedSink | Only | DeliveringSink | AlertSink)
    )
    return {"events": events, "video_frames": frames, "deliveries": deliveries, "tracks": tracks}
