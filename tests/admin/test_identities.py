"""Refused merges, answers with their previews, and identity rules, by pages and by the API."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from admin import joining
from server.regrouping import Regrouper
from store.identity import Identity, Link
from store.identity.refusals import count_unanswered
from store.identity.regrouping import claim_one, regrouping_of
from store.rules import IdentifierRule, ProjectRules, rules_of, save_rules
from tests.admin.conftest import NOW, Shop
from tests.admin.test_api import asking

LIST = "/p/shop/identities"
RULES = "/p/shop/settings/rules/identity"
MAIL = Identity("email", "both@acme.example")
ADA, BEN, PHONE = Identity("user", "ada"), Identity("user", "ben"), Identity("anonymous", "ada-phone")
FORM = {"most_neighbours": "100", "blocked_ids": ""}


@pytest.fixture
def divided(own_shop: Shop) -> Shop:
    """Ada and Ben gave the same e-mail address, and a kiosk was used by both; every moment is a new one."""
    shop = own_shop
    ledger = shop.services.ledger
    links = [
        Link(ADA, MAIL, "email", "e2", NOW - 3_000),
        Link(BEN, MAIL, "email", "e3", NOW - 2_000),
    ]
    ledger.join(shop.project.id, links, now=NOW - 1_000)
    ticking = itertools.count(NOW)
    services = replace(shop.services, clock=lambda: next(ticking))
    shop.app.extensions["waywiser"] = shop.services = services
    return shop


def customer(shop: Shop, one: Identity) -> set[int]:
    return shop.services.ledger.customers_of(shop.project.id, [one.hash])


def reasons(shop: Shop) -> list[str]:
    return [one.reason for one in shop.services.ledger.refused(shop.project.id)]


def answer(shop: Shop, do: str, a: Identity, b: Identity, **more: str) -> str:
    """Give an answer as an editor does, and follow to the page with its message."""
    data = {"do": do, "a": str(a.hash), "b": str(b.hash), **more}
    return unescape(shop.client("editor").post(f"{LIST}/answer", data=data, follow_redirects=True).text)


def asked(shop: Shop, do: str, a: Identity, b: Identity) -> str:
    """The page that says what an answer would change."""
    page = shop.client("editor").get(f"{LIST}/answer?do={do}&a={a.hash}&b={b.hash}")
    assert page.status_code == 200, page.status
    return unescape(page.text)


def undo(shop: Shop, page: str) -> str:
    """Press the button of the message."""
    form = page.split('role="status"')[1].split("</form>")[0]
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return unescape(shop.client("editor").post(f"{LIST}/answer", data=data, follow_redirects=True).text)


def apply_waiting(shop: Shop) -> int:
    """Apply changed rules as the background job does; returns for how many projects."""
    given = shop.services
    job = Regrouper(given.engine, given.ledger, given.refresh, given.clock)
    return sum(1 for _ in iter(job.do_one, False))


def test_the_list_shows_both_sides_with_what_their_customers_did(divided: Shop) -> None:
    page = unescape(divided.client("viewer").get(LIST).text)
    assert "b…@acme.example" in page
    assert "both@" not in page
    assert "Two people" in page
    assert "an event carried this email with the other id" in page
    assert page.count("4 events of its customer, last") == 1  # of Ada, with her phone's
    assert page.count("2 events of its customer, last") == 1  # of Ben
    assert f"/p/shop/customers/{BEN.hash}" in page
    assert "Keep apart" not in page, "who only looks gets no buttons"
    assert "Keep apart" in divided.client("editor").get(LIST).text


def test_beside_a_shared_browser_stand_the_events_that_carry_its_id(divided: Shop) -> None:
    divided.services.ledger.join(divided.project.id, [Link(BEN, PHONE, "identify", "e4", NOW)], now=NOW)
    page = unescape(divided.client("viewer").get(f"{LIST}?reason=shared").text)
    assert page.count("ada-phone</a>") == 1
    assert page.count("1 event of its customer, last") == 1


def test_refused_merges_are_a_file_with_a_row_for_each_two_ids(
    divided: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.refused_merges.AT_ONCE", 1)
    ledger, client = divided.services.ledger, divided.client("viewer")
    links = [Link(Identity("user", who), PHONE, "identify", f"e{who}", NOW) for who in ("ben", "cyd")]
    ledger.join(divided.project.id, links, now=NOW)

    def rows(page: str) -> list[dict[str, str]]:
        link = re.search(r'href="([^"]+/refused\.csv[^"]*)"', client.get(page).text)
        assert link
        return list(csv.DictReader(io.StringIO(client.get(unescape(link[1])).text)))

    shared = rows(f"{LIST}?reason=shared")
    assert {row["reason"] for row in shared} == {"shared"}
    ends = [{row["a_value"], row["b_value"]} for row in shared]
    assert {"ada-phone", "cyd"} in ends
    assert {"ada-phone", "ben"} in ends
    every = rows(LIST)
    assert len(every) == len(asking(divided)("GET", "/identities/refused")[1]["refused"]) + len(shared) - 1
    assert {"two_users", "shared"} <= {row["reason"] for row in every}


def test_a_shared_browser_is_one_row_with_all_who_used_it(divided: Shop) -> None:
    ledger, project = divided.services.ledger, divided.project.id
    more = [BEN, Identity("user", "cyd"), Identity("email", "kiosk@acme.example")]
    other = Identity("anonymous", "kiosk")
    links = [Link(who, PHONE, "identify", f"e{n}", NOW + n) for n, who in enumerate(more)]
    links += [Link(who, other, "identify", "e9", NOW + 9) for who in (ADA, BEN)]
    ledger.join(project, links, now=NOW)
    page = unescape(divided.client("editor").get(f"{LIST}?reason=shared").text)
    assert page.count("<tr>") == 3  # with the head
    assert "Shared browser (2)" in page
    assert "It is cyd’s" in page
    ask = asking(divided)
    found = ask("GET", "/identities/refused?reason=shared")[1]["refused"]
    assert {one["a"]["value"] for one in found} == {"ada-phone", "kiosk"}
    phone = next(one for one in found if one["a"]["value"] == "ada-phone")
    assert {one["value"] for one in phone["others"]} == {"ada", "ben", "cyd", "k…@acme.example"}
    assert phone["b"] == phone["others"][0]
    assert len(found) + 1 == len(ask("GET", "/identities/refused")[1]["refused"])
    first = ask("GET", "/identities/refused?reason=shared&most=1")[1]
    second = ask("GET", f"/identities/refused?reason=shared&most=1&cursor={first['next']}")[1]
    assert [*first["refused"], *second["refused"]] == found
    assert second["next"] is None
    menu = divided.client("viewer").get("/p/shop/journeys").text
    assert re.search(r'identities".*?ms-auto">3<', menu, re.DOTALL)
    link = next(one for one in re.findall(r'href="([^"]+)"', page) if "do=merge" in one)
    assert "Merge these two?" in divided.client("editor").get(link).text


def test_two_people_are_merged_by_their_user_ids(divided: Shop) -> None:
    page = unescape(divided.client("editor").get(LIST).text)
    link = next(one for one in re.findall(r'href="([^"]+)"', page) if "do=merge" in one)
    assert str(ADA.hash) in link
    assert str(BEN.hash) in link
    preview = unescape(divided.client("editor").get(link).text)
    assert "This joins 2 customers into one: 4 identities with 6 events." in preview


def test_the_menu_counts_what_waits(divided: Shop) -> None:
    page = divided.client("viewer").get("/p/shop/journeys").text
    assert re.search(r'identities".*?ms-auto">1<', page, re.DOTALL)
    answer(divided, "keep-apart", BEN, MAIL)
    assert " waiting<" not in divided.client("viewer").get("/p/shop/journeys").text


def test_a_shop_without_conflicts_says_so(shop: Shop) -> None:
    assert "Nothing waits for an answer" in shop.client("viewer").get(LIST).text
    assert "None of them here" in shop.client("viewer").get(f"{LIST}?reason=limit").text


@pytest.mark.parametrize(
    ("do", "first", "second", "says"),
    [
        ("merge", ADA, BEN, "This joins 2 customers into one: 4 identities with 6 events."),
        ("merge", BEN, MAIL, "There are 2 customers before and after"),
        ("keep-apart", BEN, MAIL, "No customer changes now: they are apart."),
        ("unmerge", ADA, PHONE, "This separates 3 identities with 4 events into 2 customers."),
        ("unmerge", ADA, MAIL, "This separates 3 identities with 4 events into 2 customers."),
        ("block", MAIL, BEN, "This separates 3 identities with 4 events into 2 customers."),
    ],
)
def test_a_preview_tells_what_the_answer_then_does_and_changes_nothing(
    divided: Shop, do: str, first: Identity, second: Identity, says: str
) -> None:
    ids = (ADA, BEN, PHONE, MAIL)
    before = [customer(divided, one) for one in ids]
    assert says in asked(divided, do, first, second)
    assert [customer(divided, one) for one in ids] == before
    page = answer(divided, do, first, second)
    assert "Undo" in page
    undone = undo(divided, page)
    assert 'role="status"' in undone
    assert [customer(divided, one) for one in ids] == before
    assert reasons(divided) == ["two_users"]


def test_merge_joins_two_people_at_once_and_asks_for_new_runs(divided: Shop) -> None:
    answer(divided, "merge", ADA, BEN)
    assert customer(divided, BEN) == customer(divided, ADA)
    assert divided.refreshed == [(divided.project.id, {ADA.hash, BEN.hash})]
    assert reasons(divided) == []


def test_kept_apart_stays_apart_when_seen_again(divided: Shop) -> None:
    answer(divided, "keep-apart", BEN, MAIL)
    again = Link(BEN, MAIL, "email", "e9", NOW)
    divided.services.ledger.join(divided.project.id, [again], now=NOW + 60_000)
    assert reasons(divided) == []
    assert "Nothing waits" in divided.client("viewer").get(LIST).text


def test_a_blocked_value_waits_no_more_and_can_be_freed(divided: Shop) -> None:
    answer(divided, "block", MAIL, BEN)
    assert reasons(divided) == ["blocked", "blocked"]
    assert count_unanswered(divided.services.engine, divided.project.id, most=9) == 0
    page = divided.client("editor").get(f"{LIST}?reason=blocked").text
    assert "Unblock b…@acme.example" in page
    assert "Let this value join again?" in asked(divided, "unblock", MAIL, MAIL)
    answer(divided, "unblock", MAIL, MAIL)
    assert reasons(divided) == ["two_users"]


def test_a_block_asks_which_of_the_two(divided: Shop) -> None:
    page = asked(divided, "block", MAIL, BEN)
    assert page.count('name="do" value="block"') == 2
    assert f'name="a" value="{BEN.hash}"' in page
    assert f'name="a" value="{MAIL.hash}"' in page


def test_unmerge_from_the_customer_page_leads_back_to_it(divided: Shop) -> None:
    page = divided.client("editor").get(f"/p/shop/customers/{ADA.hash}").text
    link = next(one for one in re.findall(r'href="([^"]+do=unmerge[^"]*)"', page) if str(PHONE.hash) in one)
    preview = divided.client("editor").get(unescape(link)).text
    assert "This separates 3 identities with 4 events into 2 customers." in preview
    assert preview.count("4 events of its customer, last") == 2  # of both ids, which are one customer
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', preview.split('answer">')[1]))
    answered = divided.client("editor").post(f"{LIST}/answer", data=data)
    assert answered.location == f"/p/shop/customers/{ADA.hash}"
    assert divided.refreshed == [(divided.project.id, {ADA.hash, PHONE.hash})]
    assert "taken back" in divided.client("viewer").get(f"/p/shop/customers/{PHONE.hash}").text
    assert "do=unmerge" not in divided.client("viewer").get(f"/p/shop/customers/{ADA.hash}").text


@pytest.mark.parametrize(
    "data",
    [
        {"do": "merge", "a": "x", "b": "1"},
        {"do": "merge", "a": "-1", "b": "1"},
        {"do": "merge", "a": str(2**63), "b": "1"},
        {"do": "burn", "a": "1", "b": "2"},
        {"do": "merge", "a": "1"},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(divided: Shop, data: dict[str, str]) -> None:
    assert divided.client("editor").post(f"{LIST}/answer", data=data).status_code == 400
    assert divided.client("editor").get(f"{LIST}/answer", query_string=data).status_code == 404


def test_ids_of_another_project_cannot_be_asked_about(divided: Shop) -> None:
    query = f"do=merge&a={ADA.hash}&b={BEN.hash}"
    assert divided.client("stranger").get(f"/p/other/identities/answer?{query}").status_code == 404


def test_the_list_comes_page_by_page(own_shop: Shop) -> None:
    links = []
    for n in range(60):
        mail = Identity("email", f"person{n}@acme.example")
        links += [Link(Identity("user", f"{who}{n}"), mail, "email", f"e{n}", NOW + n) for who in "ab"]
    own_shop.services.ledger.join(own_shop.project.id, links, now=NOW)
    first = own_shop.client("viewer").get(LIST).text
    older = re.search(r'href="([^"]+after=\d+)"', first)
    assert older
    assert first.count("<tr>") == 51
    second = own_shop.client("viewer").get(unescape(older[1])).text
    assert second.count("<tr>") == 11
    assert "The newest" in second


def test_the_api_lists_and_answers_with_a_dry_run_first(divided: Shop) -> None:
    ask = asking(divided)
    _, found = ask("GET", "/identities/refused")
    (one,) = found["refused"]
    assert {one["a"]["value"], one["b"]["value"]} == {"b…@acme.example", "ben"}
    assert (one["reason"], one["rule"], found["next"]) == ("two_users", "email", None)
    assert {one["a"]["events"], one["b"]["events"]} == {4, 2}
    both = {"a": one["a"]["identity"], "b": one["b"]["identity"]}
    two = {"a": str(ADA.hash), "b": str(BEN.hash)}
    status, dry = ask("POST", "/identities/merge", json={**two, "dry_run": True})
    counts = {"identities": 4, "events": 6, "customers_before": 2, "customers": 1}
    assert (status, dry["would_change"]) == (200, counts)
    assert customer(divided, ADA) != customer(divided, BEN)
    assert ask("POST", "/identities/merge", json=two)[1] == {
        "customers": sorted([str(ADA.hash), str(BEN.hash)])
    }
    assert customer(divided, ADA) == customer(divided, BEN)
    assert ask("POST", "/identities/merge", json=two)[0] == 404
    assert ask("POST", "/identities/unmerge", json=two)[0] == 200
    assert ask("POST", "/identities/unmerge", json=two)[0] == 404
    assert ask("POST", "/identities/keep-apart", json={**both, "dry_run": True})[1]["dry_run"] is True
    assert ask("POST", "/identities/keep-apart", json=both)[0] == 200
    assert ask("GET", "/identities/refused")[1]["refused"] == []


def test_the_api_blocks_and_unblocks(divided: Shop) -> None:
    ask, mail = asking(divided), {"identity": str(MAIL.hash)}
    dry = ask("POST", "/identities/block", json={**mail, "dry_run": True})[1]
    assert (dry["would_change"]["customers_before"], dry["would_change"]["customers"]) == (1, 2)
    assert ask("POST", "/identities/unblock", json=mail)[0] == 404
    assert ask("POST", "/identities/block", json=mail)[0] == 200
    assert ask("POST", "/identities/block", json=mail)[0] == 404
    blocked = ask("GET", "/identities/refused?reason=blocked")[1]["refused"]
    assert sorted(one["a"]["blocked"] or one["b"]["blocked"] for one in blocked) == [True, True]
    assert ask("GET", "/identities/refused")[1]["refused"] == []
    assert ask("POST", "/identities/unblock", json=mail)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "role"),
    [
        ("POST", "/identities/merge", {"a": 1, "b": 2}, "viewer"),
        ("POST", "/identities/block", {"identity": 1}, "viewer"),
        ("PUT", "/identities/rules", {}, "editor"),
        ("POST", "/identities/rules/preview", {}, "editor"),
    ],
)
def test_the_api_asks_for_the_role(shop: Shop, method: str, path: str, body: Any, role: str) -> None:
    assert asking(shop, role)(method, path, json=body)[0] == 403


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"most_neighbours": "1"}, "from 2 to 100,000"),
        ({"most_neighbours": "many"}, "Not a valid integer"),
        ({"identifiers.0.type": "E mail", "identifiers.0.limit": "1"}, "small letters"),
        ({"identifiers.0.type": "user", "identifiers.0.limit": "1"}, "rules of their own"),
        ({"identifiers.0.type": "email", "identifiers.0.limit": "-1"}, "from 0 to 1,000"),
        ({"identifiers.0.type": "email", "identifiers.0.limit": ""}, "Not a valid integer"),
        (
            {
                f"identifiers.{n}.{name}": value
                for n in (0, 1)
                for name, value in (("type", "a"), ("limit", "1"))
            },
            "listed above already",
        ),
        ({"blocked_ids": "x" * 600}, "at most 512 characters"),
    ],
)
def test_rules_that_cannot_be_kept_say_why(own_shop: Shop, form: dict[str, str], complaint: str) -> None:
    answered = own_shop.client("admin").post(RULES, data=FORM | form)
    assert answered.status_code == 422
    assert complaint in answered.text
    assert rules_of(own_shop.services.engine, own_shop.project.id) == ProjectRules()


def test_rules_are_looked_at_then_applied_in_the_background(
    divided: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    client, form = divided.client("admin"), FORM | {"blocked_ids": "ada-phone\n"}
    looked = client.post(RULES, data=form)
    text = unescape(looked.text)
    assert "split 1 customer" in text
    assert "itself: a customer of its own" in text
    assert regrouping_of(divided.services.engine, divided.project.id) is None
    mark = re.search(r'name="previewed" value="(\w+)"', text)
    assert mark
    other = client.post(RULES, data=form | {"do": "save", "previewed": "of other rules"})
    assert "Nothing is changed yet" in other.text
    with caplog.at_level(logging.INFO, "waywiser.audit"):
        kept = client.post(RULES, data=form | {"do": "save", "previewed": mark[1]})
    assert kept.location == RULES
    assert "admin@shop.example" in caplog.text
    assert "ada-phone" not in caplog.text, "an erasure could not take it out of a log"
    assert "being applied" in client.get(RULES).text
    assert customer(divided, PHONE) == customer(divided, ADA)
    assert apply_waiting(divided) == 1
    assert customer(divided, PHONE) == {PHONE.hash}
    assert {ADA.hash, PHONE.hash} <= set().union(*(some for _, some in divided.refreshed))
    assert "are applied" in client.get(f"{RULES}/progress").text
    assert apply_waiting(divided) == 0


def test_rules_are_kept_together_with_the_wish_to_apply_them_or_not_at_all(
    divided: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would ever apply those that were kept just before the power failed."""
    given, project = divided.services, divided.project
    rules, before = replace_rules(divided, blocked_ids=("ada-phone",)), rules_of(given.engine, project.id)

    def fails(*_: object, **__: object) -> None:
        raise OSError("the power is off")

    with monkeypatch.context() as broken:
        broken.setattr("admin.joining.ask_within", fails)
        with pytest.raises(OSError, match="the power"):
            joining.apply(given, project, rules, by="the test")
    assert rules_of(given.engine, project.id) == before
    joining.apply(given, project, rules, by="the test")
    assert apply_waiting(divided) == 1
    assert customer(divided, PHONE) == {PHONE.hash}


