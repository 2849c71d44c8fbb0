"""Robots are marked and kept; servers are never judged."""

from __future__ import annotations

import pytest

from tests.collector.pipeline.conftest import Pipeline

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("user_agent", "marks"),
    [
        (GOOGLEBOT, ("bot:googlebot",)),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", ("bot:gptbot",)),
        ("curl/8.5.0", ("bot:curl",)),
        (CHROME.replace("Chrome", "HeadlessChrome"), ("bot:headlesschrome",)),
        (CHROME, ()),
        ("", ()),
    ],
)
def test_a_robot_in_a_browser_key_is_marked_with_its_name(
    pipeline: Pipeline, user_agent: str, marks: tuple[str, ...]
) -> None:
    event = pipeline.event(user_agent=user_agent)
    assert (event.is_bot, event.marks) == (bool(marks), marks)


def test_the_user_agent_of_the_message_counts_more_than_that_of_the_request(pipeline: Pipeline) -> None:
    assert pipeline.event({"context": {"userAgent": GOOGLEBOT}}, user_agent=CHROME).is_bot
    assert not pipeline.event({"context": {"userAgent": CHROME}}, user_agent=GOOGLEBOT).is_bot


def test_servers_and_history_are_never_robots(pipeline: Pipeline) -> None:
    assert not pipeline.event(side="server", user_agent="python-requests/2.32").is_bot
    assert not pipeline.event(history=True, user_agent=GOOGLEBOT).is_bot
