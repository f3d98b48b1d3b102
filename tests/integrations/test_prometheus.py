from __future__ import annotations

import threading
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from recognizer.errors import OutputError
from recognizer.integrations.delivering import DeliveryThread
from recognizer.types import EventKind, SourceChange, SourceState
from tests.integrations.metrics import metrics_sink
from tests.ports import free_port
from tests.results import event, identity, make_result


def scraped(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "Ada" not in text
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_of_a_run(tmp_path: Path) -> None:
    port = free_port()
    deliveries = DeliveryThread("mqtt", tmp_path / "x", lambda _: None, waits_s=[1], stop=threading.Event())
    deliveries.delivered, deliveries.waiting = 5, 2
    with metrics_sink(port, store_bytes=lambda: 4096, deliveries=[deliveries]) as sink:
        who = [identity(1, "Ada"), identity(2)]
        sink.emit(make_result(0.0, identities=who, timings={"detect": 0.004, "embed": 0.006}))
        lost = [event(EventKind.LOST, 1.0, track_id=1, name="Ada")]
        sink.emit(make_result(1.0, identities=[identity(2)], events=lost, timings={"detect": 0.004}))
        sink.on_end("clip", ())
        sink.on_source_state(SourceChange("yard", SourceState.LIVE, 1.0, event="source_back"))
        found = scraped(port)
    assert found["recognizer_build_info", "engine=openvino", "model=model-1", "version=0.2"] == 1
    assert found["recognizer_frames_total", "source=clip"] == 2
    assert found["recognizer_faces_total", "source=clip"] == 3
    assert found["recognizer_frames_dropped_total", "reason=late", "source=clip"] == 3
    assert found["recognizer_decisions_total", "source=clip", "status=known"] == 1
    assert found["recognizer_decisions_total", "source=clip", "status=unknown"] == 1
    assert found["recognizer_stage_duration_seconds_count", "stage=detect"] == 2
    assert found["recognizer_stage_duration_seconds_sum", "stage=embed"] == pytest.approx(0.006)
    assert found["recognizer_source_up", "source=yard"] == 1
    assert found["recognizer_source_reconnects_total", "source=yard"] == 1
    assert found["recognizer_gallery_people",] == 7
    assert found["recognizer_store_bytes",] == 4096
    assert found["recognizer_deliveries_total", "result=delivered", "sink=mqtt"] == 5
    assert found["recognizer_delivery_queue_length", "sink=mqtt"] == 2


def test_a_port_in_use_is_said() -> None:
    port = free_port()
    with metrics_sink(port), pytest.raises(OutputError, match=r"choose another metrics\.port"):
        metrics_sink(port).__enter__()
