"""People in the gallery of a service, without pictures."""

from __future__ import annotations

import hashlib

from fastapi import FastAPI

from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.records import Measurement, ReviewedPhoto
from recognizer.gallery.store import Gallery
from tests.gallery.records import MODEL, face


def enrol(app: FastAPI, people: dict[str, list[str]]) -> None:
    """Make these people, each with photos of these contents, the gallery's."""
    with Gallery(app.state.services.settings.gallery.folder, write=True) as gallery:
        reviewed = []
        for name, photos in people.items():
            for photo in photos:
                sha256 = hashlib.sha256(photo.encode()).digest()
                gallery.store(sha256, MODEL, Measurement((), face(len(photo), 1)))
                content = Content(sha256, Stamp(1, 2, 3), 4)
                reviewed.append(ReviewedPhoto(name, f"{photo}.png", content, True, ()))
        gallery.commit_enrolment(reviewed, people={name: name for name in people}, model=MODEL)
