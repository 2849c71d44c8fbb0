"""What the package promises as a whole."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import waywiser
from waywiser import Client, MemoryTransport, Transport

FOLDER = Path(waywiser.__file__).parent


def test_all_names_exactly_what_is_public() -> None:
    named = {name for name, thing in vars(waywiser).items() if not inspect.ismodule(thing)}
    public = {name for name in named if not name.startswith("_")} | {"__version__"}
    assert set(waywiser.__all__) == public
    assert sorted(waywiser.__all__) == waywiser.__all__


@pytest.mark.parametrize("name", waywiser.__all__)
def test_everything_public_is_explained(name: str) -> None:
    thing = getattr(waywiser, name)
    if not inspect.isclass(thing):
        return
    assert thing.__doc__
    methods = [
        each for key, each in vars(thing).items() if inspect.isfunction(each) and not key.startswith("_")
    ]
    assert all(method.__doc__ for method in methods)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_every_file_opens_with_what_it_is_for_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300


def test_the_package_is_marked_as_typed() -> None:
    assert (FOLDER / "py.typed").exists()


def test_the_memory_transport_keeps_messages_for_the_tests_of_others() -> None:
    memory = MemoryTransport()
    assert isinstance(memory, Transport)
    client = Client("any", transport=memory)
    for number in range(120):
        client.track("A", user_id="1", properties={"n": number, "text": "x" * 100})
    assert client.flush()
    assert [message["properties"]["n"] for message in memory.messages] == list(range(120))
    memory.clear()
    assert memory.messages == []
    assert client.close().sent == 120


def test_no_secret_shows_in_the_text_of_an_object() -> None:
    memory = MemoryTransport()
    with Client("secret-key", transport=memory) as client:
        client.track("Secret", user_id="secret")
    shown = repr(memory.requests) + repr(client) + repr(vars(client)) + repr(client.stats())
    assert "ecret" not in shown
