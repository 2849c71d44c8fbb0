"""What events must not tell: secrets, tokens, e-mail addresses, card numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.pipeline.masks import is_card, mask, names_secret
from collector.pipeline.privacy import cleaned
from tests.collector.pipeline.conftest import Pipeline

CARD = "4111 1111 1111 1111"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
HEX = "9f86d081884c7d659a2feaa0c55ad015"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/invite/anna.b+c@mail.example.com/ok", "/invite/[email]/ok"),
        ("/invite/anna%40example.com", "/invite/[email]"),
        ("/invite/anna%2Bshop%40example.com/ok", "/invite/[email]/ok"),
        ("mail jürgen@bücher.example now", "mail [email] now"),
        ("<anna@example.com>,bob@example.org", "<[email]>,[email]"),
        ("me @ home, root@localhost", "me @ home, root@localhost"),
        (f"Paid with {CARD}", "Paid with [card]"),
        (f"2 {CARD} 12", "2 [card] 12"),
        ("22 33 44 4111-1111-1111-1111 5500 0000 0000 0004", "22 33 44 [card] [card]"),
        ("/pay/4111111111111111", "/pay/[card]"),
        ("/order/4111111111111112", "/order/4111111111111112"),
        ("/order/1760000000000", "/order/1760000000000"),
        ("at 52.4111111111111111 north", "at 52.4111111111111111 north"),
        (f"jwt {JWT}.", "jwt [removed]"),
        ("Authorization: Bearer abc123DEF456==", "Authorization: Bearer [removed]"),
        ("Bearer abcdefghijklmnop", "Bearer [removed]"),
        ("bearer certificates", "bearer certificates"),
        ("?max_tokens=512&tokens=abc", "?max_tokens=512&tokens=[removed]"),
        ("?apikey1=abc", "?apikey1=[removed]"),
        ("?token=abc&b=1", "?token=[removed]&b=1"),
        ("/next?to=%2Freset%3FresetToken%3Dabc&b=1", "/next?to=%2Freset%3FresetToken%3D[removed]&b=1"),
        ("password=x; user=y", "password=[removed]; user=y"),
        (f"/cb?code={HEX}", "/cb?code=[removed]"),
        ("/cart?code=SPRING2025", "/cart?code=SPRING2025"),
        (f"/cb?to=%2Fcb%3Fcode%3D{HEX}", "/cb?to=%2Fcb%3Fcode%3D[removed]"),
        (f"/f?key={HEX}&page=2", "/f?key=[removed]&page=2"),
        ("/f?key=name", "/f?key=name"),
        (f"/?gclid={HEX}&utm_source=a", f"/?gclid={HEX}&utm_source=a"),
        ("", ""),
    ],
)
def test_what_must_not_be_kept_is_masked(text: str, kept: str) -> None:
    assert mask(text) == kept


@pytest.mark.parametrize(
    ("digits", "holds"),
    [
        ("4111111111111111", True),
        ("4222222222222", True),
        ("5500000000000004", True),
        ("2223003122003222", True),
        ("378282246310005", True),
        ("30569309025904", True),
        ("6011111111111117", True),
        ("3530111333300000", True),
        ("6200000000000005", True),
        ("4111111111111112", False),
        ("79927398713", False),
        ("2000000000000008", False),
        ("7000000000000005", False),
    ],
)
def test_a_card_number_has_an_issuer_and_a_check_digit(digits: str, holds: bool) -> None:
    assert is_card(digits) is holds


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        *((name, True) for name in ("password", "newPassword", "PASSWORD", "password_hash", "user-pwd")),
        *((name, True) for name in ("token", "accessToken", "fcm_token", "X-Auth-Token", "client_secret")),
        *(
            (name, True)
            for name in ("apiKey", "X-API-Key", "authorization", "Proxy-Authorization", "privateKey")
        ),
        *(
            (name, True)
            for name in ("cardNumber", "card_number", "Card Number", "cvv", "CVV2", "card.cvc", "jwt")
        ),
        *((name, True) for name in ("tokens", "passwords", "secrets", "refresh_tokens", "apiKeys")),
        *((name, True) for name in ("apikey1", "accessTokenV2", "token_v2", "secret-3")),
        *((name, False) for name in ("tokens_used", "token_type", "passwordless", "v2", "access", "keys")),
        *((name, False) for name in ("secretary", "secret_santa", "key", "keyboard", "card", "card_type")),
        *((name, False) for name in ("author", "order_number", "compass", "code", "", "名前")),
    ],
)
def test_names_of_properties_tell_which_hold_secrets(name: str, holds: bool) -> None:
    assert names_secret(name) is holds


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"u": "https://a.example/x?token=1"}, {"u": "https://a.example/x"}),
        ({"u": "https://a.example/x#id=1"}, {"u": "https://a.example/x"}),
        ({"u": "https://anna:pw@a.example/x"}, {"u": "https://a.example/x"}),
        (
            {"u": "see https://a.example/?t=1&utm_source=b now"},
            {"u": "see https://a.example/?utm_source=b now"},
        ),
        ({"u": "myapp://reset/x?t=1"}, {"u": "myapp://reset/x"}),
        ({"u": "https://a.example/x"}, {"u": "https://a.example/x"}),
        ({"u": "https://a.example/anna@b.example"}, {"u": "https://a.example/[email]"}),
        ({"q": "what?", "n": "a://b"}, {"q": "what?", "n": "a://b"}),
        ({"to": "anna@b.example"}, {"to": "[email]"}),
        ({"a": [{"b": ["x", "anna@b.example"]}]}, {"a": [{"b": ["x", "[email]"]}]}),
        ({"anna@b.example": 1, "b": 2}, {"[email]": 1, "b": 2}),
        ({"n": 4111111111111111, "m": 4111111111111112}, {"n": "[card]", "m": 4111111111111112}),
        ({"n": f"card {CARD}"}, {"n": "card [card]"}),
        ({"n": 4111111111111111.0, "m": 4111111111111112.0}, {"n": "[card]", "m": 4111111111111112.0}),
        ({"a": [4.111111111111111e15, 1e300, -4.5]}, {"a": ["[card]", 1e300, -4.5]}),
        ({"u": "//a.example/x?foo=s"}, {"u": "//a.example/x"}),
        ({"u": "//a.example/x?foo=s&utm_source=b#t"}, {"u": "//a.example/x?utm_source=b"}),
        ({"u": "/x?foo=s#t"}, {"u": "/x"}),
        ({"u": "/x#t", "v": "/?s3cret"}, {"u": "/x", "v": "/"}),
        ({"u": "go to (/x?foo=s now"}, {"u": "go to (/x now"}),
        ({"u": "/app#/orders/5"}, {"u": "/app#/orders/5"}),
        ({"u": "mailto:?subject=s&body=t"}, {"u": "mailto:"}),
        ({"u": "mailto:a@b.example?body=t"}, {"u": "mailto:[email]"}),
        ({"u": "a.example/x?foo=s"}, {"u": "a.example/x"}),
        ({"u": "www.a.example:8080/x/?foo=s&gclid=1"}, {"u": "www.a.example:8080/x?gclid=1"}),
        ({"u": "a.example/x#id=s"}, {"u": "a.example/x"}),
        (
            {"q": "24/7? node.js? a/b?c=d Is it and/or? #1 C#"},
            {"q": "24/7? node.js? a/b?c=d Is it and/or? #1 C#"},
        ),
        ({"h": {"Authorization": "Basic YTpi"}}, {"h": {"Authorization": "[removed]"}}),
        (
            {"password": "x", "cvv": 123, "token": ["a"]},
            dict.fromkeys(("password", "cvv", "token"), "[removed]"),
        ),
        (
            {"token": None, "has_password": True, "secret": ""},
            {"token": None, "has_password": True, "secret": ""},
        ),
        ({"search": "?q=shoes&access_token=x"}, {"search": "?q=shoes&access_token=[removed]"}),
        ({"note": f"used {JWT}"}, {"note": "used [removed]"}),
        (
            {"tokens": {"in": 5, "out": [7, "9"]}, "max_tokens": "512"},
            {"tokens": {"in": 5, "out": [7, "9"]}, "max_tokens": "512"},
        ),
        (
            {"tokens": [5, {"a": "s3cret"}], "passwords": [1], "refresh_tokens": "x"},
            dict.fromkeys(("tokens", "passwords", "refresh_tokens"), "[removed]"),
        ),
        ({"tokens": 5, "key": "a", "price": 4.5, "x": []}, {"tokens": 5, "key": "a", "price": 4.5, "x": []}),
        ({}, {}),
    ],
)
def test_properties_are_cleaned_however_deep(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert json.loads(cleaned(json.dumps(given))) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            {"email": "anna@b.example", "phone": "+49 30 1234567"},
            {"email": "anna@b.example", "phone": "+49 30 1234567"},
        ),
        ({"email": "anna@b.example", "password": "x"}, {"email": "anna@b.example", "password": "[removed]"}),
        ({"email": "anna@b.example", "card": CARD}, {"email": "anna@b.example", "card": "[card]"}),
        ({"avatar": "https://a.example/anna@b.example.png?key=1"}, {"avatar": "https://a.example/[email]"}),
    ],
)
@pytest.mark.parametrize("where", ["identify", "group", "context"])
def test_traits_keep_the_customers_own_address_but_no_secret(
    pipeline: Pipeline, where: str, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    message = {"context": {"traits": given}} if where == "context" else {"type": where, "traits": given}
    assert json.loads(pipeline.event(message).traits) == kept


def test_no_column_keeps_a_secret(pipeline: Pipeline) -> None:
    event = pipeline.event(
        {
            "type": "page",
            "properties": {
                "url": "https://a.example/s3cret@mail.example?token=s3cret&utm_content=s3cret%40mail.example",
                "search": "?token=s3cret",
                "password": "s3cret",
                "form": {"fields": [{"cvv": "s3cret"}, "s3cret@mail.example"]},
            },
            "context": {
                "page": {
                    "title": "s3cret@mail.example",
                    "referrer": "https://b.example/?token=s3cret",
                    "search": "?token=s3cret",
                    "initial_referrer": "https://b.example/?token=s3cret",
                },
                "campaign": {"source": "s3cret@mail.example", "name": "s3cret@mail.example"},
                "session_token": "s3cret",
                "ip": "81.2.69.142",
            },
            "extra": {"authorization": "Bearer s3cret"},
        }
    )
    assert "s3cret" not in repr(event)
    assert event.url == "https://a.example/[email]?utm_content=[email]"
    assert (event.source, event.campaign) == ("[email]", "[email]")
    assert json.loads(event.context) == {
        "page": {"initial_referrer": "https://b.example/"},
        "session_token": "[removed]",
        "extra": {"event": "Signed Up", "extra": {"authorization": "[removed]"}},
    }


SECRETS = [CARD, JWT, "token=s3cret", "Bearer abc123def456", "anna@b.example"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("event", {"event": "{}"}),
        ("event", {"type": "screen", "name": "{}"}),
        ("medium", {"context": {"campaign": {"source": "a", "medium": "{}"}}}),
        ("channel", {"context": {"channel": "{}"}}),
        ("locale", {"context": {"locale": "{}"}}),
        ("timezone", {"context": {"timezone": "{}"}}),
        ("library", {"context": {"library": {"name": "{}"}}}),
        ("library", {"context": {"library": {"name": "a", "version": "{}"}}}),
    ],
)
def test_the_columns_that_name_things_are_masked_too(
    pipeline: Pipeline, column: str, message: dict[str, Any], secret: str
) -> None:
    given = json.loads(json.dumps(message).replace("{}", secret))
    found = getattr(pipeline.event(given), column)
    assert secret not in found
    if len(secret) <= 32:
        assert "[" in found


def test_an_event_without_anything_to_hide_stays_as_it_is(pipeline: Pipeline) -> None:
    given = {
        "plan": "pro",
        "price": 12.5,
        "at": "2025-10-09T08:53:20.000+00:00",
        "id": "s-1ec5db87-bb01-f9ea",
    }
    event = pipeline.event({"properties": given})
    assert json.loads(event.properties) == given


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://",
            "@" + "a" * 50,
            "a." * 30,
            "a@",
            "x",
            "4 ",
            "4111-",
            "411111111111",
            "a%40",
            "%40",
            "a@b",
        ),
        *(
            "eyJ",
            "eyJ-",
            "eyJaaaaa.",
            "bearer ",
            "bearer 1",
            "token=",
            "token%3D",
            "a=",
            "aa=a,",
            "%3D",
            "://",
        ),
        *(
            "/",
            "/x?",
            "?#",
            "a.a",
            "a.a/",
            "a.a/?",
            "(",
            "mailto:",
            "//a",
            "a.a:1",
            "#a/",
            "/(",
            "1x",
            "token1",
        ),
        *("a+b", "eyJaaaaa.aaaaa", "password", "a://", "Bearer\t", "key=", "key%3D", "key%3D!", "44 4 "),
    ],
)
def test_hostile_repetition_passes_in_steps_that_grow_with_its_length(text: str) -> None:
    hostile = text * (300_000 // len(text))  # far too long where the steps grow with the square
    mask(hostile)
    cleaned(json.dumps({"a": hostile, "b": [hostile[:1000]] * 100}))
    cleaned(json.dumps({"a": f" {hostile}", hostile: "?", "c": f"{hostile} ?#"}))


def test_hostile_depth_and_breadth_pass(pipeline: Pipeline) -> None:
    deep: Any = "anna@b.example"
    for _ in range(180):
        deep = {"a": [deep]} if _ % 2 else [deep]
    event = pipeline.event({"properties": {"deep": deep, "wide": [[]] * 5_000}})
    assert "anna" not in event.properties
    assert event.properties.count("[email]") == 1
