"""Scrape a run's figures as Prometheus does, and tell rates by phase."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.parser import text_string_to_metric_families

EVERY_S = 5.0


class Scraper:
    """Scrapes ``/metrics`` of a port every five seconds from ``start`` to ``stop``."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.count = self.failed = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._spent: dict[str, list[tuple[float, dict[str, float]]]] = defaultdict(list)
        """Phase -> seconds, and frames of each source in them."""

    def start(self) -> None:
        """Begin to scrape."""
        self._thread.start()

    def stop(self) -> None:
        """Scrape no more; before the run ends."""
        self._over.set()
        self._thread.join()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count frames from here to the end of the block for a phase."""
        began, before = time.monotonic(), self.frames()
        yield
        after = self.frames()
        spent = {source: count - before.get(source, 0.0) for source, count in after.items()}
        self._spent[name].append((time.monotonic() - began, spent))

    def rate(self, phase: str, source: str) -> float:
        """Frames a second of a source in all phases of a name."""
        seconds = sum(each for each, _ in self._spent[phase])
        return sum(spent.get(source, 0.0) for _, spent in self._spent[phase]) / seconds if seconds else 0.0

    def frames(self) -> dict[str, float]:
        """Recognised frames of each source so far."""
        return {labels["source"]: value for labels, value in self.samples("recognizer_frames_total")}

    def waiting(self) -> float:
        """Deliveries that wait, of all sinks."""
        return sum(value for _, value in self.samples("recognizer_delivery_queue_length"))

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and values of a metric, scraped now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        families = text_string_to_metric_families(text)
        return [(each.labels, each.value) for family in families for each in family.samples if each.name == name]

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            try:
                self.failed += not self.samples("recognizer_build_info")
            except (OSError, ValueError):
                self.failed += 1
            self.count += 1
