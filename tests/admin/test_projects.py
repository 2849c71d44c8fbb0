"""Projects on their page: made by admins, renamed, with days that begin elsewhere."""

from __future__ import annotations

from html import unescape

import pytest

from store import audit
from store.projects import all_projects, find_write_key, project_by_key, write_keys_of
from store.users import users_of
from tests.admin.conftest import Shop

PAGE = "/p/shop/settings/project"
NEW = {"new_name": "Hat shop", "new_key": "", "new_timezone": "Europe/Berlin"}


def told(shop: Shop, project: int) -> list[str]:
    return [line["did"] for line in audit.lines(shop.services.engine, project)]


def test_an_admin_makes_a_project_and_is_its_only_member(own_shop: Shop) -> None:
    client, engine = own_shop.client("admin"), own_shop.services.engine
    answer = client.post(f"{PAGE}/new", data=NEW)
    assert answer.location == "/p/hat-shop/settings/install"
    made = project_by_key(engine, "hat-shop")
    assert (made.name, made.timezone) == ("Hat shop", "Europe/Berlin")
    assert [(one["email"], one["role"]) for one in users_of(engine, made.id)] == [
        ("admin@shop.example", "admin")
    ]
    (key,) = write_keys_of(engine, made.id)
    assert find_write_key(engine, key["key_text"]).side == "browser"
    assert key["key_text"] in client.get(answer.location).text
    assert own_shop.client("editor").get(answer.location).status_code == 404
    assert told(own_shop, own_shop.project.id) == ["made the project hat-shop"]
    assert told(own_shop, made.id) == ["made this project"]


def test_the_menu_and_the_page_lead_to_all_of_ones_projects(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    assert '<option value="hat-shop"' not in client.get(PAGE).text
    client.post(f"{PAGE}/new", data=NEW)
    text = client.get(PAGE).text
    assert '<option value="hat-shop"' in text
    assert '<a href="/p/hat-shop/journeys">Hat shop</a>' in text
    assert "Of others" not in text


def test_a_project_gets_another_name_and_keeps_its_key(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    name = "Shop <b>& sons</b>"
    assert client.post(f"{PAGE}/name", data={"name": name}).location == PAGE
    assert project_by_key(own_shop.services.engine, "shop").name == name
    text = client.get(PAGE).text
    assert name in unescape(text)
    assert name not in text
    assert told(own_shop, own_shop.project.id) == [f"called the project {name}"]


def test_days_begin_in_the_time_zone_that_was_chosen(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    assert "Another time zone moves the days of all reports" in client.get(PAGE).text
    answer = client.post(f"{PAGE}/zone", data={"timezone": "Asia/Tokyo"}, follow_redirects=True)
    assert "Days begin at midnight in Asia/Tokyo from now on" in answer.text
    assert project_by_key(own_shop.services.engine, "shop").timezone == "Asia/Tokyo"
    assert "since midnight in Asia/Tokyo" in client.get("/p/shop/settings/install").text
    assert told(own_shop, own_shop.project.id) == ["let the project’s days begin in Asia/Tokyo"]


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("name", {"name": "  "}, "Give the product or site a name."),
        ("name", {"name": "x" * 201}, "Use at most 200 characters."),
        ("name", {"name": "a\nb"}, "A name is one line of characters that can be seen."),
        ("zone", {"timezone": "Mars/Crater"}, "This is no time zone"),
        ("zone", {"timezone": "../etc/passwd"}, "This is no time zone"),
        ("zone", {"timezone": "localtime"}, "This is no time zone"),
        ("zone", {}, "This is no time zone"),
        ("new", NEW | {"new_name": ""}, "Give the product or site a name."),
        ("new", NEW | {"new_key": "Hat Shop"}, "is no project key"),
        ("new", NEW | {"new_key": "shop"}, "There is a project 'shop' already."),
        ("new", NEW | {"new_timezone": "Berlin"}, "This is no time zone"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_changes_nothing(
    own_shop: Shop, path: str, form: dict[str, str], words: str
) -> None:
    engine = own_shop.services.engine
    before = all_projects(engine)
    answer = own_shop.client("admin").post(f"{PAGE}/{path}", data=form)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert all_projects(engine) == before
    assert told(own_shop, own_shop.project.id) == []


def test_projects_whose_names_make_the_same_key_get_keys_of_their_own(own_shop: Shop) -> None:
    browser, address = own_shop.client("admin"), "/p/shop/settings/project/new"
    made = [browser.post(address, data=NEW | {"new_name": one}).location for one in ("店", "лавка", "Café")]
    assert [one.split("/")[2] for one in made] == ["project", "project-2", "cafe"]
    again = browser.post(address, data=NEW | {"new_name": "лавка"})
    assert (again.status_code, "a project &#39;project-2&#39; already" in again.text) == (422, True)
