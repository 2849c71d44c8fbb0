"""The reports that there are, in the order in which people ask."""

from __future__ import annotations

from journeys.attribution_report import ATTRIBUTION
from journeys.breakdown_report import BREAKDOWN
from journeys.change_report import CHANGE
from journeys.companions import COMPANIONS
from journeys.comparison import COMPARISON
from journeys.conformance_report import CONFORMANCE
from journeys.dropoffs_report import DROPOFFS
from journeys.funnel_report import FUNNEL
from journeys.paths_report import PATHS
from journeys.periods_report import PERIODS
from journeys.report import Report
from journeys.retention import RETENTION
from journeys.signals_report import SIGNALS
from journeys.survival_report import SURVIVAL
from journeys.timing import TIMING
from journeys.trend import TREND
from journeys.variants import VARIANTS
from journeys.versions_report import VERSIONS
from journeys.zero import ZERO

REPORTS: tuple[Report, ...] = (
    FUNNEL,
    TREND,
    PERIODS,
    BREAKDOWN,
    TIMING,
    SURVIVAL,
    PATHS,
    DROPOFFS,
    VARIANTS,
    SIGNALS,
    CHANGE,
    CONFORMANCE,
    COMPARISON,
    ATTRIBUTION,
    RETENTION,
    ZERO,
    VERSIONS,
    *COMPANIONS.values(),
)
BY_NAME = {report.name: report for report in REPORTS}
BY_BAR = (PERIODS, *COMPANIONS.values())  # what tabs show where their bar asks for it
TABS = tuple(report for report in REPORTS if not report.within)