def test_a_cut_off_application_counts_the_runs_at_the_next_start(divided: Shop) -> None:
    given, project = divided.services, divided.project
    rules = replace_rules(divided, blocked_ids=("ada-phone",))
    joining.apply(given, project, rules, by="the test")
    job = claim_one(given.engine, now=NOW)
    assert job
    given.ledger.apply_rules(project.id)  # and then the power fails: nobody has counted the runs
    assert claim_one(given.engine, now=NOW) is None, "another process must not begin meanwhile"
    divided.refreshed.clear()
    later = replace(given, clock=lambda: job.held_until)
    divided.services = later
    assert apply_waiting(divided) == 1
    assert {ADA.hash, PHONE.hash} <= set().union(*(some for _, some in divided.refreshed))


def test_rules_that_change_meanwhile_are_applied_last(divided: Shop) -> None:
    given, project = divided.services, divided.project
    joining.apply(given, project, replace_rules(divided, blocked_ids=("ada-phone",)), by="one")

    def change_meanwhile(_project: int, _customers: set[int]) -> None:
        if (job := regrouping_of(given.engine, project.id)) and job.by == "one":
            joining.apply(given, project, replace_rules(divided, blocked_ids=()), by="two")

    divided.services = replace(given, refresh=change_meanwhile)
    assert apply_waiting(divided) == 2
    last = regrouping_of(given.engine, project.id)
    assert last
    assert (last.by, last.state) == ("two", "done")
    assert customer(divided, PHONE) == customer(divided, ADA)


