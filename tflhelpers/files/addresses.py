"""Which addresses may be asked: http and https, and only machines that are public.

A list of addresses comes from others. It must not make this computer ask the router, the machine beside it or a
cloud's own service for secrets. So a host's name is resolved once, every address it has is checked, and the connection
goes to the address that was checked: a name server that answers differently the next time changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ONES_OWN = "own network"


class RequestRefused(Exception):
    """An address that is not asked.

    Args:
        kind: A few words that equal reasons share.
        reason: A sentence for a person.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


SocketAddress = tuple[socket.AddressFamily, Any]  # and what `socket.connect` takes


@dataclass(frozen=True)
class Target:
    """An address taken apart.

    Attributes:
        url: The whole, in ASCII letters.
        scheme: "http" or "https".
        host: Its name or number, in ASCII letters, without brackets.
        port: 1 to 65535.
        path: Path and query, quoted.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str


def parse_address(url: str) -> Target:
    """Take an address apart; blanks and letters of other scripts in it are quoted.

    Raises:
        RequestRefused: If it is no http or https address.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        if parts.username or parts.password:
            raise RequestRefused("bad address", "addresses with a user name in them are not asked")
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise RequestRefused("bad address", f"no address that can be asked ({error})") from None
    if parts.scheme not in ("http", "https"):
        raise RequestRefused("bad address", f"expected http or https, got {parts.scheme or 'none'!r}")
    if not re.fullmatch(r"[\w.:%-]+", host, re.A) or port == 0:
        raise RequestRefused("bad address", "it names no host")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    path = f"{path}?{query}" if query else path
    shown = f"[{host}]" if ":" in host else host
    port_shown = f":{port}" if port else ""
    default = 443 if parts.scheme == "https" else 80
    return Target(f"{parts.scheme}://{shown}{port_shown}{path}", parts.scheme, host, port or default, path)


def next_address(url: str, location: str) -> str:
    """The address that a redirect at `url` leads to."""
    return urljoin(url, location.strip())


def resolve(host: str, port: int, *, allow_private: bool) -> list[SocketAddress]:
    """Return the socket addresses of a host, all checked: (family, address) as `socket.connect` takes them.

    Raises:
        RequestRefused: If one of them is not public and `allow_private` is False.
        OSError: If the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise RequestRefused("bad address", f"no host name ({error})") from None
    if not allow_private:
        for *_, address in found:
            check_public(str(address[0]), host)
    return list(dict.fromkeys((family, address) for family, *_, address in found))


def check_public(number: str, host: str) -> None:
    """Refuse the number of a machine that is not public.

    Raises:
        RequestRefused: If it is private, loopback, link-local, multicast, reserved, a tunnel, or an IPv6 number that
            stands for such a one.
    """
    try:
        public = _is_public(_meant(ipaddress.ip_address(number)))
    except ValueError:
        raise RequestRefused("bad address", f"{host} has no usable number ({number})") from None
    if not public:
        raise RequestRefused(
            _ONES_OWN,
            f"{host} is {number}, which is not on the public internet; allow_private=True asks it nevertheless",
        )


def _meant(number: _Ip) -> _Ip:
    """The number itself, or the IPv4 number that an IPv6 number is another way to write or to reach."""
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return number.ipv4_mapped
        if number in _NAT64:
            return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return number


def _is_public(number: _Ip) -> bool:
    """Whether a number is one of the public internet. Python's versions differ in what `is_global` takes in."""
    if isinstance(number, ipaddress.IPv6Address) and (
        number.is_site_local or number.sixtofour is not None or number.teredo is not None
    ):
        return False  # tunnels of old: nobody serves pictures there, and they hold IPv4 numbers
    closed = (
        number.is_private
        or number.is_loopback
        or number.is_link_local
        or number.is_multicast
        or number.is_reserved
        or number.is_unspecified
    )
    return number.is_global and not closed
