"""The lines of HTML that bring the snippet onto a page."""

from __future__ import annotations

from pathlib import Path

from store.script import ScriptFile, path_of, script_file
from store.settings import Settings

# Keeps calls until the script is there, which then carries them out; as docs/snippet.md has it.
STUB = """\
<script>
window.waywiser = window.waywiser || { q: [] };
"track page identify alias group reset consent optOut optIn ready".split(" ").forEach(function (name) {
  waywiser[name] = waywiser[name] || function () { waywiser.q.push([name, arguments]); };
});
</script>"""


def paste_line(settings: Settings, write_key: str, *, part: str = "", cookieless: bool = False) -> str:
    """The line to paste into pages: always the newest build of the file."""
    return _line(settings, path_of(settings.snippet_path, part), "", write_key, cookieless)


def pinned_line(
    settings: Settings, folder: Path, write_key: str, *, part: str = "", cookieless: bool = False
) -> str | None:
    """The same for exactly the present build, which browsers check; None where it is not built."""
    if not (found := script_file(folder, part)):
        return None
    return _line(settings, found.path(settings.snippet_path), _check(found), write_key, cookieless)


def attributes(settings: Settings, write_key: str, *, cookieless: bool = False) -> dict[str, str]:
    """The attributes of that line's element, for places where it is made by other means."""
    path = path_of(settings.snippet_path, "")
    return {"src": f"{settings.address}{path}", **_data(settings, path, write_key, cookieless)}


def _check(found: ScriptFile) -> str:
    return f' integrity="{found.integrity}" crossorigin="anonymous"'


def _line(settings: Settings, path: str, check: str, write_key: str, cookieless: bool) -> str:
    data = _data(settings, path, write_key, cookieless).items()
    said = "".join(f' {name}="{value}"' if value else f" {name}" for name, value in data)
    return f'<script async src="{settings.address}{path}"{check}{said}></script>'


def _data(settings: Settings, path: str, write_key: str, cookieless: bool) -> dict[str, str]:
    # The snippet looks for the collector in its own folder, unless it is told.
    host = {"data-host": settings.address} if path.rindex("/") else {}
    return {"data-key": write_key, **host, **({"data-cookieless": ""} if cookieless else {})}
