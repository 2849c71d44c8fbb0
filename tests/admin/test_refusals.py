"""Refused events in the admin and the API: shown by reason and page, explained, downloaded, and run again."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import collector.replay
from admin import refusals
from admin.reasons import REASONS
from collector.pipeline import Reason
from collector.poison import CODE
from server import replaying
from server.replaying import run_again
from store.db import writing
from store.drops import DropRow, drops_by_code, keep_drops, recent_drops
from store.inbox import waiting
from store.settings import Settings
from tests.admin.conftest import DAY, NOW, Shop
from tests.admin.test_api import asking

WIRE = Path(collector.replay.__file__).with_name("wire.py")
PAID = {"type": "track", "userId": "ada", "event": "Paid"}
NOBODY = {"type": "track", "event": "Paid"}


def refuse(shop: Shop, message: Any, n: int = 1, *, code: str = "missing_identity", **more: Any) -> None:
    """Let the shop have so many drops of this message."""
    at = more.pop("at", NOW)
    row = DropRow(
        project=shop.project.id,
        received_at=at,
        place=more.pop("place", "door"),
        code=code,
        field=more.pop("field", ""),
        message=more.pop("reason", "an event needs a `userId` or an `anonymousId`"),
        original={"message": message, "received_at": at, "side": "server"},
    )
    with writing(shop.services.engine) as connection:
        keep_drops(connection, [row] * n)


def test_every_reason_has_plain_words_and_a_cure() -> None:
    codes = {*re.findall(r'Fault\(\s*"(\w+)"', WIRE.read_text()), *Reason, CODE, "bad_row"}
    assert len(codes) > 10
    assert codes <= set(REASONS)
    assert all(
        said.name and said.meaning.endswith(".") and said.cure.endswith(".") for said in REASONS.values()
    )


def test_nothing_refused_is_said_to_be_good(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/live/drops").text
    assert "Nothing was refused" in text
    assert "Run again" not in text


def test_each_reason_is_explained_and_counted(own_shop: Shop) -> None:
    refuse(own_shop, NOBODY, 3)
    refuse(own_shop, PAID, 2, code="too_old", place="pipeline")
    refuse(own_shop, PAID, code="made_up_later")
    text = own_shop.client("editor").get("/p/shop/live/drops").text
    for one in ("Nobody named", "Too old", "made up later", REASONS["too_old"].cure.split(",")[0]):
        assert one in text, one
    assert text.count(">Run again</button>") == 3 + 6, "one for each reason and for each event"


def test_viewers_look_but_do_not_run(own_shop: Shop) -> None:
    refuse(own_shop, PAID)
    viewer = own_shop.client("viewer")
    assert "Run again" not in viewer.get("/p/shop/live/drops?preview=1").text
    assert viewer.post("/p/shop/live/drops/replay").status_code == 403
    assert viewer.get("/p/shop/live/drops.jsonl").status_code == 200


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("", 4),
        ("code=missing_identity", 2),
        ("place=import", 1),
        ("days=7", 3),
        ("code=missing_identity&days=7", 1),
        ("code=nothing", 0),
        ("days=x&place=", 4),
        ("days=2026-02-01..2026-02-28", 1),
        ("days=2026-02-28..2026-03-01&code=missing_identity", 1),
        ("days=2026-02-30..2026-03-01", 4),
        ("days=2026-03-01..2026-02-01", 4),
        ("days=..", 4),
    ],
)
def test_the_list_and_the_file_hold_what_is_asked_for(own_shop: Shop, question: str, found: int) -> None:
    refuse(own_shop, NOBODY)
    refuse(own_shop, NOBODY, at=NOW - 10 * DAY)
    refuse(own_shop, {}, code="bad_row", place="import")
    refuse(own_shop, PAID, code="too_old", place="pipeline")
    client = own_shop.client("viewer")
    page = client.get(f"/p/shop/live/drops?{question}").text
    assert page.count("<summary>Show</summary>") == found
    lines = client.get(f"/p/shop/live/drops.jsonl?{question}").text.splitlines()
    assert len(lines) == found
    assert all(json.loads(line)["original"]["side"] == "server" for line in lines)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/p/shop/live/drops.csv?{question}").text)))
    assert [row["code"] for row in rows] == [json.loads(line)["code"] for line in lines]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (NOBODY, "Paid"),
        ({"type": "track", "event": 5}, "(track)"),
        ({"context": {"library": 5}}, "(no name)"),
        ("text", "(no name)"),
    ],
)
def test_the_list_names_the_event_that_was_refused(own_shop: Shop, message: Any, name: str) -> None:
    refuse(own_shop, message)
    text = own_shop.client("viewer").get("/p/shop/live/drops").text
    assert f'<th scope="row" class="break">{name}</th>' in text


def test_the_page_shows_the_beginning_of_a_large_event(own_shop: Shop) -> None:
    refuse(own_shop, {"type": "track", "event": "Paid", "properties": {"text": "x" * 30_000}})
    text = own_shop.client("viewer").get("/p/shop/live/drops").text
    assert "more characters; the file has them." in text
    assert text.count("x" * 100) < 100


def test_a_file_that_grows_too_large_names_the_next_one(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "FILE_BYTES", 1_000)
    refuse(own_shop, PAID, 20)
    viewer, above, seen = own_shop.client("viewer"), 0, []
    while above is not None:
        lines = viewer.get(f"/p/shop/live/drops.jsonl?above={above}").text.splitlines()
        found = [json.loads(line) for line in lines]
        seen += [one["id"] for one in found if "id" in one]
        above = found[-1].get("next")
    assert len(seen) == len(set(seen)) == 20
    assert seen == sorted(seen)


def test_pages_go_on_where_the_one_before_ended(own_shop: Shop) -> None:
    for number in range(120):
        refuse(own_shop, PAID, reason=f"no {number:03}.")
    client, path, seen = own_shop.client("viewer"), "/p/shop/live/drops", []
    while path:
        text = client.get(path).text
        seen += re.findall(r"no (\d{3})\.", text)
        older = re.search(r'href="([^"]+below=\d+)">Older', text)
        path = older[1] if older else ""
    assert seen == [f"{n:03}" for n in reversed(range(120))]


def test_a_preview_says_what_would_pass_and_changes_nothing(own_shop: Shop) -> None:
    refuse(own_shop, PAID, 2)
    refuse(own_shop, NOBODY)
    text = own_shop.client("editor").get("/p/shop/live/drops?preview=1&code=missing_identity").text
    assert "Nothing was changed" in text
    assert "2 events would come through now. 1 would still be refused: 1 × an event needs" in text
    assert drops_by_code(own_shop.services.engine, own_shop.project.id) == {"missing_identity": 3}


def test_running_a_reason_again_says_what_came_of_it(own_shop: Shop) -> None:
    refuse(own_shop, PAID, 2)
    refuse(own_shop, NOBODY)
    refuse(own_shop, PAID, code="too_old")
    editor, engine = own_shop.client("editor"), own_shop.services.engine
    answer = editor.post(
        "/p/shop/live/drops/replay", data={"code": "missing_identity"}, follow_redirects=True
    )
    assert "2 events came through." in answer.text
    assert "1 is still refused: 1 × an event needs" in answer.text
    assert drops_by_code(engine, own_shop.project.id) == {"missing_identity": 1, "too_old": 1}
    assert waiting(engine) == 2


def test_one_event_can_be_run_again(own_shop: Shop) -> None:
    refuse(own_shop, PAID, 2)
    editor, engine = own_shop.client("editor"), own_shop.services.engine
    number = recent_drops(engine, own_shop.project.id)[1]["id"]
    text = editor.post("/p/shop/live/drops/replay", data={"id": number}, follow_redirects=True).text
    assert "1 event came through." in text
    assert [row["id"] for row in recent_drops(engine, own_shop.project.id)] == [number + 1]


def test_more_than_can_be_run_at_once_goes_on_with_the_next(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "MOST_AT_ONCE", 3)
    refuse(own_shop, NOBODY, 3)
    refuse(own_shop, PAID, 2)
    editor = own_shop.client("editor")
    text = editor.post("/p/shop/live/drops/replay", follow_redirects=True).text
    assert "3 are still refused" in text
    assert "2 more were not looked at yet." in text
    above = re.search(r'name="above" value="(\d+)"', text)
    assert above, "there is a button for the next ones"
    text = editor.post("/p/shop/live/drops/replay", data={"above": above[1]}, follow_redirects=True).text
    assert "2 events came through." in text
    assert "not looked at" not in text


def test_a_full_inbox_is_left_alone(own_shop: Shop) -> None:
    full = partial(run_again, own_shop.services.engine, Settings(inbox_limit=0))
    own_shop.app.extensions["waywiser"] = replace(own_shop.services, replay=full)
    refuse(own_shop, PAID)
    text = own_shop.client("editor").post("/p/shop/live/drops/replay", follow_redirects=True).text
    assert "Nothing was run again: half of the inbox is full already" in text
    status, answer = asking(own_shop)("POST", "/drops/replay", json={})
    assert (status, answer["code"]) == (503, "inbox_busy")


def test_the_api_lists_drops_page_by_page(own_shop: Shop) -> None:
    refuse(own_shop, PAID, 3)
    ask = asking(own_shop)
    first = ask("GET", "/drops?most=2")[1]
    assert (len(first["drops"]), first["by_code"]) == (2, {"missing_identity": 3})
    second = ask("GET", f"/drops?most=2&below={first['next']}")[1]
    assert (len(second["drops"]), second["next"]) == (1, None)
    assert second["drops"][0]["original"]["message"] == PAID


def test_the_api_runs_drops_again(own_shop: Shop) -> None:
    refuse(own_shop, PAID, 2)
    refuse(own_shop, NOBODY)
    ask = asking(own_shop)
    would = ask("POST", "/drops/replay", json={"dry_run": True})[1]
    expected = {"replayed": 2, "still_refused": 1, "left": 0, "next": None}
    assert {name: would[name] for name in expected} == expected
    assert waiting(own_shop.services.engine) == 0
    number = recent_drops(own_shop.services.engine, own_shop.project.id)[2]["id"]
    assert ask("POST", "/drops/replay", json={"ids": [number]})[1]["replayed"] == 1
    assert ask("POST", "/drops/replay", json={"code": "too_old"})[1]["replayed"] == 0
    done = ask("POST", "/drops/replay", json={"place": "door"})[1]
    reason = {"code": "missing_identity", "n": 1, "message": "an event needs a `userId` or an `anonymousId`"}
    assert (done["replayed"], done["reasons"], done["dry_run"]) == (1, [reason], False)
    assert asking(own_shop, "viewer")("POST", "/drops/replay", json={})[0] == 403


def test_the_drops_of_others_cannot_be_run_again(own_shop: Shop) -> None:
    refuse(own_shop, PAID)
    number = recent_drops(own_shop.services.engine, own_shop.project.id)[0]["id"]
    stranger = asking(own_shop, project=own_shop.other.id)
    assert stranger("POST", "/drops/replay", json={"ids": [number]})[1]["replayed"] == 0
    assert drops_by_code(own_shop.services.engine, own_shop.project.id) == {"missing_identity": 1}
