"""The weekly digest goes out on Monday morning, once to each reader, whatever happens to the processes."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import Engine, update

from admin.services import Services
from server.digesting import AGAIN_MS, LATEST_MS, Digester
from store import digests
from store.db import open_db, writing
from store.digests import HELD_MS
from store.events import EventStore
from store.settings import Settings
from store.tables import projects
from store.users import grant, remove
from tests.admin.conftest import DAY, MadeShop, Shop, made_shop, open_shop, staff, used_app
from tests.installation import Installation, free_port

__all__ = ["made_shop", "used_app"]

HOUR = 3_600_000
MONDAY = int(datetime(2026, 2, 23, 8, tzinfo=UTC).timestamp() * 1000)
BEFORE = MONDAY - 10 * DAY


class Box:
    """Keeps what arrives, or refuses it."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.says = "250 kept"
        self.gate = threading.Event()
        self.gate.set()

    async def handle_DATA(self, _: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        while not self.gate.is_set():
            await asyncio.sleep(0.01)
        if self.says.startswith("2"):
            content = cast(bytes, envelope.content)
            self.raw.append(content)
            self.letters.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))
        return self.says


@pytest.fixture
def post() -> Iterator[tuple[Box, Settings]]:
    box, port = Box(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=30)
    server.start()
    yield box, Settings(smtp_url=f"smtp://127.0.0.1:{port}", public_url="https://ways.shop.example")
    server.stop()


@pytest.fixture
def engine(staffed_db: Path, tmp_path: Path) -> Iterator[Engine]:
    """A relational store of its own, with the shop's people."""
    path = tmp_path / "waywiser.db"
    shutil.copy(staffed_db, path)
    engine = open_db(f"sqlite:///{path}", sync="normal")
    yield engine
    engine.dispose()


@pytest.fixture
def shop(
    made_shop: MadeShop, events: EventStore, tmp_path: Path, used_app: Callable[[Services], Flask]
) -> Iterator[Shop]:
    """The shop of the admin's tests; its viewer reads the digest."""
    shop = made_shop.copied(tmp_path / "shop.db", events, tmp_path, used_app)
    digests.subscribe(shop.services.engine, shop.people["viewer"].id, shop.project.id, now=BEFORE)
    yield shop
    shop.services.engine.dispose()


@pytest.fixture
def at(shop: Shop, post: tuple[Box, Settings]) -> Callable[[int], Digester]:
    """A process at a time."""
    return lambda now: Digester(shop.services.engine, shop.services.events, post[1], lambda: now)


def test_a_letter_says_how_last_week_went(
    shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    assert at(MONDAY).turn() == 1
    (letter,) = post[0].letters
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    said = " ".join(text.get_content().split())
    assert letter["To"] == "viewer@shop.example"
    assert letter["Subject"] == "The shop, week of 16 February: Buys something 33%"
    assert "from Monday 16 February to Sunday 22 February 2026" in said
    assert "33% succeeded (6–79% with 95% confidence, n 3)." in said
    assert 'Most leave after "Fills the cart": 2 runs, 67% of all.' in said
    link = "https://ways.shop.example/p/shop/journeys/buy/funnel?from=2026-02-16&through=2026-02-22"
    assert link in said
    assert link.replace("&", "&amp;") in html.get_content()
    assert "which may be chance" in said, said


def test_links_lead_to_pages(shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]) -> None:
    at(MONDAY).turn()
    body = post[0].letters[0].get_body(("plain",))
    assert body
    links = re.findall(r"https://ways\.shop\.example(\S+)", body.get_content())
    assert len(links) == 4
    assert {shop.client("viewer").get(link).status_code for link in links} == {200}


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (MONDAY - 1, 0),
        (MONDAY, 1),
        (MONDAY + LATEST_MS - 1, 1),
        (MONDAY + LATEST_MS, 0),
        (MONDAY - 7 * DAY, 1),
        (MONDAY - 14 * DAY, 0),
    ],
)
def test_letters_go_out_on_monday_from_eight_o_clock_on(
    at: Callable[[int], Digester], now: int, sent: int
) -> None:
    assert at(now).turn() == sent


def test_the_hour_is_that_of_the_project(shop: Shop, at: Callable[[int], Digester]) -> None:
    with writing(shop.services.engine) as connection:
        connection.execute(update(projects).values(timezone="America/New_York"))
    assert at(MONDAY + 5 * HOUR - 1).turn() == 0
    assert at(MONDAY + 5 * HOUR).turn() == 1


