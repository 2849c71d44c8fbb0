"""The recipes for nginx and Caddy in the documentation, run by these programs themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from playwright.sync_api import Response as Heard

from tests.browser.stage import Ground, in_short, served_app, stage_on
from tests.installation import eventually, free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
NGINX = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {recipe}
        location / {{ proxy_pass {site}; }}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    {recipe}
    handle {{
        reverse_proxy {site}
    }}
}}
"""
Proxy = tuple[str, str, Callable[[str, Path], list[str]]]
PROXIES: dict[str, Proxy] = {
    "nginx": ("nginx", NGINX, lambda program, file: [program, "-e", "stderr", "-c", str(file)]),
    "caddy": (
        "caddy",
        CADDY,
        lambda program, file: [program, "run", "--adapter", "caddyfile", "--config", str(file)],
    ),
}


def recipe(language: str, upstream: str, *, with_cookie: bool) -> str:
    """The lines that the documentation gives to its readers, with a collector that needs no TLS."""
    text = (ROOT / "docs" / "snippet.md").read_text()
    (lines,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    if with_cookie:  # as the comment says: the last line in place of the one above it
        lines = re.sub(r"\n[^\n]*Cookie[^\n]*\n([^\n]*# With[^\n]*\n\s*)# ", r"\n\1", lines)
    return lines.replace("https://HOST", upstream).replace("HOST", urlsplit(upstream).netloc)


@contextmanager
def running(
    name: str, folder: Path, *, upstream: str, site: str = "http://127.0.0.1:9", with_cookie: bool = False
) -> Iterator[int]:
    """The program with its recipe before a site, at a port of its own."""
    language, around, command = PROXIES[name]
    program = installed(name)
    port = free_port()
    file = folder / name
    lines = recipe(language, upstream, with_cookie=with_cookie)
    file.write_text(around.format(folder=folder, port=port, recipe=lines, site=site))
    own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command(program, file), stdout=log, stderr=log, env={**os.environ, **own})
    try:
        up = eventually(lambda: answers(port) or process.poll() is not None, bool)
        assert up, (folder / "log").read_text()
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def installed(name: str) -> str:
    """The program, that of the virtual environment first."""
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if not program:
        pytest.skip(f"{name} is not installed")
    return program


def is_old(name: str) -> bool:
    """Whether it is a Caddy before 2.7."""
    if name != "caddy":
        return False
    said = subprocess.run([installed(name), "version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2])) < (2, 7)


def answers(port: int) -> bool:
    return asked(port, "/ww/v1/x") is not None


def asked(port: int, path: str, **headers: str) -> tuple[int, Any] | None:
    """Status and JSON, as far as there is an answer and it is JSON."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=60
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, None
    except (OSError, ValueError):
        return None


def echo() -> Flask:
    """A collector that says what it was asked."""
    app = Flask("echo")

    @app.get("/<path:path>")
    def say(path: str) -> dict[str, Any]:
        names = ("Host", "Cookie", "X-Forwarded-For", "X-Forwarded-Proto")
        return {"path": f"/{path}"} | {name: request.headers.get(name, "") for name in names}

    return app


@pytest.mark.parametrize("name", PROXIES)
def test_a_recipe_passes_on_what_the_collector_needs_and_no_cookie_of_the_site(
    name: str, tmp_path: Path
) -> None:
    cookies = {"Cookie": "session=secret; waywiser_id=abc; waywiser_consent=granted"}
    with served_app(echo()) as there:
        upstream = f"http://127.0.0.1:{there}"
        with running(name, tmp_path, upstream=upstream) as port:
            for path in ("/w.js", "/w.full.js", "/v1/batch"):
                status, seen = asked(port, f"/ww{path}", **cookies) or (0, {})
                assert (status, seen["path"], seen["Cookie"]) == (200, path, "")
                assert seen["Host"] == urlsplit(upstream).netloc
            assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
            for path in ("/ww/sign-in", "/ww/health", "/ww/v1/../sign-in", "/ww/v1/%2e%2e/sign-in"):
                assert (asked(port, path) or (502, None))[0] != 200, path


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize(("given", "handed_on"), [("; waywiser_consent=granted", "granted"), ("", "")])
def test_a_recipe_for_the_servers_cookie_passes_on_the_two_that_it_needs(
    name: str, tmp_path: Path, given: str, handed_on: str
) -> None:
    if is_old(name):
        pytest.skip("this Caddy writes the name of a cookie that is not there in its place")
    with (
        served_app(echo()) as there,
        running(name, tmp_path, upstream=f"http://127.0.0.1:{there}", with_cookie=True) as port,
    ):
        cookies = {"Cookie": f"session=secret; waywiser_id=abc{given}"}
        _, seen = asked(port, "/ww/v1/cookie", **cookies) or (0, {})
        assert seen["Cookie"] == f"waywiser_id=abc; waywiser_consent={handed_on}"


@pytest.mark.parametrize("name", PROXIES)
def test_behind_a_recipe_everything_works(ground: Ground, name: str, tmp_path: Path) -> None:
    stage = stage_on(ground)
    with_cookie = not is_old(name)
    options = f'data-key="{stage.key}" data-auto {"data-server-cookie" if with_cookie else ""}'
    stage.put("/page", head=f'<script async src="/ww/w.full.js" {options}></script>')
    collector, site = ground.installation.address, ground.site.at("").removesuffix("/")
    with running(name, tmp_path, upstream=collector, site=site, with_cookie=with_cookie) as port:
        page = stage.visitor.new_page()
        heard: dict[str, Heard] = {}
        page.on("response", lambda answer: heard.update({urlsplit(answer.url).path: answer}))
        stage.open(f"http://www.shop.test:{port}/page", page=page)
        page.evaluate("waywiser.track('Through')")
        assert [in_short(event) for event in stage.all_told(2)] == ["page /page", "track Through"]
        script = heard["/ww/w.full.js"].all_headers()
        assert script["content-type"] == "text/javascript; charset=utf-8"
        assert script["cache-control"].startswith("public, max-age=3600")
        if with_cookie:
            eventually(lambda: (page.evaluate("0"), "/ww/v1/cookie" in heard)[1], bool)
            answer = heard["/ww/v1/cookie"]
            assert "Domain=shop.test" in answer.all_headers().get("set-cookie", ""), answer.text()
    stage.visitor.close()
