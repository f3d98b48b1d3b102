"""An ONVIF device written from the specification: WS-Discovery over UDP, and its services over HTTP.

ONVIF Core 5.9.4 (UsernameToken), 7.3 (discovery), 8 (device management); ONVIF Media 5 (profiles, stream addresses).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.server
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

SOAP, SCHEMA = "http://www.w3.org/2003/05/soap-envelope", "http://www.onvif.org/ver10/schema"
DEVICE, MEDIA = "http://www.onvif.org/ver10/device/wsdl", "http://www.onvif.org/ver10/media/wsdl"
ERRORS = "http://www.onvif.org/ver10/error"
LOOPBACK = "127.0.0.1"
REALM, NONCE = "camera", "dcd98b7102dd2f0e8b11d0f600bfb0c0"


@dataclass(kw_only=True)
class Profile:
    name: str
    """Its token, too."""
    width: int
    height: int
    uri: str
    encoding: str = "H264"
    has_video: bool = True


PROFILES = (
    Profile(name="main", width=1920, height=1080, uri="rtsp://127.0.0.1:554/Streaming/101?a=1&b=2"),
    Profile(name="sub", width=640, height=360, uri="rtsp://127.0.0.1:554/Streaming/102"),
    Profile(name="tiny", width=160, height=90, uri="rtsp://127.0.0.1:554/Streaming/103"),
    Profile(name="sound", width=0, height=0, uri="rtsp://127.0.0.1:554/sound", has_video=False),
)


@dataclass(kw_only=True)
class OnvifDevice:
    """Runs by ``with``; what is wrong with it can be set before."""

    user: str = "admin"
    password: str = "pass/word&<é"  # noqa: S105 - its own
    open_to_all: bool = False
    http_digest: bool = False
    """It wants HTTP digest and knows no UsernameToken, as Profile T allows."""
    clock_ahead: dt.timedelta = dt.timedelta()
    profiles: tuple[Profile, ...] = PROFILES
    answers: dict[str, bytes] = field(default_factory=dict)
    """Answers in place of the right ones, by operation."""
    xaddr_host: str = LOOPBACK
    """Which host its answers name."""
    port: int = 0
    """Of HTTP."""
    probe_port: int = 0
    """Of UDP."""
    bodies: list[str] = field(default_factory=list)
    """All that it was sent."""
    _nonces: set[str] = field(default_factory=set)

    def __enter__(self) -> OnvifDevice:
        device = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = device.answer(body.decode(), self.headers.get("authorization"), self.path)
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

        self._http = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.port = self._http.server_port
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("", 0))
        self.probe_port = self._udp.getsockname()[1]
        membership = struct.pack("4s4s", socket.inet_aton("239.255.255.250"), socket.inet_aton(LOOPBACK))
        self._udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self._probing = threading.Thread(target=self._probes, daemon=True)
        self._probing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"end", (LOOPBACK, self.probe_port))
        self._probing.join()
        self._udp.close()

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/onvif/device_service"

    def _probes(self) -> None:
        while (came := self._udp.recvfrom(65536))[0] != b"end":
            datagram, sender = came
            identity = re.search(rb"MessageID>([^<]+)<", datagram)
            if identity and b"NetworkVideoTransmitter" in datagram:
                self._udp.sendto(self.answers.get("Probe") or self.probe_matches(identity[1].decode()), sender)

    def probe_matches(self, identity: str) -> bytes:
        return (
            f'<?xml version="1.0"?><e:Envelope xmlns:e="{SOAP}" '
            'xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
            'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
            f"<w:RelatesTo>{identity}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>"
            "<w:EndpointReference><w:Address>urn:uuid:1419d68a-1dd2-11b2-a105-000000000000</w:Address>"
            "</w:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
            f"<d:Scopes>onvif://www.onvif.org/Profile/Streaming {'onvif://www.onvif.org/location/x ' * 40}"
            "onvif://www.onvif.org/name/Front%20door</d:Scopes>"
            f"<d:XAddrs>http://[fe80::1]/onvif/device_service http://{self.xaddr_host}:{self.port}/onvif/device_service"
            "</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
        ).encode()

    def answer(self, body: str, authorization: str | None, path: str) -> tuple[int, dict[str, str], bytes]:
        """The HTTP status, headers and body for a request."""
        self.bodies.append(body)
        operation = next(name for name in _OPERATIONS if f"<{name} " in body)
        if operation != "GetSystemDateAndTime" and not self.open_to_all:
            if self.http_digest and not self._digest_is_right(authorization, path):
                challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
                return 401, {"www-authenticate": challenge}, b""
            if not self.http_digest and not self._token_is_right(body):
                return 400, {}, _fault("s:Sender", "ter:NotAuthorized", "Sender not Authorized")
        if operation in self.answers:
            return 200, {}, self.answers[operation]
        return 200, {"content-type": "application/soap+xml"}, _envelope(getattr(self, f"_{operation}")(body))

    def _token_is_right(self, body: str) -> bool:
        found = [
            re.search(rf"<[wu]:{name}(?: [^>]*)?>([^<]*)<", body)
            for name in ("Username", "Password", "Nonce", "Created")
        ]
        if not all(found):
            return False
        user, digest, nonce, created = (each[1] for each in found if each)
        wanted = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.password.encode()).digest()  # noqa: S324
        late = dt.datetime.now(dt.UTC) + self.clock_ahead - dt.datetime.fromisoformat(created)
        fresh = abs(late) < dt.timedelta(seconds=30) and nonce not in self._nonces
        self._nonces.add(nonce)
        return fresh and user == escape(self.user) and base64.b64decode(digest) == wanted

    def _digest_is_right(self, authorization: str | None, path: str) -> bool:
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', authorization or ""))
        if given.get("username") != self.user:
            return False

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - RFC 7616

        secret, request = md5(f"{self.user}:{REALM}:{self.password}"), md5(f"POST:{path}")
        return bool(given["response"] == md5(f"{secret}:{NONCE}:{given['nc']}:{given['cnonce']}:auth:{request}"))

    def _GetSystemDateAndTime(self, body: str) -> str:
        now = dt.datetime.now(dt.UTC) + self.clock_ahead
        time = f"<t:Hour>{now.hour}</t:Hour><t:Minute>{now.minute}</t:Minute><t:Second>{now.second}</t:Second>"
        date = f"<t:Year>{now.year}</t:Year><t:Month>{now.month}</t:Month><t:Day>{now.day}</t:Day>"
        utc = f"<t:UTCDateTime><t:Time>{time}</t:Time><t:Date>{date}</t:Date></t:UTCDateTime>"
        said = f"<d:SystemDateAndTime>{utc}</d:SystemDateAndTime>"
        return f"<d:GetSystemDateAndTimeResponse>{said}</d:GetSystemDateAndTimeResponse>"

    def _GetCapabilities(self, body: str) -> str:
        media = f"<t:Media><t:XAddr>http://{self.xaddr_host}:{self.port}/onvif/media</t:XAddr></t:Media>"
        return f"<d:GetCapabilitiesResponse><d:Capabilities>{media}</d:Capabilities></d:GetCapabilitiesResponse>"

    def _GetDeviceInformation(self, body: str) -> str:
        said = "<d:Manufacturer>Ada &amp; Sons</d:Manufacturer><d:Model>Eye 2</d:Model>"
        return f"<d:GetDeviceInformationResponse>{said}</d:GetDeviceInformationResponse>"

    def _GetProfiles(self, body: str) -> str:
        return f"<m:GetProfilesResponse>{''.join(map(_profile, self.profiles))}</m:GetProfilesResponse>"

    def _GetStreamUri(self, body: str) -> str:
        token = re.search(r"<ProfileToken>([^<]*)<", body)
        uri = next(profile.uri for profile in self.profiles if token and profile.name == token[1])
        return f"<m:GetStreamUriResponse><m:MediaUri><t:Uri>{escape(uri)}</t:Uri></m:MediaUri></m:GetStreamUriResponse>"


_OPERATIONS = ("GetSystemDateAndTime", "GetCapabilities", "GetDeviceInformation", "GetProfiles", "GetStreamUri")


def _profile(profile: Profile) -> str:
    size = f"<t:Resolution><t:Width>{profile.width}</t:Width><t:Height>{profile.height}</t:Height></t:Resolution>"
    rate = "<t:RateControl><t:FrameRateLimit>25</t:FrameRateLimit></t:RateControl>"
    said = f"<t:Encoding>{profile.encoding}</t:Encoding>{size}{rate}"
    video = f"<t:VideoEncoderConfiguration>{said}</t:VideoEncoderConfiguration>" if profile.has_video else ""
    return f'<m:Profiles token="{profile.name}" fixed="true"><t:Name>{profile.name}Profile</t:Name>{video}</m:Profiles>'


def _envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:t="{SCHEMA}" xmlns:d="{DEVICE}" '
        f'xmlns:m="{MEDIA}" xmlns:ter="{ERRORS}"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def _fault(code: str, subcode: str, reason: str) -> bytes:
    codes = f"<s:Code><s:Value>{code}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
    return _envelope(f'<s:Fault>{codes}<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>')
