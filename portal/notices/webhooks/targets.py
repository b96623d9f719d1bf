"""Where a webhook may lead: to addresses of the public internet, never into the site's own networks."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

PORTS = {"https": 443, "http": 80}


class BadTarget(ValidationError):
    """The portal does not send there; `is_final` unless the name's addresses only could not be had just now."""

    def __init__(self, message: str, *, is_final: bool = True) -> None:
        super().__init__(message, code="target")
        self.is_final = is_final

    def __str__(self) -> str:
        return str(self.message)


class Target(NamedTuple):
    """A URL, and the checked address to which the connection is made: the name is not looked up a second time."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def check_target(url: str) -> None:
    """Refuse what the portal would not send to."""
    resolved(url)


def resolved(url: str) -> Target:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise BadTarget(_("这不是有效的网址。")) from None
    if scheme not in PORTS or not host or any(character.isspace() for character in url):
        raise BadTarget(_("这不是有效的网址。"))
    if scheme != "https" and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise BadTarget(_("网址须以 https:// 开头。"))
    if parts.username is not None:
        raise BadTarget(_("网址中不能含有用户名或密码。"))
    port = port or PORTS[scheme]
    addresses = _addresses(host, port)
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(map(_is_public, addresses)):
        raise BadTarget(_("%(host)s 指向内部网络或保留地址，平台不向其发送。") % {"host": host})
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, path, addresses[0])


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadTarget(_("找不到主机 %(host)s。") % {"host": host}, is_final=False) from None
    return [str(address[0]) for _family, _type, _protocol, _name, address in found]


def _is_public(text: str) -> bool:
    """Not even an address of version 6 that leads to one of version 4, which might be anything."""
    address = ipaddress.ip_address(text.partition("%")[0])
    leads_elsewhere = address.version == 6 and (address.ipv4_mapped or address.sixtofour)
    return address.is_global and not (address.is_multicast or address.is_reserved or leads_elsewhere)
