"""With what the customer came."""

from __future__ import annotations

import pytest

from collector.pipeline.device import families
from tests.collector.pipeline.conftest import Pipeline

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.parametrize(
    ("user_agent", "answer"),
    [
        (IPHONE, ("mobile", "Mobile Safari", "iOS")),
        (IPAD, ("tablet", "Mobile Safari", "iOS")),
        (FIREFOX, ("desktop", "Firefox", "Linux")),
        ("nonsense", ("other", "", "")),
    ],
)
def test_a_user_agent_tells_device_browser_and_system(user_agent: str, answer: tuple[str, str, str]) -> None:
    assert families(user_agent) == answer


def test_the_message_counts_more_than_the_request_and_a_servers_request_not_at_all(
    pipeline: Pipeline,
) -> None:
    named = {"context": {"userAgent": IPHONE}}
    assert pipeline.event(user_agent=FIREFOX).device == "desktop"
    assert pipeline.event(named, user_agent=FIREFOX).device == "mobile"
    assert pipeline.event(named, side="server", user_agent="python-requests/2").device == "mobile"
    assert pipeline.event(side="server", user_agent=FIREFOX).device == ""
