"""How people come in, and are kept out: invitations, forgotten passwords, second factors, sign-ins."""

from __future__ import annotations

import re
from dataclasses import replace

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from admin.app import create_app
from store import invitations, sign_ins
from store.users import sign_in, user_by_email, users_of
from tests.admin.conftest import NOW, PASSWORD, Shop
from tests.admin.tokens import without_tokens

HOUR = 3_600_000
Letters = list[tuple[str, str, str]]


def later(shop: Shop, ms: int, **more: object) -> Shop:
    """The same shop at a later time."""
    services = replace(shop.services, clock=lambda: NOW + ms, **more)  # type: ignore[arg-type]
    app = create_app(services)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return replace(shop, services=services, app=app)


@pytest.fixture
def post(own_shop: Shop) -> tuple[Shop, Letters]:
    """A shop that sends mail, and the letters that it sends."""
    letters: Letters = []
    own_shop.services = replace(own_shop.services, send_mail=lambda *letter: letters.append(letter))
    own_shop.app.extensions["waywiser"] = own_shop.services
    return own_shop, letters


def link_in(text: str, kind: str) -> str:
    found = re.search(rf"/{kind}/[\w-]{{20,}}", text)
    assert found
    return found[0]


def invited(shop: Shop, email: str, role: str = "editor") -> str:
    answer = shop.client("admin").post("/p/shop/settings/people", data={"email": email, "role": role})
    return link_in(answer.text, "invitation")


def roles(shop: Shop) -> dict[str, str]:
    return {one["email"]: one["role"] for one in users_of(shop.services.engine, shop.project.id)}


def entered(client: FlaskClient) -> bool:
    return client.get("/p/shop/journeys").status_code == 200


def test_an_invitation_makes_an_account_and_lets_it_in_once(own_shop: Shop) -> None:
    link, client = invited(own_shop, "New@Shop.example"), own_shop.client()
    assert "new@shop.example" in client.get(link).text
    short = client.post(link, data={"name": "New", "password": "short"})
    assert (short.status_code, "too short" in short.text) == (422, True)
    assert client.post(link, data={"name": "New", "password": PASSWORD}).location == "/p/shop/journeys"
    assert entered(client)
    assert roles(own_shop)["new@shop.example"] == "editor"
    assert own_shop.client().get(link).status_code == 404
    assert own_shop.client().post(link, data={"password": PASSWORD}).status_code == 404


def test_who_gives_up_being_an_admin_is_led_to_what_they_may_see(own_shop: Shop) -> None:
    client, ids = own_shop.client("admin"), {role: user.id for role, user in own_shop.people.items()}
    people = "/p/shop/settings/people"
    assert client.post(f"{people}/{ids['editor']}/role", data={"role": "admin"}).location == people
    assert client.post(f"{people}/{ids['admin']}/role", data={"role": "viewer"}).location == "/p/shop/me"
    assert client.get("/p/shop/me").status_code == 200


def test_who_has_an_account_must_sign_in_to_it_to_join(own_shop: Shop) -> None:
    link, client = invited(own_shop, "x@other.example"), own_shop.client("viewer")
    away = client.post(link, data={"password": "another password"})
    assert away.location.startswith("/sign-in?next=/invitation/")
    assert "x@other.example" not in roles(own_shop)
    assert sign_in(own_shop.services.engine, "x@other.example", PASSWORD), "the password stays"
    theirs = own_shop.client("stranger")
    assert theirs.post(link).location == "/p/shop/journeys"
    assert roles(own_shop)["x@other.example"] == "editor"


def test_an_invitation_stays_open_where_its_role_could_not_be_given(own_shop: Shop) -> None:
    engine, token = own_shop.services.engine, invited(own_shop, "a@shop.example").rpartition("/")[2]
    found = invitations.invitation(engine, token, now=NOW)
    assert found
    with pytest.raises(IntegrityError):
        invitations.accept(engine, found, 999_999, now=NOW)
    assert invitations.invitation(engine, token, now=NOW) == found


def test_an_invitation_ends_by_time_by_hand_and_by_another(own_shop: Shop) -> None:
    first = invited(own_shop, "a@shop.example")
    assert later(own_shop, 7 * 24 * HOUR).client().get(first).status_code == 404
    second = invited(own_shop, "a@shop.example", "viewer")
    assert own_shop.client().get(first).status_code == 404
    page = own_shop.client("admin").get("/p/shop/settings/people").text
    back = re.search(r"/p/shop/settings/people/invitations/\d+/take-back", page)
    assert own_shop.client("admin").post(back[0]).status_code == 302
    assert own_shop.client().get(second).status_code == 404


