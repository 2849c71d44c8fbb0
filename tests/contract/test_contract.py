"""Payloads that clients really send, shared with SDK and snippet, and what the collector makes of them."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collector import Door, create_app
from collector.pipeline import Tools, run
from store.batches import Batches
from store.inbox import Inbox
from store.projects import create_project, create_write_key
from store.settings import Settings

NOW = 1_760_000_000_000  # 2025-10-09T08:53:20Z
KEY = "THE_WRITE_KEY"  # in a captured body: where the client repeats its key
CASES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.fixture
def inbox(engine: Engine) -> Iterator[Inbox]:
    inbox = Inbox(engine)
    yield inbox
    inbox.close()


def with_key(request: dict[str, Any], key: str) -> dict[str, Any]:
    """The request as its client would send it: body, headers and query with the key in its places."""
    body, headers, query = dict(request["body"]), dict(request["headers"]), {}
    if request["key_in"] == "basic":
        headers["Authorization"] = "Basic " + b64encode(f"{key}:".encode()).decode()
    elif request["key_in"] == "bearer":
        headers["Authorization"] = f"Bearer {key}"
    elif request["key_in"] == "query":
        query["writeKey"] = key
    else:
        body["writeKey"] = key
    data = json.dumps(body).replace(KEY, key).encode()
    if headers.get("Content-Encoding") == "gzip":
        data = gzip.compress(data)
    return {"data": data, "headers": headers, "query_string": query}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_clients_payload_gets_its_verdict_and_becomes_its_events(
    engine: Engine, inbox: Inbox, tmp_path: Path, path: Path
) -> None:
    case = json.loads(path.read_text())
    project = create_project(engine, key="shop", name="Shop", now=NOW)
    key = create_write_key(engine, project.id, side=case["request"]["key"], now=NOW)
    door = Door(engine=engine, inbox=inbox, settings=Settings(), clock=lambda: NOW, snippet=tmp_path)
    client = create_app(door).test_client()

    answer = client.post(case["request"]["path"], **with_key(case["request"], key))
    expected = case["answer"]
    assert answer.status_code == expected["status"]
    assert answer.json["accepted"] == expected["accepted"]
    assert answer.json.get("code") == expected.get("code")
    verdicts = [{n: v for n, v in one.items() if n != "message"} for one in answer.json["rejected"]]
    assert verdicts == expected["rejected"]
    assert all(one["message"] for one in answer.json["rejected"])

    batch = Batches(engine).claim(now=NOW, most_events=1000)
    outcomes = [run(envelope, Tools.opened(Settings())) for envelope in (batch.envelopes() if batch else [])]
    events = [event for outcome in outcomes for event in outcome.events]
    found = [
        {name: getattr(event, name) for name in wanted}
        for event, wanted in zip(events, case["events"], strict=True)
    ]
    assert found == case["events"]
    assert [link.rule for outcome in outcomes for link in outcome.links] == case["links"]
    assert [drop for outcome in outcomes for drop in outcome.drops] == []


def test_there_are_payloads_of_every_client() -> None:
    clients = {path.stem.rpartition("_")[0] for path in CASES}
    assert clients >= {"snippet", "sdk", "segment_python", "segment_node", "analytics_next", "rudder_python"}
