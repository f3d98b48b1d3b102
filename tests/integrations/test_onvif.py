from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from recognizer.errors import SourceError
from recognizer.integrations.onvif import xml
from recognizer.integrations.onvif.device import Device, read_device
from recognizer.integrations.onvif.discovery import FoundDevice, discover, matches
from recognizer.integrations.onvif.soap import Credentials, RefusedError
from tests.integrations.onvif_device import LOOPBACK, PROFILES, OnvifDevice, Profile

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.fixture
def camera() -> Iterator[OnvifDevice]:
    with OnvifDevice() as device:
        yield device


def known(camera: OnvifDevice) -> Credentials:
    return Credentials(camera.user, camera.password)


def found_by(camera: OnvifDevice, *, group: str = "239.255.255.250", wait_s: float = 0.5) -> list[FoundDevice]:
    return discover(wait_s=wait_s, interfaces=[LOOPBACK], group=group, port=camera.probe_port)


@pytest.mark.parametrize("group", ["239.255.255.250", LOOPBACK], ids=["multicast", "unicast"])
def test_a_camera_is_found_once_with_its_name(camera: OnvifDevice, group: str) -> None:
    assert found_by(camera, group=group) == [FoundDevice(camera.address, LOOPBACK, "Front door")]


def test_answers_that_are_no_answers_find_nothing(camera: OnvifDevice) -> None:
    for answer in (b"", b"<x", BOMB, camera.probe_matches("uuid:of-somebody-else")):
        assert list(matches(answer, LOOPBACK, ["ours"])) == []
    assert len(list(matches(camera.probe_matches("urn:uuid:ours"), LOOPBACK, ["ours"]))) == 1


def test_a_device_that_names_another_host_is_not_trusted(camera: OnvifDevice) -> None:
    camera.xaddr_host = "192.0.2.7"
    assert found_by(camera) == []


def test_the_search_ends_in_time_where_nobody_answers() -> None:
    began = time.monotonic()
    assert discover(wait_s=0.3, interfaces=[LOOPBACK, "192.0.2.1"], port=9) == []
    assert time.monotonic() - began < 2


def check(device: Device) -> None:
    assert device.name == "Ada & Sons Eye 2"
    assert device.main is not None
    assert device.sub is not None
    assert (device.main.address, device.main.width) == (PROFILES[0].uri, 1920)
    assert (device.sub.address, device.sub.encoding, device.sub.rate) == (PROFILES[1].uri, "H264", 25)
    assert len(device.streams) == 3  # without that of sound


def test_streams_are_read_with_a_digest_and_without_the_password(camera: OnvifDevice) -> None:
    check(read_device(camera.address, known(camera)))
    for body in camera.bodies:
        assert camera.password not in body
        assert xml.escape(camera.password) not in body


@pytest.mark.parametrize("ahead", [dt.timedelta(hours=5), -dt.timedelta(days=9000)])
def test_a_camera_whose_clock_is_wrong(camera: OnvifDevice, ahead: dt.timedelta) -> None:
    camera.clock_ahead = ahead
    check(read_device(camera.address, known(camera)))


def test_a_camera_that_wants_http_digest(camera: OnvifDevice) -> None:
    camera.http_digest = True
    check(read_device(camera.address, known(camera)))


def test_a_camera_that_is_open_to_all(camera: OnvifDevice) -> None:
    camera.open_to_all = True
    check(read_device(camera.address))


@pytest.mark.parametrize("http_digest", [False, True])
def test_wrong_credentials_are_refused_and_not_shown(camera: OnvifDevice, http_digest: bool) -> None:
    camera.http_digest = http_digest
    with pytest.raises(RefusedError, match="without a user"):
        read_device(camera.address)
    with pytest.raises(RefusedError, match="the user admin or the password") as refused:
        read_device(camera.address, Credentials("admin", "hunter2"))
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(Credentials("admin", "hunter2"))


def test_a_camera_behind_a_router_is_asked_where_it_was_reached(camera: OnvifDevice) -> None:
    camera.xaddr_host = "192.0.2.7"  # of documentation: nothing is there
    check(read_device(camera.address, known(camera)))


def test_credentials_in_a_stream_address_are_taken_out(camera: OnvifDevice) -> None:
    camera.profiles = (replace(PROFILES[0], uri="rtsp://admin:hunter2@127.0.0.1/1"),)
    device = read_device(camera.address, known(camera))
    assert [stream.address for stream in device.streams] == ["rtsp://127.0.0.1/1"]
    assert device.sub is None


@pytest.mark.parametrize(
    ("operation", "answer", "words"),
    [
        ("GetProfiles", BOMB, "not ONVIF's"),
        ("GetProfiles", b"", "not ONVIF's"),
        ("GetProfiles", b"<x>" * 400_000, "larger than 1 MB"),
        ("GetProfiles", f'<e:Envelope xmlns:e="{xml.SOAP}"><e:Body/></e:Envelope>'.encode(), "no stream"),
        ("GetCapabilities", f'<e:Envelope xmlns:e="{xml.SOAP}"><e:Body/></e:Envelope>'.encode(), "no media service"),
    ],
)
def test_hostile_answers(camera: OnvifDevice, operation: str, answer: bytes, words: str) -> None:
    camera.answers[operation] = answer
    with pytest.raises(SourceError, match=words):
        read_device(camera.address, known(camera))


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "", "rtsp://host/a b", "concat:a|b"])
def test_addresses_that_are_no_streams_are_left_out(camera: OnvifDevice, uri: str) -> None:
    camera.profiles = (Profile(name="odd", width=64, height=48, uri=uri), PROFILES[1])
    assert [stream.address for stream in read_device(camera.address, known(camera)).streams] == [PROFILES[1].uri]


def test_nobody_there() -> None:
    with pytest.raises(SourceError, match="does not answer"):
        read_device("http://127.0.0.1:9/onvif/device_service")
