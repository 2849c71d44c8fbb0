"""What pictures write is what the page beside them writes, and what their axes and bars are."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

import admin
from admin.formats import chance, count, duration, percent, points
from admin.pictures import histogram
from journeys.rates import rate

CHARTS = Path(admin.__file__).parent / "assets" / "src" / "charts"
# Scripts look for the texts of their page and make elements, of which there are none here but these, and ask
# for the language of the machine.
RUN = """
const element = () => ({ style: {}, parts: [], append(...more) { this.parts.push(...more); } });
globalThis.document = { getElementById: () => null, createElement: element };
const Format = Intl.NumberFormat;
Intl.NumberFormat = class extends Format { constructor(_, more) { super("en", more); } };
const given = JSON.parse(process.argv[1]);
console.log(JSON.stringify(await (async () => { BODY })()));
"""


def run(body: str, given: Any) -> Any:
    """What a script answers that may import the modules of the pictures from `from`."""
    script = RUN.replace("BODY", body.replace("from:", f"file://{CHARTS}/"))
    told = subprocess.run(
        ["node", "--input-type=module", "-e", script, json.dumps(given)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(told.stdout)


DICE = random.Random(3)
SHARES = [
    *(0, 1, 1 / 2000, 1 / 1999, 1999 / 2000, 1998 / 1999, 0.0995, 0.9, 1 / 3, 0.0243, 0.285, 0.575),
    *(one["value"] for n in (8, 40, 160, 200, 400, 2000) for k in range(n + 1) if (one := rate(k, n))),
    *(DICE.random() ** power for power in (1, 4, 12) for _ in range(100)),
]
SECONDS = [
    *(0, 0.2, 0.5, 0.999, 1, 1.5, 2.5, 62, 89.4, 89.5, 95, 99, 597, 1800, 5399, 5400, 7200, 34_200),
    *(45_000, 129_599, 129_600, 172_800, 863_000, 10**8),
    *(DICE.random() * 10**power for power in range(1, 8) for _ in range(20)),
]
APART = [0, 0.0005, 0.0006, -0.0004, 0.024, -0.1, 0.0025, -1, 1]


@pytest.mark.parametrize(
    ("name", "written", "values"),
    [
        ("percent", percent, SHARES),
        ("duration", duration, SECONDS),
        ("points", points, [None, *APART]),
        ("chance", chance, [0, 0.0009, 0.001, 0.0125, 0.5, 1]),
        ("count", count, [0, 7, 1_234_567]),
    ],
)
def test_a_picture_writes_a_number_as_the_page_does(name: str, written: Any, values: list[Any]) -> None:
    body = f'const numbers = await import("from:numbers.js"); return given.map((one) => numbers.{name}(one));'
    found = run(body, values)
    pairs = zip(values, found, [written(one) for one in values], strict=True)
    assert [pair for pair in pairs if pair[1] != pair[2]] == []


def test_the_marks_of_an_axis_say_where_they_stand() -> None:
    body = """
        const { scale } = await import("from:scale.js"), { percent } = await import("from:numbers.js");
        return given.map((highest) => {
            const { top, interval } = scale(highest);
            const marks = Array.from({ length: Math.round(top / interval) + 1 }, (_, k) => k * interval);
            return marks.map((at) => [at, percent(at)]);
        });
    """
    for marks in run(body, [0, 0.004, 0.009, 0.01, 0.03, 0.1, 0.4, 0.75, 1]):
        assert len(marks) >= 3
        assert all(float(said.rstrip("%")) == pytest.approx(at * 100) for at, said in marks), marks


def test_the_bar_without_an_end_says_so_and_has_its_mark() -> None:
    day, counts = 86_400.0, {120 * 86_400.0: 1, 365 * 86_400.0: 3}
    timing = {
        "n": 4,
        "median": 400 * day,
        "p90": 500 * day,
        "histogram": [{"from": low, "n": n} for low, n in counts.items()],
    }
    body = """
        const { histogram } = await import("from:histogram.js");
        const drawn = histogram(given, { size: () => 11 });
        const told = drawn.series[0].data.map((_, dataIndex) => drawn.tooltip.formatter([{ dataIndex }]));
        const marked = drawn.series[0].data.map(({ label }) => label.show);
        return [told.map(({ parts }) => parts[0].textContent), marked];
    """
    (before, last), marked = run(body, histogram(timing, "runs"))
    assert (before, last) == ("120 days to 365 days", "365 days or longer")
    assert marked == [False, True]