def test_a_failure_is_told_and_tried_again(divided: Shop) -> None:
    given, project = divided.services, divided.project
    joining.apply(given, project, replace_rules(divided, blocked_ids=("ada-phone",)), by="one")

    def fail(_project: int, _customers: set[int]) -> None:
        raise ValueError("the event store is away")

    divided.services = replace(given, refresh=fail)
    with pytest.raises(ValueError, match="away"):
        apply_waiting(divided)
    assert "the event store is away" in divided.client("admin").get(f"{RULES}/progress").text
    held = regrouping_of(given.engine, project.id)
    assert held
    divided.services = replace(given, clock=lambda: held.held_until)
    assert apply_waiting(divided) == 1


def test_types_are_joined_in_the_order_of_the_form(own_shop: Shop) -> None:
    types = {"identifiers.0.type": "crm_id", "identifiers.0.limit": "1"}
    types |= {"identifiers.1.type": "email", "identifiers.1.limit": "7"}
    client = own_shop.client("admin")
    moved = client.post(RULES, data=FORM | types | {"do": "identifiers.1:up"}).text
    assert moved.index('value="email"') < moved.index('value="crm_id"')
    mark = re.search(r'name="previewed" value="(\w+)"', client.post(RULES, data=FORM | types).text)
    assert mark
    client.post(RULES, data=FORM | types | {"do": "save", "previewed": mark[1]})
    kept = rules_of(own_shop.services.engine, own_shop.project.id)
    assert kept.identifiers == (IdentifierRule("crm_id", 1, 10), IdentifierRule("email", 7, 20))


