"""The logging handler: failures become events that say where, and never what."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from sink import Run

from waywiser import Client, MemoryTransport, context
from waywiser.logs import FailureHandler


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logger(client: Client, clock: Clock) -> Iterator[logging.Logger]:
    logger = logging.getLogger("shop.orders")
    handler = FailureHandler(client, per_minute=3, clock=clock)
    logging.getLogger().addHandler(handler)
    yield logger
    logging.getLogger().removeHandler(handler)


def stumble(secret: str) -> None:
    raise KeyError(secret)


def test_an_exception_is_an_event_with_its_type_and_place_and_no_value(
    logger: logging.Logger, memory: MemoryTransport
) -> None:
    with context(anonymous_id="visitor-1"):
        try:
            stumble("secret")
        except KeyError:
            logger.exception("order %s of secret failed", "secret", extra={"token": "secret"})
    [message] = memory.messages
    assert (message["event"], message["anonymousId"]) == ("Failure Logged", "visitor-1")
    assert message["properties"] == {
        "logger": "shop.orders",
        "level": "ERROR",
        "exception": "KeyError",
        "module": __name__,
        "function": "stumble",
        "line": stumble.__code__.co_firstlineno + 1,
    }
    assert "secret" not in json.dumps(message)


def test_an_error_without_an_exception_says_where_it_was_logged(
    logger: logging.Logger, memory: MemoryTransport
) -> None:
    with context(user_id="42"):
        logger.warning("never mind")
        logger.critical("the stock of %s is gone", "secret")
    [message] = memory.messages
    properties = message["properties"]
    assert (properties["level"], properties["module"]) == ("CRITICAL", "test_logs")
    assert properties["function"].startswith("test_an_error_without")
    assert "exception" not in properties


def test_without_a_customer_there_is_no_touchpoint(
    logger: logging.Logger, memory: MemoryTransport, client: Client
) -> None:
    logger.error("in a background job")
    assert memory.messages == []
    assert client.stats().lost == 0


def test_a_flood_is_bounded_and_what_was_held_back_is_counted(
    logger: logging.Logger, memory: MemoryTransport, clock: Clock
) -> None:
    with context(anonymous_id="visitor-1"):
        for _ in range(10):
            logger.error("again")
        assert len(memory.messages) == 3
        clock.now = 59.9
        logger.error("again")
        assert len(memory.messages) == 3
        clock.now = 60.0
        logger.error("again")
        logger.error("again")
    suppressed = [message["properties"].get("suppressed") for message in memory.messages]
    assert suppressed == [None, None, None, 8, None]


def test_what_the_library_or_a_hook_logs_makes_no_further_event(memory: MemoryTransport) -> None:
    def before_send(message: dict[str, Any]) -> dict[str, Any]:
        logging.getLogger("shop.hooks").error("from inside")
        return message

    with Client("key-1", transport=memory, sync=True, before_send=before_send) as client:
        handler = FailureHandler(client)
        logging.getLogger().addHandler(handler)
        try:
            with context(anonymous_id="visitor-1"):
                logging.getLogger("waywiser").error("ours")
                logging.getLogger("waywiser.celery").error("ours")
                logging.getLogger("waywisers").error("not ours")
        finally:
            logging.getLogger().removeHandler(handler)
    assert [message["properties"]["logger"] for message in memory.messages] == ["waywisers"]


def test_no_events_at_all_is_not_a_rate(client: Client) -> None:
    with pytest.raises(ValueError, match="per_minute"):
        FailureHandler(client, per_minute=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_in_the_middle_of_a_record_is_not_stuck(run: Run) -> None:
    ended = run(
        """
        import logging, signal
        from waywiser import MemoryTransport
        from waywiser.logs import FailureHandler

        client = Client("key-1", transport=MemoryTransport())
        entered, left = threading.Event(), threading.Event()

        def clock():
            if threading.current_thread().name == "slow":
                entered.set()
                left.wait()
            return 0.0

        logging.getLogger().addHandler(FailureHandler(client, clock=clock))

        def fail():
            with client.context(user_id="1"):
                logging.getLogger("shop").error("failed")

        threading.Thread(target=fail, name="slow").start()
        entered.wait()
        pid = os.fork()
        if not pid:
            signal.alarm(30)
            fail()
            os._exit(0 if client.close().sent == 1 else 1)
        result = os.waitpid(pid, 0)[1]
        left.set()
        sys.exit(result)
        """
    )
    assert ended.returncode == 0, (ended.returncode, ended.stderr)
