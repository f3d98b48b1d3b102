"""``POST /verify`` and ``POST /v1/identify`` with real pictures."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image, ImageFilter
from starlette.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from tests.serve.service import client_of

OBAMA_2009 = (MEDIA / "barack_obama_2009.jpg").read_bytes()
OBAMA_2012 = (MEDIA / "barack_obama_2012.jpg").read_bytes()
COLLINS = (MEDIA / "eileen_collins.jpg").read_bytes()
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(100)


def png(width: int, height: int) -> bytes:
    """A PNG whose header says that it has so many pixels."""
    header = b"IHDR" + struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(100))
    chunks = [
        struct.pack("!I", len(each) - 4) + each + struct.pack("!I", zlib.crc32(each)) for each in (header, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=95)
    return file.getvalue()


NOISE = jpeg(Image.fromarray(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)))
BLURRED = jpeg(Image.open(io.BytesIO(OBAMA_2009)).filter(ImageFilter.GaussianBlur(7)))


def verify(client: TestClient, image1: bytes, image2: bytes, **fields: str) -> Any:
    return client.post("/verify", files={"image1": image1, "image2": image2}, data=fields)


def test_two_pictures_of_one_person_match(real_app: FastAPI) -> None:
    """Without a token, on this machine, as the EdgeFace API is used."""
    answer = verify(client_of(real_app), OBAMA_2009, OBAMA_2012).json()
    assert answer["match"] is True
    assert answer["metric"] == "cosine"
    assert answer["distance"] == pytest.approx(1 - answer["similarity"], abs=2e-4)
    assert answer["distance"] <= answer["threshold"] < 1
    assert answer["model"].startswith("edgeface_xxs_own-")
    assert [len(face["box"]) for face in answer["faces"]] == [4, 4]
    assert all(face["quality"]["eyes_px"] > 20 for face in answer["faces"])
    assert len(answer["request_id"]) == 16


def test_the_metrics_agree(real_app: FastAPI) -> None:
    client = client_of(real_app)
    one, other = (verify(client, OBAMA_2009, COLLINS, metric=metric).json() for metric in ("cosine", "euclidean"))
    assert (one["match"], other["match"]) == (False, False)
    assert other["distance"] == pytest.approx(math.sqrt(2 - 2 * one["similarity"]), abs=2e-4)
    assert other["threshold"] == pytest.approx(math.sqrt(2 * one["threshold"]), abs=2e-4)


@pytest.mark.parametrize(
    ("picture", "status", "code"),
    [
        (b"text", 422, "invalid_image"),
        (b"", 422, "invalid_image"),
        (OBAMA_2009[:2000], 422, "invalid_image"),
        (HEIC, 415, "heic_not_supported"),
        (png(8000, 5001), 422, "image_too_many_pixels"),
        (NOISE, 422, "face_not_found"),
        (bytes(10 * 2**20 + 1), 413, "image_too_large"),
    ],
)
def test_pictures_that_are_refused(real_app: FastAPI, picture: bytes, status: int, code: str) -> None:
    answer = verify(client_of(real_app), OBAMA_2009, picture)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "image2" in answer.json()["error"]["message"]


def test_a_face_that_is_too_poor_is_no_match_and_says_why(real_app: FastAPI) -> None:
    answer = verify(client_of(real_app), OBAMA_2009, BLURRED)
    assert answer.status_code == 200
    assert answer.json()["match"] is None
    assert any("blurred" in note for note in answer.json()["faces"][1]["notes"])


@pytest.mark.parametrize("fields", [{"metric": "manhattan"}, {"metric": "COSINE"}, {"more": "1"}])
def test_fields_that_are_refused(real_app: FastAPI, fields: dict[str, str]) -> None:
    answer = verify(client_of(real_app), OBAMA_2009, OBAMA_2012, **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_picture_is_no_text_field(real_app: FastAPI) -> None:
    answer = client_of(real_app).post("/verify", files={"image1": OBAMA_2009}, data={"image2": "text"})
    assert answer.status_code == 422
    assert client_of(real_app).post("/verify", json={"image1": "a", "image2": "b"}).status_code == 422


def test_faces_are_identified_with_candidates(real_app: FastAPI) -> None:
    client = client_of(real_app, "admin")
    nobody = client.post("/v1/identify", files={"image": OBAMA_2012})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (409, "nobody_enrolled")
    for name, picture in (("Barack Obama", OBAMA_2009), ("Eileen Collins", COLLINS)):
        assert client.post("/v1/people", data={"name": name}, files={"photos": picture}).status_code == 201
    [face] = client.post("/v1/identify", files={"image": OBAMA_2012}, data={"limit": "5"}).json()["faces"]
    assert (face["status"], face["person_id"]) == ("known", "Barack Obama")
    assert [each["person_id"] for each in face["candidates"]] == ["Barack Obama", "Eileen Collins"]
    assert face["candidates"][0]["similarity"] == pytest.approx(face["similarity"], abs=0.02)
    [stranger] = client.post("/v1/identify", files={"image": (MEDIA / "grace_hopper.jpg").read_bytes()}).json()["faces"]
    assert (stranger["status"], stranger["name"]) == ("unknown", None)
    assert client.delete("/v1/people/Eileen%20Collins").status_code == 204
    [face] = client.post("/v1/identify", files={"image": COLLINS}).json()["faces"]
    assert face["status"] == "unknown"
    assert client.post("/v1/identify", files={"image": COLLINS}, data={"limit": "51"}).status_code == 422
    assert client_of(real_app).post("/v1/identify", files={"image": COLLINS}).status_code == 401
