from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import WeightsError
from recognizer.models.download import download

CONTENT = bytes(range(251)) * 2000


def blob(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def get(served: Any, target: Path) -> None:
    download(served.url, target, blob_id=blob(CONTENT), pause_s=0.01)


def test_whole_file_with_progress(serve: Callable[..., Any], tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    served = serve(CONTENT)
    download(served.url, tmp_path / "m.pt", blob_id=blob(CONTENT), progress=lambda *step: steps.append(step))
    assert (tmp_path / "m.pt").read_bytes() == CONTENT
    assert steps[-1] == ("fetching m.pt", len(CONTENT), len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_broken_answers_are_carried_on(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(CONTENT, break_after=[100_000, 50_000])
    get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == CONTENT
    assert served.requests == [None, "bytes=100000-", "bytes=150000-"]


def test_part_of_an_earlier_run_is_carried_on(serve: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "m.pt.part").write_bytes(CONTENT[:400_000])
    served = serve(CONTENT)
    get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == CONTENT
    assert served.requests == ["bytes=400000-"]


def test_part_that_is_already_whole_is_taken(serve: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "m.pt.part").write_bytes(CONTENT)
    served = serve(CONTENT)
    get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == CONTENT
    assert len(served.requests) == 1


def test_part_of_another_file_is_thrown_away(serve: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "m.pt.part").write_bytes(b"of an older version")
    served = serve(CONTENT)
    get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == CONTENT
    assert served.requests == ["bytes=19-", None]


def test_server_without_ranges_begins_anew(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(CONTENT, break_after=[100_000], ranges=False)
    get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == CONTENT


def test_busy_server_is_asked_again(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(CONTENT, statuses=[503, 429])
    get(served, tmp_path / "m.pt")
    assert len(served.requests) == 3


def test_missing_file_is_not_asked_for_again(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(CONTENT, statuses=[404])
    with pytest.raises(WeightsError, match="HTTP 404"):
        get(served, tmp_path / "m.pt")
    assert len(served.requests) == 1


def test_another_file_says_wanted_and_came_and_leaves_the_old_one(serve: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"old")
    served = serve(b"<html>please log in</html>")
    with pytest.raises(WeightsError, match=f"wanted digest {blob(CONTENT)}, got .* \\(26 bytes\\)"):
        get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_line_that_keeps_breaking_keeps_what_came(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(CONTENT, break_after=[1000] * 4)
    with pytest.raises(WeightsError, match="broke off after 4000 of"):
        get(served, tmp_path / "m.pt")
    assert (tmp_path / "m.pt.part").read_bytes() == CONTENT[:4000]


def test_closed_port_gives_up_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/model.pt"
        begun = time.monotonic()
        with pytest.raises(WeightsError, match=r"127\.0\.0\.1 cannot be reached"):
            download(url, tmp_path / "m.pt", blob_id="0" * 40)
    assert time.monotonic() - begun < 1.0
    assert list(tmp_path.iterdir()) == []


def test_host_that_never_answers_gives_up_in_time(tmp_path: Path) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(3):  # fill the queue, so that further connections hang
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            waiting.append(client)
        begun = time.monotonic()
        with pytest.raises(WeightsError, match="cannot be reached"):
            download(
                f"http://127.0.0.1:{full.getsockname()[1]}/m.pt", tmp_path / "m.pt", blob_id="0" * 40, connect_s=0.3
            )
        assert time.monotonic() - begun < 2.0
        for client in waiting:
            client.close()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(b"x" * 1000)
    with pytest.raises(WeightsError, match="has 1000 bytes, wanted at most 999"):
        download(served.url, tmp_path / "m.pt", blob_id=None, max_bytes=999)
    assert served.requests == [None]
    assert list(tmp_path.iterdir()) == []
    download(served.url, tmp_path / "m.pt", blob_id=None, max_bytes=1000)
