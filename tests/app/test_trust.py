"""What the history says of the calibration."""

from __future__ import annotations

import datetime as dt

import pytest

from recognizer.app import trust
from recognizer.history.clusters import list_clusters, name_cluster, update_clusters
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


def test_rejecting_a_name_that_a_person_gave_is_no_wrong_name_of_the_recognition(site: Site) -> None:
    site.see(1, ADA, 1, name=None)
    update_clusters(site.history, model=PAINTED.fingerprint, threshold=0.4)
    [cluster] = list_clusters(site.history)
    name_cluster(site.history, cluster["cluster"], "Courier")
    reject_track(site.history, 1)
    day = dt.timedelta(days=1)
    counted = trust._counted(site.history, PAINTED.fingerprint, NOON - day, NOON + day, near=None)
    assert (counted.named, counted.strangers, counted.rejected) == (0, 1, 0)
