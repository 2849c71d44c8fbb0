"""For Celery: carries the context of whoever calls a task into the task, and delivers in prefork workers."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

from celery import signals

from ._client import Client
from ._context import EMPTY, Scope, context, current_context

HEADER = "waywiser"
SCOPE = "_waywiser_scope"
MAX_HEADER = 4096
CARRIED = ("user_id", "anonymous_id", "session_id")
NAME = "waywiser"


def install(client: Client | None = None, *, timeout: float = 5.0) -> None:
    """Call this once where the Celery app is made, in the code that workers and callers of tasks share.

    A task then runs in the context of its caller: `track` and its siblings are about the same visitor. With
    `client`, a prefork worker process delivers what it has queued before it ends, in at most `timeout`
    seconds; Celery ends such processes in a way that runs nothing else. Other pools need no `client`.
    """

    def deliver(**_: Any) -> None:
        if client is not None:
            client.close(timeout)

    # By name, so that another call takes the place of this one.
    signals.before_task_publish.connect(_send_along, weak=False, dispatch_uid=NAME)
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid=NAME)
    signals.task_postrun.connect(_end, weak=False, dispatch_uid=NAME)
    signals.worker_process_shutdown.disconnect(dispatch_uid=NAME)
    signals.worker_process_shutdown.connect(deliver, weak=False, dispatch_uid=NAME)


def _send_along(headers: MutableMapping[str, Any] | None = None, **_: Any) -> None:
    around = current_context()
    if around is EMPTY or headers is None or HEADER in headers:
        return
    carried = around.as_arguments()
    if len(json.dumps(carried)) > MAX_HEADER:
        # Headers are for small things: the ids are what matters.
        carried = {name: carried[name] for name in CARRIED}
    headers[HEADER] = carried


def _begin(task: Any, **_: Any) -> None:
    carried = getattr(task.request, HEADER, None)
    if isinstance(carried, Mapping):
        scope = _scope(carried)
        scope.__enter__()
        setattr(task.request, SCOPE, scope)


def _end(task: Any, **_: Any) -> None:
    scope = getattr(task.request, SCOPE, None)
    if isinstance(scope, Scope):
        scope.__exit__(None, None, None)


def _scope(carried: Mapping[str, Any]) -> Scope:
    known = {name: carried.get(name) for name in (*CARRIED, "values")}
    return context(**known)
