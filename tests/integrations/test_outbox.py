from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.errors import OutputError
from recognizer.integrations.outbox import Delivery, Outbox


def delivery(name: str) -> Delivery:
    return Delivery(0, name, "topic", name.encode(), 0.0)


def test_deliveries_come_in_their_order_and_outlive_the_process(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "box" / "one.sqlite3")
    outbox.add([delivery("a"), delivery("b")])
    outbox.add([delivery("c")])
    first = outbox.first()
    assert first is not None
    outbox.remove(first)
    outbox.close()
    again = Outbox(tmp_path / "box" / "one.sqlite3")
    first = again.first()
    assert first is not None
    assert (first.identity, first.body, len(again)) == ("b", b"b", 2)
    again.postpone(first, 5.0)
    first = again.first()
    assert first is not None
    assert (first.identity, first.attempts, first.due_at) == ("b", 1, 5.0)
    assert (tmp_path / "box").stat().st_mode & 0o077 == 0
    assert (tmp_path / "box" / "one.sqlite3").stat().st_mode & 0o077 == 0


def test_the_oldest_are_dropped_beyond_the_limit(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "one.sqlite3", limit=2)
    assert outbox.add([delivery("a"), delivery("b"), delivery("c")]) == 1
    first = outbox.first()
    assert first is not None
    assert first.identity == "b"


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "one.sqlite3")
    with pytest.raises(OutputError, match=r"integrations\.folder"):
        Outbox(tmp_path / "one.sqlite3")
    outbox.close()
    Outbox(tmp_path / "one.sqlite3").close()


def test_a_killed_process_loses_nothing_that_was_added(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from recognizer.integrations.outbox import Delivery, Outbox\n"
        "box = Outbox(Path(sys.argv[1]))\n"
        "box.add([Delivery(0, 'a', 't', b'x', 0.0)])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "one.sqlite3"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert len(Outbox(path)) == 1


@pytest.mark.parametrize("first_page", [True, False])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, first_page: bool) -> None:
    path = tmp_path / "out.sqlite3"
    outbox = Outbox(path)
    outbox.add([Delivery(0, str(number), "event", b"x" * 2000, 0.0) for number in range(50)])
    outbox.close()
    data = bytearray(path.read_bytes())
    data[0 if first_page else 4096 :] = bytes(len(data) - (0 if first_page else 4096))
    path.write_bytes(b"no database" + data if first_page else data)
    with pytest.raises(OutputError, match=r"is damaged .* Move it away"):
        Outbox(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out.sqlite3").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="cannot be kept there"):
        Outbox(tmp_path / "out.sqlite3")
    assert not (tmp_path / "elsewhere").exists()
