"""Set-up from nothing, and the settings: install, keys, people."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import partial
from hashlib import sha384
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from admin.app import create_app
from admin.reasons import REASONS
from admin.sdk_lines import FRAMEWORKS, LINES
from admin.services import Services
from admin.site_lines import SITES, site_lines
from server.erasing import Eraser
from server.replaying import run_again
from store.db import writing
from store.drops import DropRow, keep_drops
from store.events import EventStore
from store.identity import Ledger
from store.projects import (
    create_write_key,
    find_api_token,
    find_write_key,
    write_keys_of,
)
from store.settings import Settings
from store.users import sign_in, users_of
from tests.admin.conftest import NOW, PASSWORD, Shop, happened

FORM = {
    "name": "Grace",
    "email": "grace@acme.example",
    "password": PASSWORD,
    "project": "Acme Shop",
    "timezone": "UTC",
}


@pytest.fixture
def fresh(engine: Engine, events: EventStore, tmp_path: Path) -> Flask:
    """An admin that nobody has set up."""
    ledger = Ledger(engine, events)
    eraser = Eraser(engine, events, ledger, Settings(), lambda: NOW, lambda _project, _customers: None)
    services = Services(
        engine=engine,
        events=events,
        ledger=ledger,
        settings=Settings(),
        clock=lambda: NOW,
        refill=lambda: None,
        refresh=lambda _project, _customers: None,
        replay=partial(run_again, engine, Settings()),
        count_customer=eraser.counted,
        wake_eraser=lambda: None,
        refused_of=eraser.refused_of,
        snippet=tmp_path,
    )
    app = create_app(services)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return app


def test_the_first_visit_makes_account_project_and_key_once(fresh: Flask) -> None:
    client = fresh.test_client()
    assert client.get("/").location == "/setup"
    assert client.get("/sign-in").location == "/setup"
    assert client.post("/setup", data=FORM).location == "/p/acme-shop/settings/install"
    page = client.get("/p/acme-shop/settings/install").text
    key = re.search(r"data-key=&#34;(wb_[\w-]+)&#34;", page)[1]
    assert find_write_key(fresh.extensions["waywiser"].engine, key).side == "browser"
    assert "Waiting for the first event" in page
    again = fresh.test_client().post("/setup", data=FORM | {"email": "thief@evil.example"})
    assert again.location == "/sign-in"
    assert sign_in(fresh.extensions["waywiser"].engine, "thief@evil.example", PASSWORD) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "nobody"}, "Write an e-mail address"),
        ({"password": "short"}, "Use at least 10 characters"),
        ({"project": " "}, "Give the product or site a name"),
        ({"timezone": "Mars/Crater"}, "This is no time zone"),
    ],
)
def test_set_up_says_what_is_wrong_and_makes_nothing(fresh: Flask, change: dict, words: str) -> None:
    client = fresh.test_client()
    answer = client.post("/setup", data=FORM | change)
    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert client.get("/").location == "/setup"


def test_the_checks_say_what_came_from_where_and_go_on_asking(fresh: Flask) -> None:
    client, given = fresh.test_client(), fresh.extensions["waywiser"]
    client.post("/setup", data=FORM)
    page, line = "/p/acme-shop/settings/install", "/p/acme-shop/settings/install/first"
    assert re.search(rf'hx-get="{line}" hx-trigger="every 3s"', client.get(page).text)
    before = words_of(client.get(line).text)
    assert "Waiting for the first event" in before
    assert "Nothing from browsers today" in before
    assert "Nothing from servers today" in before
    given.events.insert([happened("Hello", "42", day=300)], token="one")
    after = words_of(client.get(line).text)
    assert "Hello" in after
    assert "None of the last day comes from the snippet" in after
    minute = 1 / 1440
    days = [0.0, 0.5 * minute, 2 * minute, 600 * minute]  # now is noon: the last is of today, too
    views = [happened("/hats", "43", day=day, kind="page") for day in days]
    for view in views:
        view.host, view.library = "shop.example", "waywiser-js/0.1.0"
    views[0].is_bot = True
    yesterday = happened("/hats", "44", day=0.6, kind="page")
    yesterday.host = "shop.example"
    paid = happened("Order Paid", "43", day=0.1)
    paid.side, paid.library = "server", "waywiser-python/1.2"
    given.events.insert([*views, yesterday, paid], token="two")
    seen = words_of(client.get(line).text)
    assert "The snippet works" in seen
    assert "Seen 2 page views from shop.example in the last minute, 4 today." in seen
    assert "1 of today’s events is a robot’s" in seen
    assert "Seen 0 events from your servers, sent by waywiser-python , in the last minute, 1 today." in seen
    assert "Nothing from" not in seen


def test_the_checks_say_what_was_refused_and_how_to_cure_it(own_shop: Shop) -> None:
    engine, line = own_shop.services.engine, "/p/shop/settings/install/first"
    client = own_shop.client("viewer")
    assert "Refused in the last" not in client.get(line).text
    drop = {"place": "door", "code": "missing_identity", "message": "x", "original": {}}
    with writing(engine) as connection:
        keep_drops(
            connection,
            [
                DropRow(project=own_shop.project.id, received_at=NOW - 1, **drop),
                DropRow(project=own_shop.project.id, received_at=NOW - 2 * 86_400_000, **drop),
            ],
        )
    text = client.get(line).text
    assert "1 event: Nobody named" in words_of(text)
    assert REASONS["missing_identity"].cure in unescape(text)
    assert "/p/shop/live/drops?code=missing_identity&amp;days=1" in text


def test_while_nothing_comes_the_checks_say_what_stands_in_the_way(own_shop: Shop) -> None:
    client, engine, other = own_shop.client("stranger"), own_shop.services.engine, own_shop.other
    page = "/p/other/settings/install"
    assert "only browsers on this machine can reach" in words_of(client.get(page).text)
    origins = ("https://hats.example",)
    create_write_key(engine, other.id, side="browser", origins=origins, now=NOW)
    assert "this key is good for pages of https://hats.example only" in words_of(client.get(page).text)


@pytest.mark.parametrize("site", SITES)
def test_every_kind_of_site_has_its_lines_with_the_own_key(own_shop: Shop, site: str) -> None:
    engine = own_shop.services.engine
    text = own_shop.client("viewer").get(f"/p/shop/settings/install?site={site}").text
    lines = unescape(re.search(r'id="snippet-web">(.*?)</code>', text, re.S)[1])
    assert write_keys_of(engine, own_shop.project.id)[0]["key_text"] in lines
    assert "http://127.0.0.1:8000" in lines
    assert f'site={site}&amp;framework=script#web" aria-current="page"' in text


def test_a_cookieless_project_and_a_snippet_of_another_folder_have_it_in_all_lines() -> None:
    settings = Settings(snippet_path="/assets/stats.js", public_url="https://stats.example")
    for site in SITES:
        lines = site_lines(site, settings, "wb_1", cookieless=True)
        assert "cookieless" in lines, site
        assert re.search(r'host"?(, |: |=)"https://stats.example"', lines), site


def test_the_lines_of_each_framework_are_those_of_the_sdks_readme(own_shop: Shop) -> None:
    readme = (Path(__file__).parents[2] / "sdk_py" / "README.md").read_text()
    client = own_shop.client("viewer")
    for framework, lines in LINES.items():
        assert f"```python\n{lines}```" in readme, framework
        text = unescape(client.get(f"/p/shop/settings/install?framework={framework}").text)
        said = lines.replace("https://waywiser.example.com", "http://127.0.0.1:8000").rstrip()
        assert f'id="snippet-python">{said}</code>' in text, framework
    assert list(FRAMEWORKS) == list(LINES)


def test_a_choice_that_nobody_offers_is_the_first_one(own_shop: Shop) -> None:
    answer = own_shop.client("viewer").get("/p/shop/settings/install?site=<b>&framework=<b>")
    assert answer.status_code == 200
    assert 'site=html&amp;framework=script#web" aria-current="page"' in answer.text


def words_of(text: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text))).replace(" .", ".")


def test_the_example_of_calls_keeps_them_until_the_script_is_there(own_shop: Shop) -> None:
    """With the very stub of the documentation: also where a blocker lets no script come."""
    text = unescape(own_shop.client("viewer").get("/p/shop/settings/install").text)
    docs = (Path(__file__).parents[2] / "docs" / "snippet.md").read_text()
    stub = docs[docs.index("<script>\nwindow.waywiser") :].partition("\n</script>")[0]
    assert stub in text
    assert text.index(stub) < text.index("waywiser.identify(")


def test_the_line_to_paste_follows_the_settings_and_the_build(own_shop: Shop) -> None:
    page = "/p/shop/settings/install"
    client = own_shop.client("viewer")
    assert "integrity" not in client.get(page).text
    (own_shop.services.snippet / "w.js").write_text("let a;")
    text = unescape(client.get(page).text)
    assert re.search(r'src="http://127.0.0.1:8000/w.js" data-key="wb_', text)
    pinned = re.search(
        r'src="http://127.0.0.1:8000/w\.[0-9a-f]{20}\.js" integrity="(\S+)" crossorigin="anonymous"', text
    )
    assert pinned
    assert pinned[1] == "sha384-" + b64encode(sha384(b"let a;").digest()).decode()


def test_a_server_key_is_shown_once(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    text = client.post("/p/shop/settings/install/server-key").text
    key = re.search(r"ws_[\w-]{20,}", text)[0]
    assert find_write_key(own_shop.services.engine, key).side == "server"
    assert key not in client.get("/p/shop/settings/install").text + client.get("/p/shop/settings/keys").text


def test_keys_are_bound_to_origins_and_revoked(own_shop: Shop) -> None:
    client, engine = own_shop.client("admin"), own_shop.services.engine
    client.post(
        "/p/shop/settings/keys", data={"side": "browser", "origins": "https://a.example, https://b.example"}
    )
    key = write_keys_of(engine, own_shop.project.id)[0]
    assert key["origins"] == ["https://a.example", "https://b.example"]
    client.post(f"/p/shop/settings/keys/{key['id']}/revoke")
    assert find_write_key(engine, key["key_text"]) is None
    for origins in ("a.example", "https://a.example/path", "javascript:alert(1)", "https://["):
        bad = client.post("/p/shop/settings/keys", data={"side": "browser", "origins": origins})
        assert bad.status_code == 422, origins
        assert 'id="problem-origins"' in bad.text
        assert f'value="{origins}"' in bad.text, "what was written stays"


def test_a_token_that_cannot_be_made_leaves_the_form_as_it_was(own_shop: Shop) -> None:
    wrong = {"name": "Weekly", "role": "editor", "scope": ["events", "nothing"]}
    bad = own_shop.client("admin").post("/p/shop/settings/keys/tokens", data=wrong)
    assert bad.status_code == 422
    assert 'id="problem-token"' in bad.text
    assert 'value="Weekly"' in bad.text
    assert 'value="editor" selected' in bad.text
    assert 'value="events" id="scope-events" checked' in bad.text


def test_a_token_opens_the_project_with_its_role(own_shop: Shop) -> None:
    text = (
        own_shop.client("admin")
        .post("/p/shop/settings/keys/tokens", data={"name": "x", "role": "viewer"})
        .text
    )
    token = find_api_token(own_shop.services.engine, re.search(r"wt_[\w-]{20,}", text)[0], now=NOW)
    assert (token.project_id, token.role) == (own_shop.project.id, "viewer")


def test_people_get_other_roles_but_the_last_admin_stays(own_shop: Shop) -> None:
    client, engine = own_shop.client("admin"), own_shop.services.engine
    viewer = own_shop.people["viewer"]
    client.post(f"/p/shop/settings/people/{viewer.id}/role", data={"role": "editor"})
    roles = {one["email"]: one["role"] for one in users_of(engine, own_shop.project.id)}
    assert roles[viewer.email] == "editor"
    again = client.post("/p/shop/settings/people", data={"email": viewer.email, "role": "viewer"})
    assert (again.status_code, "in this project already" in again.text) == (422, True)
    last = client.post(f"/p/shop/settings/people/{own_shop.people['admin'].id}/role", data={"role": "viewer"})
    assert "A project needs an admin" in last.text
    theirs = client.post(
        f"/p/shop/settings/people/{own_shop.people['stranger'].id}/role", data={"role": "admin"}
    )
    assert theirs.status_code == 422


def test_changing_project_goes_only_to_ones_own(shop: Shop) -> None:
    assert shop.client("viewer").get("/p?key=shop").location == "/p/shop/journeys"
    assert shop.client("viewer").get("/p?key=other").status_code == 404
    assert shop.client().get("/p?key=shop").location.startswith("/sign-in")
