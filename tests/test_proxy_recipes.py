"""The recipes of docs/snippet.md for a proxy under one's own domain, run as they are printed there."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path

import pytest

from tests.installation import Installation, eventually, free_port

GUIDE = (Path(__file__).parents[1] / "docs" / "snippet.md").read_text()
VISITOR = "2f0f4a0e-5f7a-4d8e-9b44-6a4a2f6a0001"
COOKIES = f"session=secret; waywiser_id={VISITOR}; waywiser_consent=granted"
# Around the recipe stands no more than a server that has just been installed.
NGINX = """
daemon off; pid nginx.pid; error_log stderr; events {{}}
http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fast;
uwsgi_temp_path uwsgi; scgi_temp_path scgi;
server {{ listen 127.0.0.1:{port}; location / {{ return 404; }} {recipe} }} }}
"""
CADDY = """
{{
admin off
auto_https off
}}
http://127.0.0.1:{port} {{
{recipe}
handle {{
respond 404
}}
}}
"""
SERVERS = {
    "nginx": (NGINX, ["nginx", "-p", "{folder}", "-c", "{file}"]),
    "caddy": (CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]),
}

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path, TRUSTED_PROXIES="1", SERVER_COOKIE="true") as place:
        place.init()
        place.start()
        yield place


def recipe(server: str, collector: str, *, with_cookie: bool) -> str:
    """What the guide prints for that server; with the cookie, as the comment there says."""
    found = re.search(rf"^```{server}\n(.+?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found
    text = found[1].replace("https://HOST", f"http://{collector}").replace("HOST", collector)
    if with_cookie:
        text = re.sub(r"^.*(Cookie \"\"|-Cookie).*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"# (proxy_set_header|header_up)", r"\1", text)
    return text


@contextmanager
def proxied(place: Installation, server: str, *, with_cookie: bool = False) -> Iterator[int]:
    """The port of a site whose server has the recipe."""
    if not shutil.which(server):
        pytest.skip(f"{server} is not installed")
    form, command = SERVERS[server]
    folder, port = place.folder / server, free_port()
    folder.mkdir()
    file = folder / "config"
    file.write_text(
        form.format(port=port, recipe=recipe(server, f"127.0.0.1:{place.port}", with_cookie=with_cookie))
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(folder=folder, file=file) for part in command],
            stdout=log,
            stderr=log,
            env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    try:
        assert eventually(lambda: connects(port), bool), (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, Message, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, {"Cookie": COOKIES, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize("server", SERVERS)
def test_a_recipe_serves_the_snippet_and_passes_its_events_on(place: Installation, server: str) -> None:
    key = place.made["write_key"]
    with proxied(place, server) as port:
        assert ask(port, "GET", "/ww/w.js")[2] == ask(place.port, "GET", "/w.js")[2]
        sent = {"batch": [{"type": "page", "anonymousId": VISITOR}, {"type": "track", "event": "Paid"}]}
        status, _, answer = ask(
            port,
            "POST",
            f"/ww/v1/batch?writeKey={key}",
            json.dumps(sent).encode(),
            **{"X-Forwarded-For": "81.2.69.142"},
        )
        assert (status, json.loads(answer)["accepted"]) == (200, 1)
        dropped = eventually(lambda: place.api("/drops")["drops"], bool)[0]
        assert dropped["original"]["ip"] == "127.0.0.0", "whom the proxy saw, not whom the browser names"
        for path in ("/ww/sign-in", "/ww/health", "/sign-in", "/ww/"):
            assert ask(port, "GET", path)[0] == 404, path


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("with_cookie", "status"), [(False, 409), (True, 200)])
def test_a_recipe_hands_on_the_cookies_that_its_comment_says(
    place: Installation, server: str, with_cookie: bool, status: int
) -> None:
    with proxied(place, server, with_cookie=with_cookie) as port:
        asked = f"/ww/v1/cookie?writeKey={place.made['write_key']}&domain=shop.test&day=20000"
        found, headers, answer = ask(port, "POST", asked, b"", Origin="http://shop.test")
        assert found == status, answer
        assert (f"waywiser_copy={VISITOR}.granted.20000;" in headers.get("Set-Cookie", "")) == with_cookie
