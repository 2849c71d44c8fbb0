"""Puts a request into an envelope, without what must not touch the disk."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from flask import Request

from collector.moments import moment
from store.drops import DropRow
from store.inbox import Envelope
from store.projects import WriteKey
from store.settings import Settings

USER_AGENT_CHARACTERS = 1024
HINTS = {"HTTP_SEC_CH_UA": 256, "HTTP_SEC_CH_UA_MOBILE": 8, "HTTP_SEC_CH_UA_PLATFORM": 32}


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
) -> Envelope:
    """The envelope of these messages; client addresses are cut unless the settings keep them whole.

    Those of cookieless visitors are cut in any case.
    """
    ip = client_ip(request, settings.trusted_proxies)
    if settings.anonymize_ip or cookieless:
        ip = truncated(ip)
        hide_addresses(messages)
    return Envelope(
        project=key.project_id,
        received_at=now,
        side=key.side,
        history=history,
        ip=ip,
        user_agent=request.environ.get("HTTP_USER_AGENT", "")[:USER_AGENT_CHARACTERS],
        hints=_hints(request) if key.side == "browser" else "",
        sent_at=_sent_at(sent_at),
        messages=messages,
    )


def refused(envelope: Envelope, message: Any, *, place: str, code: str, field: str, reason: str) -> DropRow:
    """A refused message with what is needed to run it through again."""
    original = {
        "message": message,
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
    """Cut the client address that a message itself names."""
    for message in messages:
        context = message.get("context") if isinstance(message, dict) else None
        if isinstance(context, dict) and "ip" in context:
            context["ip"] = truncated(context["ip"]) if isinstance(context["ip"], str) else ""


def whole(address: str) -> str:
    """An address in its one way of writing, without a port; as it is where it is none."""
    try:
        return str(ipaddress.ip_address(_without_port(address.strip())))
    except ValueError:
        return address


@lru_cache(maxsize=20_000)
def truncated(address: str) -> str:
    """The network of an address, /24 or /48; empty for what is no address."""
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