def test_each_week_has_one_letter_though_processes_start_again(
    post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    assert [at(MONDAY + n * HOUR).turn() for n in range(3)] == [1, 0, 0]
    assert at(MONDAY + 7 * DAY).turn() == 1
    assert len(post[0].letters) == 2


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_of_several_processes_at_once_one_sends(
    store: str,
    request: pytest.FixtureRequest,
    events: EventStore,
    tmp_path: Path,
    post: tuple[Box, Settings],
) -> None:
    engine = request.getfixturevalue("engine" if store == "sqlite" else "pg_engine")
    if store != "sqlite":
        staff(engine)
    shop = open_shop(engine, events, tmp_path)
    for person in ("viewer", "editor", "admin"):
        digests.subscribe(engine, shop.people[person].id, shop.project.id, now=BEFORE)
    begin = threading.Barrier(4)

    def turn() -> int:
        begin.wait()
        return Digester(engine, events, post[1], lambda: MONDAY).turn()

    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(turn) for _ in range(4)]
        assert sum(one.result() for one in sent) == 3
    to = sorted(letter["To"] for letter in post[0].letters)
    assert to == ["admin@shop.example", "editor@shop.example", "viewer@shop.example"]


def test_a_letter_whose_writer_died_is_written_by_another(shop: Shop, at: Callable[[int], Digester]) -> None:
    engine = shop.services.engine
    (reader,) = digests.readers(engine)
    assert digests.hold(engine, reader, "2026-02-23", now=MONDAY)
    assert at(MONDAY + HELD_MS - 1).turn() == 0
    assert at(MONDAY + HELD_MS).turn() == 1


def test_what_the_mail_server_refuses_is_tried_again_and_sent_once(
    post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    box, _ = post
    box.says = "451 not now"
    assert at(MONDAY).turn() == 0
    box.says = "250 kept"
    assert at(MONDAY + AGAIN_MS - 1).turn() == 0
    assert at(MONDAY + AGAIN_MS).turn() == 1
    assert at(MONDAY + 2 * AGAIN_MS).turn() == 0
    assert len(box.letters) == 1


def test_where_the_line_is_cut_nobody_gets_it_twice(
    post: tuple[Box, Settings], at: Callable[[int], Digester], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.mail.TIMEOUT_S", 8.0)
    box, _ = post
    box.gate.clear()
    at(MONDAY).turn()
    box.gate.set()
    assert at(MONDAY + AGAIN_MS).turn() == 0


def test_only_members_who_want_it_get_it(
    shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    engine = shop.services.engine
    editor, admin = shop.people["editor"], shop.people["admin"]
    for person in (editor, admin):
        digests.subscribe(engine, person.id, shop.project.id, now=MONDAY + 1)
    remove(engine, shop.people["viewer"].id, shop.project.id)
    assert at(MONDAY + 2).turn() == 0
    digests.unsubscribe(engine, editor.id, shop.project.id)
    assert at(MONDAY + 7 * DAY).turn() == 1
    assert [letter["To"] for letter in post[0].letters] == ["admin@shop.example"]


def test_mail_programs_stop_it_with_one_request(
    shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    engine = shop.services.engine
    at(MONDAY).turn()
    (letter,) = post[0].letters
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    whole = re.search(rb"\r\nList-Unsubscribe: <https://ways\.shop\.example(/\S+)>\r\n", post[0].raw[0])
    assert whole, "mail programs read it as it stands there"
    path = whole[1].decode()
    shop.app.config["WTF_CSRF_ENABLED"] = True
    browser = shop.client()
    assert "Send no more" in browser.get(path).text
    assert len(digests.readers(engine)) == 1, "who only looks stops nothing"
    assert browser.post(f"{path}x", data={"List-Unsubscribe": "One-Click"}).status_code == 404
    for _ in range(2):
        answer = shop.client().post(path, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "no more letters" in answer.text) == (200, True)
    assert digests.readers(engine) == []


def test_who_stops_it_while_out_of_the_project_does_not_get_it_when_back(
    shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    engine = shop.services.engine
    viewer = shop.people["viewer"]
    at(MONDAY).turn()
    path = str(post[0].letters[0]["List-Unsubscribe"]).strip("<> ").removeprefix("https://ways.shop.example")
    remove(engine, viewer.id, shop.project.id)
    assert shop.client().post(path).status_code == 200
    grant(engine, viewer.id, shop.project.id, "viewer")
    assert at(MONDAY + 7 * DAY).turn() == 0


def test_one_journey_that_cannot_be_told_keeps_no_other_project_from_its_letter(
    shop: Shop, post: tuple[Box, Settings], at: Callable[[int], Digester]
) -> None:
    engine = shop.services.engine
    digests.subscribe(engine, shop.people["stranger"].id, shop.other.id, now=BEFORE)
    with writing(engine) as connection:
        mine = projects.c.id == shop.project.id
        connection.execute(update(projects).where(mine).values(key="shop", timezone="UTC"))
    shop.services.events.command("drop table journey_runs")
    at(MONDAY).turn()
    assert [letter["To"] for letter in post[0].letters] == ["x@other.example"]
    assert "There is no journey yet." in post[0].letters[0].as_string()


def test_the_command_prints_what_is_to_be_said_and_sends_nothing(tmp_path: Path) -> None:
    with Installation(tmp_path) as installation:
        installation.init()
        said = installation.run("digest", "send", "--dry-run").stdout
        assert "To: nobody" in said
        assert "There is no journey yet." in said
        assert "WAYWISER_SMTP_URL" in installation.run("digest", "send", fails=True).stderr
