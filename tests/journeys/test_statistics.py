"""Statistics agree with SciPy, with published examples, and with what they claim when tried at random."""

from __future__ import annotations

import math
import random
import sys
import warnings
from fractions import Fraction
from subprocess import run

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from journeys.rates import rate
from journeys.statistics import (
    Estimate,
    Watched,
    adjusted,
    difference,
    difference_of,
    difference_of_medians,
    incidence,
    is_small,
    p_of_curves,
    p_of_two_curves,
    p_of_two_estimates,
    p_of_two_rates,
    wilson,
)

counted = st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None)
@given(counted)
def test_wilson_is_that_of_scipy(counts: tuple[int, int]) -> None:
    found = wilson(*counts)
    wanted = stats.binomtest(*counts).proportion_ci(0.95, method="wilson")
    assert (float(found.low), float(found.high)) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_wilson_takes_arrays_and_knows_nothing_of_nobody() -> None:
    found = wilson([[0, 1], [2, 0]], [[5, 5], [5, 0]])
    assert found.low.shape == (2, 2)
    assert found.low[0, 0] == 0
    assert np.isnan([found.value[1, 1], found.low[1, 1], found.high[1, 1]]).all()
    assert rate(0, 0) == {"value": None, "low": None, "high": None, "n": 0, "small": True}
    assert rate(1, 3) == {"value": 0.333333, "low": 0.061492, "high": 0.79234, "n": 3, "small": True}


def test_a_program_that_only_shows_rates_does_not_load_scipy() -> None:
    code = "import sys, journeys.rates as r; r.rate(1, 3); sys.exit('scipy' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


# Newcombe 1998, Statistics in Medicine 17, table II: method 10.
@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ],
)
def test_the_difference_has_the_published_interval(
    counts: tuple[int, ...], wanted: tuple[float, float]
) -> None:
    found = difference(*counts)
    assert (float(found.low), float(found.high)) == pytest.approx(wanted, abs=6e-5)


