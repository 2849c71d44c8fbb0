"""`python -m benchmarks [PART …] [--quick]` measures and prints tables; `--help` names the parts."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.machine import described
from benchmarks.tables import say, show

PARTS = ("door", "pipeline", "journeys")
# Run when they are asked for.
LONG_PARTS = ("admin", "memory", "identity", "merges", "refresh", "routes", "snippet", "sdk", "sdk_soak")
WORDS = f"{', '.join(PARTS)}; and {', '.join(LONG_PARTS)}, which take long"


def main() -> None:
    """Run the parts that are asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, *LONG_PARTS, []], metavar="part", help=WORDS)
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, for a first look")
    parser.add_argument(
        "--events",
        type=float,
        nargs="+",
        help="millions of events for journeys, in place of 1 and 10, or for others, which take one number",
    )
    parser.add_argument(
        "--store", type=Path, help="folder in which admin keeps what it measures, to measure again"
    )
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers end and folders go on a kill, too
    show("Machine", ["", ""], described())
    for part in asked.part or PARTS:
        start = time.perf_counter()
        more = _size(part, *(int(one * 1_000_000) for one in asked.events)) if asked.events else {}
        if asked.store and part == "admin":
            more["store"] = asked.store
        import_module(f"benchmarks.{part}").run(quick=asked.quick, **more)
        say(f"{part} took {time.perf_counter() - start:.0f} s\n")


def _size(part: str, events: int, *further: int) -> dict[str, Any]:
    """How a part is told how many events to measure with; most have a size of their own."""
    return {
        "journeys": {"sizes": (events, *further)},
        "admin": {"events": events},
        "memory": {"events": events},
        "identity": {"events": events},
        "routes": {"events": events},
        "sdk_soak": {"events": events},
    }.get(part, {})


if __name__ == "__main__":
    main()
