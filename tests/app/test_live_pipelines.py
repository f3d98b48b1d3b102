"""The pipelines of the Python API follow consents that end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator

import numpy as np
import pytest

from recognizer.app import build
from recognizer.app.live_pipelines import LivePipelines
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consent, Consents, write_consent
from recognizer.history.rejections import reject_track
from recognizer.types import Embeddings, FrameResult
from tests.app.painted_people import ADA, BOB, PAINTED, Site
from tests.fakes import painted_vector
from tests.results import make_result

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


class Pipeline:
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.people: list[frozenset[str]] = []

    def replace_gallery(self, index: object, people: frozenset[str], thresholds: object) -> None:
        self.people.append(people)


def test_a_stream_withdraws_a_person_when_their_consent_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [NOON]
    monkeypatch.setattr(build, "consents", lambda settings: Consents(settings.gallery.folder, now=lambda: now[0]))
    site.enrol(Bob=(BOB, 0))
    write_consent(site.gallery / "Bob", Consent("2026-01-01", until=(NOON + dt.timedelta(minutes=1)).isoformat()))
    live, pipeline = LivePipelines(site.settings, PAINTED), Pipeline()
    live.add(pipeline)  # type: ignore[arg-type]
    closed = []

    def results() -> Generator[FrameResult, None, None]:
        try:
            for at_s in range(3):
                yield make_result(float(at_s))
        finally:
            closed.append(True)

    stream = live.heeding_consents(results())
    next(stream)
    next(stream)
    assert pipeline.people == []
    now[0] += dt.timedelta(minutes=1)
    next(stream)
    assert pipeline.people == [frozenset({"Ada"})]
    stream.close()
    assert closed == [True]
    assert set(live.enrolled().names) == {"Ada"}
    write_consent(site.gallery / "Ada", Consent("2026-01-01", withdrawn="2026-02-01"))
    live.reload()
    assert pipeline.people[-1] == frozenset()


def test_a_consent_that_another_process_withdraws_is_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.app.live_pipelines._CHECK_S", 0.0)
    live, pipeline = LivePipelines(site.settings, PAINTED), Pipeline()
    live.add(pipeline)  # type: ignore[arg-type]
    live.heed_consents()
    assert pipeline.people == []
    write_consent(site.gallery / "Ada", Consent("2026-01-01", withdrawn="2026-02-01"))
    live.heed_consents()
    assert pipeline.people == [frozenset()]
    write_consent(site.gallery / "Ada", Consent("2026-03-01"))
    live.heed_consents()
    assert pipeline.people[-1] == frozenset({"Ada"})
    live.heed_consents()
    assert len(pipeline.people) == 2


def test_what_was_rejected_stays_so_when_consents_change(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.see(1, ADA, 4, name="Ada")
    reject_track(site.history, 1)
    on = site.settings.history.model_copy(update={"enabled": True})
    pipeline, found = Pipeline(), []
    live = LivePipelines(site.settings.model_copy(update={"history": on}), PAINTED)
    monkeypatch.setattr(pipeline, "replace_gallery", lambda index, people, thresholds: found.append(index))
    live.add(pipeline)  # type: ignore[arg-type]
    live.reload()
    probe = Embeddings(painted_vector(ADA, 4)[None], np.ones(1, np.float32), PAINTED.fingerprint)
    [match] = found[0].search(probe).names
    assert match is None


def test_a_stream_goes_on_after_the_last_person_was_removed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.app.live_pipelines._CHECK_S", 0.0)
    write_consent(site.gallery / "Ada", Consent("2026-01-01"))
    live, pipeline = LivePipelines(site.settings, PAINTED), Pipeline()
    live.add(pipeline)  # type: ignore[arg-type]
    upkeep.remove(site.gallery, "Ada")
    live.heed_consents()
    assert pipeline.people == [frozenset()]


@pytest.mark.parametrize("between", ["people are listed", "another stream begins"])
def test_a_withdrawal_is_noticed_whatever_happens_before(
    site: Site, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    monkeypatch.setattr("recognizer.app.live_pipelines._CHECK_S", 0.0)
    live, pipeline, other = LivePipelines(site.settings, PAINTED), Pipeline(), Pipeline()
    live.add(pipeline)  # type: ignore[arg-type]
    write_consent(site.gallery / "Ada", Consent("2026-01-01", withdrawn="2026-02-01"))
    if between == "people are listed":
        assert live.enrolled().names == ()
    else:
        live.add(other)  # type: ignore[arg-type]
    live.heed_consents()
    assert pipeline.people == [frozenset()]