def test_data_rules_and_identity_rules_leave_each_other_alone(own_shop: Shop) -> None:
    engine, project = own_shop.services.engine, own_shop.project.id
    save_rules(engine, project, ProjectRules(blocked_ids=("x",), query_parameters=("ref",)), now=NOW)
    ask = asking(own_shop)
    assert ask("PUT", "/rules", json={"unplanned": "mark"})[0] == 200
    assert rules_of(engine, project) == ProjectRules(blocked_ids=("x",), unplanned="mark")
    status, kept = ask("PUT", "/identities/rules", json={"most_neighbours": 50})
    assert (status, kept["most_neighbours"], kept["blocked_ids"]) == (200, 50, [])
    assert kept["applied"]["state"] == "waiting"
    assert rules_of(engine, project) == ProjectRules(most_neighbours=50, unplanned="mark")


def test_the_api_previews_rules(divided: Shop) -> None:
    ask = asking(divided)
    status, found = ask("POST", "/identities/rules/preview", json={"blocked_ids": ["ada-phone"]})
    assert (status, found["changed"], found["split"], found["merged"]) == (200, 1, 1, 0)
    assert found["examples"][0]["value"] == "ada-phone"
    assert ask("GET", "/identities/rules")[1]["applied"] is None
    assert ask("POST", "/identities/rules/preview", json={"most_neighbours": 0})[0] == 400


def test_hostile_ids_are_shown_as_text(own_shop: Shop) -> None:
    name = "<img src=x onerror=alert(1)>"
    strange = [Identity("user", name + who) for who in "ab"]
    mail = Identity("crm_id", name)
    links = [Link(one, mail, "crm_id", "e", NOW) for one in strange]
    own_shop.services.ledger.join(own_shop.project.id, links, now=NOW)
    assert count_unanswered(own_shop.services.engine, own_shop.project.id, most=9) == 1
    query = f"do=block&a={mail.hash}&b={strange[1].hash}"
    for path in (LIST, f"{LIST}/answer?{query}"):
        page = own_shop.client("admin").get(path)
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "onerror=alert(1)" in page.text


def replace_rules(shop: Shop, **changes: Any) -> ProjectRules:
    """The project's rules with these changes."""
    kept = rules_of(shop.services.engine, shop.project.id)
    return ProjectRules(**{**{name: getattr(kept, name) for name in kept.__struct_fields__}, **changes})
