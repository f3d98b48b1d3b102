"""What the history says of the calibration."""

from __future__ import annotations

import datetime as dt

import pytest

from recognizer.app import trust
from recognizer.history.rejections import reject_track
from tests.app.painted_people import ADA, PAINTED, Site
from tests.history.history_records import NOON, record


def test_every_track_of_the_time_span_is_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.see(1, ADA, 1, name="Ada")
    reject_track(site.history, 1)
    site.save(record(2, began=NOON + dt.timedelta(hours=1)), record(3, person=None, source="yard"))
    site.save(record(4, began=NOON + dt.timedelta(days=9)))
    monkeypatch.setattr(trust, "MOST_TRACKS", 1)
    day = dt.timedelta(days=1)
    counted = trust._counted(site.history, PAINTED.fingerprint, NOON - day, NOON + day, near=0.3)
    assert (counted.sources, counted.named, counted.strangers, counted.rejected) == (2, 2, 2, 1)
    assert counted.drift is not None
