"""Whole files to damage, made of what the repository holds."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image, features

from recognizer.demo.demo_clip import MEDIA
from tests.conftest import ROOT

_SPEC = b"""like: insightface
size: 112
crop: arcface
colour: rgb
mean: [127.5, 127.5, 127.5]
std: 127.5
dimension: 512
"""
_TRUTH = b"""clip: friends.mp4
length_s: 26.4
faces:
  - {who: Rachel, from_s: 0.0, to_s: 4.3, box: [290, 60, 540, 300]}
  - {who: stranger, from_s: 2.0, to_s: 9.5}
  - {who: Joey, from_s: 11.3, to_s: 16.7, counts: false}
"""
_SOURCES = b"""sources:
  - location: rtsp://camera.local/one
    name: door
    transport: udp
    region: [0, 0.1, 1, 0.9]
  - /dev/video0
  - 1
detect: {min_face_px: 60, max_interval_s: 0.5}
emit: {headless: true, events: "-", rotate_mb: 1.5}
embed: {model: auto, spec: {like: edgeface}}
"""


def pictures() -> list[bytes]:
    """Small pictures of every kind that is read."""
    with Image.open(MEDIA / "grace_hopper.jpg") as photo:
        face = photo.convert("RGB").resize((96, 104))
    small = face.resize((40, 44))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    deep = face.convert("I").point(lambda level: level * 257).convert("I;16")
    saved: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (face, "JPEG", {"quality": 85, "exif": exif}),
        (face, "JPEG", {"quality": 85, "progressive": True}),
        (face.convert("CMYK"), "JPEG", {}),
        (face, "PNG", {}),
        (small.convert("RGBA"), "PNG", {}),
        (small.convert("P"), "PNG", {"transparency": 3}),
        (deep, "PNG", {}),
        (small, "PNG", {"save_all": True, "append_images": [small.rotate(90), small]}),
        (face, "WEBP", {"quality": 70}),
        (small.convert("RGBA"), "WEBP", {"lossless": True}),
        (small, "WEBP", {"save_all": True, "append_images": [small.rotate(90)]}),
        (small, "GIF", {"save_all": True, "append_images": [small.rotate(90)]}),
        (face, "BMP", {}),
        (face, "TIFF", {"compression": "tiff_lzw"}),
        (face, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (small.convert("F"), "TIFF", {}),
        (small, "PPM", {}),
    ]
    if features.check("avif"):
        saved.append((face, "AVIF", {"quality": 60}))
    return [_saved(picture, kind, options) for picture, kind, options in saved]


def _saved(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def yaml_files() -> list[bytes]:
    """Settings, trainings, a comparison, a spec and a truth file."""
    return [*(path.read_bytes() for path in sorted((ROOT / "configs").glob("*.yaml"))), _SPEC, _TRUTH, _SOURCES]


def calibrations() -> list[bytes]:
    """The shipped ones with fewer numbers, with and without a budget; without a digest, so that values are read."""
    out = []
    for path in sorted((ROOT / "recognizer/models/data/calibration").glob("*.json")):
        values = json.loads(path.read_text("utf-8"))
        del values["digest"]
        for curves in (values["impostors"]["fpir"], values["impostors"]["fnir"]):
            curves["similarities"] = curves["similarities"][::100]
            for part in ("mean", "low", "high"):
                curves[part] = [row[::100] for row in curves[part]]
        out.append(json.dumps(values).encode())
        for budget in ({"text": "one a week", "fpir": 1e-3}, {"text": "rate", "fmr": 1e-5, "strangers_per_day": 200.0}):
            out.append(json.dumps({**values, "budget": budget, "shift": 0.02}).encode())
    return out
