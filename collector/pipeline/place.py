"""Says where the customer was, by a local database and the client address as it was kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from geoip2.database import Reader

from collector.envelope import truncated
from collector.pipeline.database import Database
from store.event import Event

if TYPE_CHECKING:
    from collector.pipeline.context import Context

log = logging.getLogger("waywiser.pipeline")

HIDDEN = "0.0.0.0"  # noqa: S104 (what clients send to say: do not look me up)
Place = tuple[str, str, str]
NOWHERE: Place = ("", "", "")


def places(path: str, monotonic: Callable[[], float] = time.monotonic) -> Database[Place]:
    """The place database; without a file every address is nowhere, which the log says once."""
    if not path:
        log.info("WAYWISER_GEOIP_DB is unset: events have no country, region and city")
    found = Database(path, setting="GEOIP_DB", nothing=NOWHERE, prepare=_asked, monotonic=monotonic)
    found.refresh()
    return found


def place(event: Event, context: Context) -> Event:
    """Country, region and city by the address that the message names, or that the browser came from."""
    ip = client_address(event, context)
    if not ip:
        return event
    event.ip = ip[:64]
    event.country, event.region, event.city = context.tools.places.find(ip)
    return event


def client_address(event: Event, context: Context) -> str:
    """The client's address as it may be kept; empty where it is not known or not to be looked up."""
    ip = context.given.get("ip")
    if not isinstance(ip, str) or not ip:
        ip = context.envelope.ip if event.side == "browser" else ""
    if not ip or ip == HIDDEN:
        return ""
    # Envelopes of imports do not pass the door.
    return truncated(ip) if context.tools.settings.anonymize_ip else ip


def _asked(reader: Reader) -> Callable[[str], Place]:
    kind = reader.metadata().database_type
    if "City" in kind:
        return lambda ip: _in_city(reader, ip)
    if "Country" in kind:
        return lambda ip: (reader.country(ip).country.iso_code or "", "", "")
    raise ValueError(f"it is a {kind} database; give one of cities or countries")


def _in_city(reader: Reader, ip: str) -> Place:
    found = reader.city(ip)
    region = found.subdivisions.most_specific.name if found.subdivisions else None
    return found.country.iso_code or "", region or "", found.city.name or ""
