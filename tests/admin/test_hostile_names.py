"""What strangers put into arguments, fields and files stays text, whatever route takes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.exports import csv_file
from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop
from tests.admin.every_route import address, every_field, pages
from tests.hostile import IMAGE, QUOTED, TEMPLATE, wrong_in

Hostile = tuple[Shop, hostile.Planted]


@pytest.fixture(scope="module")
def planted(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hostile]:
    """The shop after strangers and a careless colleague were there, and a customer of theirs."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("hostile")) as shop:
        yield shop, hostile.plant(shop.services, shop.project, now=NOW)


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
