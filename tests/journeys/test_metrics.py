"""What numbers mean is published as pages and answers say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys import metrics

PUBLISHED = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("name", [name for name in vars(metrics) if name.endswith("MEANINGS")])
def test_meanings_are_published(name: str) -> None:
    told = getattr(metrics, name)
    assert [key for key, text in told.items() if f"| `{key}` | {text} |" not in PUBLISHED] == []
