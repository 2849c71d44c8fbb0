"""Every text of the admin can be said in another language, whole and in whatever order it needs."""

from __future__ import annotations

import ast
import logging
import re
from collections import defaultdict
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
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop
from tests.admin.hostile_pages import hostile_pages
from tests.admin.pseudo import LANGUAGE, Pseudo, forgotten

# What is in no catalogue, and why.
NO_WORDS = {
    # What the test data are called; all that strangers have named has the word hostile in it.
    *("The shop", "Cart Filled", "Order Paid", "Card Refused", "Seen Again", "Began", "An order is paid"),
    *("JavaScript Error", "Web Vitals", "message", "lcp"),
    *("Buys something", "Looks", "Fills the cart", "Pays", "a test", "the test", "two people", "trait name"),
    *("constructor", "toString", "__proto__", "TOSTRING", "ada", "ben", "cyd", "dee", "eve", "ada-phone"),
    *("admin", "editor", "viewer", "amount", "currency", "link", "name", "email", "title", "avatar"),
    *("property amount", "shop", "desktop", "mobile", "waywiser-js", "Direct", "event"),
    # Examples to write over.
    *("Awareness", "Consideration", "Onboarding", "Purchase", "Use", "Support", "Renewal", "Advocacy"),
    # As programs send it, and as the API calls it.
    *("track", "page", "screen", "identify", "group", "alias", "user", "anonymous", "device_id", "crm_id"),
    *("phone", "ga_client_id", "cross_domain_id", "android", "ios", "id", "idfa", "push_token", "customer"),
    *("marks", "received", "robot", "session", "side", "timestamp", "browser", "campaign", "channel", "city"),
    *("country", "device", "library", "os", "path", "referrer", "source", "medium", "none", "not", "set"),
    *("other", "days", "type", "content", "host", "region", "term"),
    # Units and abbreviations of every language.
    *("UTC", "MiB", "GiB", "p", "n", "h", "d"),
}
# What people have written as data, and redirects, which nobody sees.
NOT_OF_PAGES = re.compile(r"\[\{|Redirecting|You should be redirected|\. If not, click|/p/shop/|/sign-in")
NAMES_TO_WRITE_OVER = {"order_id", "crm_id", "device_id"}
WORDS_LIKE_CODE = {"drop-offs"}
NAMED = re.compile(
    r"hostile|javascript:|31337|HYPERLINK|@SUM|onload|</title>|/shop/|@shop\.example|-->", re.I
)
DAY = re.compile(
    r"(?:\w{2} )?\d{1,2} \w{3}(?: \d{4},?)?|(?:lundo|dimanĉo) \d{1,2} \w+(?: \d{4})?|\d{4}-\d\d-\d\dT[\d:.]+Z"
)


@pytest.fixture(scope="module")
def planted(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shop, hostile.Planted]]:
    """The shop after strangers were there, read by somebody who wants a language that nobody speaks."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("said")) as shop:
        shop.app.extensions["waywiser_languages"][LANGUAGE] = Pseudo(catalogue())
        yield shop, hostile.plant(shop.services, shop.project, now=NOW)


def test_every_page_says_all_its_words_by_the_catalogue(planted: tuple[Shop, hostile.Planted]) -> None:
    shop, names = planted
    client, wrong = shop.client("admin"), defaultdict(set)
    for endpoint, path in hostile_pages(shop, names):
        if endpoint.endswith("csv"):
            continue
        answer = client.get(path, headers={"Accept-Language": LANGUAGE})
        if answer.mimetype == "text/html" and answer.status_code < 300:
            for text in forgotten(answer.text):
                if not is_data(text):
                    wrong[text].add(path)
    assert not wrong, "\n".join(f"{text!r} on {min(paths)}" for text, paths in sorted(wrong.items()))


def is_data(text: str) -> bool:
    """Whether a text is a name, a moment or code, which are the same in every language."""
    if text in NO_WORDS or NOT_OF_PAGES.match(text) or NAMED.search(text) or DAY.fullmatch(text.rstrip(":")):
        return True
    left = re.sub(r"[\d.,:;·()%–+<×{}\[\]/\" ]+", " ", text).strip()
    return left in NO_WORDS or all(one in NO_WORDS for one in left.split())


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
def test_a_page_is_in_the_best_language_that_there_is(
    planted: tuple[Shop, hostile.Planted], asked: str, language: str
) -> None:
    shop, _names = planted
    shop.app.extensions["waywiser_languages"]["de"] = german(Sign_in="Anmelden")
    page = shop.client().get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in page
    assert ("Anmelden" in page) is (language == "de")


def test_programs_are_answered_in_english(planted: tuple[Shop, hostile.Planted]) -> None:
    shop, _names = planted
    answers = [
        shop.client("admin").get("/api/v1/nothing", headers={"Accept-Language": one}).get_data()
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
    planted: tuple[Shop, hostile.Planted],
) -> None:
    shop, _names = planted
    shop.app.extensions["waywiser_languages"]["de"] = german(All_who_entered="Alle, die kamen")
    page = shop.client("admin").get("/p/shop/journeys/buy/runs", headers={"Accept-Language": "de"}).text
    assert "Alle, die kamen" in page
    file = shop.client("admin").get("/p/shop/journeys/buy/zero.csv", headers={"Accept-Language": LANGUAGE})
    assert "⟦" not in file.text


def test_the_audit_log_keeps_english_and_is_shown_in_the_language_of_its_reader(own_shop: Shop) -> None:
    own_shop.app.extensions["waywiser_languages"]["de"] = german(
        asked_for_the_weekly_digest="will den Wochenbrief"
    )
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
