"""The gallery changes while the product runs: people added and removed, damaged photos, crowds."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2

from recognizer.demo import demo_clip
from tests.soak.context import GALLERY_S, Context
from tests.soak.product import Product
from tests.soak.report import Part

PERSON = "Grace Hopper"
"""Shown by every camera and not enrolled at first."""

_ON_THEIR_WAY_S = 2.0
"""Frames that were recognised before may still be on their way to the events."""


class Reloads:
    """Changes a gallery, and waits for what the product makes of it.

    Args:
        context: of the soak.
        gallery: the folder that the product watches.
    """

    def __init__(self, context: Context, gallery: Path) -> None:
        self._gallery = gallery
        self._crowd = [path for path in _crowd(context.data)]
        self.count = 0

    def add(self, part: Part, product: Product) -> None:
        """Enrol somebody whom the cameras show, and a damaged photo beside it; the name must come."""
        self._damaged("Ada Lovelace")
        self._person(PERSON)
        self.count += 1
        before = len(product.events)
        took = product.wait(lambda: _named(product, before), GALLERY_S + 10)
        part.faults.append(f"gallery: {PERSON} and a damaged photo added: named after {took:.1f} s")
        part.at_most("gallery: an added person is named", took, GALLERY_S + 10, "s")
        part.check(
            "gallery: the damaged photo is reported", product.said("damaged.jpg"), wanted="a line", came=_yes(product)
        )

    def remove(self, part: Part, product: Product) -> None:
        """Delete them again; the name must not come any more."""
        count_before = product.log.read_text("utf-8", "replace").count("gallery: reloaded")
        shutil.rmtree(self._gallery / PERSON)
        shutil.rmtree(self._gallery / "Ada Lovelace")
        self.count += 1

        def reloaded() -> bool:
            return product.log.read_text("utf-8", "replace").count("gallery: reloaded") > count_before

        took = product.wait(reloaded, GALLERY_S)
        product.wait(lambda: False, _ON_THEIR_WAY_S)
        after = len(product.events)
        product.wait(lambda: False, demo_clip.LENGTH_S)  # the clip shows them once in this time
        named = _named(product, after)
        part.faults.append(f"gallery: {PERSON} removed: forgotten after {took:.1f} s, named afterwards: {named}")
        part.at_most("gallery: a removed person is forgotten", took, GALLERY_S, "s")
        part.check("gallery: a removed person is not named", not named, wanted="no name", came=named)

    def crowd(self, people: int) -> None:
        """Replace the strangers in the gallery by so many others."""
        for folder in self._gallery.glob("Stranger *"):
            shutil.rmtree(folder)
        for number, photo in enumerate(self._crowd[self.count :][:people]):
            folder = self._gallery / f"Stranger {number}"
            folder.mkdir()
            shutil.copyfile(photo, folder / "1.jpg")
        self.count += 1

    def _person(self, name: str) -> None:
        folder = self._gallery / name
        folder.mkdir()
        _, data = cv2.imencode(".png", demo_clip.gallery_photo("grace_hopper.jpg"))
        (folder / "1.png").write_bytes(data.tobytes())

    def _damaged(self, name: str) -> None:
        folder = self._gallery / name
        folder.mkdir()
        (folder / "damaged.jpg").write_bytes((demo_clip.MEDIA / "grace_hopper.jpg").read_bytes()[:3000])


def _crowd(data: Path | None) -> list[Path]:
    return sorted((data / "data/lfw/images").glob("A*/*_0001.jpg")) if data else []


def _named(product: Product, since: int) -> bool:
    return any(record.get("name") == PERSON for record in product.events.since(since) if record["kind"] != "lost")


def _yes(product: Product) -> str:
    return "a line" if product.said("damaged.jpg") else "nothing"
