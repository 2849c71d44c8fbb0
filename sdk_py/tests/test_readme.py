"""What the README says about settings and reasons is what the code does."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

from waywiser import Client, DropReason, MemoryTransport

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_has_every_argument_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.+)` )?\| .+ \|$", README, re.MULTILINE)
    written = {
        name: ast.literal_eval(default) if default else inspect.Parameter.empty for name, default in rows
    }
    parameters = inspect.signature(Client).parameters.values()
    assert written == {parameter.name: parameter.default for parameter in parameters}


def test_every_reason_for_a_drop_is_named() -> None:
    named = set(
        re.findall(r"\(((?:`\w+`(?:, )?)+)\)", README.split("## What is guaranteed")[1].split("\n## ")[0])
    )
    reasons = {reason for group in named for reason in re.findall(r"\w+", group)}
    assert reasons == {reason.value for reason in DropReason}


def test_the_first_example_works() -> None:
    example = re.findall(r"```python\n(.+?)```", README, re.DOTALL)[0]
    memory = MemoryTransport()

    def client(*arguments: Any, **settings: Any) -> Client:
        return Client(*arguments, **settings, transport=memory)

    names: dict[str, Any] = {"Client": client}
    exec(example.replace("from waywiser import Client", ""), names)
    names["ww"].close()
    assert [message["type"] for message in memory.messages] == ["track", "identify"]
