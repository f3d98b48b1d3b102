"""Two RTSP cameras, a broker, web receivers and scraping, with broker, receivers and a camera killed in turns.

python -m tests.integrations.twenty_minutes [--minutes N] [--report FILE]

It holds the event log against what came: every event at least once and in order to each, none lost, none repeated
beyond the retries, and recognition at its rate meanwhile. Needs mosquitto.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.integrations.conftest import Mosquitto, mosquitto_program
from tests.integrations.delivered import Delivered, compare
from tests.integrations.receivers import MqttReceiver, WebReceiver
from tests.integrations.scraper import Scraper
from tests.ports import free_port
from tests.soak import report
from tests.soak.__main__ import _data
from tests.soak.camera import Camera
from tests.soak.context import Context, quiet_opencv
from tests.soak.events import problems
from tests.soak.product import Product
from tests.soak.report import Part

QUIET_S = 25.0
AWAY_S = 12.0
"""How long each is away: longer than a webhook's first wait, so that a second attempt fails, too."""
DRAIN_S = 200.0
"""A message that failed three times waits for up to a minute and a jitter of a fifth."""
ANALYSIS_RATE = 8
"""Frames a second of each camera: a rate that the machine of the measurement, which had other work, could keep."""
RATE = 0.9
"""Least share of its undisturbed rate that the camera that is never killed keeps while others are away."""


