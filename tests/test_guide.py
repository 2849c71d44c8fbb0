"""The user's guide shows pictures that `make screenshots` makes, all of them, and none too heavy."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.guide_pictures import FOLDER, PICTURES

GUIDE = Path(__file__).parents[1] / "docs" / "guide.md"
MOST_BYTES = 1_500_000


def shown() -> list[str]:
    """The pictures that the guide names, in its order."""
    return re.findall(r"!\[[^\]]+\]\(([^)]+)\)", GUIDE.read_text())


def test_each_picture_of_the_guide_is_made_by_the_command_and_is_there() -> None:
    assert sorted(GUIDE.parent / one for one in shown()) == sorted(
        FOLDER / f"{name}.webp" for name in PICTURES
    )
    assert {path.stem for path in FOLDER.iterdir()} == PICTURES.keys()


def test_pictures_are_webp_and_light() -> None:
    pictures = [path.read_bytes() for path in FOLDER.iterdir()]
    assert all(one[:4] == b"RIFF" and one[8:12] == b"WEBP" for one in pictures)
    assert sum(map(len, pictures)) < MOST_BYTES


def test_links_of_the_guide_lead_somewhere() -> None:
    text = GUIDE.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
    for link in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        assert (GUIDE.parent / path).exists() if path else anchor in anchors, link
