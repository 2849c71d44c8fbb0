"""The built files of the snippet: what pages load, by name or by a hash of their content."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# The default file, the one with everything, and the Core Web Vitals for either.
PARTS = ("", "full", "vitals")
KEPT = "kept"  # files of earlier builds, each under its hash
HASH = re.compile(r"(?:(full|vitals)\.)?([0-9a-f]{20})")


@dataclass(frozen=True)
class ScriptFile:
    """One file: its content, the same packed, the hash in its address, and its value for `integrity`."""

    part: str
    plain: bytes
    packed: bytes
    hash: str
    integrity: str

    def path(self, snippet_path: str) -> str:
        """Where the collector serves exactly this content, if the snippet is at `snippet_path`."""
        return path_of(snippet_path, self.part, self.hash)


def path_of(snippet_path: str, *words: str) -> str:
    """The address of a file beside the snippet: `/w.js` and `full` make `/w.full.js`."""
    return ".".join(filter(None, (snippet_path.removesuffix(".js"), *words, "js")))


def script_file(folder: Path, part: str = "") -> ScriptFile | None:
    """The newest build of a file; None where it is not built."""
    return _at(folder / path_of("w", part), part)


def script_files(folder: Path) -> Iterator[ScriptFile]:
    """All files that are built."""
    yield from filter(None, (script_file(folder, part) for part in PARTS))


def kept_file(folder: Path, words: str) -> ScriptFile | None:
    """The file that an address names by `HASH` or `part.HASH`, of this build or an earlier one."""
    if not (named := HASH.fullmatch(words)):
        return None
    part, wanted = named[1] or "", named[2]
    for path in (folder / path_of("w", part), folder / KEPT / path_of("w", part, wanted)):
        if (found := _at(path, part)) and found.hash == wanted:
            return found
    return None


def _at(path: Path, part: str) -> ScriptFile | None:
    try:
        return _read(path, part, path.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _read(path: Path, part: str, changed: int) -> ScriptFile:  # noqa: ARG001 (a changed file is read anew)
    plain = path.read_bytes()
    return ScriptFile(
        part,
        plain,
        _packed(path, plain),
        hashlib.sha256(plain).hexdigest()[:20],
        "sha384-" + b64encode(hashlib.sha384(plain).digest()).decode(),
    )


def _packed(path: Path, plain: bytes) -> bytes:
    """The packed file that the build left beside, whose size it has checked; made where there is none."""
    with suppress(OSError, EOFError, zlib.error):
        packed = path.with_name(f"{path.name}.gz").read_bytes()
        if gzip.decompress(packed) == plain:
            return packed
    return gzip.compress(plain, 9, mtime=0)
