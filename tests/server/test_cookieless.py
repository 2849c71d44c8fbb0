"""A cookieless project with a tracking plan in real processes, from the first command to the stored event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.installation import Installation, eventually

pytestmark = pytest.mark.slow

JOURNEY = {
    "key": "buy",
    "name": "Buys something",
    "steps": [
        {"key": "look", "name": "Looks", "match": [{"page": "/shop*"}]},
        {"key": "paid", "name": "Pays", "match": [{"event": "Order Paid"}]},
    ],
}
PLAN = {"events": [{"event": "Order Paid", "schema": {"required": ["amount"]}}]}


@pytest.fixture
def place(tmp_path: Path) -> Any:
    installation = Installation(tmp_path)
    yield installation
    installation.stop()


def put(place: Installation, path: str, body: Any) -> Any:
    status, answer = place._ask("PUT", f"/api/v1{path}", body, f"Bearer {place.made['api_token']}")
    assert status == 200, answer
    return answer


def test_a_cookieless_project_from_its_making_to_its_events(place: Installation, tmp_path: Path) -> None:
    place.made = json.loads(place.run("init", "--cookieless", "--json").stdout)
    file = tmp_path / "buy.yaml"
    file.write_text(yaml.safe_dump(JOURNEY))
    refused = place.run("journey", "apply", str(file), "--project", "main", fails=True)
    assert "idle_timeout: this project is cookieless" in refused.stderr
    file.write_text(yaml.safe_dump({**JOURNEY, "idle_timeout": "12h"}))
    place.run("journey", "apply", str(file), "--project", "main")

    place.start()
    assert put(place, "/rules", {"cookieless": True, "unplanned": "drop"})["cookieless"] is True
    assert put(place, "/plan", PLAN)["events"][0]["event"] == "Order Paid"
    batch = [
        {"type": "page", "anonymousId": "stored", "context": {"page": {"path": "/shop"}, "sessionId": "s1"}},
        {"type": "track", "event": "Order Paid", "properties": {"amount": 5}},
        {"type": "track", "event": "Order Paid"},
        {"type": "track", "event": "Unheard Of"},
    ]
    status, answer = place.send("/v1/batch", {"batch": batch}, key="write_key")
    assert (status, answer["accepted"]) == (200, 4)
    events = eventually(lambda: place.api("/events/recent")["events"], lambda found: len(found) >= 3)
    assert len({one["identity"]["value"] for one in events}) == 1
    assert events[0]["identity"]["value"].startswith("cl_")
    paid = [one for one in events if one["label"] == "Order Paid"]
    assert sorted("plan_violation" in one["marks"] for one in paid) == [False, True]
    (drop,) = eventually(lambda: place.api("/drops")["drops"], bool)
    assert (drop["code"], drop["original"]["message"]["event"]) == ("unplanned", "Unheard Of")