def main() -> int:
    """Run, print and write the report; 0 when nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.integrations.twenty_minutes")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--report", type=Path, help="write the report here, Markdown or .json")
    parser.add_argument("--keep", type=Path, help="folder for settings, logs and messages; else they are deleted")
    options = parser.parse_args()
    program = mosquitto_program()
    if program is None:
        print("mosquitto is not installed: apt-get install mosquitto")
        return 1
    quiet_opencv()
    part = Part("two cameras, a broker and receivers")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="twenty-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        context = Context(folder, _data(), options.minutes, threading.Event())
        with ExitStack() as stack:
            _run(context, part, program, options.minutes * 60, stack)
    part.took_s = time.monotonic() - began
    print("\n".join(report.lines(part)), flush=True)
    if options.report:
        report.write(
            options.report, [part], command=" ".join(["python -m tests.integrations.twenty_minutes", *sys.argv[1:]])
        )
    return int(report.counts([part])[1] > 0)


def _run(context: Context, part: Part, program: str, seconds: float, stack: ExitStack) -> None:
    yard = stack.enter_context(Camera(context.clip, rig_data=context.rig_data))
    entrance = stack.enter_context(Camera(context.clip))
    broker = Mosquitto(
        program, context.place("broker"), tls=False, extra=["autosave_on_changes true", "autosave_interval 1"]
    )
    broker.start()
    stack.callback(broker.stop)
    web = WebReceiver(context.folder / "web.jsonl", free_port())
    web.start()
    stack.callback(web.kill)
    listener = stack.enter_context(MqttReceiver(broker, ["recognizer/den/+/event", "recognizer/den/alert"]))
    scraper = Scraper(free_port())
    product = Product(
        context.folder / "run",
        {
            name: {"location": camera.address, "analysis_rate": ANALYSIS_RATE}
            for name, camera in (("entrance", entrance), ("yard", yard))
        },
        gallery=context.gallery("gallery"),
        model=context.model,
        settings=_settings(context.folder, broker.port, web.port, scraper.port),
    )
    stack.enter_context(product)
    started_s = max(product.wait_live(name, 600.0) for name in ("entrance", "yard"))
    if not part.check("both cameras live", product.alive, wanted="events of both", came=f"after {started_s:.1f} s"):
        part.figures["log"] = product.log.read_text("utf-8", "replace")[-2000:]
        return
    scraper.start()
    faults: list[tuple[str, Callable[[], None], Callable[[], None]]] = [
        ("broker", lambda: broker.stop(kill=True), broker.start),
        ("receiver", web.kill, web.start),
        ("camera", yard.kill, yard.start),
    ]
    kills = dict.fromkeys(("broker", "receiver", "camera"), 0)
    until = time.monotonic() + seconds
    while product.alive and (time.monotonic() < until or not all(kills.values())):
        name, kill, start = faults[sum(kills.values()) % len(faults)]
        with scraper.phase("quiet"):
            product.wait(lambda: False, QUIET_S)
        with scraper.phase(name):
            kill()
            product.wait(lambda: False, AWAY_S)
            start()
        kills[name] += 1
    drained_s = product.wait(lambda: scraper.waiting() == 0, DRAIN_S)
    part.at_most("all messages delivered after", drained_s, DRAIN_S, "s")
    scraper.stop()
    status, took_s = product.end()
    part.check("exit status", status == 0, wanted="0", came=f"{status}, after {took_s:.1f} s")
    time.sleep(1.0)  # the broker passes the last ones on
    _judge(part, product, listener, web, scraper, kills)


def _settings(folder: Path, broker: int, web: int, metrics: int) -> dict[str, Any]:
    from recognizer.cli.webhook import new_secret

    (folder / "hook.key").write_text(new_secret() + "\n")
    (folder / "password").write_text("secret\n")
    return {
        "mqtt": {
            "host": "127.0.0.1",
            "port": broker,
            "user": "box",
            "password_file": str(folder / "password"),
            "node": "den",
        },
        "webhooks": [
            {
                "address": f"http://localhost:{web}/hook",
                "secret_file": str(folder / "hook.key"),
                "private_hosts": ["localhost"],
            }
        ],
        "notify": {
            "targets": [{"name": "phone", "address": f"json://localhost:{web}/phone"}],
            "rules": [
                {"name": "dark", "what": "camera_lost", "every_s": 0, "to": ["phone", "mqtt", "webhooks"]},
                {"name": "light", "what": "camera_back", "every_s": 0, "to": ["phone", "mqtt", "webhooks"]},
            ],
            "retry_s": [1, 5, 10],
        },
        "metrics": {"port": metrics},
        "integrations": {"folder": str(folder / "integrations")},
    }


def _judge(
    part: Part,
    product: Product,
    listener: MqttReceiver,
    web: WebReceiver,
    scraper: Scraper,
    kills: dict[str, int],
) -> None:
    events = product.events.refresh()
    found = problems(events)
    part.check(
        "event log complete", not found, wanted="every face has its end", came="; ".join(found[:3]) or "complete"
    )
    hook = [{"id": each["id"], **each["data"]} for each in web.messages("/hook")]
    streams = {"broker": listener.messages("/event"), "receiver": [each for each in hook if each["kind"] != "alert"]}
    for name, messages in streams.items():
        _check(part, name, compare(events, messages), kills[name])
    alerts = {
        "mqtt": [each["text"] for each in _once(listener.messages("/alert"))],
        "webhook": [each["text"] for each in _once([each for each in hook if each["kind"] == "alert"])],
        "phone": [each["message"] for each in web.messages("/phone")],
    }
    losses = [each for each in events if each["kind"] in ("source_lost", "source_back")]
    for name, texts in alerts.items():
        fits = len(dict.fromkeys(texts)) == len(dict.fromkeys(alerts["mqtt"])) and len(texts) >= len(losses)
        part.check(f"alerts by {name}", fits, wanted=f"{len(losses)}, as losses and returns", came=len(texts))
    part.check(
        "the camera was lost each time",
        len(losses) >= 2 * kills["camera"],
        wanted=str(2 * kills["camera"]),
        came=len(losses),
    )
    quiet = scraper.rate("quiet", "entrance")
    for phase in ("broker", "receiver", "camera"):
        share = scraper.rate(phase, "entrance") / quiet if quiet else 0.0
        part.check(
            f"rate while the {phase} is away",
            share >= RATE,
            wanted=f">= {RATE:.0%} of {quiet:.1f}/s",
            came=f"{share:.1%}",
        )
    part.check("scrapes", scraper.failed == 0, wanted="none failed", came=f"{scraper.count}, {scraper.failed} failed")
    lost = product.summary().get("lost", {})
    part.check("nothing lost by outputs", not any(lost.values()), wanted="0", came=lost)
    part.figures |= {"kills": str(kills), "events": str(len(events)), "frames/s undisturbed": f"{quiet:.2f}"}
    for name in ("entrance", "yard"):
        if figures := product.source_figures(name):
            part.figures[name] = (
                f"{figures['frames']} frames, {figures['fps']} frames/s, age p95 {figures['age_ms']['p95']} ms, "
                f"{figures['dropped']} dropped, {figures['losses']} losses"
            )


def _check(part: Part, name: str, came: Delivered, kills: int) -> None:
    part.check(
        f"{name}: events delivered", not came.missing, wanted=f"all {came.wanted}", came=f"{came.missing} missing"
    )
    part.check(f"{name}: in order", came.in_order, wanted="as in the event log", came=came.in_order)
    part.check(f"{name}: nothing else", not came.foreign, wanted="0", came=came.foreign)
    part.check(f"{name}: repeated", came.repeated <= kills, wanted=f"<= {kills}, one a kill", came=came.repeated)


def _once(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({each["id"]: each for each in messages}.values())


if __name__ == "__main__":
    sys.exit(main())
