"""A journey's versions say what each changed, and an older one comes back as the newest."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from admin import draft
from journeys.definitions import parse
from store import audit
from store.event import Event
from store.journeys import versions_of
from tests.admin.conftest import JOURNEY, Shop, fill_all, happened
from tests.admin.test_editor import form_of


def altered(**more: Any) -> dict[str, Any]:
    return copy.deepcopy(JOURNEY) | more


def sent(shop: Shop, definition: dict[str, Any], do: str) -> str:
    fields = form_of(draft.from_definition(parse(definition).source)) | {"do": do}
    answer = shop.client("editor").post("/p/shop/editor/buy", data=fields, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_the_preview_says_what_saving_changes_and_shows_examples(shop: Shop) -> None:
    text = sent(shop, altered(idle_timeout="5d"), "preview")
    assert "What saving changes of version 1" in text
    assert "how long a run may rest was 3d and is 5d" in text
    assert "Runs are counted anew" in text
    good = text[text.index("Examples that reach the goal") : text.index("Examples that do not")]
    assert good.count("/p/shop/customers/") == 1, "Ada's"
    assert "Pays" in good
    lost = text[text.index("Examples that do not") : text.index("What saving changes")]
    assert lost.count("/p/shop/customers/") == 3, "Ben, Cyd and Eve"
    assert "Pays" not in lost
    assert "Names alone: the runs are the same." in sent(shop, altered(name="Purchases"), "preview")
    assert "Nothing: no new version is made." in sent(shop, altered(), "preview")


def test_examples_are_timelines_of_what_was_between_the_steps(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    def fay(name: str, day: float, kind: str = "track") -> Event:
        return happened(name, "fay", day=day, kind=kind, project=own_shop.project.id)

    add_events(
        [
            fay("/shop", 6, "page"),
            *(fay(f"Hat {number} Tried", 5.9 - number / 100) for number in range(1, 6)),
            fay("Web Vitals", 5.95),
            fay("Cart Filled", 5.5),
            fay("Ticket Opened", 5.4),
            fay("Came Much Later", 2),
        ]
    )
    text = sent(own_shop, altered(), "preview")
    lost = text[text.index("Examples that do not") :]
    line = re.sub(r"<[^>]*>", " ", lost[lost.index("<ol") : lost.index("</ol>")])
    assert " ".join(line.split()) == (
        "Looks /shop Hat 1 Tried after 2.6 h Hat 2 Tried after 2.9 h Hat 3 Tried after 3.1 h "
        "2 more touchpoints Fills the cart Cart Filled after 12 h Ticket Opened after 14 h"
    )


def test_saving_says_what_the_version_changes(own_shop: Shop) -> None:
    assert "Version 2 is saved: the name was Buys something and is Purchases." in sent(
        own_shop, altered(name="Purchases"), "save"
    )
    assert "is saved:" not in sent(own_shop, altered(name="Purchases"), "save")


def test_an_older_version_comes_back_as_the_newest(own_shop: Shop) -> None:
    sent(own_shop, altered(idle_timeout="5d"), "save")
    fill_all(own_shop.services)
    client = own_shop.client("editor")
    page = html.unescape(client.get("/p/shop/journeys/buy/definition").text)
    assert "how long a run may rest was 3d and is 5d" in page
    answer = client.post("/p/shop/journeys/buy/restore", data={"version": "1"}, follow_redirects=True)
    assert "Version 3 says what version 1 said." in answer.text
    engine = own_shop.services.engine
    newest, _, first = versions_of(engine, own_shop.project.id, "buy")
    assert (newest.version, newest.definition) == (3, first.definition)
    assert own_shop.refilled
    told = [line["did"] for line in audit.lines(engine, own_shop.project.id)]
    assert told[0] == "restored version 1 of the journey buy"


@pytest.mark.parametrize(
    ("who", "data", "status"), [("editor", {"version": "9"}, 404), ("viewer", {"version": "1"}, 403)]
)
def test_what_cannot_be_restored_is_not(own_shop: Shop, who: str, data: dict[str, str], status: int) -> None:
    assert own_shop.client(who).post("/p/shop/journeys/buy/restore", data=data).status_code == status
    assert len(versions_of(own_shop.services.engine, own_shop.project.id, "buy")) == 1


def test_viewers_see_what_changed_and_cannot_restore(own_shop: Shop) -> None:
    sent(own_shop, altered(idle_timeout="5d"), "save")
    page = own_shop.client("viewer").get("/p/shop/journeys/buy/definition").text
    assert "how long a run may rest" in page
    assert "/restore" not in page