@settings(deadline=None)
@given(counted, counted)
def test_two_rates_differ_by_chance_as_often_as_scipy_says(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    table = np.array([[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]])
    found = float(p_of_two_rates(*one, *other)[0])
    if 0 in table.sum(axis=0):
        assert found == 1
        return
    expected = stats.contingency.expected_freq(table)
    if expected.min() < 5:
        assert found == pytest.approx(stats.fisher_exact(table).pvalue)
    else:
        assert found == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_no_group_no_test() -> None:
    assert np.isnan(p_of_two_rates([0, 3], [0, 5], [3, 0], [5, 0])).all()


def test_p_values_are_corrected_as_published() -> None:
    # Benjamini and Hochberg 1995, section 4: of these fifteen the first four are rejected at 0.05.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert (adjusted(p) < 0.05).sum() == 4
    mixed = adjusted([0.02, math.nan, 0.03])
    assert mixed == pytest.approx([0.03, math.nan, 0.03], nan_ok=True)
    assert np.isnan(adjusted([math.nan])).all()


@pytest.mark.parametrize(
    ("count", "n", "small"),
    [
        *((0, 0, True), (15, 29, True), (15, 41, False), (15, 35, True), (10, 100, False), (2, 100, True)),
        *((0, 100, False), (0, 40, True), (100, 100, False), (1, 1000, False), (29, 29, True)),
    ],
)
def test_small_samples_are_told_by_one_rule(count: int, n: int, small: bool) -> None:
    share = wilson(count, n)
    assert bool(is_small(n, share.low, share.high)) is small


def test_the_difference_of_medians_is_covered_as_often_as_its_interval_says() -> None:
    dice, covered, times = np.random.default_rng(3), 0, 1_000
    for _ in range(times):
        groups = dice.lognormal(1, 1, 45), dice.lognormal(1, 1, 80) * 2
        found = difference_of_medians(*map(median, groups))
        assert float(found.value) == pytest.approx(np.median(groups[0]) - np.median(groups[1]))
        covered += bool(found.low <= math.e - 2 * math.e <= found.high)
    assert 0.94 * times <= covered <= 0.985 * times


def median(times: np.ndarray) -> Estimate:
    ends = stats.quantile_test(times, q=float(np.median(times)), p=0.5).confidence_interval(0.95)
    return Estimate(*map(np.asarray, (np.median(times), ends.low, ends.high)))


def watched(rows: list[tuple[float, bool]]) -> Watched:
    return Watched(
        np.array([t for t, _ in rows], float),
        np.array([came for _, came in rows], bool),
        np.ones(len(rows), np.int64),
    )


# Freireich and others 1963, weeks of remission under 6-MP and placebo; the curve in Collett 2003.
SIX_MP = [(6, True)] * 3 + [(6, False), (7, True), (9, False), (10, True), (10, False), (11, False)]
SIX_MP += [(13, True), (16, True), (17, False), (19, False), (20, False), (22, True), (23, True)]
SIX_MP += [(t, False) for t in (25, 32, 32, 34, 35)]
PLACEBO = [(t, True) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def test_the_curve_is_the_published_one() -> None:
    curve = incidence(watched(SIX_MP))
    for week, survival in ((6, 0.8571), (7, 0.8067), (10, 0.7529), (13, 0.6902), (16, 0.6275), (22, 0.5378)):
        assert 1 - float(curve.at(week).value) == pytest.approx(survival, abs=5e-5)
    # As R's survfit(conf.type = "log-log") gives them for the last value, 0.4482.
    last = curve.at(35)
    assert (1 - float(last.high), 1 - float(last.low)) == pytest.approx((0.1881, 0.6801), abs=1e-3)
    assert curve.until(0.5) == 23
    assert curve.at_risk[:3].tolist() == [21, 17, 16]
    assert math.isnan(curve.until(0.9))
    assert float(curve.at(1).value) == 0


def test_the_log_rank_test_is_the_published_one() -> None:
    # Chi-squared 16.79 with one degree of freedom, as Klein and Moeschberger print it.
    wanted = stats.chi2.sf(16.79, 1)
    assert p_of_two_curves(watched(SIX_MP), watched(PLACEBO)) == pytest.approx(wanted, rel=0.01)
    three = p_of_curves({"a": watched(SIX_MP), "b": watched(PLACEBO), "c": watched(SIX_MP)})
    assert [one["groups"] for one in three] == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert three[1]["p"] == pytest.approx(1)
    assert three[0]["p_adjusted"] == pytest.approx(three[0]["p"] * 3 / 2)


rows = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


def by_hand(some: list[tuple[int, bool]], t: int) -> float:
    """Kaplan and Meier's product in exact steps."""
    left = 1.0
    for at in range(t + 1):
        at_risk = sum(1 for when, _ in some if when >= at)
        came = sum(1 for when, is_end in some if is_end and when == at)
        left *= 1 - came / at_risk if at_risk else 1
    return 1 - left


@settings(deadline=None)
@given(rows, st.integers(0, 25))
def test_the_curve_is_the_product_by_hand_and_lies_in_its_band(some: list[tuple[int, bool]], t: int) -> None:
    curve = incidence(watched([(float(at), came) for at, came in some]))
    assert float(curve.at(t).value) == pytest.approx(by_hand(some, t), abs=1e-9)
    share = curve.share
    assert not np.isnan([share.low, share.high]).any()
    assert (share.low <= share.value + 1e-9).all()
    assert (share.value <= share.high + 1e-9).all()
    assert (np.diff(share.value) >= -1e-12).all()


@settings(deadline=None)
@given(rows)
def test_counts_stand_for_as_many_rows(some: list[tuple[int, bool]]) -> None:
    each = watched([(float(at), came) for at, came in some])
    kinds = sorted(set(some))
    together = Watched(
        np.array([at for at, _ in kinds], float),
        np.array([came for _, came in kinds]),
        np.array([some.count(kind) for kind in kinds]),
    )
    assert incidence(together).share.value == pytest.approx(incidence(each).share.value)
    assert (incidence(together).at_risk == incidence(each).at_risk).all()


def test_without_the_unfinished_the_curve_is_the_plain_share() -> None:
    dice = random.Random(3)
    times = [dice.uniform(0, 100) for _ in range(500)]
    curve = incidence(watched([(min(t, 60.0), t <= 60) for t in times]))
    assert float(curve.at(60).value) == pytest.approx(sum(t <= 60 for t in times) / 500)


def test_the_band_of_the_curve_holds_the_truth_about_as_often_as_it_says() -> None:
    # 30 % come at all, exponentially fast; runs began at any time of the last 10 units.
    dice = np.random.default_rng(4)
    truth = 0.3 * (1 - math.exp(-5 / 2))
    hits = 0
    for _ in range(300):
        n = 300
        delay = np.where(dice.random(n) < 0.3, dice.exponential(2, n), np.inf)
        seen = dice.uniform(0, 10, n)
        share = incidence(Watched(np.minimum(delay, seen), delay <= seen, np.ones(n, np.int64))).at(5)
        hits += float(share.low) <= truth <= float(share.high)
    assert 0.91 <= hits / 300 <= 0.985


def sample(some: list[tuple[int, bool]]) -> stats.CensoredData:
    return stats.CensoredData([t for t, came in some if came], right=[t for t, came in some if not came])


@settings(deadline=None)
@given(rows, rows)
@example([(5, True)] * 15, [(5, True)] * 7)
@example([(3, False)] * 3 + [(5, True)] * 15, [(5, True)] * 7)
def test_curve_band_and_test_are_those_of_scipy(
    one: list[tuple[int, bool]], other: list[tuple[int, bool]]
) -> None:
    share = incidence(watched(one)).share
    with warnings.catch_warnings(action="ignore"):
        wanted = stats.ecdf(sample(one)).sf
        band = wanted.confidence_interval(method="log-log")
        p = stats.logrank(sample(one), sample(other)).pvalue
    is_known = (share.value > 0) & (share.value < 1)
    assert share.value == pytest.approx(1 - wanted.probabilities, abs=1e-12)
    assert share.low[is_known] == pytest.approx(1 - band.high.probabilities[is_known], abs=1e-12)
    assert share.high[is_known] == pytest.approx(1 - band.low.probabilities[is_known], abs=1e-12)
    if any(came for _, came in one + other):
        assert p_of_two_curves(watched(one), watched(other)) == pytest.approx(p, abs=1e-9, nan_ok=True)


def test_the_log_rank_test_of_millions_is_right() -> None:
    """Products of such counts are beyond 64 bits; here the sums are taken in whole numbers."""
    one, other = (
        Watched(np.array([1.0, 2, 3, 3]), np.array([True, True, True, False]), np.array(counts, np.int64))
        for counts in ([200_000, 150_000, 100_000, 550_000], [200_500, 149_000, 100_300, 550_200])
    )
    n, m, expected, variance = 1_000_000, 1_000_000, Fraction(0), Fraction(0)
    for a, b in zip(one.counts.tolist()[:3], other.counts.tolist()[:3], strict=True):
        expected += Fraction(n * (a + b), n + m)
        variance += Fraction(n * m * (a + b) * (n + m - a - b), (n + m) ** 2 * (n + m - 1))
        n, m = n - a, m - b
    chi2 = float((450_000 - expected) ** 2 / variance)
    assert p_of_two_curves(one, other) == pytest.approx(stats.chi2.sf(chi2, 1), rel=1e-9)


def test_nobody_compared_is_no_finding() -> None:
    open_ = watched([(3.0, False), (4.0, False)])
    assert math.isnan(p_of_two_curves(open_, open_))
    assert p_of_curves({"a": open_, "b": open_})[0]["p"] is None


def test_two_estimates_differ_as_in_the_published_example() -> None:
    """Altman and Bland 2003: relative risks 0.67 (0.46 to 0.98) and 0.88 (0.71 to 1.08), z −1.24, p 0.2."""
    one, other = (
        Estimate(*(np.log([number]) for number in told)) for told in ((0.67, 0.46, 0.98), (0.88, 0.71, 1.08))
    )
    assert p_of_two_estimates(one, other)[0] == pytest.approx(2 * stats.norm.sf(1.24), abs=0.005)
    assert difference_of(one, other).value[0] == pytest.approx(-0.27, abs=0.005)


def test_effects_of_equal_groups_differ_by_chance_as_often_as_allowed() -> None:
    """Differences of rates in two groups, where the same is true of both: 5 % of p-values are below 5 %."""
    dice = np.random.default_rng(5)
    counts = dice.binomial(200, [[0.5], [0.3], [0.5], [0.3]], (4, 2_000))
    one, other = (difference(counts[at], 200, counts[at + 1], 200) for at in (0, 2))
    below = float((p_of_two_estimates(one, other) < 0.05).mean())
    assert 0.035 < below < 0.065
    found = difference_of(one, other)
    assert 0.935 < float(((found.low <= 0) & (found.high >= 0)).mean()) < 0.965
