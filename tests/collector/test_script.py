"""The snippet as it is served: cached, packed, or missing with a cure."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha384
from pathlib import Path

import pytest

from store.settings import Settings
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


@pytest.mark.parametrize("path", ["/w.js", "/w.full.js", "/w.00b8fed348323165f1a5.js", "/w.nonsense.js"])
def test_that_a_file_is_missing_is_kept_by_nobody_and_open_to_all_pages(site: Site, path: str) -> None:
    answer = site.app.test_client().get(path, headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_packed_file_of_the_build_is_what_is_served(site: Site, tmp_path: Path) -> None:
    packed = gzip.compress(b"let a;", 1, mtime=7)
    build(tmp_path, "let a;")
    (tmp_path / "dist" / "w.js.gz").write_bytes(packed)
    client = site.app.test_client()
    assert client.get("/w.js", headers={"Accept-Encoding": "gzip"}).data == packed
    assert client.get("/w.json").json["files"]["w.js"]["gzip"] == len(packed)


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"let b;", mtime=7), gzip.compress(b"let a;", mtime=7)[:-3], b"\x1f\x8b\x08!", b"x"],
)
def test_a_packed_file_of_something_else_is_left_alone(site: Site, tmp_path: Path, packed: bytes) -> None:
    build(tmp_path, "let a;")
    (tmp_path / "dist" / "w.js.gz").write_bytes(packed)
    answer = site.app.test_client().get("/w.js", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == b"let a;"


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


def test_a_hashed_address_never_changes_and_is_kept_for_ever(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    client = site.app.test_client()
    known = client.get("/w.json").json["files"]["w.js"]
    answer = client.get(known["path"])
    assert (answer.status_code, answer.text) == (200, "let a;")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert known["integrity"] == "sha384-" + b64encode(sha384(b"let a;").digest()).decode()
    build(tmp_path, "let bb;")
    gone = client.get(known["path"])
    assert (gone.status_code, gone.json["code"]) == (404, "unknown_build")
    assert "immutable" not in gone.headers.get("Cache-Control", "")
    (tmp_path / "dist" / "kept").mkdir()
    (tmp_path / "dist" / "kept" / known["path"][1:]).write_text("let a;")
    assert client.get(known["path"]).text == "let a;"
    (tmp_path / "dist" / "kept" / known["path"][1:]).write_text("let c;")
    assert client.get(known["path"]).status_code == 404, "what stands under a hash is that content or nothing"


def test_files_beside_the_snippet_have_names_and_hashes_of_their_own(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    client = site.app.test_client()
    assert client.get("/w.full.js").json["code"] == "snippet_not_built"
    (tmp_path / "dist" / "w.full.js").write_text("let full;")
    assert client.get("/w.full.js").text == "let full;"
    path = client.get("/w.json").json["files"]["w.full.js"]["path"]
    assert (path.startswith("/w.full."), client.get(path).text) == (True, "let full;")
    assert client.get(path.replace(".full", "")).status_code == 404, "a hash belongs to one file"
    for strange in ("/w.other.js", "/w.full.xyz.js", "/w...js", "/w.json.js"):
        assert client.get(strange).json["code"] == "unknown_build"


def test_pages_of_all_origins_may_check_what_they_load(site: Site, tmp_path: Path) -> None:
    build(tmp_path, "let a;")
    for path in ("/w.js", "/w.json"):
        answer = site.app.test_client().get(path, headers={"Origin": "https://shop.example"})
        assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        assert "Origin" not in answer.headers.get("Vary", ""), "one answer for all, so that caches share it"


def test_the_path_is_a_setting_and_the_usual_one_goes_on(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    client = open_site(Settings(snippet_path="/assets/stats.js")).app.test_client()
    build(tmp_path, "let a;")
    (tmp_path / "dist" / "w.full.js").write_text("let full;")
    for path in ("/assets/stats.js", "/w.js"):
        assert client.get(path).text == "let a;"
    known = client.get("/assets/stats.json").json["files"]["w.full.js"]["path"]
    assert (known.startswith("/assets/stats.full."), client.get(known).text) == (True, "let full;")
    assert client.get("/assets/stats.full.js").text == "let full;"
