"""Lists in pages, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest

from recognizer.errors import UsageError
from recognizer.history import actions, clusters
from recognizer.history.database import Database
from recognizer.history.events import page_of_events
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.refusals import ConflictError, NotThereError
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import page_of_tracks
from recognizer.types import EventKind
from tests.history.history_records import NOON, near, record, unit

MINUTE = dt.timedelta(minutes=1)


def save(history: Database, *records: TrackRecord) -> None:
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), records)


def pages(history: Database, selection: Selection) -> list[list[int]]:
    found, after = [], None
    while True:
        seen, after = page_of_tracks(history, selection, limit=2, after=after)
        found.append([track.id for track in seen])
        if after is None:
            return found


def test_tracks_of_one_moment_are_on_one_page_each(history: Database) -> None:
    save(
        history, *(record(number, began=NOON + (number // 3) * MINUTE) for number in range(5)), record(9, person="Bob")
    )
    assert pages(history, Selection()) == [[5, 4], [6, 3], [2, 1]]
    assert pages(history, Selection(person="Ada")) == [[5, 4], [3, 2], [1]]
    with pytest.raises(UsageError, match="no cursor"):
        page_of_tracks(history, Selection(), limit=2, after="x")


def test_events_say_what_they_were_decided_by(history: Database) -> None:
    save(history, record(1), record(2, person=None, began=NOON + MINUTE))
    [stranger, ada], more = page_of_events(history, Selection(), limit=5)
    assert (stranger.kind, ada.kind, more) == (EventKind.APPEARED, EventKind.RECOGNISED, None)
    assert (ada.model, ada.number, ada.gallery, ada.crop) == ("model-1", 1, None, None)
    assert [event.seen.id for event in page_of_events(history, Selection(named=True), limit=5)[0]] == [1]
    assert [event.seen.id for event in page_of_events(history, Selection(named=False), limit=5)[0]] == [2]


def test_clusters_and_actions_have_pages(history: Database) -> None:
    people = [1, 1, 1, 2, 2, 3]
    save(
        history,
        *(
            record(number, person=None, began=NOON + number * MINUTE, vectors=(near(unit(who), 0.9, 50 + number),))
            for number, who in enumerate(people)
        ),
    )
    clusters.update_clusters(history, model="model-1", threshold=0.4)
    first, after = clusters.page_of_clusters(history, limit=2)
    second, end = clusters.page_of_clusters(history, limit=2, after=after)
    assert ([row["tracks"] for row in (*first, *second)], end) == ([3, 2, 1], None)
    made = [clusters.set_state(history, row["cluster"], "ignored") for row in (*first, *second)]
    newest, after = actions.page_of_actions(history, limit=2)
    oldest, end = actions.page_of_actions(history, limit=2, after=after)
    assert ([row["id"] for row in (*newest, *oldest)], end) == (made[::-1], None)


def test_what_is_in_the_way_is_distinguished(history: Database) -> None:
    save(history, record(1, person=None, vectors=(unit(1),)), record(2, person=None, vectors=(unit(2),)))
    clusters.update_clusters(history, model="model-1", threshold=0.4)
    action = clusters.name_cluster(history, 1, "Ada")
    with pytest.raises(ConflictError, match="named 'Ada' already"):
        clusters.name_cluster(history, 1, "Bob")
    with pytest.raises(NotThereError, match="no cluster 9"):
        clusters.name_cluster(history, 9, "Bob")
    clusters.set_state(history, 2, "ignored")
    with pytest.raises(ConflictError, match="ignored already"):
        clusters.set_state(history, 2, "ignored")
    actions.undo(history, action)
    with pytest.raises(ConflictError, match="undone already"):
        actions.undo(history, action)
    merged = clusters.merge(history, 1, [2])
    with pytest.raises(ConflictError, match="Cluster 2 is empty"):
        clusters.merge(history, 1, [2])
    _, new = clusters.split(history, 1, [2])
    with pytest.raises(ConflictError, match="came later") as caught:
        actions.undo(history, merged)
    assert caught.value.later == merged + 1
    assert new == 3
