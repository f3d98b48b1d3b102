from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from pydantic import SecretStr

from recognizer.app.integration_sections import Webhook
from recognizer.app.integrations import webhook_address
from recognizer.clock import WallClock
from recognizer.errors import ConfigError
from recognizer.integrations.delivering import NotDeliveredError
from recognizer.integrations.rules.types import Alert, Change, Item, Observation
from recognizer.integrations.webhook import WebhookSink, allowed_place, secret_bytes, signature
from recognizer.types import EventKind
from tests.conftest import ROOT
from tests.integrations.rules.scripted import NOON, rule
from tests.ports import free_port
from tests.results import event, make_result
from tests.rig import serving, wait_for

NEW, OLD = b"n" * 32, b"o" * 32


class Receiver(ThreadingHTTPServer):
    """A web server that takes messages, or answers something else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.location = ""

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_address[1]}/hook?token=abc"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append(({**headers, "path": self.path}, body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("location", self.server.location)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as server:
        yield server


def sink(address: str, folder: Path, **values: Any) -> WebhookSink:
    values = {"private_hosts": ["localhost"], "secrets": [NEW, OLD], **values}
    times = WallClock(live=False)
    return WebhookSink(address, folder=folder, times=times, stop=threading.Event(), waits_s=[0.01], **values)


def recognised(name: str) -> Any:
    return make_result(1.0, events=[event(EventKind.RECOGNISED, 1.0, name=name)])


def test_a_message_is_signed_with_both_secrets(receiver: Receiver, tmp_path: Path) -> None:
    with sink(receiver.address, tmp_path) as output:
        output.emit(recognised("Ada"))
        wait_for(lambda: receiver.got, "the message")
    [(headers, body)] = receiver.got
    message = json.loads(body)
    assert (message["type"], message["data"]["name"], message["data"]["kind"]) == (
        "recognizer.recognised",
        "Ada",
        "recognised",
    )
    assert headers["path"] == "/hook?token=abc"
    assert headers["host"].startswith("localhost:")
    assert message["id"] == headers["webhook-id"]
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = [base64.b64encode(hmac.new(each, signed, hashlib.sha256).digest()).decode() for each in (NEW, OLD)]
    assert headers["webhook-signature"] == f"v1,{wanted[0]} v1,{wanted[1]}"


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["new", "old"])
def test_the_library_of_the_standard_takes_our_messages(receiver: Receiver, tmp_path: Path, secret: bytes) -> None:
    with sink(receiver.address, tmp_path) as output:
        output.emit(recognised("Zoë"))
        wait_for(lambda: receiver.got, "the message")
    [(headers, body)] = receiver.got
    verifier = standardwebhooks.Webhook(f"whsec_{base64.b64encode(secret).decode()}")
    assert verifier.verify(body, headers)["data"]["name"] == "Zoë"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier.verify(body.replace(b"Zo", b"Jo"), headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(f"whsec_{base64.b64encode(b'x' * 32).decode()}").verify(body, headers)


def test_the_example_of_the_standard() -> None:
    """From https://github.com/standard-webhooks/standard-webhooks: libraries/python/tests."""
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_fails_gets_the_same_message_again(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status = 500
    with sink(receiver.address, tmp_path) as output:
        output.emit(recognised("Ada"))
        output.emit(recognised("Bob"))
        wait_for(lambda: len(receiver.got) >= 3, "several attempts")
        receiver.status = 200
        wait_for(lambda: output.deliveries.delivered == 2, "both arrive")
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(set(ids)) == 2
    assert len(set(ids[:3])) == 1


def test_a_receiver_that_is_gone_gets_nothing_more(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status = 410
    with sink(receiver.address, tmp_path) as output:
        output.emit(recognised("Ada"))
        wait_for(lambda: output.deliveries.refused == 1, "410")
        output.emit(recognised("Bob"))
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status, receiver.location = 307, "http://localhost:1/elsewhere"
    with sink(receiver.address, tmp_path) as output:
        output.emit(recognised("Ada"))
        wait_for(lambda: "307" in (output.deliveries.failed or ""), "the answer")
        output.deliveries._stop.set()


def test_only_the_wanted_kinds_are_sent(receiver: Receiver, tmp_path: Path) -> None:
    with sink(receiver.address, tmp_path, kinds=["source_lost"]) as output:
        output.emit(recognised("Ada"))
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:80/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[fe80::1]/",
    ],
)
def test_places_that_no_webhook_may_reach(address: str) -> None:
    with pytest.raises(NotDeliveredError) as caught:
        allowed_place(address, private_hosts=[])
    assert not caught.value.again


def test_a_name_that_can_be_none_is_not_resolved() -> None:
    with pytest.raises(NotDeliveredError, match="cannot be resolved"):
        allowed_place(f"https://{'a' * 64}.example/", private_hosts=[])


@pytest.mark.parametrize("address", ["https://receiver:99999/", "https://receiver:x/", "https://[::1/", "https://:80/"])
def test_an_address_without_host_or_port_is_refused_before_the_run(address: str) -> None:
    with pytest.raises(ConfigError, match="host or port"):
        webhook_address(Webhook(address=SecretStr(address)))


def test_a_private_host_that_is_named_may_be_reached_and_a_link_local_one_never() -> None:
    assert allowed_place("http://10.0.0.1/", private_hosts=["10.0.0.1"]) == "10.0.0.1"
    with pytest.raises(NotDeliveredError):
        allowed_place("http://169.254.169.254/", private_hosts=["169.254.169.254"])


@pytest.mark.parametrize("wrong", ["", "whsec_", "whsec_abc", "hunter2", "whsec_" + "A" * 8])
def test_a_secret_that_is_none_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secret_bytes(wrong)
    assert not wrong or wrong == "whsec_" or wrong not in str(caught.value)


def test_the_receiver_of_the_documentation_takes_ours_also_with_two_secrets_and_no_others(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    example = next(code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "hook.key" in code)
    port = free_port()
    (tmp_path / "hook.key").write_text("whsec_" + base64.b64encode(NEW).decode() + "\n")
    (tmp_path / "receiver.py").write_text(example.replace("8088", str(port)))
    command = [sys.executable, "-u", "receiver.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            for number, (secrets, wanted) in enumerate(
                [([NEW], '"Ada"'), ([OLD], "not from us"), ([OLD, NEW], '"Ada"')]
            ):
                with sink(f"http://localhost:{port}/", tmp_path / str(number), secrets=secrets) as output:
                    output.emit(recognised("Ada"))
                    assert process.stdout is not None
                    assert wanted in process.stdout.readline()
                    output.deliveries._stop.set()
        finally:
            process.kill()


def test_an_alert_is_a_message_of_its_own_kind(receiver: Receiver, tmp_path: Path) -> None:
    item = Item(Observation(Change.ENTERS, NOON, "entrance"), "Somebody unknown is at entrance, 12:00")
    for number, kinds in enumerate([["alert"], ["lost"], []]):
        with sink(receiver.address, tmp_path / str(number), kinds=kinds) as output:
            output.alert(Alert(rule(name="night"), NOON, (item,)))
            output.emit(recognised("Ada"))
    got = [json.loads(body) for _, body in receiver.got]
    assert [each["type"] for each in got] == ["recognizer.alert", "recognizer.alert", "recognizer.recognised"]
    assert got[0]["data"]["rule"] == "night"
