"""The pixel: an event in the address of an image, whatever comes an image in the answer."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest

from collector.pixel import GIF
from store.drops import recent_drops
from store.projects import create_write_key
from tests.collector.conftest import NOW, Site

OPENED = {"event": "Mail Opened", "userId": "ü?>~1"}  # its base64 holds a plus and a slash


def packed(event: Any) -> str:
    return b64encode(json.dumps(event, ensure_ascii=False).encode()).decode()


def look(site: Site, path: str, data: str, *, key: str | None = None, **options: Any) -> Any:
    query = f"data={data}" + (f"&writeKey={key or site.browser_key}" if key != "" else "")
    return site.app.test_client().open(f"{path}?{query}", **({"method": "GET"} | options))


def is_the_image(answer: Any) -> bool:
    return (answer.data, answer.content_type) == (GIF, "image/gif") and "no-store" in answer.headers[
        "Cache-Control"
    ]


def test_the_image_is_one_transparent_pixel() -> None:
    assert GIF.startswith(b"GIF89a\x01\x00\x01\x00")
    assert GIF.endswith(b";")
    assert len(GIF) == 43


@pytest.mark.parametrize(
    "write",
    [
        lambda event: quote(packed(event), safe=""),
        lambda event: packed(event),  # an unescaped plus
        lambda event: quote(packed(event).rstrip("="), safe=""),
        lambda event: urlsafe_b64encode(json.dumps(event).encode()).decode(),
        lambda event: urlsafe_b64encode(json.dumps(event).encode()).decode().rstrip("="),
    ],
    ids=["escaped", "raw plus", "no padding", "urlsafe", "urlsafe without padding"],
)
def test_an_event_is_read_from_every_way_to_write_base64(site: Site, write: Any) -> None:
    answer = look(site, "/v1/pixel.gif", write(OPENED))
    assert answer.status_code == 200
    assert is_the_image(answer)
    (envelope,) = site.envelopes()
    (message,) = envelope.messages
    assert envelope.side == "browser"
    assert message.items() >= {**OPENED, "type": "track"}.items()
    assert message["messageId"]


@pytest.mark.parametrize(
    ("path", "event", "kind"),
    [
        ("/v1/pixel.gif", {"event": "x", "userId": "u"}, "track"),
        ("/v1/pixel.gif", {"type": "page", "userId": "u"}, "page"),
        ("/v1/pixel.gif", {"type": "identify", "userId": "u"}, "identify"),
        ("/v1/pixel/page", {"userId": "u"}, "page"),
        ("/v1/pixel/page", {"type": "track", "event": "x", "userId": "u"}, "page"),
        ("/v1/pixel/identify/", {"userId": "u", "traits": {"a": 1}}, "identify"),
    ],
)
def test_the_address_or_the_event_says_the_type(
    site: Site, path: str, event: dict[str, Any], kind: str
) -> None:
    assert look(site, path, packed(event)).status_code == 200
    assert site.envelopes()[0].messages[0]["type"] == kind


def test_the_key_may_stand_in_the_event_and_is_not_kept_with_it(site: Site) -> None:
    answer = look(site, "/v1/pixel.gif", packed({**OPENED, "writeKey": site.browser_key}), key="")
    assert answer.status_code == 200
    assert "writeKey" not in site.envelopes()[0].messages[0]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("", 400, "missing_data"),
        ("====", 400, "missing_data"),
        ("%00%FF", 400, "bad_data"),
        ("a", 400, "bad_data"),
        ("Zm9v", 400, "invalid_json"),
        (packed([]), 400, "invalid_json"),
        (packed({"event": "x"}), 400, "all_rejected"),
        (packed({"type": "batch", "batch": [OPENED]}), 400, "all_rejected"),
        (packed({**OPENED, "properties": {"x": "y" * 40_000}}), 413, "all_rejected"),
    ],
)
def test_a_refusal_is_an_image_too_with_its_reason_in_the_headers(
    site: Site, data: str, status: int, code: str
) -> None:
    answer = look(site, "/v1/pixel.gif", data)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (status, code)
    assert answer.headers["X-Error-Message"]
    assert is_the_image(answer)
    assert site.envelopes() == []


def test_a_pixel_with_a_bad_event_leaves_a_drop(site: Site) -> None:
    look(site, "/v1/pixel.gif", packed({"event": "x"}))
    assert [drop["code"] for drop in recent_drops(site.engine, site.project)] == ["missing_identity"]


def test_a_wrong_key_and_a_key_bound_to_origins_are_refused_with_an_image(site: Site) -> None:
    bound = create_write_key(
        site.engine, site.project, side="browser", origins=("https://shop.example",), now=NOW
    )
    for key, status, code in (("wb_wrong", 401, "unknown_key"), (bound, 403, "origin_not_allowed")):
        answer = look(site, "/v1/pixel.gif", packed(OPENED), key=key)
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (status, code)
        assert is_the_image(answer)


def test_what_cannot_be_kept_now_is_a_503_that_says_when_to_come_back(site: Site) -> None:
    site.inbox.close()
    answer = look(site, "/v1/pixel.gif", packed(OPENED))
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"].isdigit()
    assert is_the_image(answer)


def test_a_mistake_of_ours_is_an_image_too(site: Site) -> None:
    object.__setattr__(site.inbox, "enter", None)
    answer = look(site, "/v1/pixel.gif", packed(OPENED))
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (500, "internal_error")
    assert is_the_image(answer)


def test_a_look_at_the_head_alone_counts_nothing(site: Site) -> None:
    answer = look(site, "/v1/pixel.gif", packed(OPENED), method="HEAD")
    assert (answer.status_code, answer.content_type, answer.data) == (200, "image/gif", b"")
    assert site.envelopes() == []


def test_the_same_message_id_makes_all_openings_one(site: Site) -> None:
    for _ in range(2):
        look(site, "/v1/pixel.gif", packed({**OPENED, "messageId": "mail-7:u1"}))
    assert {one.messages[0]["messageId"] for one in site.envelopes()} == {"mail-7:u1"}
