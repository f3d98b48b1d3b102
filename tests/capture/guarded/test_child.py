"""The child: lean, limited, and gone with its parent."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from recognizer.capture.guarded.messages import EXIT_MEMORY
from recognizer.capture.guarded.process import DecodingProcess
from recognizer.children import clean_environment, python_command
from tests.capture.guarded.programs import run

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_it_imports_what_decoding_needs_and_nothing_else() -> None:
    heavy = {"numpy", "cv2", "loguru", "pydantic", "openvino", "av", "ctypes", "asyncio", "multiprocessing"}
    done = run("import sys, recognizer.capture.guarded.child; print(*sys.modules)")
    assert done.stderr == ""
    assert heavy & set(done.stdout.split()) == set()


@LINUX
def test_an_allocation_over_its_memory_fails() -> None:
    program = "from recognizer.capture.guarded.child import limit_memory; limit_memory(); bytearray(SIZE)"
    assert run(program.replace("SIZE", "250_000_000")).returncode == 0
    assert run(program.replace("SIZE", "350_000_000")).stderr.strip().endswith("MemoryError")


@LINUX
def test_where_the_system_has_no_such_limit_the_peak_is_watched() -> None:
    program = """
import subprocess, sys
from recognizer.children import clean_environment, python_command
watched = '''
import threading
from recognizer.capture.guarded import child
threading.Thread(target=child._watch_memory, args=(child._peak_bytes() + 50_000_000,), daemon=True).start()
data = bytearray(10_000_000)
print("small", flush=True)
data = b"x" * 150_000_000
threading.Event().wait(60)
'''
sys.exit(subprocess.run(python_command("-c", watched), env=clean_environment()).returncode)
"""
    done = run(program)  # through a small process: the peak of this one, which tests may have made large, is inherited
    assert (done.returncode, done.stdout) == (EXIT_MEMORY, "small\n")


@LINUX
def test_it_inherits_no_descriptor_and_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    program = """
import os, pathlib, sys
from recognizer.capture.guarded.parent import decoder
from recognizer.capture.pictures import read_picture
secret = open(sys.argv[1])
os.set_inheritable(secret.fileno(), True)
read_picture(pathlib.Path(sys.argv[1]))
child = decoder().pid
print(child, *(os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        python_command("-c", program, str(tmp_path / "a.png")),
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child, *files = parent.stdout.readline().split()
        assert sorted(file.split(":")[0] for file in files) == ["/dev/null"] * (len(files) - 2) + ["pipe"] * 2
        ended = os.pidfd_open(int(child))
        parent.kill()
        assert select.select([ended], [], [], 30)[0], "the child outlived its parent"
        os.close(ended)


def test_ending_it_leaves_no_descriptor_open() -> None:
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for kill in (True, False):
        assert DecodingProcess().end(kill=kill) == (-9 if kill else 0)
    assert before == (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0)


@LINUX
def test_a_limit_on_addresses_that_is_too_low_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    program = """
import pathlib, resource, sys
from recognizer.capture.pictures import read_picture
from recognizer.errors import ImageError
resource.setrlimit(resource.RLIMIT_AS, (30_000_000, -1))
try:
    read_picture(pathlib.Path(sys.argv[1]))
except ImageError as error:
    print(error)
"""
    done = run(program, str(tmp_path / "a.png"))
    assert "the process for it does not start" in done.stdout
    assert "30 MB of addresses (ulimit -v), is too low; raise it or remove it" in done.stdout
