"""Only public machines are asked, by http or https, whatever way an address is written."""

from __future__ import annotations

import socket

import pytest

from tflhelpers.files.addresses import RequestRefused, check_public, next_address, parse_address, resolve


@pytest.mark.parametrize(
    "number",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_public(number):
    check_public(number, "example.org")


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep secrets
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "233.252.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2002:c0a8:101::1",
        "2001:0:0a00:1::f5ff:fffe",
    ],
)
def test_not_public(number):
    with pytest.raises(RequestRefused, match=r"not on the public internet; allow_private=True"):
        check_public(number, "example.org")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost", "[::1]"]
)
def test_this_computer_by_any_name(host):
    with pytest.raises((RequestRefused, OSError)) as caught:
        resolve(parse_address(f"http://{host}/a.jpg").host, 80, allow_private=False)
    assert isinstance(caught.value, (RequestRefused, socket.gaierror))  # not every machine speaks IPv6


def test_one_private_number_among_public_ones_is_enough(monkeypatch):
    found = [(socket.AF_INET, 1, 6, "", (number, 80)) for number in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    with pytest.raises(RequestRefused, match=r"10\.0\.0\.1"):
        resolve("two.example", 80, allow_private=False)
    assert [address for _, address in resolve("two.example", 80, allow_private=True)] == [
        ("8.8.8.8", 80),
        ("10.0.0.1", 80),
    ]


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://example.org", "example.org", 80, "/"),
        (" https://Example.org:8443/a b.jpg?x=1 2#part ", "example.org", 8443, "/a%20b.jpg?x=1%202"),
        ("https://example.org/%20a/é.jpg", "example.org", 443, "/%20a/%C3%A9.jpg"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://[2606:4700::1]:81/a", "2606:4700::1", 81, "/a"),
        ("https://x.org/a?sig=a%2Fb+c==&n=(1)", "x.org", 443, "/a?sig=a%2Fb+c==&n=(1)"),
    ],
)
def test_parts(url, host, port, path):
    target = parse_address(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/a.jpg", "expected http or https, got 'ftp'"),
        ("file:///etc/passwd", "expected http or https, got 'file'"),
        ("data:image/png;base64,AAAA", "expected http or https, got 'data'"),
        ("http:///a.jpg", "names no host"),
        ("http://user:word@example.org/", "user name"),
        ("http://example.org:99999/", "no address that can be asked"),
        ("http://example.org:0/", "names no host"),
        ("http://exa mple.org/", "names no host"),
        ("http://[::1/", "no address that can be asked"),
        ("http://" + "a" * 70 + "é.org/", "no address that can be asked"),
    ],
)
def test_no_address(url, reason):
    with pytest.raises(RequestRefused, match=reason):
        parse_address(url)


def test_line_breaks_do_not_become_headers():
    target = parse_address("http://example.org/a\r\nX-Evil: 1\r\n\r\n.jpg")
    assert "\r" not in target.path
    assert "\n" not in target.path


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b.jpg", "http://x.org/b.jpg"),
        ("b.jpg", "http://x.org/a/b.jpg"),
        ("//y.org/c", "http://y.org/c"),
        ("https://y.org/", "https://y.org/"),
    ],
)
def test_redirects(location, expected):
    assert next_address("http://x.org/a/1.jpg", location) == expected
