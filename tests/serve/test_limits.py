"""Limits of bodies, time, connections and the queue."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from fastapi import Depends, FastAPI

from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.application import make_application
from recognizer.serve.connections import BoundedProtocol, GentleTransport
from recognizer.serve.errors import ServiceError
from recognizer.serve.inference import SHARE, Inference
from recognizer.serve.limits import FORMS, QUEUE
from tests.serve.live_site import run_apart, until
from tests.serve.service import client_of, make_services


class Quick(BoundedProtocol):
    """The same with limits that a test can wait for."""

    head_s = 0.3
    write_s = 0.3
    most = 5


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """Serve an application in a thread; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=Quick, ws="none", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    started = threading.Event()

    async def run() -> None:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        started.set()
        await task

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert started.wait(10)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def answer(connection: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            data += part
    return data


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def test_a_head_that_does_not_end_is_given_up(app: FastAPI) -> None:
    with serving(app) as port:
        for data in (b"", b"GET / HT"):
            with connect(port) as connection:
                connection.sendall(data)
                assert b"HTTP/1.1 408 Request Timeout" in answer(connection)
        with connect(port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            assert b"200 OK" in connection.recv(65536)
            connection.sendall(b"GET")
            assert b"HTTP/1.1 408 Request Timeout" in answer(connection)
        with connect(port) as connection:
            connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            assert b'"code": "bad_request"' in answer(connection)


def test_half_open_connections_make_room_for_others(app: FastAPI) -> None:
    with serving(app) as port, contextlib.ExitStack() as waiting:
        for _ in range(10):
            waiting.enter_context(connect(port)).sendall(b"GET /")
        with connect(port) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            assert b"200 OK" in answer(connection)


def test_a_reader_that_does_not_read_is_cut_off(app: FastAPI) -> None:
    with serving(app) as port, connect(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        with contextlib.suppress(ConnectionError):  # raised once the server has cut it off
            while True:
                connection.sendall(request * 100)


@pytest.mark.parametrize("head", [b"content-length: 30000000", b"transfer-encoding: chunked"])
def test_a_large_body_is_refused_and_the_client_can_read_why(app: FastAPI, head: bytes) -> None:
    with serving(app) as port, connect(port) as connection:
        kind = b"content-type: multipart/form-data; boundary=a\r\n"
        connection.sendall(b"POST /verify HTTP/1.1\r\nhost: 127.0.0.1\r\n" + kind + head + b"\r\n\r\n")
        start = b'--a\r\ncontent-disposition: form-data; name="image1"; filename="a"\r\n\r\n'
        with contextlib.suppress(ConnectionError):
            for part in (start, *[bytes(10**6)] * 30):
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part) if b"chunked" in head else part)
        assert b'"code":"body_too_large"' in answer(connection)


@pytest.mark.parametrize("path", ["/v1/session", "/verify", "/nowhere"])
def test_json_is_short(app: FastAPI, path: str) -> None:
    body = b'{"secret": "%s"}' % (b"a" * 65536)
    refused = client_of(app).post(path, content=body, headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")
    parts = client_of(app).post(path, content=iter([body[:40000], body[40000:]]))
    assert parts.status_code == {"/v1/session": 413, "/verify": 422, "/nowhere": 404}[path]


def test_who_calls_json_a_form_may_not_send_more_of_it(app: FastAPI) -> None:
    """Not at the login either, which is open to all."""
    headers = {"content-type": "multipart/form-data; boundary=a"}
    for path, client in (("/v1/session", client_of(app)), ("/v1/replay", client_of(app, "review"))):
        answer = client.post(path, content=b"x" * 100_000, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large"), path
    form = {"image": ("a.jpg", b"x" * 100_000)}
    assert client_of(app, "read").post("/v1/search", files=form).status_code == 404  # there is no history
    form = {"image1": ("a.jpg", b"x" * 100_000), "image2": ("a.jpg", b"x" * 100_000)}
    assert client_of(app).post("/verify", files=form).json()["error"]["code"] != "body_too_large"


def test_a_request_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    services = make_services(tmp_path)
    app = make_application(services, request_s=0.05)

    @app.get("/slow", dependencies=[Depends(open_to_all)])
    async def slow() -> None:
        await asyncio.Event().wait()

    ended = client_of(app).get("/slow")
    assert (ended.status_code, ended.json()["error"]["code"]) == (408, "timeout")
    services.close()


def results(count: int, *, clients: int, held: threading.Event) -> list[Any]:
    """Run many inferences at once; returns what came of each."""

    async def run() -> list[Any]:
        inference = Inference(lambda: "model")
        works = [inference.run(lambda model: held.wait(10), client=f"client {n % clients}") for n in range(count)]
        tasks = [asyncio.create_task(work) for work in works]
        while sum(task.done() for task in tasks) < count - min(QUEUE, clients * SHARE):
            await asyncio.sleep(0)
        assert inference.waiting == min(QUEUE, clients * SHARE)
        held.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert inference.waiting == 0
        inference.close()
        return found

    return run_apart(run())


def test_the_queue_is_short() -> None:
    found = results(QUEUE + 3, clients=QUEUE + 3, held=threading.Event())
    refused = [each for each in found if isinstance(each, ServiceError)]
    assert [(each.status_code, each.code) for each in refused] == [(503, "busy")] * 3
    assert found.count(True) == QUEUE


def test_one_client_holds_half_of_the_queue() -> None:
    found = results(SHARE + 3, clients=1, held=threading.Event())
    refused = [each for each in found if isinstance(each, ServiceError)]
    assert [(each.status_code, each.code) for each in refused] == [(429, "too_many_requests")] * 3


def test_a_model_that_is_being_loaded_says_so() -> None:
    loading = threading.Event()

    async def run() -> None:
        inference = Inference(lambda: loading.wait(10), load_wait_s=0.01)
        with pytest.raises(ServiceError) as refused:
            await inference.run(lambda model: model)
        assert (refused.value.status_code, refused.value.code) == (503, "model_loading")
        loading.set()
        inference.start().result(10)
        assert await inference.run(lambda model: model) is True
        inference.close()

    run_apart(run())


def test_a_model_that_could_not_be_loaded_is_tried_again() -> None:
    tries = iter([ServiceError(503, "model_unavailable", "gone"), None])

    def load() -> str:
        if (error := next(tries)) is not None:
            raise error
        return "model"

    async def run() -> None:
        inference = Inference(load)
        with pytest.raises(ServiceError):
            await inference.run(lambda model: model)
        assert await inference.run(lambda model: model) == "model"
        inference.close()

    run_apart(run())


def test_uploads_are_few_at_a_time(app: FastAPI) -> None:
    """A form that is not complete holds a place; one client has half of them."""
    head = b"POST /verify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=a\r\n"
    with serving(app) as port, contextlib.ExitStack() as uploads:
        Quick.most = 100
        try:
            for _ in range(FORMS // 2):
                uploads.enter_context(connect(port)).sendall(head + b"content-length: 1000\r\n\r\n--a")
            with connect(port) as connection:
                connection.sendall(head + b"content-length: 1000\r\n\r\n--a")
                assert b"429 Too Many Requests" in answer(connection)
        finally:
            Quick.most = 5


def test_the_connection_of_a_client_that_left_is_given_up() -> None:
    class Left:
        given_up = False

        def is_closing(self) -> bool:
            return False

        def can_write_eof(self) -> bool:
            return True

        def resume_reading(self) -> None: ...

        def write_eof(self) -> None:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

        def abort(self) -> None:
            self.given_up = True

    left, loop = Left(), asyncio.new_event_loop()
    GentleTransport(cast(asyncio.Transport, left), loop).close()
    loop.close()
    assert left.given_up
