"""Deletion is real: after a person was removed and forgotten, no byte of them is in any file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from recognizer.app.enrol_tracks import accept, offer
from recognizer.app.people import merge_people
from recognizer.app.undo import undo_action
from recognizer.errors import HistoryError
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consent, write_consent
from recognizer.gallery.store import load_enrolled
from recognizer.history import clusters
from recognizer.history.backup import back_up, restore
from recognizer.history.backup_list import list_backups
from recognizer.history.database import REPLACED, open_history
from recognizer.history.rejections import reject_track
from recognizer.history.retention import forget_person
from recognizer.history.schema import samples
from recognizer.history.vectors import to_bytes
from tests.app.painted_people import ADA, BOB, EVE, PAINTED, Site
from tests.fakes import painted_vector

NAME = "Wilhelmina Zaubermann"
ALIAS = "Quirin Xaver"


def bytes_of(*folders: Path) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


def test_no_byte_of_a_person_is_left(site: Site) -> None:
    # seen as unknown, named, enrolled from crops, with consent, once under another name, once named wrongly
    site.see(1, BOB, 1, 2, 3)
    clusters.update_clusters(site.history, model=PAINTED.fingerprint, threshold=0.4)
    clusters.name_cluster(site.history, 1, NAME)
    found = offer(site.settings, PAINTED, site.history, site.enroller(), cluster=1)
    accept(site.settings, site.history, site.enroller(), found)
    write_consent(site.gallery / NAME, Consent("2026-01-01", by=f"{NAME} herself"))
    site.see(2, BOB, 4, name=ALIAS)
    merge_people(site.settings, site.history, NAME, ALIAS, enroller=site.enroller)
    site.see(3, BOB, 6, name="Ada")
    reject_track(site.history, 3)  # a face of theirs, as a rejection of Ada
    clusters.update_clusters(site.history, model=PAINTED.fingerprint, threshold=0.4)
    for row in clusters.list_clusters(site.history):
        clusters.name_cluster(site.history, row["cluster"], NAME)
    site.see(4, EVE, 1, name=NAME)
    reject_track(site.history, 4)  # somebody else's face, as a rejection of theirs
    back_up(site.history, site.folder / "backups" / "one.zip")

    vectors = [to_bytes(painted_vector(BOB, variation))[64:192] for variation in (1, 2, 3, 4, 6)]
    with site.history.reading() as connection:
        crops = connection.execute(sa.select(samples.c.crop).where(samples.c.track_id != 4)).scalars().all()
    faces = [crop[-200:] for crop in crops if crop]
    enrolled = load_enrolled(site.gallery)
    own = [vector for name, vector in zip(enrolled.names, enrolled.vectors, strict=True) if name == NAME]
    in_record = [vector.astype("<f4").tobytes()[64:192] for vector in own]
    before = bytes_of(site.gallery, site.folder / "history")
    for trace in (NAME.encode(), ALIAS.encode(), *vectors, *faces, *in_record):
        assert trace in before

    upkeep.remove(site.gallery, NAME)
    holding = list_backups(site.history)
    assert forget_person(site.history, NAME) == 3
    assert [Path(entry["path"]).name for entry in holding] == ["one.zip"]

    after = bytes_of(site.gallery, site.folder / "history")
    left = [trace for trace in (NAME.encode(), ALIAS.encode(), *vectors, *faces, *in_record) if trace in after]
    assert left == []
    assert b"Ada" in after
    with pytest.raises(HistoryError, match="knows nobody"):
        forget_person(site.history, NAME)


def test_a_history_that_a_restore_replaced_is_deleted_with_the_person(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    back_up(site.history, site.folder / "one.zip")
    site.see(2, BOB, 2, name=NAME)
    site.history.close()
    restore(site.folder / "history", site.folder / "one.zip", key=None)
    (site.folder / "history" / ".restoring").mkdir()  # as a kill leaves it
    shutil.copy(site.folder / "history" / REPLACED, site.folder / "history" / ".restoring")
    assert NAME.encode() in bytes_of(site.folder / "history")
    history = open_history(site.folder / "history", create=False)
    forget_person(history, "Bob")
    history.close()
    assert NAME.encode() not in bytes_of(site.folder / "history")


def test_who_was_once_merged_and_is_two_people_again_is_not_forgotten_with_the_other(site: Site) -> None:
    site.see(1, ADA, 1, name="Ada")
    site.see(2, BOB, 1, name="Bob")
    action = merge_people(site.settings, site.history, "Ada", "Bob", enroller=site.enroller)
    undo_action(site.history, action, gallery=site.gallery, enroller=site.enroller)
    assert forget_person(site.history, "Ada") == 1
    assert b"Bob" in bytes_of(site.folder / "history")
