from __future__ import annotations

import pytest

from recognizer.capture.ip_address import ip_address


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:169.254.169.254", "169.254.169.254"),
        ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
    ],
)
def test_an_address_of_ipv4_is_recognised_in_one_of_ipv6(text: str, meant: str) -> None:
    assert str(ip_address(text)) == meant
