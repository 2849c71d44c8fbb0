"""The SDK against a collector that fails in every way, in short; `make soak-sdk` does it at length."""

from __future__ import annotations

import pytest

from benchmarks.sdk_soak import soak


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_event_is_accounted_for_while_the_collector_fails_at_random(seed: int) -> None:
    found = soak(100_000, seed)
    assert found.faults == []
    assert found.collector["refused"] > 0, "it failed in too few ways to prove anything"
    assert found.retried > 0
