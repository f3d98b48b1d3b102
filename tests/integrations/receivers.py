"""What receives the messages of a run: a web server and an MQTT client, which keep all that came, in its order.

python -m tests.integrations.receivers FILE PORT    the web server, which is killed and started again
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests import rig
from tests.conftest import ROOT
from tests.integrations.conftest import Mosquitto

Message = dict[str, Any]


class WebReceiver:
    """A web server in a process of its own; it writes each message to its file before it answers."""

    def __init__(self, file: Path, port: int) -> None:
        self._file, self.port = file, port
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        words = [sys.executable, "-m", "tests.integrations.receivers", str(self._file), str(self.port)]
        self._process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "READY"

    def kill(self) -> None:
        """As when the power fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def messages(self, path: str) -> list[Message]:
        """The JSON objects that were posted to a path."""
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [each["body"] for each in found if each["path"] == path]


class MqttReceiver:
    """A client whose messages the broker keeps while one of them is away."""

    def __init__(self, broker: Mosquitto, topics: Sequence[str]) -> None:
        self.got: list[tuple[str, Message]] = []
        self._topics = topics
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="listener", protocol=mqtt.MQTTv311, clean_session=False
        )
        self._client.username_pw_set("box", "secret")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_message = lambda _, __, it: self.got.append((it.topic, json.loads(it.payload)))
        self._client.connect("127.0.0.1", broker.port, keepalive=5)

    def __enter__(self) -> Self:
        self._client.loop_start()
        rig.wait_for(self._client.is_connected, "the listener is connected")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, client: mqtt.Client, *_: Any) -> None:
        for topic in self._topics:
            client.subscribe(topic, qos=1)

    def messages(self, ending: str) -> list[Message]:
        """The JSON objects on topics with this end."""
        return [message for topic, message in list(self.got) if topic.endswith(ending)]


class _Handler(BaseHTTPRequestHandler):
    file: Path
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.lock, self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"path": self.path, "body": body}) + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    """Serve until killed."""
    _Handler.file = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), _Handler)
    print("READY", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
