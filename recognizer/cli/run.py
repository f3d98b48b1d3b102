"""python main.py run: recognise on a source; a window where there is a display, files and log lines anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import cv2
import typer
from loguru import logger

from recognizer.app import build, config
from recognizer.app.build import engines
from recognizer.capture.sources import require_openable
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import make_enroller, sync
from recognizer.emit.log import EventLog
from recognizer.emit.overlay import Overlay
from recognizer.emit.places import require_place
from recognizer.emit.queued import QueuedSink
from recognizer.emit.rotation import Rotation
from recognizer.emit.several import Mosaic, Only, file_name
from recognizer.emit.status import StatusBlock
from recognizer.emit.summary import Summary, summary_table
from recognizer.emit.video import VideoWriter, require_video_place
from recognizer.errors import OutputError, SourceError, UsageError
from recognizer.gallery.records import Enrolled
from recognizer.protocols import Sink
from recognizer.runtime import runner
from recognizer.runtime.gallery_watcher import GalleryWatcher
from recognizer.runtime.keys import Keys
from recognizer.runtime.stopping import StopSignals
from recognizer.runtime.supervisor import Supervisor


def run(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            "-s",
            help="Video file, folder of pictures, one picture; webcam (0, /dev/video0), rtsp(s)://, http(s)://. "
            "Several: give it several times.",
        ),
    ] = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the labelled video here (.mp4).")] = None,
    events: Annotated[
        str | None, typer.Option("--events", help="Write events here, a JSON object a line; - for standard output.")
    ] = None,
    summary: Annotated[Path | None, typer.Option("--summary", help="Write the run's figures here (JSON).")] = None,
    max_frames: Annotated[int | None, typer.Option("--max-frames", min=1, help="Stop after so many frames.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", min=0.001, help="Stop after so many seconds of the source.")
    ] = None,
    sync_first: Annotated[
        bool, typer.Option("--sync/--no-sync", help="First enrol photos that are new in the gallery.")
    ] = True,
) -> None:
    """Recognise the people of the gallery in a video."""
    settings = _options.load_settings(
        config_file,
        sources=source,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        source={"max_frames": max_frames, "max_seconds": max_seconds},
        emit={"headless": headless or None, "video": output, "events": events, "summary": summary},
    )
    people = _console.err if settings.emit.events == "-" else _console.out
    recognise(settings, sync_first=sync_first, show=lambda figures: people.print(summary_table(figures.as_dict())))


def recognise(
    settings: config.Settings, *, sync_first: bool = True, show: Callable[[Summary], None] = lambda figures: None
) -> Summary:
    """Run on the settings' sources until they end or a signal comes.

    Args:
        settings: what to run on, and with what.
        sync_first: enrol what is new in the gallery first.
        show: given the figures when the run is over, also when something went wrong with a file on the way.

    Raises:
        OutputError: at the end, if something could not be written.
        SourceError: at the end, if a file was cut off or damaged.
        Stopped: a signal came before the run began.
    """
    with StopSignals() as signals:
        return _recognise(settings, sync_first=sync_first, show=show, signals=signals)


def _recognise(
    settings: config.Settings, *, sync_first: bool, show: Callable[[Summary], None], signals: StopSignals
) -> Summary:
    stop = signals.asked
    _require_places(settings)
    sources = build.sources(settings)
    if len(sources) == 1 or not any(source.live for source in sources):
        for source in sources:  # before models are loaded: a wrong path is told at once
            require_openable(source)
    settings = _without_a_screen(settings)
    live = frozenset(source.name for source in sources if source.live)
    cv2.setNumThreads(1)  # the stages' pictures are small: more threads only fight with the decoder for the cores
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    logger.info("model {}: {}", resolved.name, resolved.origin)
    build.thresholds(settings, resolved)  # before the work on photos: a model without any is told at once
    if sync_first:
        sync(settings, resolved)
    make_pipeline = build.photo_pipeline if build.only_photos(settings) else build.video_pipeline
    pipeline = make_pipeline(settings, resolved)
    strangers = build.stranger_watch(settings, resolved)
    figures = Summary(
        settings.emit.summary,
        model=resolved.fingerprint,
        engine=engines.engine_of(settings, resolved),
        live=live,
        strangers=strangers,
    )
    overlay = Overlay()
    keys = Keys(gallery=settings.gallery.folder, snapshots=Path("out/snapshots"), render=overlay)
    outputs = list(_sinks(settings, [source.name for source in sources], live, overlay, keys, stop))
    figures.lost_by = lambda: _lost(outputs)
    sinks = [figures, *outputs]  # closed in the opposite order: the figures know what the others lost
    status = StatusBlock(_console.err, live=live, dropped=figures.dropped)
    if settings.emit.headless and live:
        sinks.append(status)
    supervisor = Supervisor()

    def wanted() -> bool:
        supervisor.feed()
        status.tick()
        closed = any(getattr(sink, "closed", False) for sink in sinks)
        while keys.paused and not closed and not stop.wait(0.05):
            supervisor.feed()
            closed = any(getattr(sink, "closed", False) for sink in sinks)
        return not closed

    def take_over(enrolled: Enrolled) -> None:
        size = len(enrolled)
        wanted_now = build.thresholds(settings, resolved, enrolled=size)
        pipeline.replace_gallery(build.index_of(enrolled), frozenset(enrolled.names), wanted_now)
        near = build.strangers_near(settings, resolved, enrolled=size)
        if strangers is not None and near is not None:
            strangers.near = near

    hot = GalleryWatcher(
        settings.gallery.folder,
        model=resolved.fingerprint,
        enroller=lambda: make_enroller(settings, resolved),
        replace=take_over,
    )
    signals.running()
    with supervisor, hot if live or not settings.emit.headless else nullcontext():
        runner.run(
            sources,
            pipeline,
            sinks,
            max_frames=settings.source.max_frames,
            max_seconds=settings.source.max_seconds,
            stop=stop,
            wanted=wanted,
            dropped=figures.dropped,
        )
    show(figures)
    if failures := [failure for sink in sinks if (failure := getattr(sink, "failed", None))]:
        raise OutputError(f"Recognition ended, but something could not be written: {'; '.join(failures)}.")
    if shortfalls := [shortfall for source in sources if (shortfall := getattr(source, "shortfall", None))]:
        raise SourceError(f"All that could be read was recognised, but {'; '.join(shortfalls)}.")
    return figures


def _lost(outputs: Sequence[Sink]) -> Mapping[str, int]:
    """What outputs that did not take it lost so far: events, and frames of labelled videos."""
    events = sum(sink.lost for sink in outputs if isinstance(sink, EventLog))
    frames = sum(sink.lost for sink in outputs if isinstance(sink, QueuedSink | Only))
    return {"events": events, "video_frames": frames}


def _without_a_screen(settings: config.Settings) -> config.Settings:
    """The settings as they are; headless where there is no display, if there is something to write instead."""
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


def _require_places(settings: config.Settings) -> None:
    """Refuse early what cannot be written at the end, and to write the labelled video over the one that is read."""
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


def _sinks(
    settings: config.Settings,
    sources: list[str],
    live: AbstractSet[str],
    overlay: Overlay,
    keys: Keys,
    stop: threading.Event,
) -> Iterator[Sink]:
    emit = settings.emit
    if emit.events:
        yield EventLog(
            None if emit.events == "-" else Path(emit.events),
            live=live,
            append=bool(live),  # a supervisor's restart keeps what was told
            rotation=Rotation(
                max_bytes=None if emit.rotate_mb is None else round(emit.rotate_mb * 1e6),
                max_age_s=None if emit.rotate_hours is None else emit.rotate_hours * 3600,
                keep=emit.rotate_keep,
            ),
            sync_every_s=emit.sync_every_s,
            stop=stop,
        )
    if emit.video and len(sources) == 1:
        yield QueuedSink(VideoWriter(emit.video, render=overlay), name="video", lossy=bool(live), stop=stop)
    elif emit.video:
        for source in sources:
            path = emit.video.with_stem(f"{emit.video.stem}-{file_name(source)}")
            writer = VideoWriter(path, render=overlay)
            yield Only(source, QueuedSink(writer, name=f"video {path.name}", lossy=source in live, stop=stop))
    if not emit.headless:
        from recognizer.emit.window import Window

        yield keys
        yield Window(
            render=overlay if len(sources) == 1 else Mosaic(render=overlay, sources=sources), on_key=keys.press
        )
