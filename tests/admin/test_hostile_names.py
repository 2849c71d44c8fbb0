"""Names come from strangers: whatever they hold is shown as text, on every page that the app has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from admin.exports import csv_file
from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop
from tests.admin.every_route import address, every_field, pages
from tests.admin.hostile_pages import hostile_pages
from tests.hostile import FORMULA_BEGINS, IMAGE, QUOTED, TEMPLATE, wrong_in

# Pages on which nothing stands that somebody else could have named.
PLAIN = {
    "sign_in.front",
    "sign_in.show",
    "sign_in.ask_code",
    "passwords.forgotten",
    "passwords.choose",
    "digest_stop.show",
    "invitations.show",
    "setup.show",
    "projects.go",
    "projects.show",  # names projects, which their own admins have named
    "segments.count",
    "discovery.journeys",  # where so few do the same, there is none
    "journey.show",  # leads to the funnel
    "journey.filling",
    "journeys.see",
    "journeys.pulse",
    "journeys.pulse_csv",
    "lifecycle.show",
    "lifecycle.csv",
    "explore.visits_csv",  # tells customers' numbers and when they came
    "identity_rules.progress",
    "system.show",  # tells of the installation alone
    "erasure.receipt",  # there is none before the erasure is done, and it names nobody
}

Hostile = tuple[Shop, hostile.Planted]


@pytest.fixture(scope="module")
def planted(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hostile]:
    """The shop after strangers and a careless colleague were there, and a customer of theirs."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("hostile")) as shop:
        yield shop, hostile.plant(shop.services, shop.project, now=NOW)


def test_names_are_shown_as_text_on_every_page(planted: Hostile) -> None:
    shop, names = planted
    client, wrong, shown = shop.client("admin", agent=IMAGE), [], set(PLAIN)
    for endpoint, path in hostile_pages(shop, names):
        answer = client.get(path)
        if endpoint not in PLAIN and answer.status_code != 200:
            wrong.append(f"{path}: {answer.status}")
        if answer.mimetype == "text/html":
            wrong += [f"{path}: {one}" for one in (*wrong_in(answer.text), *inline_in(answer.text))]
        elif answer.mimetype == "text/csv":
            wrong += [f"{path}: {one!r}" for one in formulas(answer.text)]
        if "hostile" in answer.text:
            shown.add(endpoint)
    assert wrong == [], "\n".join(wrong)
    everything = {rule.endpoint for rule, method in pages(shop.app) if method == "GET"}
    assert everything - shown == set(), "the names were on these pages"


class Inline(HTMLParser):
    """Script and style that stand in the page itself, which its policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]


def inline_in(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    parser.close()
    return parser.found


def formulas(text: str) -> list[str]:
    """The cells of a file that a spreadsheet would work out."""
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    return [cell for cell in cells if cell.startswith(FORMULA_BEGINS) and not is_number(cell)]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_arguments_and_fields_come_back_as_text(planted: Hostile, method: str) -> None:
    shop, names = planted
    client, wrong, payload = shop.client("admin"), [], IMAGE + QUOTED + TEMPLATE
    given = {"query_string" if method == "GET" else "data": dict.fromkeys(every_field(), payload)}
    values = {"customer": names.customer, "token": names.embed}
    ours = [(rule, address(shop.app, rule, **values)) for rule, one in pages(shop.app) if one == method]
    for rule, path in ours:
        answer = client.open(path, method=method, **given)
        if answer.status_code >= 500:
            wrong.append(f"{method} {path}: {answer.status}")
        if answer.mimetype == "text/html":
            wrong += [f"{method} {path}: {one}" for one in wrong_in(answer.text)]
        if rule.endpoint == "sign_in.out":
            client = shop.client("admin")
    assert wrong == [], "\n".join(wrong)


def test_csv_files_hold_no_formulas() -> None:
    head, rows = ("a", "=b"), [["=1+1", "@x"], ["-3", -3], ["\n=1", "\uff1d1"]]
    text = csv_file("../x", (head, rows)).get_data(as_text=True)
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "'=b"],
        ["'=1+1", "'@x"],
        ["'-3", "-3"],
        ["'\n=1", "'\uff1d1"],
    ]
