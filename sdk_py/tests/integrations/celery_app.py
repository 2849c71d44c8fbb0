"""A Celery application for the tests: its broker is a folder, and its client sends to a sink."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu.transport import filesystem
from kombu.utils.json import dumps

from waywiser import Client, current_context
from waywiser.celery import install


class WholeFiles(filesystem.Channel):
    """Messages come into the folder when they are written: the usual channel may take an empty one."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        path = Path(self.data_folder_out, f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg")
        path.with_suffix(".new").write_text(dumps(payload))  # type: ignore[no-untyped-call]
        path.with_suffix(".new").rename(path)


filesystem.Transport.Channel = WholeFiles

folder = os.environ["BROKER_FOLDER"]
app = Celery("tests", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": f"{folder}/control",
        "polling_interval": 0.05,
    },
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
)
# Nothing is sent before the end, unless the client itself sees to it.
ww = Client("key-1", os.environ["SINK"], flush_at=1000, flush_interval=3600)
install(ww, timeout=40)


@app.task  # type: ignore[untyped-decorator]
def pay(number: int) -> None:
    """Track, also in a further task."""
    ww.track("Order Paid", properties={"number": number, "pid": os.getpid()})
    send.delay(number)


@app.task  # type: ignore[untyped-decorator]
def send(number: int) -> None:
    """Track what a task has caused that another task has called."""
    ww.track("Receipt Sent", properties={"number": number})


@app.task(bind=True, max_retries=1)  # type: ignore[untyped-decorator]
def stumble(self: Any) -> None:
    """Fail once, and say who it is about in both attempts."""
    ww.track("Tried", properties={"attempt": self.request.retries})
    raise self.retry(countdown=0, exc=RuntimeError("never mind"))


@app.task  # type: ignore[untyped-decorator]
def nobody() -> None:
    """Say whether anybody's context was left behind."""
    ww.track("Cleaned Up", user_id="cron", properties={"left": current_context().anonymous_id})
