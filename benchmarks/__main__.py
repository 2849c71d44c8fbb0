"""`python -m benchmarks [door|pipeline|journeys] [--quick]` measures and prints tables."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from importlib import import_module

from benchmarks.machine import described
from benchmarks.tables import say, show

PARTS = ("door", "pipeline", "journeys")


def main() -> None:
    """Run the parts that are asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, for a first look")
    parser.add_argument("--events", type=int, help="millions of events for journeys, in place of 1 and 10")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers end and folders go on a kill, too
    show("Machine", ["", ""], described())
    for part in asked.part or PARTS:
        start = time.perf_counter()
        more = {"sizes": (asked.events * 1_000_000,)} if asked.events and part == "journeys" else {}
        import_module(f"benchmarks.{part}").run(quick=asked.quick, **more)
        say(f"{part} took {time.perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
