"""Check model, engine, thresholds and gallery."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from recognizer.align import align
from recognizer.app import build
from recognizer.app.build import engines
from recognizer.app.config import Settings
from recognizer.app.images import as_bgr
from recognizer.app.successor import predecessor
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.counting import counted
from recognizer.demo.demo_clip import MEDIA
from recognizer.doctor.finding import Finding, State
from recognizer.errors import ModelError
from recognizer.gallery.folder import RECORD_FOLDER, require_gallery, scan
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.models.catalogue import entry_of
from recognizer.models.resolve import AUTO, ResolvedModel
from recognizer.types import DetectionMode, Embeddings

PORTRAITS = ("barack_obama_2009.jpg", "barack_obama_2012.jpg")
"""Two portraits of one person that ship with the program."""
_NAMED = 5
"""Most names in one message."""


def find_model(settings: Settings) -> tuple[ResolvedModel, Finding]:
    """Find the embedding model without the network.

    Raises:
        ModelError: if it is not on this machine, with what to do.
    """
    resolved = build.model(settings, offline=True)
    if settings.embed.model == AUTO and not resolved.own_graph and entry_of(resolved.name).shipped_file is not None:
        message = f"{resolved.name}, which ships with the program; published models are far better"
        return resolved, Finding(
            "model", resolved.name, State.WARNING, message, "python main.py models fetch edgeface_xs_q"
        )
    return resolved, Finding("model", resolved.name, State.OK, f"{resolved.origin}; fingerprint {resolved.fingerprint}")


def check_recognition(settings: Settings, resolved: ResolvedModel) -> Iterator[Finding]:
    """Detect and compare the faces of two portraits with the settings' engine.

    Raises:
        EngineError: if the engine cannot run the graphs.
        ConfigError: if the model has no thresholds.
    """
    engine = engines.engine_of(settings, resolved)
    detector, embedder = build.video_detector(settings), build.embedder(settings, resolved)
    release = build.thresholds(settings, resolved).release
    embeddings: list[Embeddings] = []
    for portrait in PORTRAITS:
        image = as_bgr(MEDIA / portrait)
        faces = detector.detect([image], DetectionMode.FULL)[0]
        if len(faces) != 1:
            raise ModelError(f"{engine}: wanted one face in {portrait}, got {len(faces)}. Try another --engine.")
        crops = align(image, faces.landmarks, faces.scores, cut=embedder.spec.crop, boxes=faces.boxes)
        began = time.perf_counter()
        embeddings.append(embedder.embed(crops))
        taken_ms = 1000 * (time.perf_counter() - began)
    similarity = float(embeddings[0].vectors[0] @ embeddings[1].vectors[0])
    if similarity < release:
        raise ModelError(
            f"{engine}: two portraits of one person have similarity {similarity:.2f}, wanted {release:.2f} or more: "
            "the model or the engine computes wrongly. Try another --engine."
        )
    yield Finding(
        "engine",
        engine,
        State.OK,
        f"finds the faces of two portraits, similarity {similarity:.2f}; {taken_ms:.0f} ms an embedding",
    )


def check_gallery(settings: Settings, resolved: ResolvedModel | None) -> Iterator[Finding]:
    """Check who is enrolled, and what is missing.

    Args:
        settings: where the gallery is.
        resolved: the model of a run; ``None`` where there is none.

    Raises:
        GalleryError: if the gallery or its record cannot be used.
    """
    folder = require_gallery(settings.gallery.folder)
    name, present = str(folder), scan(folder, suffixes=PICTURE_SUFFIXES)
    has_record = (folder / RECORD_FOLDER / RECORD_FILE).exists()
    if not has_record and present.photos:
        message = f"{counted(len(present.photos), 'photo')}, none of them enrolled yet"
        yield Finding("gallery", name, State.WARNING, message, _enrol(folder))
        return
    if not present.photos and not has_record and settings.gallery.may_be_empty:
        yield Finding("gallery", name, State.WARNING, "nobody is enrolled", "Add a folder of photos for each person.")
        return
    with Gallery(folder) as gallery:
        known = {(photo.person, photo.file) for photo in gallery.photos()}
    enrolled = load_enrolled(folder, may_be_empty=settings.gallery.may_be_empty)
    people = counted(len(set(enrolled.names)), "person", "people")
    shown = f"{people}, {counted(len(enrolled.names), 'photo')}"
    if resolved is not None and len(enrolled) and enrolled.model != resolved.fingerprint:
        message = f"{shown}, enrolled with {enrolled.model}; a run uses {resolved.fingerprint}"
        if predecessor(settings, resolved) is not None:
            yield Finding("gallery", name, State.WARNING, message, f"{_enrol(folder)}; 'run' does so, too.")
        else:
            remedy = f'python main.py gallery reembed --gallery "{folder}", or name the other model with --model.'
            yield Finding("gallery", name, State.BROKEN, message, remedy)
        return
    new = [photo for photo in present.photos if (photo.person, photo.file) not in known]
    if new:
        message = f"{shown}; {counted(len(new), 'new photo')} not enrolled yet"
        yield Finding("gallery", name, State.WARNING, message, f"{_enrol(folder)}; 'run' does so, too.")
    without = sorted(present.people.keys() - set(enrolled.names) - {photo.person for photo in new})
    if without:
        message = f"no usable photo of {', '.join(without[:_NAMED])}"
        yield Finding("gallery", name, State.WARNING, message, f'python main.py gallery audit --gallery "{folder}"')
    consents = build.consents(settings)
    consents.permitted(enrolled)
    for person, reason in sorted(consents.withheld.items()):
        yield Finding("gallery", person, State.WARNING, f"is not recognised: {reason}", "See 'gallery consent --help'.")
    if not new and not without:
        state = State.OK if len(enrolled) else State.WARNING
        yield Finding("gallery", name, state, shown, "" if len(enrolled) else "Add a folder of photos for each person.")


def _enrol(folder: Path) -> str:
    return f'python main.py enroll --gallery "{folder}"'
