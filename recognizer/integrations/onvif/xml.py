"""Read and write the XML of ONVIF: namespaces, and parsing that hostile documents cannot misuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_LONGEST = 500


def parse(document: bytes) -> Element | None:
    """Parse a document; ``None`` for one that is not well formed, or has a document type or entities."""
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return root


def text(element: Element | None, path: str, default: str = "", *, longest: int = _LONGEST) -> str:
    """Return the text of the first descendant, as one line of printable characters.

    Args:
        element: to search in.
        path: names with namespaces in braces, such as ``{NS}a/{NS}b``.
        default: where there is none.
        longest: number of characters after which it is cut.
    """
    found = element.find(f".//{path}") if element is not None else None
    line = " ".join((found.text or "").split()) if found is not None else ""
    return "".join(character for character in line if character.isprintable())[:longest] or default


def every(element: Element | None, name: str) -> Iterator[Element]:
    """Yield the descendants of a name."""
    if element is not None:
        yield from element.iter(name)
