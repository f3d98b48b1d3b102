"""One run of the recogniser: from settings to the summary."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
from loguru import logger

from recognizer.app import build, config, outputs
from recognizer.app.build import engines
from recognizer.app.enrolment import make_enroller
from recognizer.app.fleet.following import keep_in_step
from recognizer.app.live_control import LiveControl
from recognizer.app.recognising import make_recognising
from recognizer.capture.sources import require_openable
from recognizer.emit.health import Health, HealthFile
from recognizer.emit.overlay import Overlay
from recognizer.emit.status import StatusBlock
from recognizer.emit.summary import Summary
from recognizer.errors import HistoryError, OutputError, SourceError
from recognizer.gallery.records import Enrolled
from recognizer.gallery.store import load_enrolled
from recognizer.models.download import Progress, no_progress
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import FollowsGallery, FrameSource, Sink
from recognizer.runtime.gallery_watcher import GalleryWatcher, stamp_of_record
from recognizer.runtime.keys import Keys
from recognizer.runtime.stopping import StopSignals
from recognizer.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from recognizer.history.sink import HistorySink

_SNAPSHOTS = Path("out/snapshots")
_PAUSE_POLL_S = 0.05
"""How often a paused run checks for keys, signals and the supervisor."""


class Session:
    """Runs on the settings' sources until they end or a signal comes.

    Args:
        settings: sources, model, gallery and outputs.
        sync_gallery: enrols new photos before the run; ``None``: the gallery is used as it is.
        model_progress: opens a progress report for the time in which the model is fetched and converted.
        make_status: builds the status display of a live run without a window, from the names of the live sources and
            the dropped frames of each source; ``None``: no display.
        on_summary: called with the figures at the end, also if an output or a source failed on the way.
        control: lets another process follow the run and pause its sources; ``None``: nobody does.
    """

    def __init__(
        self,
        settings: config.Settings,
        *,
        sync_gallery: Callable[[config.Settings, ResolvedModel], object] | None = None,
        model_progress: Callable[[], AbstractContextManager[Progress]] = lambda: nullcontext(no_progress),
        make_status: Callable[[AbstractSet[str], Mapping[str, int]], StatusBlock] | None = None,
        on_summary: Callable[[Summary], None] = lambda summary: None,
        control: LiveControl | None = None,
    ) -> None:
        self._settings = settings
        self._sync_gallery = sync_gallery
        self._model_progress = model_progress
        self._make_status = make_status
        self._on_summary = on_summary
        self._control = control

    def run(self) -> Summary:
        """Run once.

        Raises:
            OutputError: at the end, if something could not be written.
            SourceError: before the run if a source cannot be opened; at the end if a file was cut off or damaged.
            Stopped: a signal came before the first frame.
        """
        with StopSignals() as signals:
            return self._run(signals)

    def _run(self, signals: StopSignals) -> Summary:
        settings, sources = self._check()
        live = frozenset(source.name for source in sources if source.live)
        cv2.setNumThreads(1)  # a stage's images are small: more threads only compete with the decoder for the cores
        resolved = self._model(settings)
        since = stamp_of_record(settings.gallery.folder)  # before anything is made of it
        recognising = make_recognising(settings, resolved, sources)
        sources = recognising.sources
        strangers = build.stranger_watch(settings, resolved)
        summary = Summary(
            settings.emit.summary,
            model=resolved.fingerprint,
            engine=engines.engine_of(settings, resolved),
            live=live,
            strangers=strangers,
        )
        overlay = Overlay()
        keys = Keys(gallery=settings.gallery.folder, snapshots=_SNAPSHOTS, render=overlay)
        names = [source.name for source in sources]
        control = self._control
        if control is None and settings.mqtt.host is not None and settings.mqtt.commands:
            control = LiveControl()
        files = list(outputs.make_sinks(settings, names, live=live, overlay=overlay, keys=keys, stop=signals.requested))
        history: HistorySink | None = None
        if settings.history.enabled:
            from recognizer.app.history import decision_facts, history_sink  # SQLAlchemy takes .2 s to import

            history = history_sink(
                settings, resolved, live=live, stop=signals.requested, on_open=lambda: on_history_open()
            )
            files.append(history)
        people: list[str] = []
        health = Health(names, live=live)
        files.append(health)
        if settings.health.file is not None:
            files.append(HealthFile(settings.health.file, health))
        if settings.mqtt.host or settings.webhooks or settings.notify.rules or settings.metrics.port:
            from recognizer.app.integrations import make_integrations

            people = sorted(set(build.enrolled_people(settings, resolved.fingerprint).names))
            files += make_integrations(
                settings,
                names,
                live=live,
                people=lambda: people,
                dropped=summary.dropped,
                model=resolved.fingerprint,
                engine=engines.engine_of(settings, resolved),
                stop=signals.requested,
                control=control,
                health=health,
            )
        followers = [sink for sink in files if isinstance(sink, FollowsGallery)]
        summary.lost_by = lambda: outputs.lost_by(files)
        summary.memory_elsewhere_mb = lambda: recognising.peak_bytes / 1024**2
        if control is not None:
            sources = recognising.sources = control.follow(sources, files)
            control.describe(model=resolved.fingerprint, engine=engines.engine_of(settings, resolved))
        following = () if control is None else control.sinks
        # closed in reverse order, so the summary knows what the others lost
        sinks: list[Sink] = [summary, *following, *files]
        status = None
        if self._make_status is not None and settings.emit.headless and live:
            status = self._make_status(live, summary.dropped)
            sinks.append(status)

        rejections, were_read = build.rejections_at_start(settings, resolved.fingerprint)
        revisions = itertools.count(1)

        def replace_gallery(enrolled: Enrolled) -> None:
            size, people[:] = len(enrolled), sorted(set(enrolled.names))
            try:
                rejections[:] = build.rejections(settings, resolved.fingerprint)
            except HistoryError as error:  # people who were removed must not be named because a database is away
                logger.warning("{} The rejections that were read before count on.", error)
            thresholds, revision = build.thresholds(settings, resolved, enrolled=size), next(revisions)
            for follower in followers:
                follower.gallery_changed(frozenset(enrolled.names))
            if history is not None:
                facts = decision_facts(settings, enrolled, thresholds, revision=revision)
                history.decided_by(frozenset(enrolled.names), facts)
            recognising.replace_gallery(enrolled, rejections, thresholds, revision=revision)
            near = build.strangers_near(settings, resolved, enrolled=size)
            if strangers is not None and near is not None:
                strangers.near = near

        def on_history_open() -> None:
            nonlocal were_read
            if not were_read:  # the database was away when the run began
                replace_gallery(build.enrolled_people(settings, resolved.fingerprint))
                were_read = True

        consents = build.consents(settings)
        consents.permitted(load_enrolled(settings.gallery.folder, may_be_empty=settings.gallery.may_be_empty))
        for name, reason in consents.withheld.items():
            logger.warning("{} is not recognised: {}", name, reason)
        watcher = GalleryWatcher(
            settings.gallery.folder,
            model=resolved.fingerprint,
            enroller=lambda: make_enroller(settings, resolved),
            replace=replace_gallery,
            consents=consents,
            since=since,
        )
        if control is not None:
            control.reload, control.dropped = watcher.reload, summary.dropped
        supervisor, stop = Supervisor(), signals.requested

        def go_on() -> bool:
            supervisor.feed()
            health.beat()
            if status is not None:
                status.tick()
            while keys.paused and not _any_closed(sinks) and not stop.wait(_PAUSE_POLL_S):
                supervisor.feed()
                health.beat()
            return not _any_closed(sinks)

        signals.running()
        # the watcher also of files: whoever is removed or withdraws their consent is not named any more
        # a service's web process keeps the box in step, also while there is no camera
        in_step = keep_in_step(settings, resolved.fingerprint) if self._control is None else nullcontext()
        with supervisor, watcher, in_step:
            recognising.run(
                sinks,
                stop=stop,
                go_on=go_on,
                dropped=summary.dropped,
                max_frames=settings.source.max_frames,
                max_seconds=settings.source.max_seconds,
            )
        self._on_summary(summary)
        _require_complete(sinks, sources)
        return summary

    def _check(self) -> tuple[config.Settings, Sequence[FrameSource]]:
        """Check outputs, sources and display before models are loaded, so that a wrong path fails at once."""
        outputs.require_places(self._settings)
        sources = build.sources(self._settings)
        if len(sources) == 1 or not any(source.live for source in sources):
            for source in sources:
                require_openable(source)
        return outputs.headless_without_display(self._settings), sources

    def _model(self, settings: config.Settings) -> ResolvedModel:
        """Find the model, check its thresholds, and enrol new photos with it."""
        with self._model_progress() as progress:
            resolved = build.model(settings, progress)
        logger.info("model {}: {}", resolved.name, resolved.origin)
        build.thresholds(settings, resolved)  # before photos are processed: a model without any fails at once
        if settings.history.enabled:
            from recognizer.app.unfinished import recover

            recover(settings)
        if self._sync_gallery is not None:
            self._sync_gallery(settings, resolved)
        return resolved


def _any_closed(sinks: Sequence[Sink]) -> bool:
    return any(sink.closed for sink in sinks)


def _require_complete(sinks: Sequence[Sink], sources: Sequence[FrameSource]) -> None:
    if failures := [sink.failed.rstrip(".") for sink in sinks if sink.failed]:
        raise OutputError(f"Recognition ended, but something could not be written: {'; '.join(failures)}.")
    if shortfalls := [source.shortfall for source in sources if source.shortfall]:
        raise SourceError(f"All that could be read was recognised, but {'; '.join(shortfalls)}.")
