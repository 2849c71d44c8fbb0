"""The programs that hold a library while something happens to them.

They run in the libraries' environment, as `python -m benchmarks.sdk_caller PROGRAM LIBRARY COUNT`.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sdk_libraries import Library, opened, wait_until

CHILD_SECONDS = 25
WARM_UP = 200
A_SECOND = 1_000  # paced calls


def fork(library: Library, count: int) -> None:
    """A fork right after construction: parent and child track one half each and flush."""
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_SECONDS)  # whoever hangs is ended
        _track(library, range(count // 2, count))
        library.flush()
        library.close()
        sys.exit(0)
    _track(library, range(count // 2))
    library.flush()
    library.close()
    os.waitpid(child, 0)


def leave(library: Library, count: int) -> None:
    """The program ends without a word."""
    _track(library, range(count))


def wait_for_signal(library: Library, count: int) -> None:
    """Says that all is tracked, and does nothing more."""
    _track(library, range(count))
    print("tracked", flush=True)
    time.sleep(60)


def burst(library: Library, count: int) -> None:
    """Track until somebody ends this; how many calls have returned stands in a file."""
    with Path(os.environ["BENCH_CALLS"]).open("r+b") as file, mmap.mmap(file.fileno(), 8) as calls:
        print("tracked", flush=True)
        for number in range(count):
            library.track(number)
            calls[:8] = (number + 1).to_bytes(8, "little")


def close(library: Library, count: int) -> None:
    """Track paced, and close as the documents say."""
    _track(library, range(count), a_second=A_SECOND)
    library.close()


def overflow(library: Library, count: int) -> None:
    """Track without a pause, and close."""
    _track(library, range(count))
    library.close()


def threads(library: Library, count: int) -> None:
    """Twenty threads at once, then close."""
    share = count // 20
    several = [
        threading.Thread(target=_track, args=(library, range(n * share, (n + 1) * share))) for n in range(20)
    ]
    for one in several:
        one.start()
    for one in several:
        one.join()
    library.close()


def speed(library: Library, count: int) -> None:
    """How long calls take on the calling thread, paced and in a burst, and how long until all is flushed."""
    for number in range(WARM_UP):
        library.track(number)
    library.flush()
    paced = _timed(library, range(WARM_UP, WARM_UP + min(count, 2_000)), a_second=A_SECOND)
    library.flush()
    first = WARM_UP + len(paced)
    before = _resident()
    start = time.perf_counter()
    burst = _timed(library, range(first, first + count))
    peak = _resident()
    library.flush()
    seconds = time.perf_counter() - start
    found = {
        "paced": _spread(paced),
        "burst": _spread(burst),
        "rate": count / seconds,
        "memory": max(0, peak - before),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "sent": first + count,
    }
    library.close()
    print(json.dumps(found), flush=True)


def _track(library: Library, numbers: range, a_second: float | None = None) -> None:
    start = time.perf_counter()
    for place, number in enumerate(numbers):
        if a_second:
            wait_until(start + place / a_second)
        library.track(number)


def _timed(library: Library, numbers: range, a_second: float | None = None) -> list[float]:
    took, track, clock = [], library.track, time.perf_counter
    start = clock()
    for place, number in enumerate(numbers):
        if a_second:
            wait_until(start + place / a_second)
        begin = clock()
        track(number)
        took.append(clock() - begin)
    return took


def _spread(took: list[float]) -> dict[str, float]:
    took.sort()
    return {"p50": statistics.median(took), "p99": took[int(len(took) * 0.99)]}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


PROGRAMS: dict[str, Callable[[Library, int], None]] = {
    "fork": fork,
    "leave": leave,
    "wait": wait_for_signal,
    "burst": burst,
    "close": close,
    "overflow": overflow,
    "threads": threads,
    "speed": speed,
}


def main() -> None:
    """Run one program."""
    name, library, count = sys.argv[1:4]
    options: dict[str, Any] = {"wide": True} if name == "speed" else {}
    PROGRAMS[name](opened(library, **options), int(count))


if __name__ == "__main__":
    main()
