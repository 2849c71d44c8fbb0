"""Signals in the middle of a call: what their handlers track or raise costs no message and no count."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from waywiser import Client, MemoryTransport, _journal, _spool
from waywiser._spool_file import HEADER, records

FILES = ("_queue.py", "_waiting.py", "_counters.py", "_journal.py", "_spool.py", "_spool_file.py")
DIRECT: dict[str, Any] = {"max_queue": 1}
DURABLE: dict[str, Any] = {"durable": True}


pytestmark = pytest.mark.usefixtures("no_threads")


def interrupted(
    call: Callable[[], object], place: int, handler: Callable[[], object], files: tuple[str, ...] = FILES
) -> bool:
    """Make the call, and run the handler before the line of ours that is executed in this place."""
    seen = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal seen
        if frame.f_code.co_filename.endswith(files) and event == "line":
            seen += 1
            if seen == place:
                sys.settrace(None)
                handler()
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return seen >= place


def clients(folder: Path, settings: dict[str, Any]) -> Iterator[tuple[int, Client]]:
    for place in range(1, 200):
        client = Client("key-1", "http://127.0.0.1:9", spool_dir=folder / str(place), **settings)
        client.track("before", user_id="1")
        yield place, client


def kept(folder: Path) -> list[str]:
    """The events on disk, each file of which must be whole."""
    events: list[str] = []
    for path in sorted(folder.glob("*.spool")):
        found, is_torn = records(path.read_bytes(), HEADER.size)
        assert not is_torn, folder.name
        events += [json.loads(payload)["event"] for _, payload in found]
    return events


@pytest.mark.parametrize("segment", [1, 10**6], ids=["a file for each", "one file"])
@pytest.mark.parametrize("settings", [DIRECT, DURABLE], ids=["direct", "durable"])
def test_what_a_signal_handler_tracks_in_the_middle_of_a_write_is_kept_and_so_is_the_rest(
    settings: dict[str, Any], segment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_spool, "SEGMENT_BYTES", segment)
    monkeypatch.setattr(_journal, "SEGMENT_BYTES", segment)
    for place, client in clients(tmp_path, settings):
        ended = not interrupted(
            lambda client=client: client.track("A", user_id="1"),  # type: ignore[misc]
            place,
            lambda client=client: client.track("signal", user_id="1"),  # type: ignore[misc]
        )
        client.track("after", user_id="1")
        report = client.close(0)
        expected = ["A", "after", "before"] + ([] if ended else ["signal"])
        assert (place, sorted(kept(tmp_path / str(place)))) == (place, expected)
        assert (report.spooled, report.lost) == (len(expected), 0)
        if ended:
            break
    assert place > 20


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("settings", [DIRECT, DURABLE], ids=["direct", "durable"])
def test_an_interrupt_in_the_middle_of_a_write_costs_at_most_the_message_of_that_call(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    for place, client in clients(tmp_path, settings):
        ended = not interrupted(
            lambda client=client: client.track("A", user_id="1"),  # type: ignore[misc]
            place,
            interrupt,
        )
        client.track("after", user_id="1")
        client.close(0)
        stats = client.stats()
        events = kept(tmp_path / str(place))
        assert (place, sorted({*events} - {"A"})) == (place, ["after", "before"])
        assert len(events) - stats.spooled in (0, 1)
        assert (place, stats.enqueued) == (place, stats.spooled)
        if ended:
            break
    assert place > 20


def test_an_interrupt_in_the_middle_of_a_delivery_costs_no_message_that_waited() -> None:
    for place in range(1, 400):
        memory = MemoryTransport()
        client = Client("key-1", transport=memory, sync=True)
        client._queue.put(b'{"event":"before"}')
        ended = not interrupted(
            lambda client=client: client.track("A", user_id="1"),  # type: ignore[misc]
            place,
            interrupt,
            (*FILES, "_courier.py", "_delivery.py", "_part.py"),
        )
        assert (place, client.flush(5)) == (place, True)
        assert (place, client.stats().waiting) == (place, 0)
        assert "before" in [message["event"] for message in memory.messages], place
        if ended:
            break
    assert place > 60


def test_what_a_signal_handler_tracks_in_the_middle_of_a_delivery_displaces_nothing_unsaid() -> None:
    for place in range(1, 400):
        memory, drops = MemoryTransport(), list[str]()
        client = Client(
            "key-1",
            transport=memory,
            sync=True,
            max_queue=3,
            on_full="drop_oldest",
            on_drop=lambda drop, drops=drops: drops.append(drop.message["event"]),  # type: ignore[misc]
        )
        for name in "ABC":
            client._queue.put(b'{"event":"%s"}' % name.encode())
        ended = not interrupted(
            lambda client=client: client.flush(5),  # type: ignore[misc]
            place,
            lambda client=client: client.track("signal", user_id="1"),  # type: ignore[misc]
            (*FILES, "_courier.py", "_part.py"),
        )
        assert (place, client.flush(5)) == (place, True)
        sent = {message["event"] for message in memory.messages}
        assert (place, sorted(sent | {*drops})) == (place, ["A", "B", "C"] + ([] if ended else ["signal"]))
        if ended:
            break
    assert place > 60
