"""`python -m waywiser.spool`: deliver what clients have kept on disk, or say what is there.

    python -m waywiser.spool send DIR --host https://waywiser.example.com    the key in WAYWISER_WRITE_KEY
    python -m waywiser.spool status DIR

`send` ends with 0 when everything of this key is delivered (or was refused, which is then said), with 1 when
something remains, be it that the collector is down, that it refuses the key (then nothing more is sent) or
that running processes hold their files. `status` ends
with 0 when nothing waits, else with 1. Wrong arguments end with 2.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ._client import Client
from ._spool import ending, listed, size_of
from ._spool_file import SpoolFile, records

NOTHING_LEFT, SOMETHING_LEFT, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the result is the exit code."""
    given = _parser().parse_args(arguments)
    folder = Path(given.folder)
    if not folder.is_dir():
        return _complain(f"{folder} is not a folder")
    return _status(folder) if given.command == "status" else _send(folder, given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m waywiser.spool", description="What clients kept on disk."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    send = commands.add_parser("send", help="deliver it")
    send.add_argument("folder", metavar="DIR", help="the clients' spool_dir")
    send.add_argument("--host", required=True, help="the collector's address")
    send.add_argument("--write-key", help="the project's key; better in WAYWISER_WRITE_KEY, out of sight")
    send.add_argument("--timeout", type=float, default=60.0, help="seconds to try for (default: 60)")
    status = commands.add_parser("status", help="say what waits")
    status.add_argument("folder", metavar="DIR", help="the clients' spool_dir")
    return parser


def _send(folder: Path, given: argparse.Namespace) -> int:
    key = given.write_key or os.environ.get("WAYWISER_WRITE_KEY", "")
    try:
        client = Client(key, given.host, spool_dir=folder, service="spool")
    except (TypeError, ValueError) as error:
        return _complain(str(error))
    client._delivery.drain(time.monotonic() + given.timeout)
    stats = client.stats()
    left = listed(folder, ending(key))
    _say(f"{stats.sent} sent, {stats.lost} refused, {len(left)} files left")
    for reason, count in stats.dropped.items():
        _say(f"  {count} {reason}")
    return SOMETHING_LEFT if left else NOTHING_LEFT


def _status(folder: Path) -> int:
    waiting = listed(folder)
    total = 0
    for path in waiting:
        file = SpoolFile.claim(path)
        if file is None:
            _say(f"{path.name}: {size_of(path)} bytes, in use")
            continue
        try:
            offset, data = file.read()
        finally:
            file.close()
        found, is_torn = records(data, offset) if offset else ([], True)
        total += len(found)
        _say(f"{path.name}: {len(found)} messages{', and a torn end' if is_torn else ''}")
    bad = listed(folder, ".bad")
    _say(f"{total} messages in {len(waiting)} files, {len(bad)} set aside")
    return SOMETHING_LEFT if waiting else NOTHING_LEFT


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return WRONG


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
