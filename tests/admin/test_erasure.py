"""Privacy in the admin: exports, erasing with the id typed, receipts, lifting, retention; also by API."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import Any

import pytest

from journeys import sessions
from journeys.generations import ensured, wanted_of
from server.erasing import Eraser, Erasing
from store.event import identity_hash
from store.privacy.erasure import erasures_of
from store.privacy.signing import Signer
from store.privacy.suppression import suppressed_count
from store.rules import rules_of
from tests.admin.conftest import NOW, Shop
from tests.admin.test_api import asking

ADA, PHONE = identity_hash("user", "ada"), identity_hash("anonymous", "ada-phone")
ERASE = f"/p/shop/customers/{ADA}/erase"
PRIVACY = "/p/shop/settings/privacy"


def finish(shop: Shop) -> None:
    """Let the job do its work; the inbox is empty."""
    given = shop.services
    stores = given.engine, given.events, given.ledger, given.settings
    now, seconds = count(NOW + 60_000, 60_000), count(0.0, 60.0)
    later = Eraser(*stores, now.__next__, given.refresh, seconds.__next__)
    keeper = Erasing(later)
    keeper.turn()  # learns of it
    keeper.turn()


def erase(shop: Shop) -> Any:
    shop.client("admin").post(ERASE, data={"typed": "ada"})
    finish(shop)
    (job,) = erasures_of(shop.services.engine, shop.project.id)
    assert job.is_done, job
    return job


@pytest.mark.parametrize("is_counted", [False, True])
def test_the_page_tells_as_many_sessions_as_that_of_the_customer(own_shop: Shop, is_counted: bool) -> None:
    """Also while they are counted for the first time, when nothing is stored of them."""
    given, project = own_shop.services, own_shop.project.id
    if is_counted:
        sessions.fill(given.events, ensured(given.events, project, wanted_of(given.engine, project))[0])
    client = own_shop.client("admin")
    seen = re.search(r">(\d+)</a><small>in all", client.get(f"/p/shop/customers/{ADA}").text)
    foreseen = re.search(r'Sessions</td><td class="number">(\d+)', client.get(ERASE).text)
    assert seen
    assert foreseen
    assert seen[1] == foreseen[1] == "4"


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("viewer", f"/p/shop/customers/{ADA}/export.json", 403),
        ("editor", f"/p/shop/customers/{ADA}/export.json", 200),
        ("editor", ERASE, 403),
        ("admin", ERASE, 200),
        ("editor", PRIVACY, 403),
        ("admin", PRIVACY, 200),
        ("stranger", ERASE, 404),
        ("admin", "/p/shop/customers/12345/erase", 404),
        ("admin", f"/p/shop/customers/{2**63}/erase", 404),
        ("admin", "/p/shop/customers/12345/export.json", 404),
        ("admin", f"{PRIVACY}/receipts/1.json", 404),
    ],
)
def test_who_may_open_what(shop: Shop, who: str, path: str, status: int) -> None:
    assert shop.client(who).get(path).status_code == status


def test_the_customers_page_offers_what_the_role_allows(shop: Shop) -> None:
    pages = {
        who: shop.client(who).get(f"/p/shop/customers/{ADA}").text for who in shop.people if who != "stranger"
    }
    offered = {who: ("export.json" in page, f"{ADA}/erase" in page) for who, page in pages.items()}
    assert offered == {"viewer": (False, False), "editor": (True, False), "admin": (True, True)}


def test_the_export_is_one_json_file(shop: Shop) -> None:
    answer = shop.client("editor").get(f"/p/shop/customers/{ADA}/export.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(json.loads(answer.data)["events"]) == 4


def test_the_question_counts_what_would_go_and_changes_nothing(own_shop: Shop) -> None:
    page = own_shop.client("admin").get(ERASE).text
    assert "Type <b>ada</b> to confirm" in page
    assert "ada-phone" in page
    assert suppressed_count(own_shop.services.engine, own_shop.project.id) == 0


@pytest.mark.parametrize("typed", ["", "ben", "ADA", str(ADA)])
def test_nothing_happens_until_the_very_id_is_typed(own_shop: Shop, typed: str) -> None:
    answer = own_shop.client("admin").post(ERASE, data={"typed": typed})
    assert answer.status_code == 422
    assert "This is not the id" in answer.text
    assert erasures_of(own_shop.services.engine, own_shop.project.id) == []


@pytest.mark.parametrize("is_done", [False, True])
def test_a_page_of_before_says_that_the_customer_is_erased(own_shop: Shop, is_done: bool) -> None:
    admin = own_shop.client("admin")
    if is_done:
        erase(own_shop)
    else:
        admin.post(ERASE, data={"typed": "ada"})
    for answer in (admin.get(ERASE), admin.post(ERASE, data={"typed": "ada"})):
        assert answer.status_code == 410
        assert "This customer is erased already" in answer.text
        assert PRIVACY in answer.text
    assert len(erasures_of(own_shop.services.engine, own_shop.project.id)) == 1


def test_an_erased_customer_is_gone_and_the_receipt_can_be_fetched(own_shop: Shop) -> None:
    job = erase(own_shop)
    admin = own_shop.client("admin")
    assert admin.get(f"/p/shop/customers/{ADA}").status_code == 404
    assert admin.get(f"/p/shop/customers/{PHONE}").status_code == 404
    receipt = admin.get(f"{PRIVACY}/receipts/{job.id}.json").json
    assert receipt == job.receipt
    assert receipt["counts"]["events"] == 4
    assert receipt["counts"]["runs"] == 1
    assert receipt["asked_by"] == "admin@shop.example"
    assert Signer.of(own_shop.services.engine, own_shop.services.settings).is_valid(receipt)
    assert f"Receipt {job.id}" in admin.get(PRIVACY).text


def test_nobody_comes_back_while_being_erased(own_shop: Shop) -> None:
    services, ask = own_shop.services, asking(own_shop)
    ask("DELETE", f"/customers/{ADA}")
    answer = own_shop.client("admin").post(f"{PRIVACY}/lift", data={"kind": "user", "value": "ada"})
    assert (answer.status_code, "lift it when the erasure is done" in answer.text) == (422, True)
    status, said = ask("POST", "/suppressions/lift", json={"value": "ada"})
    assert (status, said["code"]) == (409, "being_erased")
    assert suppressed_count(services.engine, own_shop.project.id) == 1


def test_an_admin_lets_somebody_come_back(own_shop: Shop) -> None:
    erase(own_shop)
    admin = own_shop.client("admin")
    wrong = admin.post(f"{PRIVACY}/lift", data={"kind": "anonymous", "value": "bob"})
    assert (wrong.status_code, "No such id is suppressed" in wrong.text) == (422, True)
    assert admin.post(f"{PRIVACY}/lift", data={"kind": "user", "value": " ada "}).status_code == 302
    assert suppressed_count(own_shop.services.engine, own_shop.project.id) == 0


def test_other_days_are_foreseen_before_they_are_kept(own_shop: Shop) -> None:
    admin = own_shop.client("admin")
    page = admin.post(f"{PRIVACY}/retention", data={"days": "15", "do": "preview"}).text
    assert "these would go now: 1 event" in page
    assert "2026-02" in page
    usual = admin.post(f"{PRIVACY}/retention", data={"days": "", "do": "preview"}).text
    assert 'id="days" value=""' in usual, "no days of its own"
    assert rules_of(own_shop.services.engine, own_shop.project.id).retention_days == 0
    assert admin.post(f"{PRIVACY}/retention", data={"days": "15", "do": "save"}).status_code == 302
    assert rules_of(own_shop.services.engine, own_shop.project.id).retention_days == 15


@pytest.mark.parametrize("days", ["-1", "many", "40000", "1.5", "٣"])
def test_days_that_are_none_are_refused(own_shop: Shop, days: str) -> None:
    answer = own_shop.client("admin").post(f"{PRIVACY}/retention", data={"days": days, "do": "save"})
    assert (answer.status_code, "whole number" in answer.text) == (422, True)


def test_the_other_rules_keep_the_days(own_shop: Shop) -> None:
    admin = own_shop.client("admin")
    admin.post(f"{PRIVACY}/retention", data={"days": "15", "do": "save"})
    admin.post("/p/shop/settings/rules", data={"violations": "drop", "unplanned": "allow", "do": "save"})
    kept = rules_of(own_shop.services.engine, own_shop.project.id)
    assert (kept.violations, kept.retention_days) == ("drop", 15)


def test_the_api_exports_erases_and_gives_the_receipt(own_shop: Shop) -> None:
    ask = asking(own_shop)
    status, seen = ask("GET", f"/customers/{ADA}/erasure")
    assert (status, seen["counts"]["events"], seen["counts"]["edges"]) == (200, 4, 1)
    assert len(ask("GET", f"/customers/{ADA}/export")[1]["events"]) == 4
    status, job = ask("DELETE", f"/customers/{ADA}")
    assert (status, job["is_done"], job["receipt"]) == (202, False, None)
    finish(own_shop)
    done = ask("GET", f"/erasures/{job['erasure']}")[1]
    assert done["receipt"]["counts"]["events"] == 4
    assert ask("GET", "/erasures")[1]["erasures"] == [done]
    assert ask("GET", f"/customers/{ADA}/export")[0] == 404
    assert ask("DELETE", f"/customers/{ADA}")[0] == 404
    assert ask("POST", "/suppressions/lift", json={"kind": "anonymous", "value": "ada-phone"})[1] == {
        "lifted": 1
    }
    assert ask("POST", "/suppressions/lift", json={"value": "ada"})[0] == 404
    assert ask("GET", "/erasures/99")[0] == 404


def test_the_api_sets_the_retention_and_says_what_would_go(own_shop: Shop) -> None:
    ask = asking(own_shop)
    seen = ask("GET", "/retention?days=15")[1]
    assert (seen["days"], seen["installation_days"], seen["would_delete"]["events"]) == (0, 730, 1)
    assert seen["would_delete"]["counted_from"] == "event"
    assert ask("PUT", "/retention", json={"days": 15}) == (200, {"days": 15})
    assert ask("GET", "/retention")[1]["would_delete"]["events_by_month"] == {"2026-02": 1}
    assert ask("PUT", "/retention", json={"days": -1})[0] == 400
