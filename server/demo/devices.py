"""What the demo's people hold in their hands, and the robots that hold nothing."""

from typing import NamedTuple


class Device(NamedTuple):
    """A kind of device as the browser describes it."""

    kind: str
    user_agent: str
    screen: dict[str, object]


def _device(kind: str, size: tuple[int, int, float], user_agent: str) -> Device:
    width, height, density = size
    return Device(kind, user_agent, {"width": width, "height": height, "density": density})


_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"

PHONES = (
    _device(
        "phone",
        (393, 852, 3),
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) {_SAFARI} "
        "Version/17.5 Mobile/15E148 Safari/604.1",
    ),
    _device(
        "phone",
        (390, 844, 3),
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 16_7_8 like Mac OS X) {_SAFARI} "
        "CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1",
    ),
    _device(
        "phone",
        (412, 915, 2.6),
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/125.0.6422.113 Mobile Safari/537.36",
    ),
    _device(
        "phone",
        (384, 832, 2.8),
        f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S911B) {_WEBKIT} "
        "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
    ),
)
TABLETS = (
    _device(
        "tablet",
        (820, 1180, 2),
        f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {_SAFARI} Version/16.6 Mobile/15E148 Safari/604.1",
    ),
    _device(
        "tablet",
        (800, 1280, 2),
        f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_WEBKIT} Chrome/124.0.6367.179 Safari/537.36",
    ),
)
DESKTOPS = (
    _device("desktop", (1920, 1080, 1), f"{_WINDOWS} {_WEBKIT} Chrome/125.0.0.0 Safari/537.36"),
    _device("desktop", (1536, 864, 1.25), f"{_WINDOWS} {_WEBKIT} Chrome/124.0.0.0 Safari/537.36"),
    _device(
        "desktop", (1920, 1080, 1), f"{_WINDOWS} {_WEBKIT} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.2478.97"
    ),
    _device(
        "desktop",
        (1366, 768, 1),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0",
    ),
    _device("desktop", (1440, 900, 2), f"{_MAC} {_SAFARI} Version/17.4.1 Safari/605.1.15"),
    _device("desktop", (1512, 982, 2), f"{_MAC} {_WEBKIT} Chrome/125.0.0.0 Safari/537.36"),
    _device(
        "desktop",
        (2560, 1440, 1),
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    ),
)
ROBOTS = (
    _device(
        "robot",
        (412, 732, 2.6),
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_WEBKIT} Chrome/125.0.6422.112 "
        "Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ),
    _device(
        "robot",
        (1024, 768, 1),
        f"Mozilla/5.0 {_WEBKIT.replace(')', '; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)')} "
        "Chrome/116.0.1938.76 Safari/537.36",
    ),
    _device(
        "robot",
        (1024, 768, 1),
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    ),
)
KINDS = {"phone": PHONES, "tablet": TABLETS, "desktop": DESKTOPS, "robot": ROBOTS}
