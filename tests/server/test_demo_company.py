"""The demo company holds what its table of planted causes promises, and speaks as real clients do."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

import server.demo
from server.demo import PLANTED, Cause, messages

NOW = datetime(2025, 6, 18, 14, 30, tzinfo=UTC)
CUSTOMERS = 4_000
JOURNEYS = sorted((Path(server.demo.__file__).parent / "journeys").glob("*.yaml"))
CAUSES = {cause.key: cause for cause in PLANTED}
Message = dict[str, Any]
First = Callable[[str], dict[str, Message]]


def moment(message: Message) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


def is_phone(message: Message) -> bool:
    agent = message["context"]["userAgent"]
    return "iPhone" in agent or ("Android" in agent and "Mobile" in agent)


def library(message: Message) -> str:
    return str(message["context"]["library"]["name"])


def ripe(message: Message, days: int) -> bool:
    """What happened long enough ago for its end to be known."""
    return moment(message) < NOW - timedelta(days=days)


def check_rates(
    cause: Cause, *, touched: Iterable[str], others: Iterable[str], reached: Callable[[str], bool]
) -> None:
    """Both shares are what the table says, as near as chance allows, and the cause makes the difference."""
    shares = []
    for candidates, rate in ((list(touched), cause.rate), (list(others), cause.rate_elsewhere)):
        assert len(candidates) >= 10
        shares.append(sum(map(reached, candidates)) / len(candidates))
        chance = 3.5 * sqrt(rate * (1 - rate) / len(candidates))
        assert shares[-1] == pytest.approx(rate, abs=chance + 0.03)
    assert shares[0] < shares[1]


def hours_between(starts: Iterable[Message], ends: dict[str, Message]) -> float:
    """The median time from a user's start to the same user's end, where there is one."""
    return median(
        (moment(ends[start["userId"]]) - moment(start)).total_seconds() / 3600
        for start in starts
        if start["userId"] in ends
    )


def users_of(starts: Iterable[Message]) -> list[str]:
    return [start["userId"] for start in starts]


@pytest.fixture(scope="module")
def company() -> list[Message]:
    return list(messages(seed=7, now=NOW, customers=CUSTOMERS))


@pytest.fixture(scope="module")
def first(company: list[Message]) -> First:
    """Each user's first message of an event, by user id."""

    def find(event: str) -> dict[str, Message]:
        found: dict[str, Message] = {}
        for message in company:
            if message.get("event") == event:
                found.setdefault(message["userId"], message)
        return found

    return find


def test_the_same_seed_gives_the_same_company() -> None:
    once, again, other = (list(messages(seed=seed, now=NOW, customers=150)) for seed in (3, 3, 4))
    assert once == again
    assert once != other


def test_a_present_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(messages(seed=1, now=NOW.replace(tzinfo=None), customers=1))


def test_it_is_as_large_as_promised(company: list[Message]) -> None:
    assert 20 <= len(company) / CUSTOMERS <= 27.5


def test_every_message_has_a_type_an_identity_and_a_moment_of_the_ninety_days(
    company: list[Message],
) -> None:
    for message in company:
        assert message["type"] in {"track", "page", "identify", "group"}
        assert message.get("userId") or message.get("anonymousId")
        assert message["timestamp"][10] == "T"
        assert message["timestamp"][-5] == "."
        assert message["timestamp"].endswith("Z")
        assert NOW - timedelta(days=90) <= moment(message) <= NOW


def test_message_ids_are_unique(company: list[Message]) -> None:
    assert len({message["messageId"] for message in company}) == len(company)


def test_another_present_moment_gives_other_message_ids() -> None:
    today, tomorrow = (
        {message["messageId"] for message in islice(messages(seed=7, now=now), 500)}
        for now in (NOW, NOW + timedelta(days=1))
    )
    assert not today & tomorrow


def test_identify_links_both_ids(company: list[Message]) -> None:
    identifies = [message for message in company if message["type"] == "identify"]
    assert identifies
    for message in identifies:
        assert message["anonymousId"]
        assert message["userId"]
        assert "@" in message["traits"]["email"]


