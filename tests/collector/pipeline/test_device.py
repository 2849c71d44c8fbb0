"""With what the customer came."""

from __future__ import annotations

from typing import Any

import pytest

from collector.pipeline.device import families
from tests.collector.pipeline.conftest import CHROME, Pipeline

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
MAC = CHROME.replace("X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7")
PHONE = CHROME.replace("X11; Linux x86_64", "Linux; Android 10; K").replace("126.0", "126.0.0.0 Mobile")
TELEVISION = (
    "Mozilla/5.0 (Linux; Android 9; BRAVIA 4K) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 CrKey/1.56"
)


@pytest.mark.parametrize(
    ("user_agent", "answer"),
    [
        (IPHONE, ("mobile", "Mobile Safari", "iOS")),
        (IPAD, ("tablet", "Mobile Safari", "iOS")),
        (FIREFOX, ("desktop", "Firefox", "Linux")),
        (MAC, ("desktop", "Chrome", "macOS")),
        (PHONE, ("mobile", "Chrome Mobile", "Android")),
        ("nonsense", ("other", "", "")),
        ("", ("", "", "")),
    ],
)
def test_a_user_agent_tells_device_browser_and_system(user_agent: str, answer: tuple[str, str, str]) -> None:
    assert families(user_agent) == answer


def hinted(*brands: str, mobile: str = "?0", platform: str = "Linux") -> str:
    listed = ", ".join(f'"{brand}";v="126"' for brand in ("Not/A)Brand", *brands, "Chromium"))
    return f'{listed}\n{mobile}\n"{platform}"'


@pytest.mark.parametrize(
    ("user_agent", "hints", "answer"),
    [
        (CHROME, hinted("Google Chrome"), ("desktop", "Chrome", "Linux")),
        (CHROME, hinted("Brave"), ("desktop", "Brave", "Linux")),
        (CHROME, hinted("Microsoft Edge", platform="Windows"), ("desktop", "Edge", "Windows")),
        (CHROME, hinted("Opera", platform="macOS"), ("desktop", "Opera", "macOS")),
        (CHROME, hinted("YaBrowser"), ("desktop", "Yandex Browser", "Linux")),
        (CHROME, hinted(platform="Chrome OS"), ("desktop", "Chrome", "Chrome OS")),
        (CHROME, hinted(platform="Chromium OS"), ("desktop", "Chrome", "Chrome OS")),
        (CHROME, hinted(platform="Unknown"), ("desktop", "Chrome", "Linux")),
        (
            PHONE,
            hinted("Google Chrome", mobile="?1", platform="Android"),
            ("mobile", "Chrome Mobile", "Android"),
        ),
        (
            PHONE,
            hinted("Google Chrome", mobile="?0", platform="Android"),
            ("tablet", "Chrome Mobile", "Android"),
        ),
        (
            PHONE,
            hinted("Android WebView", mobile="?1", platform="Android"),
            ("mobile", "Chrome Mobile", "Android"),
        ),
        (IPHONE, hinted("Microsoft Edge", mobile="?1", platform="iOS"), ("mobile", "Edge", "iOS")),
        ("", hinted("Vivaldi"), ("desktop", "Vivaldi", "Linux")),
        (CHROME, '"broken\n?7\n', ("desktop", "Chrome", "Linux")),
        (CHROME, "\n\n\n\n", ("desktop", "Chrome", "Linux")),
        (CHROME, "", ("desktop", "Chrome", "Linux")),
    ],
)
def test_client_hints_know_better_than_the_user_agent(
    pipeline: Pipeline, user_agent: str, hints: str, answer: tuple[str, str, str]
) -> None:
    event = pipeline.event(user_agent=user_agent, hints=hints)
    assert (event.device, event.browser, event.os) == answer


EDGE = {
    "brands": [{"brand": "Not A;Brand", "version": "8"}, {"brand": "Microsoft Edge", "version": "126"}],
    "mobile": False,
    "platform": "Windows",
}


@pytest.mark.parametrize(
    ("context", "envelope", "browser", "system"),
    [
        ({"userAgentData": EDGE}, {}, "Edge", "Windows"),
        ({"userAgentData": EDGE}, {"hints": hinted("Brave", platform="macOS")}, "Edge", "Windows"),
        ({"userAgentData": EDGE, "userAgent": CHROME}, {"side": "server"}, "Edge", "Windows"),
        ({"userAgentData": {"brands": "text", "platform": 5, "mobile": "?1"}}, {}, "Chrome", "Linux"),
        ({"userAgentData": {"brands": [None, {}, {"brand": 5}]}}, {}, "Chrome", "Linux"),
        ({"userAgentData": "text"}, {"hints": hinted("Brave")}, "Brave", "Linux"),
        ({"userAgent": CHROME}, {"hints": hinted("Brave")}, "Brave", "Linux"),
        ({"userAgent": FIREFOX}, {"hints": hinted("Brave")}, "Firefox", "Linux"),
        ({"userAgent": CHROME}, {"hints": hinted("Brave"), "side": "server"}, "Chrome", "Linux"),
    ],
)
def test_hints_are_the_messages_own_or_those_of_the_request_that_the_same_browser_made(
    pipeline: Pipeline, context: dict[str, Any], envelope: dict[str, Any], browser: str, system: str
) -> None:
    event = pipeline.event({"context": context}, **envelope)
    assert (event.browser, event.os) == (browser, system)
    assert "userAgentData" not in event.context


def test_what_is_neither_phone_nor_computer_stays_so(pipeline: Pipeline) -> None:
    plain = pipeline.event(user_agent=TELEVISION)
    told = pipeline.event(user_agent=TELEVISION, hints=hinted("Google Chrome", platform="Android"))
    assert (plain.device, told.device) == ("other", "other")


def test_the_message_counts_more_than_the_request_and_a_servers_request_not_at_all(
    pipeline: Pipeline,
) -> None:
    named = {"context": {"userAgent": IPHONE}}
    assert pipeline.event(user_agent=FIREFOX).device == "desktop"
    assert pipeline.event(named, user_agent=FIREFOX).device == "mobile"
    assert pipeline.event(named, side="server", user_agent="python-requests/2").device == "mobile"
    assert pipeline.event(side="server", user_agent=FIREFOX, hints=hinted("Brave")).device == ""
