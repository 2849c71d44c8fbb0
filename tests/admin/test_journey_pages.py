"""The journey's pages show the numbers of the stored runs, and each number opens its list."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest

from admin import draft, pictures
from journeys.definitions import parse
from journeys.funnel import funnel
from journeys.lists import listed
from journeys.period import iso
from journeys.reports import BY_NAME, TABS
from journeys.scope import Scope, open_scope
from journeys.segment_definitions import parse_segment
from journeys.value_words import called
from store.event import Event
from store.journeys import save_version, versions_of
from store.segments import save_segment
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all, happened, rare_pages
from tests.admin.test_api import asking
from tests.admin.test_editor import form_of

LOTS = ("one", "<b>two</b>", "(none)", "Other (3 values)")
PAGES = [*(one.name for one in TABS), "runs", "definition"]


def page(shop: Shop, tab: str, query: str = "days=30", who: str = "viewer") -> str:
    answer = shop.client(who).get(f"/p/shop/journeys/buy/{tab}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def scope_of(shop: Shop) -> Scope:
    given = shop.services
    return open_scope(given.engine, given.events, shop.project, "buy", start="2026-02-01", now=NOW)


@pytest.mark.parametrize("tab", PAGES)
@pytest.mark.parametrize(
    "query", ["", "days=7", "from=2020-01-01&through=2020-01-02", "device=mobile&unit=customers"]
)
def test_every_tab_opens_with_and_without_runs(shop: Shop, tab: str, query: str) -> None:
    assert "Buys something" in page(shop, tab, query)


def test_the_funnel_counts_the_shop(shop: Shop) -> None:
    text = page(shop, "funnel")
    link = "/p/shop/journeys/buy/runs?days=30&amp;number=entered&amp;now=2026-03-01T12:00:00.000Z"
    assert f'<a href="{link}">5</a>' in text
    for number, n in (("succeeded", 1), ("failed", 1), ("dropped", 2), ("in_time", 1)):
        assert re.search(rf"number={number}&amp;now=[^>]*>{n}</a>", text), number


@pytest.mark.parametrize("unit", ["runs", "customers"])
def test_every_number_has_exactly_its_list(shop: Shop, unit: str) -> None:
    text = page(shop, "funnel", f"days=30&unit={unit}")
    links = re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"[^>]*>(\d+)(?: \w+)?</a>', text)
    assert len(links) >= 13
    for link, n in dict(links).items():
        listed = shop.client("viewer").get(link.replace("&amp;", "&")).text
        assert re.search(rf'id="runs-title">[^<]*: {n} ', listed), link
        assert len(re.findall(r'href="/p/shop/customers/\d+"', listed)) == int(n), link


@pytest.mark.parametrize("unit", ["runs", "customers"])
def test_every_part_of_the_picture_opens_the_list_of_its_number(shop: Shop, unit: str) -> None:
    scope = scope_of(shop)
    picture = pictures.funnel(funnel(scope, unit=unit), lambda number, step: f"{number} {step or ''}")
    opened = 0
    for column in picture["steps"]:
        for part, link in column["links"].items():
            if column[part]:
                number, _, step = link.partition(" ")
                total = listed(scope, number=number, step=step or None, unit=unit)["total"]
                assert total == column[part], (column["name"], part)
                opened += 1
    assert opened >= 6


def test_links_to_lists_and_files_keep_the_moment_of_the_report(shop: Shop) -> None:
    before = "2026-02-21T12:00:00.000Z"
    for tab in ("funnel", "runs"):
        text = page(shop, tab, f"days=90&now={before}&number=dropped")
        lists = re.findall(r'href="(/p/shop/journeys/buy/runs(?:\.csv)?\?[^"]+number=[^"]+)"', text)
        assert lists
        assert all(f"now={before}" in one for one in lists)
    assert 'runs-title">Dropped: 1 run' in text
    assert 'runs-title">Dropped: 2 runs' in page(shop, "runs", "days=90&number=dropped")


def words(text: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", "", text).split())


def test_a_success_rate_that_may_still_rise_says_so(shop: Shop) -> None:
    told = "1 of these 5 runs are still in time: when all are decided, the success rate will lie between 20%"
    assert told in words(page(shop, "funnel"))
    assert "still in time" not in page(shop, "funnel", "from=2026-02-01&through=2026-02-25")


def test_a_rate_whose_runs_one_customer_makes_says_so(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    told = "at least half are of 1 customer, of 6 in all"
    assert told not in words(page(own_shop, "funnel", "days=90"))
    add_events([happened("/shop", "tester", day=5 + 4 * n, kind="page") for n in range(12)])
    shown = page(own_shop, "funnel", "days=90")
    assert told in words(shown)
    assert "n 17 of 6 customers" in words(shown)
    assert told not in words(page(own_shop, "funnel", "days=90&unit=customers"))
    link = html.unescape(re.search(r'<a href="([^"]+)" aria-label="6 customers">', shown)[1])
    listed = own_shop.client("viewer").get(link).text
    assert "All who entered (the latest run of each customer): 6 runs" in listed
    found = re.findall(r'href="(/p/shop/customers/\d+)"', listed)
    assert (len(found), len(set(found))) == (6, 6)
    link = html.unescape(re.search(r'<a href="([^"]+)" aria-label="1 busiest customer">', shown)[1])
    listed = own_shop.client("viewer").get(link).text
    assert "the busiest customers, who make at least half of them): 1 run" in listed
    assert "the latest of 12" in listed
    answer = own_shop.client("viewer").get("/p/shop/journeys/buy/funnel.csv?days=90")
    first = next(csv.DictReader(io.StringIO(answer.text)))
    assert {name: first[name] for name in ("in_time", "at_most", "customers", "half_by")} == {
        "in_time": "0",
        "at_most": "1.0",
        "customers": "6",
        "half_by": "1",
    }


def test_a_segment_narrows_every_tab(shop: Shop) -> None:
    assert 'runs-title">All who entered: 1 run' in page(shop, "runs", "days=30&device=mobile")


@pytest.mark.parametrize("tab", PAGES[:-1])
def test_a_page_as_of_a_moment_says_so_and_leads_back(shop: Shop, tab: str) -> None:
    text = page(shop, tab, "days=30&device=mobile&as_of=2026-02-28T10:00:00Z")
    assert "As the ledger stood on" in text
    assert "2026-02-28 10:00 UTC" in text
    tabs = re.findall(r'href="(/p/shop/journeys/buy/[a-z]+\?[^"]+)"', text)
    assert tabs
    assert all("as_of=2026-02-28T10" in one for one in tabs), "tabs, lists and files keep the moment"
    back = re.search(r'href="(\?[^"]+)">Back to now', text)
    assert back
    assert "as_of" not in back[1]
    assert "device=mobile" in back[1]
    assert "As the ledger stood on" not in page(shop, tab)


@pytest.mark.parametrize("tab", ["funnel", "paths", "timing", "variants", "runs"])
def test_every_tab_has_its_file(shop: Shop, tab: str) -> None:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{tab}.csv?days=30")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="buy-{tab}.csv"'
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("until=cart", "What happens between two steps"),
        ("direction=before", "What happens before a step"),
        ("part=afterwards", "What happens after a run"),
        ("part=afterwards&direction=before&until=cart&depth=77", "What happens after a run"),
        ("against=all&device=mobile", "More often in the segment"),
        ("against=all&device=mobile", "only in the segment, so that it is compared with the rest"),
        ("against=device:mobile", "only in what the segment is compared with"),
        ("collapse=false", 'value="false" checked'),
    ],
)
def test_paths_are_asked_in_several_ways(shop: Shop, query: str, words: str) -> None:
    text = page(shop, "paths", f"days=30&{query}")
    assert words in text
    assert "report=paths&amp;cell=" in text
    address = html.unescape(re.findall(r'href="([^"]*report=paths[^"]*)"', text)[-1])
    assert shop.client("viewer").get(address).status_code == 200


def test_the_file_of_runs_holds_them_all(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/runs.csv?days=30&number=dropped_here&step=cart")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["outcome"], row["furthest"], row["steps"]) for row in rows] == [
        ("dropped", "cart", "look > cart")
    ]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/p/shop/journeys/none/funnel", 404, "no such journey"),
        ("/p/shop/journeys/buy/funnel?from=yesterday", 400, "is no date"),
        ("/p/shop/journeys/buy/funnel?from=2026-02-01&through=2026-01-01", 400, "ends before it begins"),
        ("/p/shop/journeys/buy/nothing.csv", 404, "no such page"),
        ("/p/shop/journeys/buy/runs?cursor=rubbish", 400, "cursor"),
        ("/p/shop/journeys/buy/funnel?as_of=yore", 400, "is no date"),
        ("/p/shop/journeys/buy/funnel?as_of=2026-03-02", 400, "knows yet how the ledger will stand"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(shop: Shop, path: str, status: int, words: str) -> None:
    answer = shop.client("viewer").get(path)
    assert answer.status_code == status
    assert words in answer.text


def test_the_list_of_journeys_says_where_most_leave(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/journeys?days=30").text
    assert "Buys something" in text
    assert re.search(r"Most leave after <b>Fills the cart</b>: 2 runs, 40% of all", text)


def test_a_project_without_events_leads_to_installing(shop: Shop) -> None:
    assert "No events yet" in shop.client("stranger").get("/p/other/journeys").text


def test_deleting_hides_the_journey(own_shop: Shop) -> None:
    editor, viewer = own_shop.client("editor"), own_shop.client("viewer")
    overview = editor.post("/p/shop/journeys/buy/delete").location
    assert viewer.get("/p/shop/journeys/buy/funnel").status_code == 404
    assert "No journey yet" in viewer.get("/p/shop/journeys").text
    assert "The journey buy is deleted." in editor.get(overview).text
    assert "Undo" not in viewer.get(overview).text
    back = editor.post("/p/shop/journeys/restore", data={"key": "buy"}, follow_redirects=True)
    assert "The journey is back." in back.text
    assert "Undo" not in editor.get(overview).text
    assert len(versions_of(own_shop.services.engine, own_shop.project.id, "buy")) == 1
    for key in ("none", "buy"):  # the one never was, the other is there
        assert editor.post("/p/shop/journeys/restore", data={"key": key}).status_code == 404
    assert (
        own_shop.client("admin").get("/p/shop/settings/log").text.count("brought the journey buy back") == 1
    )


def test_who_deletes_a_journey_is_told_which_segments_ask_for_it(own_shop: Shop) -> None:
    assert "Segments that ask" not in page(own_shop, "definition", who="editor")
    told = {"key": "again", "name": "Tries again", "all": [{"journey": "buy", "state": "dropped"}]}
    source = dict(parse_segment(told).source)
    save_segment(own_shop.services.engine, own_shop.project.id, source, by="editor@shop.example", now=NOW)
    text = page(own_shop, "definition", who="editor")
    assert "could not be counted without it: <b>Tries again</b>" in text


@pytest.mark.parametrize("name", [one.name for one in TABS])
def test_every_number_of_a_report_opens_its_list(shop: Shop, name: str) -> None:
    text = page(shop, name)
    links = re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"[^>]*>(\d+)(?: customers?)?</a>', text)
    assert links
    for link, n in dict(links).items():
        listed = shop.client("viewer").get(link.replace("&amp;", "&")).text
        assert re.search(rf'id="runs-title">[^<]*: {n} ', listed), link
    assert "How is this computed?" in text


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_report_is_a_file(shop: Shop, name: str) -> None:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{name}.csv?days=30")
    assert answer.mimetype == "text/csv"
    assert len(list(csv.reader(io.StringIO(answer.text)))) > 1


def test_a_journey_in_any_order_shows_how_many_steps_and_which(own_shop: Shop) -> None:
    engine, project = own_shop.services.engine, own_shop.project
    source = parse({**JOURNEY, "key": "all", "order": "any"}).source
    save_version(engine, project.id, dict(source), by="the test", now=NOW)
    fill_all(own_shop.services)
    browser, journey = own_shop.client("editor"), "/p/shop/journeys/all"
    shown = browser.get(f"{journey}/funnel").text
    for words in ("1 step taken", "All 3 steps taken", "Which steps runs take", "Fills the cart"):
        assert words in shown
    list_of = browser.get(f"{journey}/runs?number=taken&step=cart").text
    assert "“Fills the cart”: taken: 3 runs" in list_of
    rows = browser.get(f"{journey}/funnel.csv").text.splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == [
        "taken-1",
        "taken-2",
        "taken-3",
        "look",
        "cart",
        "paid",
    ]
    for tab in ("breakdown", "timing", "variants", "paths", "dropoffs", "compare", "zero"):
        assert browser.get(f"{journey}/{tab}").status_code == 200, tab
    assert '<option value="any" selected>' in browser.get("/p/shop/editor/all").text
    previewed = browser.post(
        "/p/shop/editor/all", data=form_of(draft.from_definition(source)) | {"do": "preview"}
    )
    assert "All 3 steps taken" in previewed.text


def test_the_definition_says_what_was_cut(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeys.runs.LONGEST", 2)
    browser = own_shop.client("viewer")
    assert "cut there" not in browser.get("/p/shop/journeys/buy/definition").text
    save_version(
        own_shop.services.engine,
        own_shop.project.id,
        dict(parse({**JOURNEY, "goal": "Paid"}).source),
        by="x",
        now=NOW,
    )
    fill_all(own_shop.services)
    shown = browser.get("/p/shop/journeys/buy/definition").text
    assert "2 customers had more than 2 touchpoints without a pause" in shown


def test_the_link_that_is_copied_keeps_days_and_moment(shop: Shop) -> None:
    text = page(shop, "dropoffs", "days=7&unit=customers&step=cart")
    found = re.search(r'data-copy-link="([^"]+)"', text)
    assert found
    link = html.unescape(found[1])
    asked = parse_qs(urlsplit(link).query)
    assert asked == {
        "from": ["2026-02-23"],
        "through": ["2026-03-01"],
        "unit": ["customers"],
        "step": ["cart"],
        "now": [iso(NOW)],
    }
    older = re.sub(r"now=[^&]+", "now=2026-02-28T10:00:00Z", link)
    opened = shop.client("viewer").get(older).text
    assert "this link keeps its days and its moment" in opened
    assert "2026-02-28 10:00 UTC" in opened
    back = re.search(r'href="([^"]+)">As of now', opened)
    assert back
    assert "now=" not in back[1]
    assert "from=2026-02-23" in back[1]
    assert 'aria-current="true"' not in opened, "no preset: that would move on"
    assert "data-copy-link" not in page(shop, "definition", "")


def test_further_runs_of_a_list_come_as_rows_until_there_are_no_more(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events([happened("/shop", f"guest{n}", day=9 + n / 1_000, kind="page") for n in range(120)])
    text, rows, asked = page(own_shop, "runs"), 0, 0
    total = re.search(r'id="runs-title">[^<]*: (\d+) runs', text)
    assert total
    while True:
        rows += text.count("/p/shop/customers/")
        found = re.search(r'hx-get="([^"]+)" hx-target="#more-runs"', text)
        if not found:
            break
        headers = {"HX-Request": "true", "HX-Target": "more-runs"}
        text = own_shop.client("viewer").get(html.unescape(found[1]), headers=headers).text
        assert text.lstrip().startswith("<tr>")
        assert '<span class="tag">Looks</span>' in re.sub(' title="[^"]*"', "", text)
        asked += 1
    assert asked >= 2
    assert rows == int(total[1])


def test_the_list_of_rarer_touchpoints_names_them(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events(rare_pages())
    ask = asking(own_shop)
    nodes = ask("GET", "/journeys/buy/paths?from=2026-02-01")[1]["nodes"]
    other = next(one for one in nodes if one["kind"] == "other")
    status, found = ask("GET", f"/journeys/buy/paths/labels?from=2026-02-01&cell={other['cell']}&most=2")
    assert (status, found["total"], len(found["labels"])) == (200, other["members"], 2)
    assert all("/shop" in one["label"] and one["n"] == 1 for one in found["labels"])
    assert ask("GET", "/journeys/buy/paths/labels?from=2026-02-01&cell=x")[0] == 400
    link = next(
        html.unescape(one)
        for one in re.findall(r'<a href="([^"]+)"', page(own_shop, "paths"))
        if other["cell"] in unquote(one)
    )
    listed = words(own_shop.client("viewer").get(link).text)
    assert f"{other['members']} labels are together here: " in listed
    assert f"{found['labels'][0]['label']} (1)" in listed


def test_the_lists_of_rarer_labels_of_drop_offs_name_them(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events(
        [
            happened(name, f"guest{n}", day=day, kind=kind, **more)
            for n in range(4)
            for name, day, kind, more in (
                ("/shop", 9.0, "page", {"device": f"tv{n}"}),
                (f"/lost/{n}", 8.9991, "page", {"properties": {"status": 404}}),
                ("Cart Filled", 8.999, "track", {}),
                (f"/way/{n}", 8.8, "page", {}),
            )
        ]
    )
    ask = asking(own_shop)
    answer = ask("GET", "/journeys/buy/dropoffs?from=2026-02-01&step=cart&most=1")[1]
    device = next(one for one in answer["origins"] if one["dimension"] == "device")
    rows = {"next": answer["next"]["rows"], "slow": answer["before"]["slow"], "device": device["groups"]}
    names = {"next": r"/way/\d", "slow": r"/lost/\d, Page not found", "device": r"tv\d"}
    others = {part: next(one for one in rows[part] if one["kind"] == "other") for part in names}
    cells = [(part, other, other.get("left", other)["cell"]) for part, other in others.items()]
    at_one_time = [("next", others["next"], cell) for cell in others["next"]["cells"]["after"].values()]
    assert at_one_time
    for part, other, cell in [*cells, *at_one_time]:
        asked = urlencode({"from": "2026-02-01", "cell": cell})
        status, found = ask("GET", f"/journeys/buy/dropoffs/other?{asked}&most=2")
        assert (status, found["total"], len(found["labels"])) == (200, other["different"], 2), part
        listed = page(own_shop, "runs", f"report=dropoffs&{asked}")
        assert f"{other['different']} labels are together here: " in words(listed)
        there = re.findall(r'<bdi>([^<]+)</bdi>(.*?) \(<a href="([^"]+)">(\d+)</a>\)', listed)
        assert len(there) == other["different"]
        assert any(re.fullmatch(names[part], html.unescape(one[0] + one[1])) for one in there), there
        _, _, link, n = there[-1]
        text = words(own_shop.client("viewer").get(html.unescape(link)).text)
        assert f": {n} run" in text
        assert "together here" not in text
    assert ask("GET", "/journeys/buy/dropoffs/other?cell=x")[0] == 400


@pytest.mark.parametrize(
    ("report", "asked"),
    [("breakdown", "by=property:lot&most=1"), ("change", "by=property:lot&most=1&age=1h")],
)
def test_the_list_of_rarer_values_names_them(
    own_shop: Shop, add_events: Callable[[list[Event]], None], report: str, asked: str
) -> None:
    add_events(
        [
            happened("/shop", f"lots{n}", day=day, kind="page", properties={"lot": LOTS[n % 4]})
            for n, day in enumerate([8.0, 8.1, 8.2, 8.3, 8.4, 20.0, 20.1])
        ]
    )
    ask = asking(own_shop)
    answer = ask("GET", f"/journeys/buy/{report}?from=2026-02-15&{asked}")[1]
    groups = answer["groups"] if report == "breakdown" else answer["dimensions"][-1]["groups"]
    other = next(one for one in groups if one["kind"] == "other")
    cell = other["cells"]["entered"] if report == "breakdown" else other["now"]["entered"]["cell"]
    named = urlencode({"from": "2026-02-15", "cell": cell})
    status, found = ask("GET", f"/journeys/buy/{report}/other?{named}")
    assert (status, found["total"]) == (200, other["different"])
    assert ask("GET", f"/journeys/buy/{report}/other?cell=x")[0] == 400
    listed = page(own_shop, "runs", f"report={report}&{named}")
    assert f"{found['total']} labels are together here: " in words(listed)
    links = re.findall(r'<bdi>([^<]*)</bdi> \(<a href="([^"]+)">(\d+)</a>\)', listed)
    assert [(html.unescape(one), int(n)) for one, _, n in links] == [
        (called(one["label"]), one["n"]) for one in found["labels"] if one["n"]
    ]
    for one, link, n in links:
        text = words(own_shop.client("viewer").get(html.unescape(link)).text)
        assert f": {n} run" in text
        assert one in text


def test_the_list_of_rarer_ways_names_them(shop: Shop) -> None:
    ask, other = asking(shop), "from=2026-02-01&cell=other:runs:1"
    ways = ask("GET", "/journeys/buy/variants?from=2026-02-01")[1]["variants"]
    status, found = ask("GET", f"/journeys/buy/variants/other?{other}")
    assert (status, found["total"]) == (200, len(ways) - 1)
    assert [(one["steps"], one["n"]) for one in found["ways"]] == [
        (one["steps"], one["n"]) for one in ways[1:]
    ]
    assert ask("GET", "/journeys/buy/variants/other?cell=other:months:1")[0] == 400
    listed = page(shop, "runs", f"report=variants&{other}")
    assert f"{found['total']} way{'s are' if found['total'] > 1 else ' is'} together here: " in words(listed)
    links = re.findall(r'</bdi> \(<a href="([^"]+)">(\d+)</a>\)', listed)
    assert len(links) == found["total"]
    for link, n in links:
        text = words(shop.client("viewer").get(html.unescape(link)).text)
        assert f": {n} run" in text
        assert "together here" not in text