def test_a_sign_up_follows_the_identify_of_its_browser(company: list[Message]) -> None:
    met = set()
    for message in company:
        pair = (message.get("anonymousId"), message.get("userId"))
        if message["type"] == "identify":
            met.add(pair)
        elif message.get("event") == "Signed Up":
            assert pair in met


def test_servers_know_the_user_and_snippets_the_browser(company: list[Message]) -> None:
    for message in company:
        if library(message) == "waywiser-python":
            assert "anonymousId" not in message
            assert message["userId"]
        else:
            assert library(message) == "waywiser-js"
            assert message["anonymousId"]
            assert {"url", "path", "title", "referrer"} <= message["context"]["page"].keys()
            assert {"userAgent", "ip", "locale", "timezone", "screen"} <= message["context"].keys()


def test_a_browser_counts_its_messages_and_cuts_sessions_at_thirty_minutes(company: list[Message]) -> None:
    browsers = defaultdict(list)
    for message in company:
        if "anonymousId" in message:
            browsers[message["anonymousId"]].append(message)
    for heard in browsers.values():
        assert [message["context"]["sequence"] for message in heard] == list(range(1, len(heard) + 1))
        for before, after in pairwise(heard):
            idle = moment(after) - moment(before)
            same = before["context"]["sessionId"] == after["context"]["sessionId"]
            assert timedelta(0) <= idle
            assert same == (idle <= timedelta(minutes=30))


def test_hard_cases_occur(company: list[Message]) -> None:
    users, browsers, robots = defaultdict(set), defaultdict(set), set()
    trials: Counter[str] = Counter()
    for message in company:
        if message["type"] == "identify":
            users[message["anonymousId"]].add(message["userId"])
            browsers[message["userId"]].add(message["anonymousId"])
        if message.get("event") == "Signed Up":
            trials[message["userId"]] += 1
        if "Googlebot" in message["context"].get("userAgent", ""):
            robots.add(message["anonymousId"])
    assert any(len(shared) == 2 for shared in users.values())
    assert any(len(devices) == 2 for devices in browsers.values())
    assert 2 in trials.values()
    assert robots


def test_weeks_have_a_rhythm_and_the_company_grows(company: list[Message]) -> None:
    arrivals: dict[str, datetime] = {}
    for message in company:
        if (
            message["type"] == "page"
            and "userId" not in message
            and message["properties"]["path"] != "/login"
        ):
            arrivals.setdefault(message["anonymousId"], moment(message))
    weekdays = Counter(at.weekday() for at in arrivals.values())
    assert min(weekdays[day] for day in range(5)) > 1.5 * max(weekdays[5], weekdays[6])
    middle = NOW - timedelta(days=45)
    assert sum(at >= middle for at in arrivals.values()) > 1.1 * sum(at < middle for at in arrivals.values())


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_a_journey_asks_only_for_what_happens(path: Path, company: list[Message]) -> None:
    journey = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert journey["key"] == path.stem
    assert 5 <= len(journey["steps"]) <= 8
    seen = {message.get("event") for message in company}
    matchers = [matcher for step in journey["steps"] for matcher in step["match"]]
    assert {matcher["event"] for matcher in matchers + journey["fail_on"] if "event" in matcher} <= seen


def test_planted_causes_name_steps_that_exist() -> None:
    journeys = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in JOURNEYS}
    assert len(CAUSES) == len(PLANTED)
    for cause in PLANTED:
        assert cause.step in {step["key"] for step in journeys[cause.journey]["steps"]}


def test_support_cases_carry_their_ticket(company: list[Message]) -> None:
    case_events = ("Ticket ", "Chat ", "Call ", "Support Rated", "Email Received")
    cases = [message for message in company if str(message.get("event", "")).startswith(case_events)]
    tickets = defaultdict(set)
    for message in cases:
        tickets[message["userId"]].add(message["properties"]["ticket"])
    assert max(len(own) for own in tickets.values()) >= 4


