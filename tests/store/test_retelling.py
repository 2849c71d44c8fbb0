"""Texts that were kept in English are known again by their messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from store.retelling import LONGEST, Retold
from store.words import Later, speak


class Loud:
    """A language that says the same, aloud."""

    def gettext(self, message: str) -> str:
        return message.replace("planned", "PLANNED").replace("at most", "AT MOST")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def loud() -> Iterator[None]:
    speak(Loud())
    yield
    speak(None)


RETOLD = Retold(["planned %(what)s", "planned %(what)s for %(who)s", "100%% planned", "%(a)s planned %(a)s"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("planned a tea", "PLANNED a tea"),
        ("planned a tea for two for Ada", "PLANNED a tea for two for Ada"),
        ("planned a\ntea", "PLANNED a\ntea"),
        ("planned (.*) %(who)s", "PLANNED (.*) %(who)s"),
        ("100% planned", "100% PLANNED"),
        ("x planned x", "x PLANNED x"),
        ("x planned y", "x planned y"),
        ("unplanned", "unplanned"),
        ("", ""),
    ],
)
def test_a_text_is_known_by_its_message(loud: None, text: str, said: str) -> None:
    assert RETOLD(text) == said


def test_the_message_with_most_words_is_taken(loud: None) -> None:
    assert Retold(["%(all)s", "planned %(what)s"])("planned a tea") == "PLANNED a tea"


def test_a_text_that_is_too_long_to_be_looked_at_stays_as_it_is(loud: None) -> None:
    assert RETOLD("planned " + "x" * LONGEST) == "planned " + "x" * LONGEST


def test_english_stays_as_it_is() -> None:
    assert RETOLD("planned a tea") == "planned a tea"


def test_a_check_says_its_text_in_the_language_of_who_reads_it_then() -> None:
    class Asked(Schema):
        """Two checks, made before anybody reads them."""

        n = fields.Integer(
            validate=validate.Range(max=5, error=Later("at most %(most)s, not %(input)s", most="5,0")),
            error_messages={"invalid": Later("at most a number")},
        )

    def problem(value: object) -> str:
        with pytest.raises(ValidationError) as caught:
            Asked().load({"n": value})
        return str(caught.value.messages_dict["n"][0])

    assert [problem(7), problem("x")] == ["at most 5,0, not 7", "at most a number"]
    speak(Loud())
    try:
        assert [problem(7), problem("x")] == ["AT MOST 5,0, not 7", "AT MOST a number"]
    finally:
        speak(None)