def test_invitations_and_new_passwords_go_out_by_mail(post: tuple[Shop, Letters]) -> None:
    shop, letters = post
    link = invited(shop, "a@shop.example")
    assert (letters[0][0], link in letters[0][2]) == ("a@shop.example", True)
    known = shop.client().post("/password", data={"email": "VIEWER@shop.example"}, buffered=True)
    unknown = shop.client().post("/password", data={"email": "nobody@shop.example"}, buffered=True)
    assert without_tokens(known.text) == without_tokens(unknown.text)
    assert [letter[0] for letter in letters[1:]] == ["viewer@shop.example"]


def test_a_new_password_ends_every_sign_in_and_its_link(post: tuple[Shop, Letters]) -> None:
    shop, letters = post
    before, client = shop.client("viewer"), shop.client()
    client.post("/password", data={"email": "viewer@shop.example"}, buffered=True)
    link = link_in(letters[0][2], "password")
    assert client.post(link, data={"password": "short"}).status_code == 422
    assert client.post(link, data={"password": "quite another one"}).location == "/sign-in"
    assert not entered(before)
    assert sign_in(shop.services.engine, "viewer@shop.example", "quite another one")
    assert client.get(link).status_code == 404


def test_a_link_to_a_new_password_is_good_for_an_hour(post: tuple[Shop, Letters]) -> None:
    shop, letters = post
    shop.client().post("/password", data={"email": "viewer@shop.example"}, buffered=True)
    link = link_in(letters[0][2], "password")
    assert shop.client().get(link).status_code == 200
    assert later(shop, HOUR).client().get(link).status_code == 404


def test_letters_cannot_be_asked_for_without_end(post: tuple[Shop, Letters]) -> None:
    shop, letters = post
    codes = [
        shop.client().post("/password", data={"email": "viewer@shop.example"}, buffered=True).status_code
        for _ in range(9)
    ]
    assert codes == [200] * 5 + [429] * 4
    assert len(letters) == 5


