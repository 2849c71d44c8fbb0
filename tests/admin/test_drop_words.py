"""What is said of refused events is said again in the reader's language, whatever the collector says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.catalogue import catalogue
from admin.drop_words import REFUSED, coded, refusal, violation
from collector.pipeline.plan import EXPECTED
from store.words import speak
from tests.admin.pseudo import Pseudo

COLLECTOR = Path(__file__).parents[2] / "collector"
SAID = {"Fault": 2, "Drop": 1}  # which argument is the message


@pytest.fixture(autouse=True)
def spoken() -> Iterator[None]:
    """A language that nobody speaks."""
    speak(Pseudo(catalogue()))
    yield
    speak(None)


def messages() -> Iterator[str]:
    """What the collector says of events that it refuses, with something in the place of each value."""
    for path in [COLLECTOR / "wire.py", *sorted((COLLECTOR / "pipeline").glob("*.py"))]:
        for one in ast.walk(ast.parse(path.read_text())):
            if isinstance(one, ast.Call) and getattr(one.func, "id", "") in SAID:
                said = one.args[SAID[one.func.id]]  # type: ignore[attr-defined]
                if isinstance(said, ast.Constant):
                    yield str(said.value)
                elif isinstance(said, ast.JoinedStr):
                    parts = (part.value if isinstance(part, ast.Constant) else "7" for part in said.values)
                    yield "".join(map(str, parts))


def test_every_reason_of_the_collector_is_known() -> None:
    found = set(messages())
    assert len(found) > 12
    texts_of_the_clock = {"`7` 7"}  # it says in several ways what is wrong with a time
    assert {one for one in found if not REFUSED(one).startswith("⟦")} == texts_of_the_clock


@pytest.mark.parametrize("text", EXPECTED.values())
def test_every_way_to_break_the_plan_is_known(text: str) -> None:
    assert violation(f"cart.total: {re.sub(r'{.*?}', '5', text)}").startswith("⟦⟪cart.total⟫: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: is missing; b.c: must be at least 5", "⟦⟪a⟫: is missing⟧; ⟦⟪b.c⟫: must be at least ⟪5⟫⟧"),
        ("a: must be string or null", "⟦⟪a⟫: must be ⟪string or null⟫⟧"),
        ("the event is older than 9 days", "⟦the event is older than ⟪9⟫ days⟧"),
        ("Traceback: what nobody knows", "Traceback: what nobody knows"),
    ],
)
def test_values_stay_in_their_places(text: str, said: str) -> None:
    assert refusal(text) == said


def test_english_stays_as_it_was_written() -> None:
    speak(None)
    assert refusal("a: is missing; b: 100%(x)s") == "a: is missing; b: 100%(x)s"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "needs a `userId` or an `anonymousId`",
            "needs a <code>userId</code> or an <code>anonymousId</code>",
        ),
        ("`<b>` and <i>", "<code>&lt;b&gt;</code> and &lt;i&gt;"),
        ("one ` alone <", "one ` alone &lt;"),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code_and_nothing_else_is_html(text: str, said: str) -> None:
    assert coded(text) == said
