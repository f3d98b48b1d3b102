"""Part "UDP loss": a camera over RTP/UDP in a network namespace of its own that loses packets."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.soak.camera import Camera
from tests.soak.context import END_S, Context
from tests.soak.events import problems
from tests.soak.faults import faces_since
from tests.soak.product import Product
from tests.soak.report import Part

LOSSES_PERCENT = (1, 5, 20, 0)
_IPTABLES = ("iptables", "iptables-legacy")
_DROPPED = re.compile(r"dropped (\d+)|^ *(\d+) +\d+ +DROP ", re.MULTILINE)
"""In what tc and iptables say."""


def udp_loss(context: Context, part: Part, seconds: float) -> None:
    """Lose ever more packets, then none; faces must come again after each."""
    with _namespace() as enter:
        if enter is None:
            part.not_run = "No network namespace can be made here (unshare --net, nsenter, as root)."
            return
        lose = _netem(enter) or _statistic(enter)
        if lose is None:
            part.not_run = "Neither tc netem nor iptables with its statistic module works in a network namespace here."
            return
        how, commands = lose
        part.figures["how"] = how
        with Camera(context.clip, prefix=enter) as camera:
            _lose(context, part, camera, enter, commands)


def _lose(context: Context, part: Part, camera: Camera, enter: list[str], commands: Sequence[str]) -> None:
    source = {"camera": {"location": camera.address, "transport": "udp"}}
    gallery = context.gallery("gallery-udp")
    with Product(context.folder / "udp", source, gallery=gallery, model=context.model, prefix=enter) as product:
        product.wait_live("camera")
        dropped = 0
        for percent in LOSSES_PERCENT:
            _run(enter, [word.format(percent=percent, share=percent / 100) for word in commands])
            count = len(product.events)
            product.wait(lambda: False, 4.0)
            took = product.wait(lambda c=count: faces_since(product, c, "camera"), 30.0)  # type: ignore[misc]
            dropped += _dropped(enter, commands[0])
            losses = sum(record["kind"] == "source_lost" for record in product.events.since(count))
            part.faults.append(f"{percent} % lost: faces after {4 + took:.1f} s, source lost {losses} times")
            if percent <= 5:
                part.check(f"{percent} % lost: faces", took < float("inf"), wanted="events", came=f"{took:.1f} s")
        part.check("the run goes on", product.alive, wanted="alive", came=product.process.poll())
        part.check("datagrams were lost", dropped > 0, wanted="some", came=dropped)
        status, took_s = product.end()
        part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
        part.at_most("time to end after SIGTERM", took_s, END_S, "s")
        found = problems(product.events.refresh())
        part.check("events complete", not found, wanted="complete", came="; ".join(found[:3]) or "complete")


@contextmanager
def _namespace() -> Iterator[list[str] | None]:
    """The words that run a command in a new network namespace; it ends with the process that holds it."""
    if not (shutil.which("unshare") and shutil.which("nsenter") and shutil.which("ip")):
        yield None
        return
    words = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as holder:
        assert holder.stdout is not None
        ready = holder.stdout.readline() == "ready\n"
        yield ["nsenter", f"--net=/proc/{holder.pid}/ns/net"] if ready else None
        holder.kill()


def _run(enter: Sequence[str], words: Sequence[str]) -> bool:
    return subprocess.run([*enter, *words], capture_output=True, check=False).returncode == 0


def _netem(enter: Sequence[str]) -> tuple[str, list[str]] | None:
    if not shutil.which("tc"):
        return None
    words = ["tc", "qdisc", "replace", "dev", "lo", "root", "netem", "loss", "{percent}%"]
    return ("tc netem", words) if _run(enter, [word.format(percent=0) for word in words]) else None


def _statistic(enter: Sequence[str]) -> tuple[str, list[str]] | None:
    """A rule of the packet filter, replaced for each share of lost packets."""
    for name in _IPTABLES:
        rule = ["-p", "udp", "-m", "statistic", "--mode", "random", "--probability"]
        if shutil.which(name) and _run(enter, [name, "-A", "INPUT", *rule, "0", "-j", "DROP"]):
            return f"{name} statistic (this kernel has no netem)", [
                name,
                "-R",
                "INPUT",
                "1",
                *rule,
                "{share}",
                "-j",
                "DROP",
            ]
    return None


def _dropped(enter: Sequence[str], command: str) -> int:
    """Datagrams that were dropped since the last change of the loss."""
    words = [command, "-L", "INPUT", "-v", "-x"] if command != "tc" else ["tc", "-s", "qdisc", "show", "dev", "lo"]
    done = subprocess.run([*enter, *words], capture_output=True, text=True, check=False)
    found = _DROPPED.search(done.stdout)
    return int(found[1] or found[2]) if found else 0
