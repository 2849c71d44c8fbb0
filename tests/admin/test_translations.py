"""Every text of the admin can be said in another language, whole and in whatever order it needs."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import Environment

from admin.catalogue import FILE, asked_by, asked_in, catalogue, written
from admin.languages import languages, spoken
from admin.locales import words_of
from store import audit
from store.events import EventStore
from store.words import Language, Spoken, carried, in_english, ngettext, speak, tell
from tests.admin.conftest import Shop, a_shop
from tests.admin.pseudo import LANGUAGE, Pseudo

NAMES_TO_WRITE_OVER = {"order_id", "crm_id", "device_id"}
WORDS_LIKE_CODE = {"drop-offs"}


@pytest.fixture(scope="module")
def abroad(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop that knows further languages, one of which nobody speaks."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("abroad")) as shop:
        shop.app.extensions["waywiser_languages"][LANGUAGE] = Pseudo(catalogue())
        yield shop


def test_the_catalogue_is_up_to_date() -> None:
    assert FILE.read_text() == written(catalogue()), "run `make catalogue`"


def test_no_code_is_taken_for_words() -> None:
    code = re.compile(r"[a-z]+(?:[-_][a-z]+)+|\d+m?s|hx-.*|.*=\"")
    found = {one.id for one in catalogue() if isinstance(one.id, str) and code.fullmatch(one.id)}
    assert found <= NAMES_TO_WRITE_OVER | WORDS_LIKE_CODE


@pytest.mark.parametrize(
    ("template", "messages"),
    [
        ("<p>Skip it</p>", ["Skip it"]),
        ("<p>{{ a.entered|count }} of {{ b.n }} runs</p>", ["%(entered)s of %(b)s runs"]),
        ("<p>{{ x.name }} is {{ y.name }} or {{ x.name }}</p>", ["%(x_name)s is %(y_name)s or %(x_name)s"]),
        ("<p>{{ a.value }}, {{ b.value }} left, {{ b.n }}</p>", ["%(a)s, %(b)s left, %(b2)s"]),
        ('<p>Of <b class="x">{{ n }}</b> and <b>all</b></p>', ["Of <b>%(n)s</b> and <b2>all</b2>"]),
        ('<p><a href="{{ h }}">Go</a> <a href="/">back</a></p>', ["Go", "back"]),
        ("<td>{{ n }}</td><td>–</td><td>{{ n }}&nbsp;%</td>", []),
        ("<p>95% of\n   all</p>", ["95%% of all"]),
        ("<p>All{% if x %} of {{ n }}{% endif %} left</p>", ["All", "of %(n)s", "left"]),
        ('<a class="btn" title="Your {{ n }}"{% if x %} hidden{% endif %}>Out</a>', ["Your %(n)s", "Out"]),
        ('<a data-x="No" href="No">{{ icon("x") }} Yes</a>', ["Yes"]),
        ("<style>a {}</style><script>let a = 'b'</script><svg><text>c</text></svg><code>d</code>", []),
        ("<p>Run <code>make</code> now</p>", ["Run <code>make</code> now"]),
        ('{{ "run" if n == 1 else "runs" }}', ["run"]),
        ('{{ x or "Nobody " ~ id[:6] }}', ["Nobody %(id)s"]),
        ('{{ explained("As of", text) }}{{ empty("None", "Try " ~ n) }}', ["As of", "None", "Try %(n)s"]),
        ('<option{{ " selected" if x }} value="{{ "a" if x else "b" }}">{{ name }}</option>', []),
    ],
)
def test_sentences_of_templates_are_messages(template: str, messages: list[str]) -> None:
    environment = Environment(autoescape=True)
    words_of(environment)
    asked = asked_by(environment.parse(template))
    assert sorted(one if isinstance(one, str) else one[0] for one in asked) == sorted(messages)


def german(**texts: str | tuple[str, str]) -> Language:
    """A language of these texts: English with underscores for spaces, and what it is in that language."""
    made = Catalog(locale="de")
    for text, said in texts.items():
        ids = text.replace("_", " ")
        made.add(ids if isinstance(said, str) else (ids, f"{ids}s"), said)
    return spoken(made)


@pytest.fixture
def rendered() -> Iterator[Environment]:
    """An environment whose words are English again after the test."""
    environment = Environment(autoescape=True)
    words_of(environment)
    yield environment
    speak(None)


PAGE = '<p>Of {{ n }} <a href="{{ href }}">{{ name }}</a> left, <b>{{ m }}</b> came.</p>'
MESSAGE = "Of %(n)s <a>%(name)s</a> left, <b>%(m)s</b> came."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (MESSAGE, '<p>Of 5 <a href="?a&amp;b">&lt;i&gt;</a> left, <b>3</b> came.</p>'),
        ("<b>%(m)s</b>, <a>%(name)s</a>: 100%%", '<p><b>3</b>, <a href="?a&amp;b">&lt;i&gt;</a>: 100%</p>'),
        ("<i>%(m)s</i>", '<p>Of 5 <a href="?a&amp;b">&lt;i&gt;</a> left, <b>3</b> came.</p>'),
        ("%(other)s <a>x</a> <b>y</b>", '<p>Of 5 <a href="?a&amp;b">&lt;i&gt;</a> left, <b>3</b> came.</p>'),
    ],
    ids=["as it is", "in another order", "other tags are not said", "unknown values are not said"],
)
def test_a_translation_orders_values_and_tags_as_it_needs(
    rendered: Environment, said: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    made = Catalog(locale="de")
    made.add(MESSAGE, said)
    speak(spoken(made))
    page = rendered.from_string(PAGE).render(n=5, m=3, name="<i>", href="?a&b")
    assert page == shown


def test_a_number_has_the_forms_of_its_language(rendered: Environment) -> None:
    speak(german(run=("Lauf", "Läufe")))
    page = rendered.from_string('{{ n }} {{ "run" if n == 1 else "runs" }}')
    assert [page.render(n=n) for n in (1, 2)] == ["1 Lauf", "2 Läufe"]
    assert ngettext("%(num)s day", "%(num)s days", 1) == "1 day"


def test_values_stay_escaped_and_plain_texts_plain() -> None:
    assert tell("100%% of %(name)s", name="<i>%(x)s") == "100% of <i>%(x)s"
    assert tell("95 % of all") == "95 % of all"


def test_a_table_is_said_to_each_reader_in_their_language() -> None:
    table = Spoken({"a": "All", "b": "None"})
    speak(german(All="Alle"))
    try:
        assert [table["a"], table.get("b"), dict(table), {**table}, [*table.values()]] == [
            *("Alle", "None", {"a": "Alle", "b": "None"}, {"a": "Alle", "b": "None"}, ["Alle", "None"])
        ]
        in_thread = carried(lambda: tell("All"))
        with in_english():
            assert (tell("All"), table["a"]) == ("All", "All")
    finally:
        speak(None)
    assert in_thread() == "Alle"
    speak(None)


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de-AT, en;q=0.5", "de"),
        ("fr, de;q=0.5", "de"),
        ("en-GB, de;q=0.5", "en"),
        ("fr", "en"),
        ("", "en"),
        ("*, ../../etc", "en"),
    ],
)
def test_a_page_is_in_the_best_language_that_there_is(abroad: Shop, asked: str, language: str) -> None:
    abroad.app.extensions["waywiser_languages"]["de"] = german(Sign_in="Anmelden")
    page = abroad.client().get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in page
    assert ("Anmelden" in page) is (language == "de")


def test_programs_are_answered_in_english(abroad: Shop) -> None:
    answers = [
        abroad.client("admin").get("/api/v1/nothing", headers={"Accept-Language": one}).get_data()
        for one in ("en", LANGUAGE)
    ]
    assert answers[0] == answers[1]


def test_a_language_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pt_BR" / "LC_MESSAGES" / "messages.po"
    file.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    file.write_text(f'{head}msgid "Go"\nmsgstr "Ir"\n')
    found = languages(tmp_path)
    assert found["en"] is None
    assert found["pt_BR"] is not None
    assert found["pt_BR"].gettext("Go") == "Ir"


def test_a_list_is_titled_in_the_language_of_its_page_and_in_english_for_programs(
    abroad: Shop,
) -> None:
    abroad.app.extensions["waywiser_languages"]["de"] = german(All_who_entered="Alle, die kamen")
    page = abroad.client("admin").get("/p/shop/journeys/buy/runs", headers={"Accept-Language": "de"}).text
    assert "Alle, die kamen" in page
    file = abroad.client("admin").get("/p/shop/journeys/buy/zero.csv", headers={"Accept-Language": LANGUAGE})
    assert "⟦" not in file.text


def test_the_audit_log_keeps_english_and_is_shown_in_the_language_of_its_reader(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application serves other tests, too, which it speaks English to."""
    spoken_here = german(asked_for_the_weekly_digest="will den Wochenbrief")
    monkeypatch.setitem(own_shop.app.extensions["waywiser_languages"], "de", spoken_here)
    client = own_shop.client("admin")
    client.post("/p/shop/me/digest", headers={"Accept-Language": "de"})
    (line,) = audit.lines(own_shop.services.engine, own_shop.project.id)
    assert line["did"] == "asked for the weekly digest"
    log = client.get("/p/shop/settings/log", headers={"Accept-Language": "de"}).text
    assert "will den Wochenbrief" in log
    assert "will den Wochenbrief" not in client.get("/p/shop/settings/log").text


def test_code_is_asked_for_its_messages() -> None:
    code = """tell("a %(x)s", x=", ".join(y))
ngettext("one", "many", n)
marked("b" if x else "c")
tell(f"{no} message")
tell(TABLE[x])
deed("d")"""
    assert [*asked_in(ast.parse(code))] == ["a %(x)s", ("one", "many"), "b", "c", "d"]