def test_the_first_project_is_slow_on_phones(company: list[Message], first: First) -> None:
    cause = CAUSES["slow-on-phones"]
    loads = defaultdict(list)
    for message in company:
        if message["type"] == "page" and message["properties"]["path"] == "/app/projects/new":
            loads[is_phone(message)].append(message["properties"]["load_ms"])
    assert median(loads[True]) > 5 * median(loads[False])

    created = first("Project Created")
    started = [message for message in first("Signed Up").values() if ripe(message, 12)]
    on_phones = [message for message in started if is_phone(message)]
    elsewhere = [message for message in started if not is_phone(message)]
    check_rates(cause, touched=users_of(on_phones), others=users_of(elsewhere), reached=created.__contains__)
    assert hours_between(on_phones, created) > 10 * hours_between(elsewhere, created)


def test_the_broken_campaign_stops_leading_to_sign_ups(company: list[Message]) -> None:
    cause = CAUSES["broken-campaign"]
    broken_from = NOW - timedelta(days=90 - cause.from_day)
    signed_up, ended = set(), set()
    landed: dict[str, datetime] = {}
    for message in company:
        if (
            message["type"] == "page"
            and message["context"].get("campaign", {}).get("name") == "free-templates"
        ):
            landed.setdefault(message["anonymousId"], moment(message))
            if message["properties"]["path"] == "/offer-ended":
                ended.add(message["anonymousId"])
        elif message.get("event") == "Signed Up":
            signed_up.add(message["anonymousId"])
    after = [browser for browser, at in landed.items() if at >= broken_from]
    before = [browser for browser, at in landed.items() if at < broken_from]
    assert sum(browser in ended for browser in after) > 0.99 * len(after)
    assert not ended & set(before)
    check_rates(cause, touched=after, others=before, reached=signed_up.__contains__)


def test_a_detour_through_support_costs_invitations_and_days(company: list[Message], first: First) -> None:
    cause = CAUSES["support-detour"]
    invited = first("Teammate Invited")
    asked = {
        message["userId"]
        for message in company
        if message.get("event") in {"Chat Started", "Call Answered"}
        and message["properties"]["topic"] == "trial"
    }
    created = [message for message in first("Project Created").values() if ripe(message, 15)]
    detour = [message for message in created if message["userId"] in asked]
    straight = [message for message in created if message["userId"] not in asked]
    assert len(detour) / len(created) == pytest.approx(cause.share, abs=0.08)
    check_rates(cause, touched=users_of(detour), others=users_of(straight), reached=invited.__contains__)
    assert hours_between(detour, invited) > 2 * hours_between(straight, invited)


def test_cases_handed_to_a_specialist_are_solved_less(company: list[Message]) -> None:
    tickets: dict[str, set[str]] = defaultdict(set)
    for message in company:
        if str(message.get("event", "")).startswith("Ticket "):
            tickets[message["event"]].add(message["properties"]["ticket"])
            if message["event"] == "Ticket Answered" and ripe(message, 8):
                tickets["ripe"].add(message["properties"]["ticket"])
    handed_over = tickets["Ticket Escalated"]
    check_rates(
        CAUSES["handed-over"],
        touched=tickets["ripe"] & handed_over,
        others=tickets["ripe"] - handed_over,
        reached=tickets["Ticket Solved"].__contains__,
    )


def test_expired_cards_cost_renewals(company: list[Message]) -> None:
    users: dict[str, dict[str, Message]] = defaultdict(dict)
    for message in company:
        if message.get("properties", {}).get("reason") == "renewal":
            users[message["event"]][message["userId"]] = message
    refused = users["Payment Failed"]
    # An invoice is due after seven days, a refused card is given up twenty days later.
    invoiced = [user for user, message in users["Invoice Sent"].items() if ripe(message, 28)]
    check_rates(
        CAUSES["expired-card"],
        touched=[user for user in invoiced if user in refused],
        others=[user for user in invoiced if user not in refused],
        reached=users["Invoice Paid"].__contains__,
    )
