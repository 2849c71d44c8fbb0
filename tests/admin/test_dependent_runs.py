"""Where a few customers made many of the runs, reports that hold runs for independent say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.event import Event
from tests.admin.conftest import Shop, happened

WARNED = "so there they promise too much; counted by customers they do not"


@pytest.fixture
def busy(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> Shop:
    """The shop with a tester who has bought fifteen times within a day."""
    steps = [("/shop", "page"), ("Cart Filled", "track"), ("Order Paid", "track")]
    add_events(
        [
            happened(name, "tester", day=8 - time / 20 - at / 100, kind=kind)
            for time in range(15)
            for at, (name, kind) in enumerate(steps)
        ]
    )
    return own_shop


@pytest.mark.parametrize("tab", ["funnel", "breakdown", "compare"])
def test_pages_say_it_of_runs_and_not_of_customers(busy: Shop, tab: str) -> None:
    page = f"/p/shop/journeys/buy/{tab}?days=30"
    by_runs, by_customers = (
        busy.client("viewer").get(f"{page}&unit={unit}") for unit in ("runs", "customers")
    )
    assert WARNED in by_runs.text
    assert "several runs each</button>" in by_runs.text
    assert by_customers.status_code == 200
    assert WARNED not in by_customers.text


def test_the_test_of_curves_says_it(busy: Shop) -> None:
    page = "/p/shop/journeys/buy/timing?days=30&breakdown=device"
    said = "Where customers have several runs each it finds differences too easily: count customers then."
    assert said in busy.client("viewer").get(page).text
    assert said not in busy.client("viewer").get(f"{page}&unit=customers").text
