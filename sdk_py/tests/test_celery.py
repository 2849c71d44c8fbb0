"""The worker processes of Celery deliver before they end, though they end without atexit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sink import Sink

import waywiser

pytest.importorskip("celery")
ROOT = str(Path(waywiser.__file__).parent.parent)
TASKS = """
import os
from celery import Celery
from waywiser import Client
here = os.path.dirname(__file__)
app = Celery("tasks", broker="filesystem://")
app.conf.broker_connection_retry_on_startup = True
app.conf.broker_transport_options = {
    "data_folder_in": here + "/in", "data_folder_out": here + "/in", "processed_folder": here + "/done",
    "control_folder": here + "/control",
}
ww = Client("key-1", os.environ["HOST"], flush_interval=60)
@app.task
def work(number):
    assert ww.track("task", user_id=str(number))
    open(f"{here}/{number}.worked", "w").close()
"""


def test_prefork_workers_deliver_everything_at_a_warm_shutdown(sink: Sink, tmp_path: Path) -> None:
    for folder in ("in", "done", "control"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tasks.py").write_text(TASKS)
    settings = {**os.environ, "PYTHONPATH": ROOT, "HOST": sink.url}
    asking = "import tasks\nfor number in range(50): tasks.work.delay(number)"
    subprocess.run([sys.executable, "-c", asking], cwd=tmp_path, env=settings, check=True, timeout=60)
    log = tmp_path / "log"
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "3"],
            cwd=tmp_path,
            env=settings,
            stdout=output,
            stderr=output,
        )
    end = time.monotonic() + 120
    while len(list(tmp_path.glob("*.worked"))) < 50 and time.monotonic() < end:
        time.sleep(0.05)
    worker.terminate()
    assert worker.wait(60) == 0, log.read_text()
    assert Counter(message["userId"] for message in sink.messages) == Counter(map(str, range(50)))
