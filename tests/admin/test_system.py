"""System health shows what the examination finds, to admins only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from store.finding import Finding
from tests.admin.conftest import Shop

PATH = "/p/shop/settings/system"


@pytest.fixture
def found(shop: Shop) -> Iterator[list[Finding]]:
    """What the examination finds."""
    findings = [Finding("event store", True, "7 <b>events</b>")]
    before = shop.services
    shop.app.extensions["waywiser"] = replace(before, checkup=lambda: findings)
    yield findings
    shop.app.extensions["waywiser"] = before


def test_admins_see_what_was_found(shop: Shop, found: list[Finding]) -> None:
    text = shop.client("admin").get(PATH).text
    assert "Everything is as it must be" in text
    assert "7 &lt;b&gt;events&lt;/b&gt;" in text
    found.append(Finding("disk", False, "make room"))
    text = shop.client("admin").get(PATH).text
    assert "<strong>Disk:</strong> make room" in text
    assert "Everything is as it must be" not in text


def test_nobody_else_sees_it(shop: Shop, found: list[Finding]) -> None:
    for who in ("viewer", "editor"):
        assert shop.client(who).get(PATH).status_code == 403
        assert PATH not in shop.client(who).get("/p/shop/journeys").text
    assert PATH in shop.client("admin").get("/p/shop/journeys").text
