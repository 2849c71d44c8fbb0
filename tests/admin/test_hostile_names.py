"""Names come from strangers: whatever they hold is shown as text on every page."""

from __future__ import annotations

import pytest

from journeys.definitions import parse
from store.db import writing
from store.drops import DropRow, keep_drops
from store.event import identity_hash
from store.journeys import save_version
from store.plans import PlannedEvent, save_event
from store.rules import ChannelRule, ProjectRules, save_rules
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all, happened

HOSTILE = "<img src=x onerror=alert(1)>"
QUOTED = """'"><script>alert(2)</script>{{7*7}}"""
PATHS = [
    "journeys?days=30",
    *(
        f"journeys/buy/{tab}?days=30"
        for tab in ("funnel", "breakdown", "paths", "timing", "variants", "runs", "definition")
    ),
    f"journeys/buy/funnel?days=30&device={QUOTED}",
    f"journeys/buy/breakdown?days=30&by=property:{QUOTED}",
    "journeys/buy/timing?days=30&compare=device",
    "journeys/buy/dropoffs?days=30",
    "journeys/buy/dropoffs?days=30&step=cart",
    f"journeys/buy/dropoffs?days=30&step=look&value={QUOTED}",
    "editor/buy",
    "editor/suggest/event",
    "editor/suggest/page",
    f"editor/suggest/property?event={HOSTILE}",
    "customers",
    f"customers?q={HOSTILE}",
    f"customers/{identity_hash('user', HOSTILE)}",
    "live",
    f"live?event={HOSTILE}&customer={HOSTILE}",
    f"explore?start={HOSTILE}&gap=7d",
    f"explore?start={HOSTILE}&gap=7d&direction=before",
    "live/drops",
    f"live/drops?code={HOSTILE}",
    "settings/install",
    "settings/keys",
    "settings/people",
    "settings/rules",
    "events",
    f"events?q={HOSTILE}",
    f"events/one?event={HOSTILE}",
    "plan",
    f"plan/event?event={HOSTILE}",
    f"plan/event?seen={QUOTED}",
]


@pytest.fixture
def hostile_shop(own_shop: Shop) -> Shop:
    """The shop after a stranger and a careless colleague were there."""
    shop = own_shop
    for name in (HOSTILE, QUOTED):
        rows = [
            happened("/shop/" + name, name, day=2, kind="page", device=name, project=shop.project.id),
            happened(name, name, day=1.9, project=shop.project.id, properties={name: name}),
            happened(
                "", name, day=1.8, kind="identify", project=shop.project.id, traits={"name": name, name: name}
            ),
            happened("Cart Filled", name, day=1.7, project=shop.project.id),
        ]
        shop.services.events.insert(rows, token=name)
    steps = [{**step, "name": step["name"] + HOSTILE + QUOTED, "stage": HOSTILE} for step in JOURNEY["steps"]]
    journey = {**JOURNEY, "name": HOSTILE, "goal": QUOTED, "owner": HOSTILE, "steps": steps}
    save_version(shop.services.engine, shop.project.id, dict(parse(journey).source), by=QUOTED, now=NOW)
    fill_all(shop.services)
    drop = DropRow(
        project=shop.project.id,
        received_at=NOW,
        place="door",
        code=HOSTILE,
        field=QUOTED,
        message=HOSTILE,
        original={HOSTILE: QUOTED},
    )
    channel = ChannelRule(channel=HOSTILE, source=QUOTED)
    save_rules(shop.services.engine, shop.project.id, ProjectRules(channels=(channel,)), now=NOW)
    schema = {"properties": {HOSTILE: {"type": "string", "enum": [QUOTED]}}}
    planned = PlannedEvent(event=HOSTILE, description=QUOTED, schema=schema)
    save_event(shop.services.engine, shop.project.id, planned, now=NOW)
    with writing(shop.services.engine) as connection:
        keep_drops(connection, [drop])
    return shop


def test_hostile_names_are_shown_as_text_everywhere(hostile_shop: Shop) -> None:
    client = hostile_shop.client("admin")
    seen = 0
    for path in PATHS:
        answer = client.get(f"/p/shop/{path}")
        assert answer.status_code == 200, path
        assert "<img" not in answer.text, path
        assert "<script>alert" not in answer.text, path
        assert "'\"><" not in answer.text, path
        seen += "onerror=alert(1)" in answer.text
    assert seen >= 12, "the names were on the pages"


def test_csv_files_hold_no_formulas(hostile_shop: Shop) -> None:
    from admin.exports import csv_file

    text = csv_file("../x", (("a",), [["=1+1"], ["@x"], ["-3"], [-3]])).get_data(as_text=True)
    assert text.splitlines() == ["a", "'=1+1", "'@x", "'-3", "-3"]
