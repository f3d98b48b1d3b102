"""No credential survives in a display name, however it was written."""

from __future__ import annotations

import itertools
from urllib.parse import quote

import pytest

from recognizer.capture.names import display_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("/data/some clip/a@b.mp4", "/data/some clip/a@b.mp4"),
        ("C:\\clips\\a@b.mp4", "C:\\clips\\a@b.mp4"),
        ("0", "0"),
        ("/dev/video0", "/dev/video0"),
        ("rtsp://camera.local:554/stream1?channel=2", "rtsp://camera.local:554/stream1?channel=2"),
        ("rtsp://[fe80::1]:554/a", "rtsp://[fe80::1]:554/a"),
        ("rtsp://admin:s3cret@10.0.0.9:554/h264", "rtsp://10.0.0.9:554/h264"),
        ("RTSPS://admin@10.0.0.9/h264", "RTSPS://10.0.0.9/h264"),
        ("rtsp://admin:@10.0.0.9/h264", "rtsp://10.0.0.9/h264"),
        ("rtsp://:s3cret@10.0.0.9/h264", "rtsp://10.0.0.9/h264"),
        ("http://h/v?user=admin&password=s3cret&channel=1", "http://h/v?user=***&password=***&channel=1"),
        ("http://h/v?channel=1&PWD=s3cret#x", "http://h/v?channel=1&PWD=***#x"),
        ("http://h/v;token=s3cret;n=1", "http://h/v;token=***;n=1"),
        ("http://h/v?access_token=s3cret", "http://h/v?access_token=***"),
        ("http://h/v?pass_word=s3cret", "http://h/v?pass_word=***"),
        ("http://h/v#access_token=s3cret", "http://h/v#access_token=***"),
        ("http://h/v?X-Amz-Signature=s3cret&n=2", "http://h/v?X-Amz-Signature=***&n=2"),
        ("http://h/v?%70assword=s3cret&n=2", "http://h/v?%70assword=***&n=2"),
        ("http://h/v?password%3Ds3cret%26n%3D2", "http://h/v?password%3D***"),
        (
            "rtsp://10.0.0.9:554/user=admin_password=s3cret_channel=1_stream=0.sdp",
            "rtsp://10.0.0.9:554/user=***_password=***_channel=1_stream=0.sdp",
        ),
        (
            "rtsp://10.0.0.9/user=admin&password=s3cret&channel=1.sdp",
            "rtsp://10.0.0.9/user=***&password=***&channel=1.sdp",
        ),
        ("admin:s3cret@10.0.0.9:554/h264", "10.0.0.9:554/h264"),
        ("rtsp:/admin:s3cret@10.0.0.9/h264", "10.0.0.9/h264"),
        ("rtsp%3A%2F%2Fadmin%3As3cret%4010.0.0.9", "10.0.0.9"),
        ("  rtsp://a:s3cret@h/x\n", "rtsp://h/x"),
        ("rtsp://a:s3cret@h/x\r\nforged log line", "rtsp://h/xforged log line"),
        ("rtsp://a:s3\ncret@h/x", "rtsp://h/x"),
        ("", ""),
    ],
)
def test_display_name(text: str, name: str) -> None:
    assert display_name(text) == name


AROUND = ["{}", "p@{}", "{}@p", "{}/x", "x/{}", "{}?x", "x?{}", "x#{}", "12/{}", "a:{}", "{} x", "x&{}", "@@{}@@"]
AROUND += ["x={}", "{}%", "密{}码", "x;y={}", "//{}", "[{}]"]
PASSWORDS = [around.format("Gh7xQ2") for around in AROUND]
USERS = ["admin", "", "a@b.com", "a.b", "адмін"]
HOSTS = ["10.0.0.9:554/live?n=1", "h.example", "[::1]:8554/x", "h/a_b/c"]


def as_is(text: str) -> str:
    return text


def quoted(text: str) -> str:
    return quote(text, safe="")


def quoted_twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="")


@pytest.mark.parametrize("scheme", ["rtsp://", "RTSP://", "http://", ""])
@pytest.mark.parametrize("write", [as_is, quoted, quoted_twice])
def test_no_userinfo_survives(scheme: str, write: object) -> None:
    for user, password, host in itertools.product(USERS, PASSWORDS, HOSTS):
        if not scheme and password.startswith("//"):
            continue
        userinfo = f"{write(user)}:{write(password)}"  # type: ignore[operator]
        for text in (f"{scheme}{userinfo}@{host}", f"{scheme}{userinfo}%40{host}"):
            name = display_name(text)
            assert "Gh7xQ2" not in name, text
            assert name.endswith(host)
            assert display_name(name) == name


@pytest.mark.parametrize(
    "key", ["password", "pwd", "pass", "passwd", "token", "auth", "apikey", "api_key", "secret", "Key"]
)
@pytest.mark.parametrize("write", [quoted, quoted_twice])
def test_no_parameter_survives(key: str, write: object) -> None:
    for password, before in itertools.product(PASSWORDS, ["?", "?a=1&", "?a=1;", "/x=2_", "#"]):
        text = f"http://h/v{before}{key}={write(password)}&n=1"  # type: ignore[operator]
        name = display_name(text)
        assert "Gh7xQ2" not in name, text
        assert display_name(name) == name


def test_nested_address() -> None:
    text = "http://proxy/?url=" + quoted("rtsp://admin:Gh7xQ2@10.0.0.9/x?password=Gh7xQ2")
    assert "Gh7xQ2" not in display_name(text)


def test_long_addresses_are_cut_and_odd_ones_take_no_time() -> None:
    assert len(display_name("http://h/" + "x" * 5000)) == 200
    assert len(display_name("http://" + "a=b_" * 20_000 + "@")) <= 200
    assert len(display_name("password=" * 20_000)) <= 200
