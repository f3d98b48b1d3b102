from __future__ import annotations

import json
import threading
from pathlib import Path

from recognizer.integrations.delivering import DeliveryThread, NotDeliveredError
from recognizer.integrations.outbox import Delivery, Outbox
from recognizer.integrations.removed import REMOVED, remove_from_files, without_names
from tests.rig import wait_for

NAME = "Zoë Zaubermann"
TRACES = (NAME.encode(), json.dumps(NAME)[1:-1].encode(), NAME.split()[1].encode())


def traces_in(folder: Path) -> list[bytes]:
    return [trace for trace in TRACES if trace in bytes_of(folder)]


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_name_is_taken_out_wherever_it_stands() -> None:
    body = {"name": NAME, "text": f"{NAME}, door", "people": [NAME, "Ada"], "crops": ["AAAA"], "n": 1}
    found = json.loads(without_names(json.dumps(body).encode(), [NAME]))
    assert found == {"name": REMOVED, "text": f"{REMOVED}, door", "people": [REMOVED, "Ada"], "n": 1}


def test_other_events_stay_byte_for_byte() -> None:
    for body in (b'{"name":  "Adalbert", "crops": ["AAAA"]}', b"no JSON"):
        assert without_names(body, ["Ada"]) == body


def test_no_byte_of_the_name_is_left_in_any_file(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "webhook-1.sqlite3")
    for name in (NAME, "Ada"):
        body = json.dumps({"name": name, "text": f"{name} came", "padding": "x" * 5000}, ensure_ascii=False)
        outbox.add([Delivery(0, name[0], "event", body.encode(), 0.0)] * 40)
    while (first := outbox.first()) is not None and len(outbox) > 50:
        outbox.remove(first)  # delivered; its bytes may still be in the file
    outbox.close()
    rules = {
        "door": {"seen": [[NAME, "2026-01-01"], ["Ada", "2026-01-01"]], "reported": [[NAME, "door", "2026-01-01"]]}
    }
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    assert traces_in(tmp_path) == list(TRACES)
    assert remove_from_files(tmp_path, NAME) == []
    assert traces_in(tmp_path) == []
    left = json.loads((tmp_path / "rules.json").read_text())
    assert left["door"] == {"seen": [["Ada", "2026-01-01"]], "reported": []}
    outbox = Outbox(tmp_path / "webhook-1.sqlite3")
    assert len(outbox) == 50
    outbox.close()


def test_a_folder_that_is_not_there_and_damaged_files_are_no_failure(tmp_path: Path) -> None:
    assert remove_from_files(tmp_path / "none", NAME) == []
    (tmp_path / "rules.json").write_text("{")
    (tmp_path / "mqtt.sqlite3").write_bytes(b"no database, but as long as one" * 40)
    assert remove_from_files(tmp_path, NAME) == [tmp_path / "mqtt.sqlite3", tmp_path / "rules.json"]


def test_a_run_takes_removed_people_out_of_what_waits(tmp_path: Path) -> None:
    def refuse(delivery: Delivery) -> None:
        raise NotDeliveredError("away")

    file = tmp_path / "box.sqlite3"
    deliveries = DeliveryThread("test", file, refuse, waits_s=[1000.0], stop=threading.Event())
    deliveries.gallery_changed(frozenset({NAME, "Ada"}))
    deliveries.start()
    for name in (NAME, "Ada"):
        deliveries.put("event", {"name": name})
    wait_for(lambda: deliveries.waiting == 2, "both are kept")
    assert remove_from_files(tmp_path, NAME) == [file]  # the run's own
    deliveries.gallery_changed(frozenset({"Ada"}))
    wait_for(lambda: not traces_in(tmp_path), "the name is gone")
    deliveries.put("event", {"name": NAME})  # recognised just before
    wait_for(lambda: deliveries.waiting == 3, "it is kept")
    deliveries.close()
    assert traces_in(tmp_path) == []
    assert bytes_of(tmp_path).count(REMOVED.encode()) >= 2
    assert b"Ada" in bytes_of(tmp_path)
