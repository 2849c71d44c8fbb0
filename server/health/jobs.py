"""How the work of a running Waywiser is getting on: the worker, who is put off, and the chores."""

from __future__ import annotations

from collections.abc import Iterator

from collector.counters import Counters
from server.chore import Chore
from server.health.words import ago
from server.opening import now_ms
from store.finding import Finding
from store.words import marked, ngettext, tell


def of_worker(counters: Counters) -> Iterator[Finding]:
    """Where a worker of this process has done something. Another one's lag shows in the inbox."""
    state = counters.snapshot(now_ms())
    if state["batches"] or state["failures"]:
        at = counters.last_batch_at
        says = tell(
            "%(done)s; %(pace)s events/s, %(failures)s batches tried again",
            done=tell("the last batch %(ago)s", ago=ago(at / 1000)) if at else tell("no batch yet"),
            pace=state["events_per_second"],
            failures=f"{state['failures']:,}",
        )
        yield Finding(marked("worker"), True, says)


def of_busy(n: int, accounts: int) -> Iterator[Finding]:
    """Whose runs may be a little late, as there is so much of them."""
    if n:
        says = ngettext(
            "%(num)s customer has so many events that the runs are counted about once a minute",
            "%(num)s customers have so many events that their runs are counted about once a minute",
            n,
            num=f"{n:,}",
        )
        yield Finding(marked("busy customers"), True, says)
    if accounts:
        says = ngettext(
            "%(num)s account has so many events that the runs are counted about once a minute",
            "%(num)s accounts have so many events that their runs are counted about once a minute",
            accounts,
            num=f"{accounts:,}",
        )
        yield Finding(marked("busy accounts"), True, says)


def of_chore(chore: Chore) -> Iterator[Finding]:
    """What a job did last."""
    if not chore.is_at_work:
        return  # it is another process's
    if chore.last is None:
        yield Finding(chore.name, True, tell("at its first turn"))
    elif chore.last.problem:
        yield Finding(
            chore.name,
            False,
            tell("failed %(ago)s: %(problem)s", ago=ago(chore.last.at), problem=chore.last.problem),
        )
    else:
        yield Finding(chore.name, True, tell("done %(ago)s", ago=ago(chore.last.at)))
