"""The same colour means the same in every picture."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import admin
from admin import pictures
from admin.formats import OUTCOMES
from tests.admin.conftest import Shop

STYLES = Path(admin.__file__).parent / "assets" / "src" / "styles"
COMPARED = "days=30&beside=previous&against=device:mobile"
TIME = {"at": "2026-03-01T00:00:00.000Z", "reasons": {}} | dict.fromkeys(
    ("accepted", "robots", "duplicates", "refused", "late", "violations"), 1
)
ANSWER = {"unit": "day", "times": [TIME], "reasons": {"refused": {"too_old": 1}}}


def colours(picture: dict[str, object]) -> dict[str, str]:
    """The colours of a picture's series by their names."""
    series = picture["series"]
    assert isinstance(series, list)
    return {one["name"]: one["colour"] for one in series}


def test_robots_and_what_is_wrong_have_their_colours_on_every_page() -> None:
    zone = ZoneInfo("UTC")
    came = colours(pictures.came(ANSWER, zone))
    assert came["Accepted, robots"] == colours(pictures.robots(ANSWER, zone))["Robots"] == pictures.ROBOTS
    assert came["Refused"] == colours(pictures.remarkable(ANSWER, zone))["Against the plan"] == pictures.WRONG
    assert [*colours(pictures.refused(ANSWER, zone)).values()] == [pictures.WRONG]
    assert len({*came.values()}) == len(came)


@pytest.mark.parametrize("tab", ["funnel", "timing", "paths"])
def test_what_is_compared_has_one_colour_in_pictures_and_legends(shop: Shop, tab: str) -> None:
    text = shop.client("viewer").get(f"/p/shop/journeys/buy/{tab}?{COMPARED}").text
    for kind, told in re.findall(r"data-chart=\"(beside|survival)\"[^>]* data-values='([^']+)'", text):
        drawn = json.loads(html.unescape(told))
        used = [one["colour"] for one in drawn["groups" if kind == "beside" else "curves"]]
        assert set(used) <= {pictures.ASKED, pictures.COMPARED}, kind
        assert pictures.COMPARED in used
    assert f"fill-{pictures.COMPARED}" in text
    for legend in re.findall(r'<ul class="legend.*?</ul>', text, re.DOTALL):
        if "Dashed" in legend or "2026-01" in legend:
            assert f"fill-{pictures.COMPARED}" in legend


def test_nothing_else_has_the_colours_of_outcomes() -> None:
    means = {pictures.ASKED, pictures.COMPARED, pictures.REST, pictures.ROBOTS, pictures.WRONG}
    assert len(means) == 5
    assert not {*means, *pictures.GROUPS} & {*OUTCOMES}
    of_outcomes = re.compile(r"var\(--ww-(succeeded|failed|dropped|in-time)\)")
    rules = [
        (sheet.name, rule.partition("{")[0].strip())
        for sheet in STYLES.glob("*.css")
        for rule in sheet.read_text().split("}")
        if of_outcomes.search(rule)
    ]
    named = re.compile("succeeded|failed|dropped|in[-_]time")
    assert [rule for rule in rules if not named.search(rule[1])] == []
