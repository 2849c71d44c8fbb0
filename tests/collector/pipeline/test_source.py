"""Where visits come from: source, medium, campaign and channel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collector.pipeline.channels import channel_of
from collector.pipeline.sites import site
from tests.collector.pipeline.conftest import Pipeline

HERE = "https://shop.example/"

# Google asks for a paid medium in its paid groups; these authors put one source into "Paid Shopping" without.
AGAINST_GOOGLES_RULES = {("alibaba", "", ""): "Organic Shopping"}


def test_channels_equal_those_of_an_independent_implementation(shared_data: Path) -> None:
    rows = json.loads((shared_data / "vectors" / "channel_ga4_dbt.json").read_text())["rows"]
    assert len(rows) == 30
    for row in rows:
        key = row["source"], row["medium"], row["campaign"]
        assert channel_of(*key) == AGAINST_GOOGLES_RULES.get(key, row["expected_channel"]), key


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        ("chatgpt.com", "", "", "AI Assistants"),
        ("perplexity", "referral", "", "AI Assistants"),
        ("chatgpt.com", "cpc", "", "Paid Other"),
        ("Google", "CPC", "Brand", "Paid Search"),
        ("newsletter", "email", "", "Email"),
        ("youtube", "cpv", "", "Paid Video"),
        ("shop.example", "cpm", "", "Display"),
        ("", "", "spring", "Unassigned"),
        ("x", "", "", "Unassigned"),
    ],
)
def test_a_channel_follows_from_source_medium_and_campaign(
    source: str, medium: str, campaign: str, channel: str
) -> None:
    assert channel_of(source, medium, campaign) == channel


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("www.google.co.uk", ("google", "search")),
        ("google.com", ("google", "search")),
        ("de.search.yahoo.com", ("yahoo", "search")),
        ("accounts.google.com", ("", "")),
        ("mail.google.com", ("mail.google.com", "mail")),
        ("gemini.google.com", ("gemini", "ai")),
        ("chatgpt.com", ("chatgpt", "ai")),
        ("l.facebook.com", ("facebook", "social")),
        ("t.co", ("twitter", "social")),
        ("old.reddit.com", ("reddit", "social")),
        ("m.youtube.com", ("youtube", "video")),
        ("smile.amazon.de", ("amazon", "shopping")),
        ("google.example.com", ("", "")),
        ("notgoogle.com", ("", "")),
        ("example.org", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_site_is_known_by_its_host(host: str, answer: tuple[str, str]) -> None:
    assert site(host) == answer


def page(url: str = HERE, referrer: str = "", **context: Any) -> dict[str, Any]:
    return {"type": "page", "context": {"page": {"url": url, "referrer": referrer}} | context}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (page(), ("", "", "", "Direct", "")),
        (page(referrer="https://www.google.com/"), ("google", "organic", "", "Organic Search", "")),
        (page(referrer="https://www.blog.example/x"), ("blog.example", "referral", "", "Referral", "")),
        (page(referrer="https://mail.google.com/"), ("mail.google.com", "email", "", "Email", "")),
        (page(referrer="https://shop.example/other"), ("", "", "", "", "")),
        (page(referrer="https://www.shop.example/other"), ("", "", "", "", "")),
        (page(referrer="https://help.shop.example/"), ("", "", "", "", "")),
        (
            page(HERE + "?utm_source=news&utm_medium=email&utm_campaign=spring", "https://www.google.com/"),
            ("news", "email", "spring", "Email", ""),
        ),
        (page(HERE + "?gclid=abc"), ("google", "cpc", "", "Paid Search", "gclid=abc")),
        (page(HERE + "?fbclid=abc"), ("facebook", "", "", "Organic Social", "fbclid=abc")),
        (
            page(HERE + "?utm_source=g&utm_medium=cpc&gclid=abc"),
            ("g", "cpc", "", "Paid Other", "gclid=abc"),
        ),
        (page(HERE + "?utm_campaign=spring"), ("", "", "spring", "Unassigned", "")),
        (
            page(campaign={"name": "spring", "source": "bing", "medium": "cpc"}),
            ("bing", "cpc", "spring", "Paid Search", ""),
        ),
        (page(clickIds={"msclkid": "m"}), ("bing", "cpc", "", "Paid Search", "msclkid=m")),
        ({"context": {"page": {"url": HERE, "referrer": ""}}}, ("", "", "", "", "")),
        (
            {"context": {"page": {"url": HERE, "search": "?gclid=abc"}}},
            ("google", "cpc", "", "Paid Search", "gclid=abc"),
        ),
        ({"context": {"channel": "phone"}}, ("", "", "", "phone", "")),
        ({"context": {"channel": "web"}}, ("", "", "", "", "")),
    ],
)
def test_a_visit_has_a_source_where_it_begins(
    pipeline: Pipeline, message: dict[str, Any], expected: tuple[str, ...]
) -> None:
    event = pipeline.event(message)
    assert (event.source, event.medium, event.campaign, event.channel, event.click_id) == expected


@pytest.mark.parametrize(
    ("message", "channel"),
    [
        (page(referrer="https://www.google.com/"), ""),
        (page(), ""),
        ({"context": {"channel": "support chat"}}, "support chat"),
        ({"context": {"campaign": {"source": "news", "medium": "email"}}}, "Email"),
    ],
)
def test_a_server_names_its_channel_itself(pipeline: Pipeline, message: dict[str, Any], channel: str) -> None:
    assert pipeline.event(message, side="server").channel == channel


def test_term_and_content_of_a_campaign_are_kept(pipeline: Pipeline) -> None:
    event = pipeline.event(page(HERE + "?utm_source=a&utm_term=b&utm_content=c"))
    assert (event.term, event.content) == ("b", "c")
