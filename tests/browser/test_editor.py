"""The journey editor in a real browser: steps are dragged, and what stands beside the form follows it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.accessibility import barriers
from tests.browser.test_at_once import taken

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]
CALM = re.compile(r"^(?!.*is-stale)")
STALE = re.compile("is-stale")


def names(page: Page) -> list[str]:
    """The names of the steps in the order of the form."""
    fields = page.locator("[data-step] input[id$='-name'][id^='steps-']:not([role])")
    return [one.input_value() for one in fields.all()]


def drag(page: Page, step: int, over: int, *, y: float) -> None:
    """Hold a step by its handle over another one, so far below its upper edge, or above its lower one."""
    page.set_viewport_size({"width": 1360, "height": 3000})
    place = page.locator("[data-step]").nth(over).bounding_box()
    assert place is not None
    page.locator("[data-drag]").nth(step).hover()
    page.mouse.down()
    for nudge in range(3):  # a browser tells of a drag at its second move
        page.mouse.move(place["x"] + 40 + nudge, place["y"] + y + (place["height"] if y < 0 else 0))


def test_a_step_is_dragged_to_another_place_and_by_keyboard_back(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    before = names(page)
    page.locator("#steps-0-name").fill("Comes by")
    drag(page, 0, 2, y=-8)
    expect(page.locator(".is-drop-before")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("#steps-2-name")).to_have_value("Comes by")
    expect(page.locator("#editor-said")).to_have_text(f"Comes by is now step 3 of {len(before)}.")
    expect(page.locator("#steps-2-name")).to_be_focused()
    assert names(page) == [before[1], before[2], "Comes by", *before[3:]]
    page.locator("#steps-2-name").press("Alt+ArrowUp")
    expect(page.locator("#editor-said")).to_have_text(f"Comes by is now step 2 of {len(before)}.")
    expect(page.locator("#steps-1-name")).to_have_value("Comes by")


def test_a_step_that_is_dropped_where_it_stands_or_outside_stays(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    before = names(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    drag(page, 1, 1, y=60)
    page.mouse.up()
    drag(page, 1, 0, y=8)
    expect(page.locator("[data-step]").first).to_have_class(re.compile("is-drop-before"))
    for _ in range(2):
        page.locator("h1").hover()
    expect(page.locator(".is-drop-before")).to_have_count(0)
    page.mouse.up()
    assert names(page) == before
    assert not any("to-" in one for one in asked)
    expect(page.locator(".is-dragged, .is-drop-before, .is-drop-after")).to_have_count(0)


def test_the_preview_follows_the_form_and_is_marked_until_it_does(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("runs succeed", timeout=60_000)
    expect(preview).to_have_class(CALM)
    last = page.locator("[data-step] input[id$='-match-0-value']").last
    held, is_held = list[Route](), [True]
    page.route("**/editor/**", lambda one: held.append(one) if is_held else one.continue_())
    last.press_sequentially("x")
    expect(preview).to_have_class(STALE)
    expect(preview.locator(".stale-mark")).to_be_visible()
    assert barriers(page) == []
    asked = taken(page, held)
    is_held.clear()
    for one in (asked, *held):
        one.continue_()
    expect(preview).to_contain_text("No touchpoint of this name was seen", timeout=60_000)
    expect(preview).to_have_class(CALM)
    expect(page.locator("#preview-says")).to_contain_text("runs succeed")
    expect(last).to_be_focused()


def test_a_form_that_is_half_written_is_told_so_calmly(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Step 1: choose a touchpoint")
    page.locator("#steps-0-match-0-value").fill("Signed Up")
    expect(preview).not_to_contain_text("Step 1")
    page.locator("#steps-1-match-0-value").fill("Invoice Paid")
    expect(preview).to_contain_text("runs succeed", timeout=60_000)
    page.locator("#field-idle_timeout").fill("so")
    expect(preview).to_contain_text("write a duration as")
    expect(page.locator(".alert-danger, .is-invalid")).to_have_count(0)
    expect(page.locator("#field-idle_timeout")).to_be_focused()
    assert barriers(page) == []


def test_back_leads_from_a_saved_journey_to_where_its_form_was_opened(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys")
    page.goto(f"{project}/editor/trial-to-paid")
    page.locator("#field-owner").fill("back@example.com")
    page.get_by_role("button", name="Save as a new version").click()
    page.wait_for_url("**/journeys/trial-to-paid/funnel")
    page.go_back()
    page.wait_for_url(f"{project}/journeys")


def test_of_two_tabs_the_second_is_told_and_keeps_what_was_written(inside: Inside) -> None:
    page, project = inside
    other = page.context.new_page()
    for tab, owner in ((page, "first@example.com"), (other, "second@example.com")):
        tab.goto(f"{project}/editor/trial-to-paid")
        tab.locator("#field-owner").fill(owner)
    page.get_by_role("button", name="Save as a new version").click()
    page.wait_for_url("**/journeys/trial-to-paid/funnel")
    other.get_by_role("button", name="Save as a new version").click()
    alert = other.get_by_text("has changed this since you opened it")
    expect(alert).to_be_in_viewport()
    expect(other.locator("#field-owner")).to_have_value("second@example.com")
    assert barriers(other) == []
    other.get_by_role("button", name="Save as a new version").click()
    other.wait_for_url("**/journeys/trial-to-paid/funnel")
    other.close()


def test_the_form_stands_beside_itself_as_yaml(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor")
    yaml = page.locator("#draft-yaml")
    expect(yaml).to_contain_text("idle_timeout: 30d")
    page.locator("#field-name").fill("Help to happy")
    expect(yaml).to_contain_text("key: help-to-happy")
    page.get_by_role("button", name="Add a step before the goal").click()
    expect(page.locator("#steps-2-name")).to_be_visible()
    expect(page.locator("#steps-1-name")).to_be_focused()
    page.locator("#steps-1-name").fill("Is answered")
    expect(yaml).to_contain_text("- key: is-answered")
    page.get_by_text("Paste a definition as YAML instead").click()
    expect(page.locator("#preview")).to_have_class(CALM)
    page.locator("#yaml").fill("key: other")
    expect(page.locator("#preview")).to_have_class(CALM)
    expect(yaml).not_to_contain_text("other")


def test_a_condition_suggests_what_its_event_carries_without_saving_or_drawing_anew(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor")
    page.get_by_role("button", name="Add a condition", exact=True).first.click()
    name, value = (page.locator(f"#steps-0-match-0-where-0-{one}") for one in ("name", "value"))
    expect(name).to_be_focused()
    page.locator("#steps-0-match-0-value").fill("Invoice Paid")
    name.fill("amo")
    option = page.locator("#steps-0-match-0-where-0-name-list [role=option]").first
    expect(option).to_contain_text("such as")
    expect(option).to_contain_text(re.compile(r"in [\d.]+%"))
    name.press("ArrowDown")
    name.press("Enter")
    expect(name).to_have_value("amount")
    value.focus()
    first = page.locator("#steps-0-match-0-where-0-value-list [role=option]").first
    expect(first).to_contain_text(re.compile(r"^\d.*in [\d.]+%"))
    assert barriers(page) == []
    value.press("ArrowDown")
    value.press("Enter")
    expect(page.locator("#draft-yaml")).to_contain_text(re.compile(r"property: amount\s+op: eq\s+value: \d"))


def test_who_leaves_with_unsaved_changes_is_asked_first(inside: Inside) -> None:
    page, project = inside
    asked: list[tuple[str, str]] = []

    def answer(dialog: Dialog) -> None:
        asked.append((dialog.type, dialog.message))
        if dialog.type == "beforeunload":
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    page.goto(f"{project}/editor/trial-to-paid")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("runs succeed", timeout=60_000)
    with page.context.expect_page() as shown:
        preview.get_by_role("link", name="All of this customer").first.click()
    shown.value.close()
    page.locator("#field-goal").fill("Money")
    page.locator(".crumb").click()
    assert [kind for kind, _ in asked] == ["confirm"]
    assert "not saved" in asked[0][1]
    expect(page.locator("#field-goal")).to_have_value("Money")
    page.reload()
    assert [kind for kind, _ in asked] == ["confirm", "beforeunload"]
    page.locator("#field-name").fill("Help to happy again")
    page.locator("#field-name").fill("Trial to paid")
    page.locator(".crumb").click()
    expect(page.locator("#report")).to_be_visible()
    page.goto(f"{project}/editor")
    page.locator("#field-name").fill("Asks and pays")
    page.locator("#steps-0-match-0-value").fill("Signed Up")
    page.locator("#steps-0-name").fill("Signs up")
    page.locator("#steps-1-match-0-value").fill("Invoice Paid")
    page.locator("#steps-1-name").fill("Pays")
    page.get_by_role("button", name="Save the journey").click()
    expect(page.locator("h1")).to_have_text("Asks and pays")
    assert len(asked) == 2, "what is saved, or as it was, is left without a question"


def test_examples_are_timelines_of_steps_and_of_what_was_between_them(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    line = page.locator(".example-line").first
    expect(line.locator(".is-step").first).to_contain_text("Visits the site", timeout=60_000)
    expect(page.locator(".example-line li:not(.is-step)").first).to_be_visible()
    expect(page.locator(".example[open]")).to_have_count(2)
    page.locator(".example:not([open]) > summary").first.click()
    expect(page.locator(".example-line:visible")).to_have_count(3)
    assert barriers(page) == []


def test_a_field_that_was_made_larger_breaks_no_rule_of_the_page_when_the_form_comes_back(
    inside: Inside,
) -> None:
    """Browsers keep the size as inline style; written into what comes, it would be refused."""
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    page.locator("#yaml").evaluate("field => field.style.height = '300px'")  # as dragging its corner does
    page.locator("#steps-0-name").fill("")
    with page.expect_response(lambda answer: answer.status == 422):
        page.locator("button[value='save']").click()
    expect(page.locator("#steps-0-name")).to_have_class(re.compile("is-invalid"))
