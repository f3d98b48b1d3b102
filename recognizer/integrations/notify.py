"""Send alerts to phones, mailboxes and chats by Apprise, https://appriseit.com."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apprise
import cv2
from apprise.attachment.memory import AttachMemory

from recognizer.capture.ip_address import ip_address, is_never_a_host
from recognizer.errors import ConfigError
from recognizer.integrations.delivering import DeliveryThread, NotDeliveredError
from recognizer.integrations.event_sink import DeliveringSink
from recognizer.integrations.outbox import Delivery
from recognizer.integrations.rules.types import Alert, Item
from recognizer.types import FrameResult

WAITS_S = (10.0, 60.0, 300.0, 1800.0, 3600.0)
_TIMEOUT_S = 30.0
"""For all services of one address together; each request has Apprise's own 4 s to connect and 4 s to answer."""
_MOST_CROPS = 5
"""Pictures in one notification."""
_CROP_PX = 320
"""Longest side of a picture in a notification: a phone shows no more of a face."""
_ANSWER = re.compile(r"\berror=(\d{3})\b")


class NotifySink(DeliveringSink):
    """Sends alerts to one target; it takes no results itself, ``AlertSink`` hands it the alerts.

    Args:
        name: of the target, in messages.
        address: of Apprise; never logged or shown.
        crops: send pictures of the faces along.
        folder: where notifications wait.
        stop: set when the run should stop.
        waits_s: seconds between attempts.

    Raises:
        ConfigError: the address is none that Apprise knows, or must not be reached.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        crops: bool = False,
        folder: Path,
        stop: threading.Event,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        self._name, self._services, self.crops = name, services(name, address), crops
        file = f"notify-{hashlib.sha256(name.encode()).hexdigest()[:12]}.sqlite3"
        super().__init__(DeliveryThread(f"notify {name}", folder / file, self._send, waits_s=waits_s, stop=stop))

    def emit(self, result: FrameResult) -> None:
        """Take no results."""

    def alert(self, alert: Alert) -> None:
        """Queue a notification; returns at once, safe from any thread."""
        body: dict[str, Any] = {"title": alert.title, "text": alert.text}
        if self.crops and (crops := [*_crops(alert.items)]):
            body["crops"] = crops
        self.deliveries.put(alert.rule.name, body)

    def _send(self, delivery: Delivery) -> None:
        body = json.loads(delivery.body)
        pictures = [base64.b64decode(each) for each in body.get("crops", ())]
        send(self._name, self._services, title=body["title"], text=body["text"], pictures=pictures)


def services(name: str, address: str) -> apprise.Apprise:
    """Read the address of a target.

    Raises:
        ConfigError: Apprise does not know it, or its host must not be reached; the message does not show it.
    """
    asset = apprise.AppriseAsset(
        app_id="recognizer",
        app_desc="face recognition",
        app_url="",
        async_mode=False,
        allow_templates=False,
        http_redirects=False,
        plugin_paths=[],
    )
    found = apprise.Apprise(asset=asset)
    if not found.add(address) or not len(found):
        raise ConfigError(
            f"notify: the address of target {name!r} is none that Apprise knows: see https://appriseit.com/services/."
        )
    for service in found:
        try:
            place = ip_address(str(getattr(service, "host", "") or "").strip("[]"))
        except ValueError:
            continue  # a name
        if is_never_a_host(place):
            raise ConfigError(f"notify: target {name!r} is at {place}, which is no place for notifications.")
    return found


def send(name: str, found: apprise.Apprise, *, title: str, text: str, pictures: Sequence[bytes] = ()) -> None:
    """Send one notification to all services of a target.

    Args:
        name: of the target.
        found: see ``services``.
        title: one line.
        text: some lines.
        pictures: JPEG.

    Raises:
        NotDeliveredError: some service did not take it; the message holds nothing of its address.
    """
    attached = [
        AttachMemory(  # type: ignore[no-untyped-call]
            content=each, name=f"face-{number}.jpg", mimetype="image/jpeg"
        )
        for number, each in enumerate(pictures, start=1)
    ]
    result = found.notify(body=text, title=title, body_format="text", attach=attached or None, timeout=_TIMEOUT_S)
    if not result:
        raise NotDeliveredError(f"target {name!r} {_reason(result)}")


def _reason(result: Any) -> str:
    """Say why in words of our own: those of Apprise may hold parts of an address."""
    said = " ".join(str(entry.message) for service in result for attempt in service for entry in attempt)
    if answer := _ANSWER.search(said):
        return f"answered {answer[1]}"
    if "onnection error" in said or "ocket" in said:
        return "cannot be reached"
    return "does not answer" if result.status.name == "TIMEOUT" else "did not take the notification"


def _crops(items: Sequence[Item]) -> Iterator[str]:
    """Encode the first pictures as base64 of JPEG."""
    pictures = [item.seen.picture for item in items if item.seen.picture is not None]
    for picture in pictures[:_MOST_CROPS]:
        scale = min(1.0, _CROP_PX / max(picture.shape[:2]))
        smaller = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        yield base64.b64encode(cv2.imencode(".jpg", smaller)[1].tobytes()).decode("ascii")
