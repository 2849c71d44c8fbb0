"""A Celery application whose every task tracks one event; the client is made when it is loaded.

`python -m benchmarks.sdk_tasks N` puts N tasks into the queue, which is a folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery

from benchmarks.sdk_libraries import Library, opened

FOLDER = Path(os.environ["BENCH_QUEUE"])

celery: Any = Celery("bench", broker="filesystem://")
celery.conf.update(
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
    },
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)
library: Library | None = None if __name__ == "__main__" else opened(os.environ["BENCH_LIBRARY"])


@celery.task(name="bench.track")
def track(number: int) -> None:
    """Track one event, and say so."""
    assert library is not None
    library.track(number)
    library.ledger.sent(number)


if __name__ == "__main__":
    for one in range(int(sys.argv[1])):
        celery.send_task("bench.track", args=[one])
