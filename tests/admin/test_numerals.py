"""Numbers stand on pages as the reader's language writes them, and as the pictures beside them do."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from flask import Flask

from admin.formats import count, decimal, duration, interval, money, percent, signed
from journeys.rates import rate

LANGUAGES = ("en-GB", "de", "fr", "es", "pt", "nl", "sv", "cs", "tr", "es-MX", "de-AT", "ja")
INTL = """
const [tags, n, share] = JSON.parse(process.argv[1]);
const plain = (tag) => new Intl.NumberFormat(tag).format(n);
const percents = { style: "percent", maximumFractionDigits: 1 };
const percent = (tag) => new Intl.NumberFormat(tag, percents).format(share);
console.log(JSON.stringify(tags.map((tag) => [plain(tag), percent(tag)])));
"""


def as_read(language: str, write: object, *args: object) -> str:
    with Flask("reader").test_request_context(headers={"Accept-Language": language} if language else {}):
        return write(*args)  # type: ignore[no-any-return, operator]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("", ["1,234,567", "1,234.50", "31%", "<0.1%", "28–34%", "2.6 min", "+3.9", "0.001"]),
        ("en-US,en;q=0.9", ["1,234,567", "1,234.50", "31%", "<0.1%", "28–34%", "2.6 min", "+3.9", "0.001"]),
        (
            "de-DE,de;q=0.9,en;q=0.8",
            ["1.234.567", "1.234,50", "31\xa0%", "<0,1\xa0%", "28–34\xa0%", "2,6 min", "+3,9", "0,001"],
        ),
        (
            "fr",
            [
                "1\u202f234\u202f567",
                "1\u202f234,50",
                "31\xa0%",
                "<0,1\xa0%",
                "28–34\xa0%",
                "2,6 min",
                "+3,9",
                "0,001",
            ],
        ),
        ("es", ["1.234.567", "1234,50", "31\xa0%", "<0,1\xa0%", "28–34\xa0%", "2,6 min", "+3,9", "0,001"]),
        ("tr", ["1.234.567", "1.234,50", "%31", "<%0,1", "%28–34", "2,6 min", "+3,9", "0,001"]),
        ("tlh", ["1,234,567", "1,234.50", "31%", "<0.1%", "28–34%", "2.6 min", "+3.9", "0.001"]),
    ],
)
def test_numbers_are_written_in_the_readers_language(language: str, written: list[str]) -> None:
    assert [
        as_read(language, count, 1_234_567),
        as_read(language, money, 1_234.5),
        as_read(language, percent, 0.314),
        as_read(language, percent, 0.0001),
        as_read(language, interval, {"low": 0.28, "high": 0.34}),
        as_read(language, duration, 156),
        as_read(language, signed, 3.94),
        as_read(language, decimal, 0.001, 3),
    ] == written


@pytest.mark.parametrize("nearly", [0.04, 0, -0.04])
def test_nothing_has_no_minus(nearly: float) -> None:
    assert signed(nearly) == "+0.0"


def test_without_a_reader_numbers_are_english() -> None:
    assert (count(1_234), interval(dict(rate(300, 1_000)))) == ("1,234", "27–33%")


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_pages_and_pictures_write_alike() -> None:
    asked = json.dumps([LANGUAGES, 1_234_567.5, 0.055])
    told = subprocess.run(["node", "-e", INTL, asked], capture_output=True, text=True, check=True).stdout
    pages = [[as_read(one, decimal, 1_234_567.5), as_read(one, percent, 0.055)] for one in LANGUAGES]
    assert pages == json.loads(told)
