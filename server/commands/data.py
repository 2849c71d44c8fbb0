"""`waywiser import`: historical events from files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import NamedTuple

import click

from collector.pipeline import Tools
from server.house import House
from server.importing import ImportProblem, Report, load, plan
from server.opening import now_ms, open_relational
from server.progress import Report as Progress
from server.progress import bar
from store.folder import folder_is_free
from store.inbox import waiting
from store.plans import KnownPlans
from store.privacy.suppression import KnownSuppressions
from store.projects import project_by_key
from store.rules import KnownRules
from store.settings import Settings


class Carried(NamedTuple):
    """How many events were taken from the inbox, and how many of them were known already."""

    n: int
    known: int


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", "project_key", required=True, help="Project that the events belong to.")
@click.option(
    "--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Column of a field; repeatable."
)
@click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Only rows with this value; repeatable.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of times that name none.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def import_file(
    file: Path,
    project_key: str,
    mapping: tuple[str, ...],
    where: tuple[str, ...],
    timezone: str,
    as_json: bool,
) -> None:
    """Import historical events from CSV, JSON lines or Parquet; a second time changes nothing."""
    settings = Settings.read()
    engine = open_relational(settings)
    project = project_by_key(engine, project_key)
    how = plan(file, _pairs(mapping), zone=timezone, where=_pairs(where))
    with bar(hidden=as_json) as progress:
        report = load(
            engine,
            project.id,
            file,
            how,
            tools=Tools.opened(
                settings, KnownRules(engine).of, KnownPlans(engine).of, KnownSuppressions(engine).of
            ),
            now=now_ms(),
            progress=lambda rows: progress("rows read", rows, rows),
        )
        engine.dispose()
        carried = work_off(settings, report.last, progress)
    if carried and carried.n == report.accepted:  # these rows and no others
        report.known = carried.known
    _tell(report, as_json)


def work_off(settings: Settings, last: int, progress: Progress) -> Carried | None:
    """Take the rows from the inbox into the event store, or watch the Waywiser that runs do it.

    Returns what this process took from the inbox; None where another one does.
    """
    if folder_is_free(settings.events_url):
        with House(settings) as house:
            if house.events.embedded:
                house.batches.release_all()  # of a process that was killed
            total = house.batches.depth()
            house.worker.drain(lambda: progress("stored", total - house.batches.depth(), total))
            progress("stored", total, total)
            house.refresher.turn()  # who has very many events was put off
            house.filler.count_sessions(lambda _one, done, parts: progress("sessions counted", done, parts))
            count = house.worker.counters
            return Carried(count.accepted + count.duplicates + count.dropped.total(), count.duplicates)
    engine = open_relational(settings)
    total = waiting(engine, up_to=last)
    while left := waiting(engine, up_to=last):
        progress("stored", total - left, total)
        time.sleep(0.5)
    progress("stored", total, total)
    return None


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({name: value for name, value in vars(report).items() if name != "last"}))
        return
    click.echo(f"{report.rows} rows: {report.accepted} taken in, {report.skipped} left out by --where")
    if report.known is None:
        click.echo("events that were known already are counted once")
    elif report.known:
        click.echo(f"{report.known} of those taken in were known already and are counted once")
    if report.rejected:
        click.echo(f"{report.rejected} rows are kept aside as drops:", err=True)
        for number, why in report.problems[:20]:
            click.echo(f"  row {number}: {why}", err=True)
        if report.rejected > 20:
            click.echo(f"  and {report.rejected - 20} more; see Drops in the admin", err=True)


def _pairs(options: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for option in options:
        name, sign, value = option.partition("=")
        if not sign or not name:
            raise ImportProblem(f"{option!r} is not of the form NAME=VALUE")
        found[name] = value
    return found


COMMANDS = [import_file]
