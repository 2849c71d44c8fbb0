"""Robots are marked with what gave them away, and kept; servers are never judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.pipeline import Tools
from store.rules import ProjectRules
from store.settings import Settings
from tests.collector.pipeline.conftest import CHROME, Pipeline
from tests.collector.pipeline.databases import write_networks

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
JSDOM = "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.0"
HEADLESS_HINTS = '"HeadlessChrome";v="126", "Chromium";v="126"\n?0\n"Linux"'
CHROME_HINTS = '"Chromium";v="126", "Google Chrome";v="126", "Not/A)Brand";v="8"\n?0\n"Linux"'


@pytest.mark.parametrize(
    ("user_agent", "marks"),
    [
        (GOOGLEBOT, ("bot:googlebot",)),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", ("bot:gptbot",)),
        ("curl/8.5.0", ("bot:curl",)),
        (CHROME.replace("Chrome", "HeadlessChrome"), ("bot:headlesschrome", "bot:headless")),
        (
            "Mozilla/5.0 (Unknown; Linux x86_64) PhantomJS/2.1.1 Safari/538.1",
            ("bot:phantomjs", "bot:headless"),
        ),
        (JSDOM, ("bot:headless",)),
        (CHROME.replace("Safari", "Cypress/13.6 Electron/118 Safari"), ("bot:headless",)),
        (CHROME, ()),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", ()),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", ()),
        ("", ("bot:no-user-agent",)),
    ],
)
def test_a_robot_in_a_browser_key_is_marked_with_what_its_user_agent_says(
    pipeline: Pipeline, user_agent: str, marks: tuple[str, ...]
) -> None:
    event = pipeline.event(user_agent=user_agent)
    assert (event.is_bot, event.marks) == (bool(marks), marks)


@pytest.mark.parametrize(
    ("context", "envelope", "marks"),
    [
        ({}, {"hints": HEADLESS_HINTS}, ("bot:headless",)),
        ({}, {"hints": CHROME_HINTS}, ()),
        ({"userAgent": "another"}, {"hints": HEADLESS_HINTS}, ()),
        ({"userAgentData": {"brands": [{"brand": "HeadlessChrome"}]}}, {}, ("bot:headless",)),
        ({"userAgentData": {"brands": [{"brand": "Chromium"}, 5]}}, {"hints": HEADLESS_HINTS}, ()),
        ({"webdriver": True}, {}, ("bot:webdriver",)),
        ({"webdriver": "true"}, {}, ()),
        ({"webdriver": True}, {"user_agent": JSDOM}, ("bot:headless", "bot:webdriver")),
    ],
)
def test_hints_and_the_page_itself_give_robots_away(
    pipeline: Pipeline, context: dict[str, Any], envelope: dict[str, Any], marks: tuple[str, ...]
) -> None:
    event = pipeline.event({"context": context}, **envelope)
    assert (event.is_bot, event.marks) == (bool(marks), marks)


def test_the_user_agent_of_the_message_counts_more_than_that_of_the_request(pipeline: Pipeline) -> None:
    assert pipeline.event({"context": {"userAgent": GOOGLEBOT}}, user_agent=CHROME).is_bot
    assert not pipeline.event({"context": {"userAgent": CHROME}}, user_agent=GOOGLEBOT).is_bot


@pytest.mark.parametrize(
    ("ip", "context", "rules", "marks"),
    [
        ("3.5.1.0", {}, ProjectRules(), ("bot:data-centre",)),
        ("9.9.9.0", {"ip": "3.5.1.7"}, ProjectRules(), ("bot:data-centre",)),
        ("3.5.1.0", {"ip": "0.0.0.0"}, ProjectRules(), ()),
        ("3.5.1.0", {}, ProjectRules(data_centres=False), ()),
        ("81.2.69.0", {}, ProjectRules(), ()),
        ("9.9.9.0", {}, ProjectRules(), ()),
        ("", {}, ProjectRules(), ()),
    ],
)
def test_a_browser_in_a_data_centre_is_a_robot_where_the_project_says_so(
    tmp_path: Path, ip: str, context: dict[str, Any], rules: ProjectRules, marks: tuple[str, ...]
) -> None:
    file = write_networks(tmp_path / "asn.mmdb", {"3.5.0.0/16": 16509, "81.2.69.0/24": 20712})
    tools = Tools.opened(Settings(asn_db=str(file)), lambda _project: rules)
    event = Pipeline(tools).event({"context": context}, ip=ip)
    tools.close()
    assert (event.is_bot, event.marks) == (bool(marks), marks)


@pytest.mark.parametrize(
    "envelope", [{"side": "server"}, {"history": True}, {"side": "server", "user_agent": ""}]
)
def test_servers_and_history_are_never_robots(tmp_path: Path, envelope: dict[str, Any]) -> None:
    file = write_networks(tmp_path / "asn.mmdb", {"3.5.0.0/16": 16509})
    tools = Tools.opened(Settings(asn_db=str(file)))
    given = {"user_agent": GOOGLEBOT, "ip": "3.5.1.0", "hints": HEADLESS_HINTS} | envelope
    event = Pipeline(tools).event({"context": {"webdriver": True}}, **given)
    tools.close()
    assert (event.is_bot, event.marks) == (False, ())
