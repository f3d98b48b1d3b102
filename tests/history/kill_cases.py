"""What processes do to a history when they are killed, and what of it must be found afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from recognizer.app.enrol_tracks import accept, offer
from recognizer.app.people import merge_people, rename_person
from recognizer.app.undo import undo_action
from recognizer.app.unfinished import recover
from recognizer.history import actions, clusters, database, schema
from recognizer.history.backup import back_up, restore
from recognizer.history.database import Database, open_history
from recognizer.history.records import Selection
from recognizer.history.retention import Retention, purge
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.app.painted_people import ADA, BOB, PAINTED, Site
from tests.history.history_records import NOON, record, unit

Acknowledge = Callable[[str], None]
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """One kind of work."""

    prepare: Callable[[Path], None]
    work: Callable[[Path, Acknowledge], None]
    lost: Callable[[Path, Any, Sequence[str]], list[str]]
    """What was acknowledged, or there before, and is not found."""
    before: Callable[[Path], Any] = lambda folder: None
    goes_on: bool = False
    """The next trial finds what this one left."""


def _open(folder: Path) -> closing[Database]:
    return closing(open_history(folder / "history", create=True))


def _save(history: Database, numbers: Sequence[int], *, began: dt.datetime = NOON, person: str | None = "Ada") -> None:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(
            connection,
            run,
            [record(number, person=person, began=began, vectors=(unit(number % 50),)) for number in numbers],
        )


def _numbers(history: Database) -> set[int]:
    """Numbers of the tracks that have their sample."""
    query = sa.select(schema.tracks.c.number).join(schema.samples, schema.samples.c.track_id == schema.tracks.c.id)
    with history.reading() as connection:
        return set(connection.execute(query).scalars())


def _prepare_empty(folder: Path) -> None:
    with _open(folder):
        pass


def _write(folder: Path, acknowledge: Acknowledge) -> None:
    with _open(folder) as history:
        first = max(_numbers(history), default=0) + 1
        for number in range(first, first + 20):
            _save(history, [number])
            acknowledge(str(number))


def _lost_tracks(folder: Path, known: set[int], lines: Sequence[str]) -> list[str]:
    with _open(folder) as history:
        return sorted(map(str, (known | set(map(int, lines))) - _numbers(history)))


def _known(folder: Path) -> set[int]:
    with _open(folder) as history:
        return _numbers(history)


def _prepare_purge(folder: Path) -> None:
    with _open(folder) as history:
        _save(history, range(1, 40), began=NOON - 400 * DAY)
        _save(history, range(1001, 1020), began=NOON)


def _purge(folder: Path, acknowledge: Acknowledge) -> None:
    from recognizer.history import retention

    retention._BATCH = 5
    with _open(folder) as history:
        for days in (395, 390, 100):
            acknowledge(str(purge(history, Retention(), now=NOON - 310 * DAY + (400 - days) * DAY)))


def _lost_by_purge(folder: Path, known: set[int], lines: Sequence[str]) -> list[str]:
    with _open(folder) as history:
        return sorted(map(str, {number for number in known if number > 1000} - _numbers(history)))


def _prepare_actions(folder: Path) -> None:
    with _open(folder) as history:
        if not _numbers(history):
            _save(history, range(1, 9), person=None)
            clusters.update_clusters(history, model="model-1", threshold=0.4)


def _act(folder: Path, acknowledge: Acknowledge) -> None:
    with _open(folder) as history:
        for turn in range(8):
            cluster = clusters.list_clusters(history)[turn % 3]["cluster"]
            action = clusters.name_cluster(history, cluster, f"Ada {turn}")
            acknowledge(f"done {action}")
            actions.undo(history, action)
            acknowledge(f"undone {action}")


def _lost_actions(folder: Path, known: None, lines: Sequence[str]) -> list[str]:
    """Acknowledged actions that are not as they were, and actions whose tracks are not as they say."""
    with _open(folder) as history:
        recorded = {str(entry["action"]): entry for entry in actions.list_actions(history, limit=100_000)}
        lost = [line for line in lines if not _stands(recorded, *line.split())]
        named = [entry for entry in recorded.values() if not entry["undone"]]
        given = {seen.person for seen in list_tracks(history, Selection()) if seen.person}
        if len(given) != len(named):  # each action that stands gave one name
            lost.append(f"{given} for {named}")
        for entry in named:  # the next trial begins without names
            actions.undo(history, entry["action"])
    return lost


def _prepare_old(folder: Path) -> None:
    """Make a history of the first level, with tracks."""
    from alembic import command
    from alembic.config import Config

    (folder / "history").mkdir(parents=True)
    path = folder / "history" / database.FILE_NAME
    with closing(Database(database._sqlite(path), str(path), file=path)) as old:
        config = Config()
        config.set_main_option("script_location", str(database._MIGRATIONS))
        with old.migrating() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            connection.exec_driver_sql("INSERT INTO runs VALUES (1, 0, 'model-1', 0.4, 0.1)")
            for number in range(1, 30):
                connection.exec_driver_sql(
                    f"INSERT INTO tracks VALUES ({number}, 1, 'door', {number}, 0, 1, 0, 'known', 'Ada', NULL, "  # noqa: S608
                    "0.5, 0.1, '[]', 9)"
                )
                connection.exec_driver_sql(
                    f"INSERT INTO samples VALUES ({number}, {number}, 0, 0, x'00', 40, 90, 0, 0, 0.9, NULL)"  # noqa: S608
                )


def _migrate(folder: Path, acknowledge: Acknowledge) -> None:
    with _open(folder):
        acknowledge("opened")


def _lost_by_migration(folder: Path, known: None, lines: Sequence[str]) -> list[str]:
    with _open(folder) as history:
        return sorted(map(str, set(range(1, 30)) - _numbers(history)))


def _prepare_backup(folder: Path) -> None:
    with _open(folder) as history:
        _save(history, range(1, 20))
        back_up(history, folder / "one.zip")
        _save(history, range(20, 40))
        back_up(history, folder / "two.zip")


def _restore(folder: Path, acknowledge: Acknowledge) -> None:
    for turn in range(6):
        name = ("one", "two")[turn % 2]
        restore(folder / "history", folder / f"{name}.zip", key=None)
        acknowledge(name)


def _lost_by_restore(folder: Path, known: None, lines: Sequence[str]) -> list[str]:
    """The history is one of the two backups, whole."""
    with _open(folder) as history:
        found = _numbers(history)
    return [] if found in (set(range(1, 20)), set(range(1, 40))) else [str(sorted(found))]


def _prepare_gallery(folder: Path) -> None:
    with _open(folder) as history:
        site = Site(folder, history)
        site.enrol(Ada=(ADA, 0))
        site.see(1, BOB, 1, 2, 3, name="Bob")


def _enrol(folder: Path, acknowledge: Acknowledge) -> None:
    with _open(folder) as history:
        site = Site(folder, history)
        for _ in range(3):
            found = offer(site.settings, PAINTED, history, site.enroller(), person="Bob")
            action, _ = accept(site.settings, history, site.enroller(), found)
            acknowledge(f"done {action}")
            merged = merge_people(site.settings, history, "Ada", "Bob", enroller=site.enroller)
            acknowledge(f"done {merged}")
            renamed = rename_person(site.settings, history, "Ada", "Eve", enroller=site.enroller)
            acknowledge(f"done {renamed}")
            for number in (renamed, merged, action):
                undo_action(history, number, gallery=site.gallery, enroller=site.enroller)
                acknowledge(f"undone {number}")


def _lost_enrolments(folder: Path, known: None, lines: Sequence[str]) -> list[str]:
    """Acknowledged actions that are not as they were; without those that stand, everything is as at the beginning."""
    with _open(folder) as history:
        site = Site(folder, history)
        recover(site.settings)
        recorded = {str(entry["action"]): entry for entry in actions.list_actions(history, limit=1000)}
        lost = [line for line in lines if not _stands(recorded, *line.split())]
        site.enroller().enrol(site.gallery)
        for number, entry in recorded.items():  # the newest first
            if not entry["undone"]:
                undo_action(history, int(number), gallery=site.gallery, enroller=site.enroller)
        if list(site.files()) != ["Ada/0.png"] or (site.gallery / "Eve").exists():
            lost.append(f"the photos: {list(site.files())}")
        if (people := {seen.person for seen in list_tracks(history, Selection())}) != {"Bob"}:
            lost.append(f"the names: {people}")
    return lost


def _stands(recorded: dict[str, dict[str, Any]], word: str, action: str) -> bool:
    return action in recorded and (word == "done" or bool(recorded[action]["undone"]))


CASES = {
    "write": Case(_prepare_empty, _write, _lost_tracks, _known, goes_on=True),
    "purge": Case(_prepare_purge, _purge, _lost_by_purge, _known),
    "act": Case(_prepare_actions, _act, _lost_actions, goes_on=True),
    "migrate": Case(_prepare_old, _migrate, _lost_by_migration),
    "enrol": Case(_prepare_gallery, _enrol, _lost_enrolments),
    "restore": Case(_prepare_backup, _restore, _lost_by_restore),
}