def test_whether_there_is_such_a_person_costs_no_time_before_the_answer(own_shop: Shop) -> None:
    """What is done before the answer is the same for everybody: neither a link is made nor a letter sent."""
    letters: Letters = []
    shop = later(own_shop, 0, send_mail=lambda *letter: letters.append(letter))
    asked: list[str] = []
    event.listen(shop.services.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for email in ("viewer@shop.example", "nobody@shop.example"):
        before = len(asked)
        answer = shop.client().post("/password", data={"email": email}, buffered=False)
        next(iter(answer.response))
        counts.append((len(asked) - before, len(letters)))
        answer.close()
    assert counts == [(counts[0][0], 0), (counts[0][0], 1)]


def test_without_mail_the_page_says_who_can_help(own_shop: Shop) -> None:
    assert "waywiser user password" in own_shop.client().get("/password").text


def test_a_sign_in_can_be_ended_from_another_browser(own_shop: Shop) -> None:
    here, there = own_shop.client("viewer"), own_shop.client("viewer")
    page = here.get("/p/shop/me").text
    assert page.count("this one") == 1
    others = re.findall(r"/p/shop/me/sign-ins/\d+/end", page)
    assert len(others) == 1
    here.post(others[0])
    assert (entered(here), entered(there)) == (True, False)


def test_nobody_ends_the_sign_ins_of_others(own_shop: Shop) -> None:
    own_shop.client("editor")
    number = sign_ins.sign_ins_of(own_shop.services.engine, own_shop.people["editor"].id, now=NOW)[0]["id"]
    assert own_shop.client("viewer").post(f"/p/shop/me/sign-ins/{number}/end").status_code == 404


def test_signing_out_ends_what_a_copied_cookie_opens(own_shop: Shop) -> None:
    here, thief = own_shop.client("viewer"), own_shop.client()
    with here.session_transaction() as session, thief.session_transaction() as copy:
        copy.update(session)
    assert entered(thief)
    here.post("/sign-out")
    assert not entered(thief)


def test_a_sign_in_ends_after_two_weeks_without_a_visit(own_shop: Shop) -> None:
    client = own_shop.client("viewer")
    with client.session_transaction() as session:
        token = session["sign_in"]
    engine, day = own_shop.services.engine, 24 * HOUR
    assert sign_ins.whose(engine, token, now=NOW + 13 * day)
    assert sign_ins.whose(engine, token, now=NOW + 26 * day)
    assert sign_ins.whose(engine, token, now=NOW + 41 * day) is None


def test_the_own_password_is_changed_with_the_present_one(own_shop: Shop) -> None:
    here, there = own_shop.client("viewer"), own_shop.client("viewer")
    wrong = here.post("/p/shop/me/password", data={"old": "not this one", "password": "a new password"})
    assert (wrong.status_code, entered(there)) == (422, True)
    assert (
        here.post("/p/shop/me/password", data={"old": PASSWORD, "password": "a new password"}).status_code
        == 302
    )
    assert (entered(here), entered(there)) == (True, False)


def secret_of(page: str) -> str:
    return re.search(r"<code class=\"break\">([A-Z2-7]{32})</code>", page)[1]


def with_factor(shop: Shop) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a viewer who has turned it on."""
    client = shop.client("viewer")
    secret = secret_of(client.get("/p/shop/me").text)
    code = pyotp.TOTP(secret).at(NOW // 1000)
    page = client.post("/p/shop/me/second-factor", data={"old": PASSWORD, "code": code}).text
    return secret, re.findall(r"\b[0-9a-f]{6}-[0-9a-f]{6}\b", page)


def given_password(shop: Shop) -> FlaskClient:
    client = shop.client()
    answer = client.post("/sign-in", data={"email": "viewer@shop.example", "password": PASSWORD})
    assert answer.location.startswith("/sign-in/code")
    assert not entered(client)
    return client


def test_a_second_factor_is_asked_for_and_each_code_is_good_once(own_shop: Shop) -> None:
    secret, _ = with_factor(own_shop)
    assert user_by_email(own_shop.services.engine, "viewer@shop.example").has_second_factor
    soon = later(own_shop, 60_000)
    code = pyotp.TOTP(secret).at(NOW // 1000 + 60)
    client = given_password(soon)
    assert client.post("/sign-in/code", data={"code": "000000"}).status_code == 422
    assert (
        client.post("/sign-in/code", data={"code": code, "next": "/p/shop/live"}).location == "/p/shop/live"
    )
    assert entered(client)
    assert given_password(soon).post("/sign-in/code", data={"code": code}).status_code == 422
    used = pyotp.TOTP(secret).at(NOW // 1000)
    assert given_password(soon).post("/sign-in/code", data={"code": used}).status_code == 422


def test_codes_cannot_be_guessed(own_shop: Shop) -> None:
    with_factor(own_shop)
    client = given_password(own_shop)
    codes = [client.post("/sign-in/code", data={"code": f"{n:06}"}).status_code for n in range(8)]
    assert codes == [422] * 5 + [429] * 3


def test_a_recovery_code_stands_in_once(own_shop: Shop) -> None:
    _, recovery = with_factor(own_shop)
    assert len(set(recovery)) == 8
    assert given_password(own_shop).post("/sign-in/code", data={"code": recovery[3]}).location == "/"
    assert given_password(own_shop).post("/sign-in/code", data={"code": recovery[3]}).status_code == 422
    assert given_password(own_shop).post("/sign-in/code", data={"code": recovery[4].upper()}).location == "/"


def test_who_has_only_half_signed_in_has_five_minutes(own_shop: Shop) -> None:
    with_factor(own_shop)
    client = given_password(own_shop)
    assert client.get("/sign-in/code").status_code == 200
    late = later(own_shop, 6 * 60_000).client()
    with client.session_transaction() as session, late.session_transaction() as copy:
        copy.update(session)
    assert late.get("/sign-in/code").location.startswith("/sign-in")


def test_turning_the_factor_on_needs_password_and_code_and_off_the_password(own_shop: Shop) -> None:
    client = own_shop.client("viewer")
    secret = secret_of(client.get("/p/shop/me").text)
    right = pyotp.TOTP(secret).at(NOW // 1000)
    for old, code in (("wrong", right), (PASSWORD, "123")):
        answer = client.post("/p/shop/me/second-factor", data={"old": old, "code": code})
        assert answer.status_code == 422
        assert secret_of(answer.text) == secret, (
            "the same picture, so that the telephone need not read another"
        )
    assert client.post("/p/shop/me/second-factor", data={"old": PASSWORD, "code": right}).status_code == 200
    assert client.post("/p/shop/me/second-factor/off", data={"old": "wrong"}).status_code == 422
    assert client.post("/p/shop/me/second-factor/off", data={"old": PASSWORD}).status_code == 302
    assert entered(own_shop.client("viewer"))
