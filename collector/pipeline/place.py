"""Says where the customer was, by a local database and the client address as it was kept."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError

from collector.envelope import truncated
from store.event import Event

if TYPE_CHECKING:
    from collector.pipeline.context import Context

HIDDEN = "0.0.0.0"  # noqa: S104 (what clients send to say: do not look me up)
Place = tuple[str, str, str]
NOWHERE: Place = ("", "", "")


class Places:
    """The place database, open; without a file every address is nowhere."""

    def __init__(self, path: str) -> None:
        self._reader = Reader(path) if path else None
        self.find = lru_cache(maxsize=50_000)(self._find)

    def _find(self, ip: str) -> Place:
        """Country code, region and city of an address."""
        if self._reader is None:
            return NOWHERE
        try:
            if "City" not in self._reader.metadata().database_type:
                return self._reader.country(ip).country.iso_code or "", "", ""
            found = self._reader.city(ip)
        except (AddressNotFoundError, ValueError, TypeError):
            return NOWHERE
        region = found.subdivisions.most_specific.name if found.subdivisions else None
        return found.country.iso_code or "", region or "", found.city.name or ""

    def close(self) -> None:
        """Close the file."""
        if self._reader:
            self._reader.close()


def place(event: Event, context: Context) -> Event:
    """Country, region and city by the address that the message names, or that the browser came from."""
    ip = context.given.get("ip")
    if not isinstance(ip, str) or not ip:
        ip = context.envelope.ip if event.side == "browser" else ""
    if not ip or ip == HIDDEN:
        return event
    if context.tools.settings.anonymize_ip:
        ip = truncated(ip)  # envelopes of imports do not pass the door
    country, region, city = context.tools.places.find(ip)
    return msgspec.structs.replace(event, ip=ip[:64], country=country, region=region, city=city)
