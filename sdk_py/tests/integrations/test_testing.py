"""The pytest plugin, used as in the tests of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


def outcome(pytester: pytest.Pytester, body: str) -> tuple[dict[str, int], str]:
    """What becomes of a test with this body in a pytest run of its own."""
    lines = "\n    ".join(line.strip() for line in body.strip().splitlines())
    pytester.makepyfile(f"def test_it(waywiser_events):\n    ww = waywiser_events.client\n    {lines}\n")
    result = pytester.runpytest_subprocess("-p", "waywiser.testing", "-p", "no:cacheprovider")
    return result.parseoutcomes(), result.stdout.str()


PASSING = [
    'ww.track("A", user_id=42, properties={"n": 1, "x": 2})\nwaywiser_events.assert_tracked("A", user_id=42)',
    'ww.track("A", user_id="1", properties={"n": 1, "x": 2})\n'
    'waywiser_events.assert_tracked("A", properties={"n": 1})',
    'ww.track("A", user_id="1")\nww.track("A", user_id="2")\nwaywiser_events.assert_tracked("A", times=2)',
    'ww.track("A", anonymous_id="v")\nwaywiser_events.assert_tracked("A", anonymous_id="v", times=1)',
    'ww.identify("42", traits={"plan": "pro"})\n'
    'waywiser_events.assert_identified(42, traits={"plan": "pro"})',
    'ww.track("A", user_id="1")\nassert waywiser_events.names == ["A"]\nwaywiser_events.clear()\n'
    "waywiser_events.assert_nothing_tracked()",
    'ww.track("A", user_id="1")\nwaywiser_events.assert_nothing_tracked("B")',
    'ww.track("A", user_id="1")\nassert waywiser_events.assert_tracked("A")["userId"] == "1"',
]
FAILING = [
    ('waywiser_events.assert_tracked("A")', "no messages at all"),
    ('ww.track("B", user_id="7")\nwaywiser_events.assert_tracked("A")', "track 'B' {'userId': '7'}"),
    ('ww.track("A", user_id="1")\nwaywiser_events.assert_tracked("A", user_id="2")', "found 0 times"),
    ('ww.track("A", user_id="1")\nwaywiser_events.assert_tracked("A", anonymous_id="v")', "found 0 times"),
    (
        'ww.track("A", user_id="1", properties={"n": 1})\n'
        'waywiser_events.assert_tracked("A", properties={"n": 2})',
        "found 0 times",
    ),
    (
        'ww.track("A", user_id="1")\nwaywiser_events.assert_tracked("A", properties={"n": None})',
        "found 0 times",
    ),
    ('ww.track("A", user_id="1")\nwaywiser_events.assert_tracked("A", times=2)', "expected 2 times"),
    ('ww.identify("1")\nwaywiser_events.assert_identified("1", traits={"plan": "pro"})', "found 0 times"),
    ('ww.track("A", user_id="1")\nwaywiser_events.assert_nothing_tracked()', "found 1 times"),
    ('ww.track("A", user_id="1")\nwaywiser_events.assert_nothing_tracked("A")', "found 1 times"),
]


@pytest.mark.parametrize("body", PASSING)
def test_what_holds_passes(body: str, pytester: pytest.Pytester) -> None:
    outcomes, text = outcome(pytester, body)
    assert outcomes == {"passed": 1}, text


@pytest.mark.parametrize(("body", "complaint"), FAILING)
def test_what_does_not_hold_fails_and_says_what_there_is(
    body: str, complaint: str, pytester: pytest.Pytester
) -> None:
    outcomes, text = outcome(pytester, body)
    assert outcomes == {"failed": 1}, text
    assert complaint in text


def test_a_call_that_was_refused_fails_the_test(pytester: pytest.Pytester) -> None:
    outcomes, text = outcome(pytester, 'ww.track("A")')
    assert outcomes == {"passed": 1, "errors": 1}
    assert "1 calls were refused (invalid: 1)" in text


def test_pytest_finds_the_plugin_by_itself() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    group = project.split("[project.entry-points.pytest11]")[1].split("[")[0]
    assert group.split() == ['"waywiser.testing"', "=", '"waywiser.testing"']
