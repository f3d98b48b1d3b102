"""Notifications by Apprise, against a web server and a mail server that run here."""

from __future__ import annotations

import base64
import email
import json
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiosmtpd.controller import Controller
from loguru import logger

from recognizer.errors import ConfigError
from recognizer.integrations.notify import NotifySink, services
from recognizer.integrations.rules.types import Alert, Change, Item, Observation
from recognizer.types import U8
from tests.integrations.rules.scripted import NOON, rule
from tests.ports import free_port
from tests.rig import serving, wait_for


class Receiver(ThreadingHTTPServer):
    """Takes what Apprise's ``json://`` posts, or answers something else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"json://box:s3cret@localhost:{self.server_address[1]}/t0ken"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.got.append(body)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as server:
        yield server


def alert(text: str, *pictures: U8 | None) -> Alert:
    items = tuple(
        Item(Observation(Change.ENTERS, NOON, "entrance", picture=picture), text) for picture in pictures or (None,)
    )
    return Alert(rule(name="night visitor"), NOON, items)


def sink(address: str, folder: Path, **values: Any) -> NotifySink:
    return NotifySink("phone", address, folder=folder, stop=threading.Event(), waits_s=[0.01], **values)


def face(side: int) -> U8:
    return np.full((side, side // 2, 3), 128, np.uint8)


def test_a_notification_has_title_and_text(receiver: Receiver, tmp_path: Path) -> None:
    with sink(receiver.address, tmp_path) as output:
        output.alert(alert("Zoë <b> {{x}} *is* at entrance", face(100)))
        wait_for(lambda: output.deliveries.delivered == 1, "it is sent")
    [got] = receiver.got
    assert (got["title"], got["message"]) == ("night visitor", "Zoë <b> {{x}} *is* at entrance")
    assert got["attachments"] == []  # pictures leave the machine only where the target allows it


def test_pictures_are_sent_where_the_target_allows_it(receiver: Receiver, tmp_path: Path) -> None:
    with sink(receiver.address, tmp_path, crops=True) as output:
        output.alert(alert("one", *[face(1000)] * 7))
        wait_for(lambda: output.deliveries.delivered == 1, "it is sent")
    pictures = [base64.b64decode(each["base64"]) for each in receiver.got[0]["attachments"]]
    assert len(pictures) == 5
    assert all(each.startswith(b"\xff\xd8") and len(each) < 20_000 for each in pictures)


def test_a_target_that_is_away_gets_all_in_order_when_it_is_back(receiver: Receiver, tmp_path: Path) -> None:
    said: list[str] = []
    handler = logger.add(said.append, level="TRACE")
    receiver.status = 503
    texts = [f"message {number}" for number in range(5)]
    with sink(receiver.address, tmp_path) as output:
        for text in texts:
            output.alert(alert(text))
        wait_for(lambda: len(receiver.got) >= 2, "several attempts")
        assert {each["message"] for each in receiver.got} == {"message 0"}
        receiver.status = 200
        wait_for(lambda: output.deliveries.delivered == 5, "all are sent")
        assert output.deliveries.failed is None
    logger.remove(handler)
    assert list(dict.fromkeys(each["message"] for each in receiver.got)) == texts
    assert any("target 'phone' answered 503" in line for line in said)
    assert not any("s3cret" in line or "t0ken" in line for line in said)


def test_what_waits_is_sent_by_the_next_run(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status = 500
    with sink(receiver.address, tmp_path) as output:
        output.alert(alert("of the first run"))
        wait_for(lambda: receiver.got, "an attempt")
        output.deliveries._stop.set()
    receiver.status = 200
    with sink(receiver.address, tmp_path) as output:
        wait_for(lambda: output.deliveries.delivered == 1, "it is sent")
    assert receiver.got[-1]["message"] == "of the first run"


def test_a_target_that_cannot_be_reached_is_said_without_its_address(tmp_path: Path) -> None:
    with sink(f"json://box:s3cret@localhost:{free_port()}/t0ken", tmp_path) as output:
        output.alert(alert("one"))
        wait_for(lambda: output.deliveries.failed, "it is said")
        assert output.deliveries.failed == "target 'phone' cannot be reached"
        output.deliveries._stop.set()


@pytest.mark.parametrize(
    "address", ["nosuch://t0ken", "mailto://", "json://169.254.169.254/t0ken", "json://[fe80::1]/t0ken", "t0ken"]
)
def test_addresses_that_are_refused_are_not_shown(address: str) -> None:
    with pytest.raises(ConfigError, match="phone") as caught:
        services("phone", address)
    assert "t0ken" not in str(caught.value)


class _Mailbox:
    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 OK"


def test_a_mail_with_a_picture(tmp_path: Path) -> None:
    mailbox, port = _Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        address = f"mailto://127.0.0.1:{port}/?from=box@example.org&to=me@example.org&mode=insecure"
        with sink(address, tmp_path, crops=True) as output:
            output.alert(alert("Zoë <b> is at entrance", face(100)))
            wait_for(lambda: output.deliveries.delivered == 1, "it is sent")
    finally:
        controller.stop()
    [mail] = mailbox.mails
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert str(email.header.make_header(email.header.decode_header(mail["Subject"]))) == "night visitor"
    text = parts["text/plain"].get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().strip() == "Zoë <b> is at entrance"
    picture = parts["image/jpeg"].get_payload(decode=True)
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\xff\xd8")
