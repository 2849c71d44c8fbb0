"""Puts a request into an envelope, without what must not touch the disk."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any

from flask import Request
from msgspec import UNSET

from collector.moments import moment
from store.client_health import Health
from store.drops import DropRow
from store.inbox import Envelope
from store.projects import WriteKey
from store.settings import Settings

USER_AGENT_CHARACTERS = 1024
HINTS = {"HTTP_SEC_CH_UA": 256, "HTTP_SEC_CH_UA_MOBILE": 8, "HTTP_SEC_CH_UA_PLATFORM": 32}

# Names under which addresses stand: `IP`, `ip_address`, `clientIp`, `remote_addr`, `X-Forwarded-For`.
ADDRESS_NAME = re.compile(
    r"^[$@#.:/ -]?ip|ips?\Z|ip[_-]?(?:v?[46]|addr)|addr(?:ess(?:es)?)?\Z|forwarded", re.IGNORECASE | re.ASCII
)
IPV4 = re.compile(r"(?<!\d)(?<!\d\.)(\d{1,3}(?:\.\d{1,3}){2})\.\d{1,3}(?!\.?\d)")
IPV6 = re.compile(
    r"(?<![\dA-F])(?:[\dA-F]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[\dA-F]{0,4})", re.IGNORECASE
)
OBJECTS = ("context", "properties", "traits")
MOST_NAMES = 20_000
LONGEST_NAME = 64  # of a longer one the end tells
LONGEST_ADDRESS = 64


def sealed(
    request: Request,
    key: WriteKey,
    settings: Settings,
    *,
    messages: list[Any],
    sent_at: Any,
    now: int,
    cookieless: bool = False,
    history: bool = False,
    health: Health | None = None,
) -> Envelope:
    """The envelope of these messages; client addresses are cut unless the settings keep them whole.

    Those of cookieless visitors are cut in any case.
    """
    ip = client_ip(request, settings.trusted_proxies)
    if settings.anonymize_ip or cookieless:
        ip = truncated(ip)
    return Envelope(
        project=key.project_id,
        received_at=now,
        side=key.side,
        history=history,
        ip=ip,
        user_agent=request.environ.get("HTTP_USER_AGENT", "")[:USER_AGENT_CHARACTERS],
        hints=_hints(request) if key.side == "browser" else "",
        sent_at=_sent_at(sent_at),
        health=health or UNSET,
        messages=messages,
    )


def refused(envelope: Envelope, message: Any, *, place: str, code: str, field: str, reason: str) -> DropRow:
    """A refused message with what is needed to run it through again.

    Where something else stands in place of an object, nobody can tell its fields: all its addresses are cut.
    """
    original = {
        "message": _without_loose_addresses(message),
        "received_at": envelope.received_at,
        "side": envelope.side,
        "history": envelope.history,
        "ip": envelope.ip,
        "user_agent": envelope.user_agent,
        "hints": envelope.hints,
        "sent_at": envelope.sent_at,
    }
    return DropRow(
        project=envelope.project,
        received_at=envelope.received_at,
        place=place,
        code=code,
        field=field,
        message=reason,
        original=original,
    )


def _hints(request: Request) -> str:
    """What Chromium's browsers say of themselves with every request; most others say nothing."""
    if "HTTP_SEC_CH_UA" not in request.environ:
        return ""
    return "\n".join(request.environ.get(name, "")[:most] for name, most in HINTS.items())


def client_ip(request: Request, proxies: int) -> str:
    """The client's address; what stands in X-Forwarded-For counts only as far as proxies are trusted."""
    if proxies:
        chain = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
        if chain:
            return chain[-min(proxies, len(chain))]
    return request.remote_addr or ""


def hide_addresses(messages: list[Any]) -> None:
    """Cut the client addresses that messages themselves name, wherever they do so."""
    for message in messages:
        context = message.get("context") if type(message) is dict else None
        if type(context) is dict and "ip" in context:
            context["ip"] = truncated(context["ip"]) if isinstance(context["ip"], str) else ""
    _hide_inside(messages)


def _hide_inside(part: Any, is_address: bool = False) -> None:
    """Cut, in place, the addresses in texts whose own name, or that of what they are in, is an address's.

    The door does this with every event: it has to be fast. What arrives is nested in bounded depth.
    """
    if type(part) is dict:
        if not is_address and part.keys() <= HARMLESS:  # mostly
            for value in part.values():
                if type(value) is dict or type(value) is list:
                    _hide_inside(value)
            return
        for name, value in part.items():
            if type(value) is str:
                if is_address or (name not in HARMLESS and names_address(name)):
                    part[name] = _cut(value)
            elif type(value) is dict or type(value) is list:
                _hide_inside(value, is_address or (name not in HARMLESS and names_address(name)))
        return
    for place, value in enumerate(part):
        if type(value) is dict or type(value) is list:
            _hide_inside(value, is_address)
        elif is_address and type(value) is str:
            part[place] = _cut(value)


# Names that are no address's, learnt as they come; long and further ones are looked at each time.
HARMLESS: set[str] = set()


def names_address(name: str) -> bool:
    """Whether addresses may stand under a name."""
    if ADDRESS_NAME.search(name[-LONGEST_NAME:]):
        return True
    if len(name) <= LONGEST_NAME and len(HARMLESS) < MOST_NAMES:
        HARMLESS.add(name)
    return False


def _without_loose_addresses(message: Any) -> Any:
    if not isinstance(message, dict):
        box = [message]
        _hide_inside(box, is_address=True)
        return box[0]
    odd = {name: message[name] for name in OBJECTS if not isinstance(message.get(name, {}), dict)}
    _hide_inside(odd, is_address=True)
    return {**message, **odd} if odd else message


def _cut(text: str) -> str:
    """The text with the networks of all addresses that it holds in their place."""
    return _cut_again(text) if len(text) <= LONGEST_ADDRESS else _cut_once(text)


def _cut_once(text: str) -> str:
    if text.count(":") > 1:
        text = IPV6.sub(lambda found: truncated(found.group()) or found.group(), text)
    return IPV4.sub(lambda found: f"{found[1]}.0", text)


_cut_again = lru_cache(maxsize=20_000)(_cut_once)  # a visitor comes with every event from the same address


def whole(address: str) -> str:
    """An address in its one way of writing, without a port; as it is where it is none."""
    try:
        return str(ipaddress.ip_address(_without_port(address.strip())))
    except ValueError:
        return address


def truncated(address: str) -> str:
    """The network of an address, /24 or /48; empty for what is no address."""
    return _truncated(address) if len(address) <= LONGEST_ADDRESS else ""


@lru_cache(maxsize=20_000)
def _truncated(address: str) -> str:
    try:
        ip = ipaddress.ip_address(_without_port(address.strip()))
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Address(int(ip) >> 8 << 8))
    return str(ipaddress.IPv6Address(int(ip) >> 80 << 80))


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _sent_at(value: Any) -> int | None:
    try:
        return moment(value)
    except (ValueError, OverflowError):
        return None
