"""The snippet as it is served: cached, packed, or missing with a cure."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.collector.conftest import Site


def build(tmp_path: Path, text: str) -> None:
    (tmp_path / "dist").mkdir(exist_ok=True)
    (tmp_path / "dist" / "w.js").write_text(text)


def test_a_snippet_that_is_not_built_is_a_404_that_says_how_to_build_it(site: Site) -> None:
    answer = site.app.test_client().get("/w.js")
    assert (answer.status_code, answer.json["code"]) == (404, "snippet_not_built")
    assert "make setup" in answer.json["message"]


def test_the_snippet_is_script_that_browsers_may_cache(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    answer = site.app.test_client().get("/w.js")
    assert (answer.status_code, answer.text) == (200, "let a;")
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert "max-age" in answer.headers["Cache-Control"]
    again = site.app.test_client().get("/w.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_snippet_is_packed_for_browsers_that_unpack(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    answer = site.app.test_client().get("/w.js", headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == b"let a;"
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_snippet_that_is_built_anew_is_served_at_once(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    first = site.app.test_client().get("/w.js")
    build(tmp_path, "let bb;")
    second = site.app.test_client().get("/w.js")
    assert (first.text, second.text) == ("let a;", "let bb;")
    assert first.headers["ETag"] != second.headers["ETag"]
