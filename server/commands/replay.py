"""`waywiser replay`: refused events run through again, after what was wrong is put right."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import click
from sqlalchemy import Engine

from server.commands.data import work_off
from server.opening import open_relational
from server.progress import Report as Progress
from server.progress import bar
from server.replaying import run_again
from store.drops import Chosen, ReplayReport, count_drops, newest_drop
from store.projects import project_by_key
from store.settings import Settings


@dataclass
class Sums:
    """What several rounds came to."""

    replayed: int = 0
    still_refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)

    def add(self, report: ReplayReport) -> None:
        """Take in one more round."""
        self.replayed += report.replayed
        self.still_refused += report.still_refused
        for one in report.reasons:
            self.reasons[one.code] += one.n
            self.said.setdefault(one.code, one.message)


@click.command("replay")
@click.option("--project", "project_key", required=True, help="Project whose refused events are run again.")
@click.option("--code", default=None, help="Only those with this reason, as the admin shows it.")
@click.option("--dry-run", is_flag=True, help="Only say what would pass.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def run_replay(project_key: str, code: str | None, dry_run: bool, as_json: bool) -> None:
    """Run refused events again; each is counted once, also beside a running Waywiser."""
    settings = Settings.read()
    engine = open_relational(settings)
    project = project_by_key(engine, project_key)
    with bar(hidden=as_json) as progress:
        sums = _in_rounds(engine, settings, project.id, Chosen(code=code), dry_run, progress)
    engine.dispose()
    _tell(sums, dry_run, as_json)


def _in_rounds(
    engine: Engine, settings: Settings, project_id: int, chosen: Chosen, dry_run: bool, progress: Progress
) -> Sums:
    """Run all again, so many at a time that the inbox keeps room for what arrives meanwhile."""
    sums, left = Sums(), 1
    total = count_drops(engine, project_id, chosen, up_to=newest_drop(engine))
    while left:
        told = partial(_show, progress, sums.replayed + sums.still_refused, total)
        report = run_again(engine, settings, project_id, chosen, dry_run, told)
        sums.add(report)
        chosen, left = replace(chosen, above=report.reached), report.left
        if report.replayed and not dry_run:
            work_off(settings, report.last, progress)
    return sums


def _show(progress: Progress, before: int, total: int, looked_at: int) -> None:
    progress("run again", before + looked_at, total)


def _tell(sums: Sums, dry_run: bool, as_json: bool) -> None:
    reasons = [{"code": code, "n": n, "message": sums.said[code]} for code, n in sums.reasons.most_common()]
    if as_json:
        answer = {"replayed": sums.replayed, "still_refused": sums.still_refused, "reasons": reasons}
        click.echo(json.dumps({**answer, "dry_run": dry_run}))
        return
    came = "would come through" if dry_run else "came through; those known already are not counted again"
    click.echo(f"{sums.replayed} {came}")
    if reasons:
        click.echo(f"{sums.still_refused} {'would stay' if dry_run else 'are still'} refused:", err=True)
    for one in reasons:
        click.echo(f"  {one['n']} × {one['code']}: {_line(one['message'])}", err=True)


def _line(message: object) -> str:
    """The last line says it, where a whole traceback is kept."""
    return str(message).strip().splitlines()[-1][:200] if str(message).strip() else ""


COMMANDS = [run_replay]
