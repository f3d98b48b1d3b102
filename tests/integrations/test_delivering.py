from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from recognizer.integrations.delivering import _STOPPED_S, DeliveryThread, NotDeliveredError
from recognizer.integrations.event_sink import EndTogether
from recognizer.integrations.outbox import Delivery, Outbox
from tests.rig import wait_for


class Receiver:
    """Takes deliveries, or refuses them for a while."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.refusal: NotDeliveredError | None = None
        self.attempts = 0

    def send(self, delivery: Delivery) -> None:
        self.attempts += 1
        if self.refusal is not None:
            raise self.refusal
        self.got.append(delivery.topic)


def thread(path: Path, receiver: Receiver, stop: threading.Event, wait_s: float = 0.01) -> DeliveryThread:
    return DeliveryThread("test", path / "box.sqlite3", receiver.send, waits_s=[wait_s], stop=stop)


def test_all_arrive_in_order_although_the_receiver_was_away(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.refusal = NotDeliveredError("away")
    deliveries = thread(tmp_path, receiver, threading.Event())
    deliveries.start()
    for number in range(20):
        deliveries.put(str(number), {})
    wait_for(lambda: receiver.attempts >= 3, "several attempts")
    assert str(deliveries.failed) == "away"
    receiver.refusal = None
    wait_for(lambda: len(receiver.got) == 20, "all arrive")
    assert receiver.got == [str(number) for number in range(20)]
    deliveries.close()
    assert (deliveries.delivered, deliveries.lost, deliveries.waiting, deliveries.failed) == (20, 0, 0, None)


def test_what_did_not_arrive_is_delivered_by_the_next_run(tmp_path: Path) -> None:
    receiver, stop = Receiver(), threading.Event()
    receiver.refusal = NotDeliveredError("away")
    deliveries = thread(tmp_path, receiver, stop, wait_s=1000)
    deliveries.start()
    deliveries.put("first", {})
    deliveries.put("second", {})
    stop.set()
    deliveries.close()
    assert deliveries.waiting == 2
    receiver.refusal = None
    again = thread(tmp_path, receiver, threading.Event())
    again.start()
    again.retry_now()
    wait_for(lambda: receiver.got == ["first", "second"], "the next run delivers")
    again.close()


def test_one_that_never_will_arrive_does_not_hold_up_the_others(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.refusal = NotDeliveredError("refused", again=False)
    deliveries = thread(tmp_path, receiver, threading.Event())
    deliveries.start()
    deliveries.put("first", {})
    wait_for(lambda: deliveries.refused == 1, "it is refused")
    receiver.refusal = None
    deliveries.put("second", {})
    wait_for(lambda: receiver.got == ["second"], "the second arrives")
    deliveries.close()


def test_while_the_disk_is_full_deliveries_wait_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver, add, is_full = Receiver(), Outbox.add, threading.Event()
    is_full.set()
    failures: list[int] = []

    def full(outbox: Outbox, new: list[Delivery]) -> int:
        if is_full.is_set():
            failures.append(len(new))
            raise sqlite3.OperationalError("database or disk is full")
        return add(outbox, new)

    monkeypatch.setattr(Outbox, "add", full)
    monkeypatch.setattr("recognizer.integrations.delivering._DISK_RETRY_S", 0.01)
    deliveries = thread(tmp_path, receiver, threading.Event())
    deliveries.start()
    deliveries.put("first", {})
    wait_for(lambda: len(failures) >= 2, "it is tried")
    deliveries.put("second", {})
    is_full.clear()
    wait_for(lambda: receiver.got == ["first", "second"], "both arrive")
    deliveries.close()
    assert deliveries.lost == 0


@pytest.mark.parametrize("change", ["remove", "postpone"])
def test_a_disk_that_takes_no_change_ends_no_deliveries_and_repeats_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    receiver, real, is_full = Receiver(), getattr(Outbox, change), threading.Event()
    is_full.set()
    if change == "postpone":
        receiver.refusal = NotDeliveredError("away")
    failures: list[int] = []

    def full(outbox: Outbox, *arguments: object) -> None:
        if is_full.is_set():
            failures.append(1)
            raise sqlite3.OperationalError("database or disk is full")
        real(outbox, *arguments)

    monkeypatch.setattr(Outbox, change, full)
    monkeypatch.setattr("recognizer.integrations.delivering._DISK_RETRY_S", 0.01)
    deliveries = thread(tmp_path, receiver, threading.Event())
    deliveries.start()
    deliveries.put("first", {})
    wait_for(lambda: len(failures) >= 2, "it is tried again")
    assert "full" in str(deliveries.failed)
    receiver.refusal = None
    deliveries.put("second", {})
    is_full.clear()
    wait_for(lambda: receiver.got == ["first", "second"], "each arrives once")
    deliveries.close()
    assert (deliveries.delivered, deliveries.lost, deliveries.failed) == (2, 0, None)


def test_a_fault_in_sending_ends_no_deliveries(tmp_path: Path) -> None:
    got: list[str] = []

    def send(delivery: Delivery) -> None:
        if not got:
            got.append("fault")
            raise KeyError(delivery.topic)
        got.append(delivery.topic)

    deliveries = DeliveryThread("test", tmp_path / "box.sqlite3", send, waits_s=[0.01], stop=threading.Event())
    deliveries.start()
    deliveries.put("first", {})
    wait_for(lambda: got == ["fault", "first"], "it is sent again")
    deliveries.close()


def test_bodies_have_the_id_of_their_delivery(tmp_path: Path) -> None:
    bodies: list[tuple[str, bytes]] = []
    deliveries = DeliveryThread(
        "test",
        tmp_path / "box.sqlite3",
        lambda each: bodies.append((each.identity, each.body)),
        waits_s=[0.01],
        stop=threading.Event(),
    )
    deliveries.start()
    deliveries.put("topic", {"name": "Zoë <script>\udc80"})
    deliveries.close()
    [(identity, body)] = bodies
    assert json.loads(body)["id"] == identity
    assert json.loads(body)["name"].startswith("Zoë <script>")


def test_receivers_that_hang_cost_a_stopped_run_one_wait_together(tmp_path: Path) -> None:
    stop, release = threading.Event(), threading.Event()
    asked: list[str] = []

    def hang(delivery: Delivery) -> None:
        asked.append(delivery.topic)
        release.wait(30)

    names = [f"receiver {number}" for number in range(5)]
    hanging = [DeliveryThread(name, tmp_path / f"{name}.sqlite3", hang, waits_s=[1], stop=stop) for name in names]
    for each in hanging:
        each.start()
        each.put(each.name, {})
    wait_for(lambda: sorted(asked) == names, "all hang")
    stop.set()
    began = time.monotonic()
    EndTogether(hanging).__exit__(None, None, None)
    for each in hanging:
        each.close()
    took_s = time.monotonic() - began
    release.set()
    assert took_s < 2 * _STOPPED_S  # one after the other they would take five times as long
