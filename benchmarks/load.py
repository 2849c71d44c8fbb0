"""Sends prepared requests over keep-alive connections, as fast as the server answers or at a steady rate."""

from __future__ import annotations

import re
import select
import socket
import time
from collections import deque
from dataclasses import dataclass
from itertools import cycle

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
LONGEST_SECONDS = 300.0


@dataclass(frozen=True)
class Shots:
    """What came of sending. `busy` is the share of one core that the sender itself used; times in seconds."""

    answered: int
    refused: int
    seconds: float
    busy: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return self.answered / self.seconds


def fire(
    port: int, requests: list[bytes], *, seconds: float, connections: int = 16, rate: float | None = None
) -> Shots:
    """Send to 127.0.0.1, one request at a time on each connection, until the time is up.

    Without a rate the requests are sent again and again; with one, each is sent once, when it is due.
    """
    if not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError(f"seconds must lie between 0 and {LONGEST_SECONDS:.0f}")
    lines = {one.fileno(): one for one in (_connected(port) for _ in range(connections))}
    try:
        return _volley(lines, requests, seconds, rate)
    finally:
        for line in lines.values():
            line.close()


def _volley(
    lines: dict[int, socket.socket], requests: list[bytes], seconds: float, rate: float | None
) -> Shots:
    """The loop: every answered connection is idle, and an idle one gets the next request that is due."""
    poll = select.epoll()
    for number in lines:
        poll.register(number, select.EPOLLIN)
    idle, sent_at, partly = deque(lines), dict.fromkeys(lines, 0.0), dict.fromkeys(lines, b"")
    following = cycle(requests) if rate is None else iter(requests)
    took: list[float] = []
    sent = refused = 0
    begin, begin_cpu = time.perf_counter(), time.process_time()
    now, end = begin, begin + seconds
    while now < end or len(idle) < len(lines):
        due = len(idle) if rate is None else min(len(idle), int((now - begin) * rate) - sent)
        for _ in range(due if now < end else 0):
            request = next(following, None)
            if request is None:
                end = now
                break
            number = idle.popleft()
            sent_at[number] = time.perf_counter()
            lines[number].sendall(request)
            sent += 1
        for number, _ in poll.poll(0.001 if rate else 5.0):
            answer = partly[number] + lines[number].recv(65536)
            now = time.perf_counter()
            if not _is_whole(answer):
                partly[number] = answer
                continue
            partly[number] = b""
            took.append(now - sent_at[number])
            refused += not answer.startswith(b"HTTP/1.1 200")
            idle.append(number)
        now = time.perf_counter()
    wall, cpu = now - begin, time.process_time() - begin_cpu
    took.sort()
    p50, p99 = (took[int(len(took) * share)] if took else 0.0 for share in (0.5, 0.99))
    return Shots(len(took) - refused, refused, wall, cpu / wall, p50, p99)


def _is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        if not answer:
            raise ConnectionError("the server closed a connection")
        return False
    length = LENGTH.search(head)
    return length is not None and len(body) >= int(length[1])


def _connected(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line
