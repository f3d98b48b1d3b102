"""The people of the gallery over HTTP."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from tests.rig import wait_until
from tests.serve.service import client_of

PHOTOS = {path.stem: path.read_bytes() for path in sorted(MEDIA.glob("*_*.jpg"))}


def gallery_of(app: FastAPI) -> Path:
    return Path(app.state.services.settings.gallery.folder)


def files_in(app: FastAPI) -> list[str]:
    folder = gallery_of(app)
    return sorted(str(path.relative_to(folder)) for path in folder.glob("[!.]*/*"))


def add(client: TestClient, name: str, *photos: bytes, **fields: str) -> Any:
    files = [("photos", (f"{number}.jpg", photo)) for number, photo in enumerate(photos)]
    return client.post("/v1/people", data={"name": name, **fields}, files=files)


def beside(*names: str) -> bytes:
    """Several portraits side by side."""
    pictures = [Image.open(io.BytesIO(PHOTOS[name])).resize((260, 330)) for name in names]
    both = Image.new("RGB", (260 * len(pictures), 330))
    for number, picture in enumerate(pictures):
        both.paste(picture, (260 * number, 0))
    file = io.BytesIO()
    both.save(file, format="PNG")
    return file.getvalue()


def test_a_person_is_added_listed_renamed_and_deleted(real_app: FastAPI) -> None:
    client = client_of(real_app, "admin")
    assert client.get("/v1/people").json() == {
        "people": [],
        "hidden_count": 0,
        "model": None,
        "changed_at": None,
    }
    added = add(client, "Barack Obama", PHOTOS["barack_obama_2009"], b"no picture")
    assert added.status_code == 201
    assert [each["index"] for each in added.json()["accepted"]] == [0]
    assert [(each["index"], each["code"]) for each in added.json()["rejected"]] == [(1, "invalid_image")]
    [person] = client.get("/v1/people").json()["people"]
    assert (person["id"], person["accepted"], person["refused"]) == ("Barack Obama", 1, 0)
    again = add(client, "barack  obama".replace("  ", " "), PHOTOS["barack_obama_2012"])
    assert (again.status_code, again.json()["error"]["code"]) == (409, "person_exists")
    renamed = client.patch("/v1/people/Barack%20Obama", json={"name": "44"})
    assert renamed.json()["id"] == "44"
    assert client.get("/v1/people/Barack%20Obama").status_code == 404
    assert client_of(real_app, "review").delete("/v1/people/44").status_code == 403
    assert client.delete("/v1/people/44").status_code == 204
    assert client.delete("/v1/people/44").json()["error"]["code"] == "person_not_found"
    assert files_in(real_app) == []


def test_photos_are_listed_sent_and_deleted(real_app: FastAPI) -> None:
    client = client_of(real_app, "review")
    add(client, "Barack Obama", PHOTOS["barack_obama_2009"])
    more = client.post("/v1/people/Barack%20Obama/photos", files={"photos": PHOTOS["barack_obama_2012"]})
    assert more.status_code == 200
    [accepted] = more.json()["accepted"]
    listed = client.get("/v1/people/Barack%20Obama/photos").json()["photos"]
    assert [photo["accepted"] for photo in listed] == [True, True]
    for photo in listed:  # both are portraits from the front
        assert photo["notes"] == []
        assert photo["quality"]["eyes_px"] > 20
        assert photo["quality"]["sharpness"] > 35
        assert abs(photo["quality"]["yaw_deg"]) < 60
    place = f"/v1/people/Barack%20Obama/photos/{accepted['file']}"
    picture = client.get(place)
    assert (picture.content, picture.headers["content-type"]) == (PHOTOS["barack_obama_2012"], "image/jpeg")
    assert Image.open(io.BytesIO(client.get(f"{place}?width=64").content)).width == 64
    assert client.delete(place).status_code == 204
    assert client.delete(place).json()["error"]["code"] == "photo_not_found"
    assert client.get("/v1/people/Barack%20Obama").json()["accepted"] == 1


def test_what_is_no_photo_of_theirs_is_not_sent(real_app: FastAPI) -> None:
    client = client_of(real_app, "admin")
    add(client, "Barack Obama", PHOTOS["barack_obama_2009"])
    (gallery_of(real_app) / "Barack Obama" / "notes.txt").write_text("secret")
    for file in ("notes.txt", "..%2F..%2Fservice%2Faccess.sqlite", "%2e%2e", "a%00b"):
        assert client.get(f"/v1/people/Barack%20Obama/photos/{file}").status_code in {404, 422}
    for person in ("..", ".recognizer", "%2e%2e%2fservice", "x" * 300):
        assert client.get(f"/v1/people/{person}/photos").status_code == 404


def test_of_several_faces_one_is_chosen_by_its_box(real_app: FastAPI) -> None:
    client = client_of(real_app, "review")
    both = beside("barack_obama_2009", "eileen_collins")
    refused = add(client, "Eileen Collins", both)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_usable_photo")
    [why] = refused.json()["error"]["details"]
    assert (why["code"], len(why["boxes"])) == ("multiple_faces", 2)
    assert files_in(real_app) == []
    right = max(why["boxes"], key=lambda box: box[0])
    assert add(client, "Eileen Collins", both, boxes=json.dumps([right])).status_code == 201
    [face] = client.post("/v1/identify", files={"image": PHOTOS["eileen_collins"]}).json()["faces"]
    assert face["name"] == "Eileen Collins"
    nowhere = add(client, "Nobody", both, boxes="[[0, 0, 10, 10]]")
    assert nowhere.json()["error"]["details"][0]["code"] == "face_not_found"


@pytest.mark.parametrize("boxes", ["null", "[]", "[1]", "[[1, 2, 3]]", "[[NaN, 0, 1, 1]]", "[null, null]", "[" * 9000])
def test_boxes_that_are_refused(real_app: FastAPI, boxes: str) -> None:
    answer = add(client_of(real_app, "review"), "Barack Obama", PHOTOS["barack_obama_2009"], boxes=boxes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert files_in(real_app) == []


def test_many_photos_are_a_job(real_app: FastAPI) -> None:
    client = client_of(real_app, "review")
    photos = [PHOTOS["barack_obama_2009"], PHOTOS["barack_obama_2010"], PHOTOS["barack_obama_2012"], b"a", b"b"]
    begun = add(client, "Barack Obama", *photos)
    assert begun.status_code == 202
    real_app.state.services.jobs._threads.submit(lambda: None).result(60)
    done = client.get(f"/v1/jobs/{begun.json()['id']}").json()
    assert (done["state"], done["done"], done["total"]) == ("done", 5, 5)
    assert [each["index"] for each in done["result"]["accepted"]] == [0, 1, 2]
    assert [each["index"] for each in done["result"]["rejected"]] == [3, 4]


NAMES = [
    "<script>alert(1)",
    "\"'&<b>",
    "عبد الله",
    "שלום",
    "ab\u0301c",
    "a" * 255,
    "名" * 85,
    "a?b#c&d",
    "CON",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind(real_app: FastAPI, name: str) -> None:
    client = client_of(real_app, "admin")
    added = add(client, name, PHOTOS["barack_obama_2009"])
    assert added.status_code == 201, added.text
    person = client.get(f"/v1/people/{quote(added.json()['person_id'], safe='')}").json()
    assert person["accepted"] == 1
    [face] = client.post("/v1/identify", files={"image": PHOTOS["barack_obama_2012"]}).json()["faces"]
    assert face["name"] == person["name"]
    assert "<" not in client.get("/v1/people").headers.get("content-type", "")


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "../a", ".hidden", "a\x00b", "a\nb", "a" * 256, "名" * 86, "\u202eabc"]
)
def test_names_that_are_none(real_app: FastAPI, name: str) -> None:
    answer = add(client_of(real_app, "review"), name, PHOTOS["barack_obama_2009"])
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] in {"invalid_name", "invalid_request"}
    assert files_in(real_app) == []


def test_the_audit_names_people_who_could_be_confused(real_app: FastAPI) -> None:
    client = client_of(real_app, "review")
    add(client, "Barack Obama", PHOTOS["barack_obama_2009"])
    add(client, "Somebody", PHOTOS["barack_obama_2012"])
    found = client.get("/v1/audit").json()
    assert (found["people"], found["vectors"]) == (2, 2)
    [pair] = found["confusable"]
    assert {pair["person_id"], pair["other_id"]} == {"Barack Obama", "Somebody"}


def test_without_consent_nobody_is_recognised(real_app: FastAPI) -> None:
    client = client_of(real_app, "review")
    add(client, "Barack Obama", PHOTOS["barack_obama_2009"])
    add(client, "Eileen Collins", PHOTOS["eileen_collins"])
    place = "/v1/people/Barack%20Obama/consent"

    def status() -> str:
        [face] = client.post("/v1/identify", files={"image": PHOTOS["barack_obama_2012"]}).json()["faces"]
        assert all(each["name"] != "Barack Obama" for each in face["candidates"]) or face["status"] == "known"
        return str(face["status"])

    assert client.get("/v1/people/Barack%20Obama").json()["consent"] is None
    assert status() == "known"
    withdrawn = client.delete(place).json()
    assert "withdrawn" in withdrawn["withheld"]
    assert status() == "unknown"
    given = client.put(place, json={"by": "form 17", "until": "2999-01-01"}).json()
    assert (given["withheld"], given["consent"]["by"], given["consent"]["until"]) == (None, "form 17", "2999-01-01")
    assert status() == "known"
    for until in ("2020-01-01", "2999-13-01", "tomorrow is fine"):
        assert client.put(place, json={"until": until}).status_code == 422


def test_two_who_add_a_person_of_one_name_at_once_do_not_make_one_of_two(real_app: FastAPI) -> None:
    inference = real_app.state.services.inference
    assert inference.call(lambda _: True)  # it is loaded
    go_on = threading.Event()
    held = inference._thread.submit(go_on.wait, 20)
    client = client_of(real_app, "review")
    with client, ThreadPoolExecutor(2) as both:
        requests = [both.submit(add, client, "Sam", PHOTOS[name]) for name in ("grace_hopper", "eileen_collins")]
        assert wait_until(lambda: inference.waiting == 2, seconds=20) < 20
        go_on.set()
        codes = sorted(each.result().status_code for each in requests)
    held.result()
    assert codes == [201, 409]
    assert len([file for file in files_in(real_app) if file.startswith("Sam/")]) == 1


def test_who_is_deleted_while_photos_are_added_does_not_come_back(real_app: FastAPI) -> None:
    inference = real_app.state.services.inference
    admin = client_of(real_app, "admin")
    assert add(admin, "Grace", PHOTOS["grace_hopper"]).status_code == 201
    go_on = threading.Event()
    held = inference._thread.submit(go_on.wait, 20)
    photos = [PHOTOS["barack_obama_2009"], *[PHOTOS["barack_obama_2010"]] * 4]
    files = [("photos", (f"{number}.jpg", photo)) for number, photo in enumerate(photos)]
    begun = admin.post("/v1/people/Grace/photos", files=files)
    assert begun.status_code == 202
    assert admin.delete("/v1/people/Grace").status_code == 204
    go_on.set()
    held.result()
    real_app.state.services.jobs._threads.submit(lambda: None).result(60)
    job = admin.get(f"/v1/jobs/{begun.json()['id']}").json()
    assert (job["state"], job["error"]["code"]) == ("failed", "person_not_found")
    assert not (gallery_of(real_app) / "Grace").exists()
    assert "Grace" not in [each["name"] for each in admin.get("/v1/people").json()["people"]]
