"""Small .mmdb files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write_places(path: Path, cities: dict[str, tuple[str, str]], kind: str = "GeoLite2-City") -> Path:
    """A database of places: country code and city by network."""
    records = {
        network: {"country": {"iso_code": code}, "city": {"names": {"en": city}}}
        for network, (code, city) in cities.items()
    }
    return _write(path, kind, records)


def write_networks(path: Path, numbers: dict[str, int]) -> Path:
    """A database of networks: the number of the autonomous system by network."""
    return _write(path, "GeoLite2-ASN", {net: {"autonomous_system_number": n} for net, n in numbers.items()})


def _write(path: Path, kind: str, records: dict[str, Any]) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en"])
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path
