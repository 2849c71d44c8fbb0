"""Who the visitor of a request is, as far as cookies and headers can be believed."""

from __future__ import annotations

import pytest

from waywiser import current_context
from waywiser._visitor import scope_of, visitor

ID = "0b0e7a2c-8e0b-4a53-9c6e-3f1d7e0a9b11"
SESSION = "0b0e7a2c-2f7c-4a0e-8a3e-1c2b3d4e5f60"
OTHERS = "5d8f1a77-2f7c-4a0e-8a3e-1c2b3d4e5f60"
TIMES = "1764380000000.1764380000001"


@pytest.mark.parametrize(
    ("cookies", "headers", "expected"),
    [
        (f"waywiser_id={ID}", {}, (ID, "")),
        (f'x=y; waywiser_id="{ID}"; broken', {}, (ID, "")),
        (f"waywiser_id={ID}; waywiser_session={SESSION}.{TIMES}", {}, (ID, SESSION)),
        (f"waywiser_id={ID}; waywiser_session={SESSION}.{TIMES}.{OTHERS}", {}, (ID, SESSION)),
        (f"waywiser_id={ID}; waywiser_session={SESSION}", {}, (ID, SESSION)),
        # A session of somebody who used this browser before, or of another subdomain's cookie.
        (f"waywiser_id={ID}; waywiser_session={OTHERS}.{TIMES}", {}, (ID, "")),
        (f"waywiser_session={OTHERS}; waywiser_id={ID}; waywiser_session={SESSION}", {}, (ID, SESSION)),
        (f"waywiser_session={SESSION}.{TIMES}", {}, ("", "")),
        (f"waywiser_id={ID}", {"X-Waywiser-Anonymous-Id": "from-the-page"}, ("from-the-page", "")),
        (f"waywiser_id={ID}", {"X-Waywiser-Anonymous-Id": "not\u00a0an id"}, (ID, "")),
        (f"waywiser_id={ID}", {"X-Waywiser-Session-Id": "any"}, (ID, "any")),
        (f"waywiser_id={ID}; waywiser_id=second", {}, (ID, "")),
        (f"waywiser_id={ID}; waywiser_consent=granted", {}, (ID, "")),
        (f"waywiser_id={ID}; waywiser_consent=denied", {}, ("", "")),
        (f"waywiser_consent=granted; waywiser_id={ID}; waywiser_consent=opted-out", {}, ("", "")),
        ("waywiser_id=opted-out", {"X-Waywiser-Anonymous-Id": ID}, ("", "")),
        (f"waywiser_id={ID}; waywiser_id=opted-out", {}, ("", "")),
        (f"waywiser_id={ID}", {"X-Waywiser-Anonymous-Id": "opted-out"}, ("", "")),
        ("waywiser_id=" + "x" * 128, {}, ("x" * 128, "")),
        ("waywiser_id=" + "x" * 129, {}, ("", "")),
        (f"waywiser_id={ID}; waywiser_session={SESSION}." + "1" * 300, {}, (ID, "")),
        (f"waywiser_id={ID}; x=" + "y" * 17_000, {}, ("", "")),
        ("waywiser_id=<script>", {}, ("", "")),
        ("waywiser_id=a\nb", {}, ("", "")),
        ("waywiser_id=\uff41\uff42", {}, ("", "")),
        ("waywiser_id=; waywiser_session=", {}, ("", "")),
        ("", {}, ("", "")),
        (None, {}, ("", "")),
    ],
)
def test_only_what_our_snippet_could_have_written_is_taken(
    cookies: str | None, headers: dict[str, str], expected: tuple[str, str]
) -> None:
    assert visitor(lambda name: cookies if name == "Cookie" else headers.get(name)) == expected


def test_address_and_user_agent_come_along_in_bounds() -> None:
    headers = {"Cookie": f"waywiser_id={ID}", "User-Agent": "Mozilla/5.0 " + "x" * 1000}
    with scope_of(headers.get, "203.0.113.7"):
        around = current_context()
    assert around.anonymous_id == ID
    assert around.values == {"ip": "203.0.113.7", "userAgent": headers["User-Agent"][:512]}


@pytest.mark.parametrize(("agent", "address"), [("a\x00b", None), (None, "x" * 65), ("", "")])
def test_what_is_malformed_is_left_out(agent: str | None, address: str | None) -> None:
    with scope_of(lambda name: agent if name == "User-Agent" else None, address):
        assert current_context().values == {}
