"""Where the demo's people are: addresses that MaxMind's test databases know, or that nobody may own."""

from random import Random
from typing import NamedTuple


class Place(NamedTuple):
    """A town and the addresses its people use: `prefix` followed by a number from `low` to `high`."""

    weight: int
    prefix: str
    low: int
    high: int
    locale: str
    timezone: str
    zone: int  # hours ahead of UTC; summer time changes nothing that the demo shows
    currency: str

    def address(self, rng: Random) -> str:
        return f"{self.prefix}{rng.randint(self.low, self.high)}"


PLACES = (
    Place(17, "81.2.69.", 160, 207, "en-GB", "Europe/London", 1, "GBP"),
    Place(5, "81.2.69.", 142, 143, "en-GB", "Europe/London", 1, "GBP"),
    Place(8, "2.125.160.", 216, 223, "en-GB", "Europe/London", 1, "GBP"),
    Place(8, "2a02:d540:31::", 1, 900, "en-GB", "Europe/London", 1, "GBP"),
    Place(10, "89.160.20.", 112, 255, "sv-SE", "Europe/Stockholm", 2, "EUR"),
    Place(13, "2a02:d180:14::", 1, 900, "de-DE", "Europe/Berlin", 2, "EUR"),
    Place(7, "2a02:e040:77::", 1, 900, "nl-NL", "Europe/Amsterdam", 2, "EUR"),
    Place(6, "2a02:d340:5::", 1, 900, "fr-FR", "Europe/Paris", 2, "EUR"),
    Place(12, "216.160.83.", 56, 63, "en-US", "America/Los_Angeles", -7, "USD"),
    Place(5, "214.78.3.", 1, 254, "en-US", "America/Los_Angeles", -7, "USD"),
    Place(3, "175.16.199.", 1, 254, "zh-CN", "Asia/Shanghai", 8, "USD"),
    Place(3, "202.196.226.", 1, 254, "en-PH", "Asia/Manila", 8, "USD"),
    Place(9, "203.0.113.", 1, 254, "en-IE", "Europe/Dublin", 1, "EUR"),
)
WEIGHTS = [place.weight for place in PLACES]


def draw_place(rng: Random) -> Place:
    return rng.choices(PLACES, WEIGHTS)[0]
