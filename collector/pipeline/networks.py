"""Knows the networks of data centres, from which programs come rather than people.

After the lists that X4BNet/lists_vpn (`input/datacenter/ASN.txt`) and brianhama/bad-asn-list keep; no package
registry has a kept list. Of their thousand networks these are the large clouds and hosting companies. Left
out are networks through which people come, too: Google's own (AS15169), the relays of Cloudflare, Akamai and
Fastly that Apple's Private Relay uses, and those that live off VPN services (M247, Datacamp).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from geoip2.database import Reader

from collector.pipeline.database import Database

log = logging.getLogger("waywiser.pipeline")

COMPANIES: dict[str, tuple[int, ...]] = {
    "A2 Hosting": (55293,),
    "Alibaba Cloud": (45102, 134963),
    "Amazon": (14618, 16509),
    "Anexia": (42473,),
    "Aruba": (31034, 199883),
    "Cherry Servers": (16125,),
    "ColoCrossing": (36352,),
    "Contabo": (51167, 141995),
    "DigitalOcean": (14061, 62567),
    "DreamHost": (26347,),
    "Equinix Metal": (54825,),
    "FranTech": (53667,),
    "GMO": (7506,),
    "Google Cloud": (396982,),
    "Hetzner": (24940, 212317, 213230, 215859),
    "Hivelocity": (29802,),
    "HostDime": (33182,),
    "Hostinger": (47583,),
    "Hostwinds": (54290,),
    "Huawei Cloud": (55990, 136907),
    "IBM Cloud": (36351,),
    "InMotion": (22611, 54641),
    "IONOS": (8560, 51862),
    "Joe's Datacenter": (19969,),
    "Kamatera": (36007, 64022, 210329),
    "Leaseweb": (
        *(7203, 19148, 27411, 28753, 30633, 59253, 60781, 133752, 134351, 136988),
        *(205544, 393886, 394380, 395954, 396190, 396362),
    ),
    "Limestone": (46475,),
    "Linode": (63949,),
    "Liquid Web": (32244, 32475),
    "Microsoft": (8075,),
    "myLoc": (24961,),
    "netcup": (197540,),
    "NForce": (43350,),
    "Oracle Cloud": (31898,),
    "OVH": (16276, 35540),
    "PlusServer": (8972, 61157),
    "Psychz": (40676,),
    "QuadraNet": (8100,),
    "Rackspace": (10532, 12200, 15395, 19994, 22720, 27357, 33070, 45187, 58683),
    "Sakura": (9370,),
    "Scaleway": (12876,),
    "Selectel": (49505,),
    "Serverius": (50673,),
    "Servers.com": (7979,),
    "Sharktech": (46844,),
    "Strato": (6724,),
    "SysEleven": (25291,),
    "Tencent Cloud": (45090, 132203),
    "Unified Layer": (46606,),
    "UpCloud": (202053,),
    "VDSina": (48282, 216071),
    "Vultr": (20473,),
    "Webdock": (44803,),
    "WholeSale Internet": (32097,),
    "WorldStream": (49981,),
    "Yandex Cloud": (200350,),
    "Zenlayer": (21859,),
    "Zomro": (204601,),
}
DATA_CENTRES = frozenset(number for numbers in COMPANIES.values() for number in numbers)


def data_centres(path: str, monotonic: Callable[[], float] = time.monotonic) -> Database[bool]:
    """Which addresses lie in data centres, by a database of networks; without a file none does."""
    if not path:
        log.info("WAYWISER_ASN_DB is unset: browsers in data centres are not recognised")
    found = Database(path, setting="ASN_DB", nothing=False, prepare=_asked, monotonic=monotonic)
    found.refresh()
    return found


def _asked(reader: Reader) -> Callable[[str], bool]:
    kind = reader.metadata().database_type
    if "ASN" not in kind:
        raise ValueError(f"it is a {kind} database; give one of networks (ASN)")
    return lambda ip: reader.asn(ip).autonomous_system_number in DATA_CENTRES
