"""Runs drops again for the admin and the command line, a bounded number at a time."""

from __future__ import annotations

from sqlalchemy import Engine

from collector.pipeline import Tools
from collector.replay import Progress, replay
from store.drops import Chosen, ReplayReport, ReplayWaits
from store.inbox import waiting
from store.plans import KnownPlans
from store.privacy.suppression import KnownSuppressions
from store.rules import KnownRules
from store.settings import Settings

MOST_AT_ONCE = 10_000  # somebody waits for the answer, and the inbox must keep room for what arrives


def run_again(
    engine: Engine,
    settings: Settings,
    project_id: int,
    chosen: Chosen,
    dry_run: bool,
    progress: Progress = lambda _looked_at: None,
) -> ReplayReport:
    """Run some of the chosen drops again; the report says how many are left. Raises ReplayWaits."""
    most = MOST_AT_ONCE if dry_run else min(MOST_AT_ONCE, settings.inbox_limit // 2 - waiting(engine))
    if most <= 0:
        raise ReplayWaits("half of the inbox is full already; try again when the worker has caught up")
    known = KnownRules(engine).of, KnownPlans(engine).of, KnownSuppressions(engine).of
    tools = Tools.opened(settings, *known)
    try:
        return replay(engine, project_id, chosen, tools=tools, most=most, dry_run=dry_run, progress=progress)
    finally:
        tools.close()
