"""What a box takes from whatever answers at the service's address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from recognizer.app.fleet import client
from recognizer.errors import FleetError
from tests.app.fleet.box import ADDRESS


class _Endless(httpx.SyncByteStream):
    """A body without an end."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 1000
            yield bytes(1000)


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_body_that_does_not_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    body, real = _Endless(), httpx.Client

    def connected(**arguments: Any) -> httpx.Client:
        return real(transport=httpx.MockTransport(lambda _: httpx.Response(status, stream=body)), **arguments)

    monkeypatch.setattr(httpx, "Client", connected)
    monkeypatch.setattr(client, "LARGEST", 50_000)
    with closing(client.FleetClient(ADDRESS)) as connection, pytest.raises(FleetError, match="more than 50000 bytes"):
        connection.join("frb_secret.fingerprint")
    assert body.sent == 51_000
