"""A real broker, with passwords and TLS, that tests kill and restart."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

if TYPE_CHECKING:
    from tests.integrations.mqtt_client import Listener


def write_certificate(folder: Path) -> Path:
    """Write ``cert.pem`` and ``key.pem`` for 127.0.0.1; returns the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem"


class Mosquitto:
    """Debian's mosquitto on a port of its own."""

    def __init__(self, program: str, folder: Path, *, tls: bool, extra: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.certificate = write_certificate(folder) if tls else None
        self._program, self._folder = program, folder
        passwords = folder / "passwords"
        tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([tool, "-b", "-c", str(passwords), "box", "secret"], check=True, capture_output=True)
        settings = [f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        if tls:
            settings += [f"certfile {folder / 'cert.pem'}", f"keyfile {folder / 'key.pem'}"]
        settings += ["persistence true", f"persistence_location {folder}/", "user root", *extra]
        (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._program, "-c", str(self._folder / "mosquitto.conf")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((self._folder / "log").read_text())

    def freeze(self) -> None:
        """Let it take bytes and do nothing with them, until it is killed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self, *, kill: bool = False) -> None:
        if self._process is not None:
            self._process.kill() if kill else self._process.terminate()
            self._process.wait(10)
            self._process = None


def mosquitto_program() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def _mosquitto(folder: Path, *, tls: bool) -> Iterator[Mosquitto]:
    program = mosquitto_program()
    if program is None:
        if "RECOGNIZER_TEST_SERVICES" in os.environ:
            pytest.fail("RECOGNIZER_TEST_SERVICES is set, but mosquitto is not installed")
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(program, folder, tls=tls)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker with the user ``box``, whose password is ``secret``."""
    (tmp_path / "broker").mkdir()
    yield from _mosquitto(tmp_path / "broker", tls=False)


@pytest.fixture
def tls_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """The same behind TLS."""
    (tmp_path / "broker").mkdir()
    yield from _mosquitto(tmp_path / "broker", tls=True)


@pytest.fixture
def listener(mosquitto: Mosquitto) -> Iterator[Listener]:
    """A client that hears all that the broker says."""
    from tests.integrations.mqtt_client import Listener

    found = Listener(mosquitto)
    yield found
    found.close()
