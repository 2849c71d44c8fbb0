"""The npm package as its users get it: packed, bundled into a page, typed, and harmless on a server."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.browser.stage import Ground, in_short, stage_on

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SNIPPET = Path(__file__).parents[2] / "js_snippet"
PAGE = """
import { init, identify, ready, track } from "@waywiser/browser";
import { errors } from "@waywiser/browser/full";
track("Too Early");
init({ key: KEY, host: HOST, auto: ["links"], with: [errors] });
identify("u-7", { plan: "pro" });
ready(() => track("Ready"));
init({ key: KEY, host: HOST });
"""
TYPED = """
import { identify, init, page, track, type Options } from "@waywiser/browser";
import { vitals } from "@waywiser/browser/full";
const options: Options = { key: "wb_x", host: "/ww", pages: "manual", hash: true, with: [vitals] };
init(options);
track("Paid", { amount: 49 });
identify(42, { plan: "pro" });
page();
// @ts-expect-error a name is needed
track();
init({ ...options, auto: ["links", "forms", "engagement"] });
// @ts-expect-error downloads are links
init({ ...options, auto: ["downloads"] });
// @ts-expect-error a key is needed
init({ host: "/ww" });
"""


def said_by(*words: str | Path, folder: Path) -> str:
    done = subprocess.run(list(map(str, words)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has installed the packed package."""
    folder = tmp_path_factory.mktemp("project")
    said_by("npm", "run", "--silent", "package", folder=SNIPPET)
    packed = said_by("npm", "pack", "--silent", SNIPPET / "dist" / "npm", folder=folder).strip()
    with tarfile.open(folder / packed) as archive:
        archive.extractall(folder, filter="data")
    (folder / "node_modules" / "@waywiser").mkdir(parents=True)
    shutil.move(folder / "package", folder / "node_modules" / "@waywiser" / "browser")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def bundle(project: Path, text: str, *options: str) -> str:
    (project / "page.js").write_text(text)
    esbuild = SNIPPET / "node_modules" / ".bin" / "esbuild"
    return said_by(esbuild, "page.js", "--bundle", "--minify", "--format=esm", *options, folder=project)


def test_a_page_that_is_bundled_with_it_measures(ground: Ground, project: Path) -> None:
    stage = stage_on(ground)
    key, host = f'--define:KEY="{stage.key}"', f'--define:HOST="{stage.collector}"'
    code = bundle(project, PAGE, key, host)
    page = stage.open(stage.put("/app", head="", body=f"<script type=module>{code}</script>"))
    stage.arrived(4)
    page.evaluate("setTimeout(() => { throw Error('broken') })")
    found = stage.all_told(5)
    page.close()
    stage.visitor.close()
    expected = ["page /app", "track Too Early", "identify", "track Ready", "track JavaScript Error"]
    assert [in_short(event) for event in found] == expected
    assert [event["user"] for event in found] == ["", "", "u-7", "u-7", "u-7"]
    assert "Rage Click" not in code, "what is not handed in is not in the bundle"


def test_errors_of_an_application_in_a_classic_script_are_told(ground: Ground, project: Path) -> None:
    """There the browser names the application as the script that runs."""
    stage = stage_on(ground)
    text = """
    import { init } from "@waywiser/browser";
    import { errors } from "@waywiser/browser/full";
    init({ key: KEY, host: HOST, auto: [], with: [errors] });
    setTimeout(() => { null.field });
    Promise.reject(TypeError("late"));
    """
    key, host = f'--define:KEY="{stage.key}"', f'--define:HOST="{stage.collector}"'
    ground.site.pages["/app.js"] = (bundle(project, text, key, host, "--format=iife"), {})
    page = stage.open(stage.put("/app", head="<script src=/app.js></script>"))
    found = stage.all_told(3)
    page.close()
    stage.visitor.close()
    assert [in_short(event) for event in found] == ["page /app", *["track JavaScript Error"] * 2]


def test_what_a_page_does_not_use_is_left_out(project: Path) -> None:
    assert len(bundle(project, 'import "@waywiser/browser";')) < 10
    assert len(bundle(project, 'import { track } from "@waywiser/browser"; track("Paid");')) < 600


def test_it_tells_its_users_how_to_use_it(project: Path) -> None:
    folder = project / "node_modules" / "@waywiser" / "browser"
    readme = (folder / "README.md").read_text()
    assert "npm install @waywiser/browser" in readme
    assert not re.search(r"\]\((?!https?://|#)", readme), "nothing beside it is in the package"
    assert "npm run build" not in readme
    for code in re.findall(r"```js\n(.*?)```", readme, re.DOTALL):
        assert bundle(project, code)


def test_on_a_server_it_does_nothing_and_breaks_nothing(project: Path) -> None:
    script = """
    import * as ww from "@waywiser/browser";
    import "@waywiser/browser/full";
    ww.init({key: "k", host: "/"});
    ww.track("Paid");
    """
    said = said_by("node", "--input-type=module", "-e", script + "console.log(typeof window)", folder=project)
    assert said == "undefined\n"


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_its_types_say_what_it_takes(project: Path, resolution: str) -> None:
    (project / "typed.ts").write_text(TYPED)
    module = "esnext" if resolution == "bundler" else "nodenext"
    words = (
        "--noEmit",
        "--strict",
        "--target",
        "es2021",
        "--module",
        module,
        "--moduleResolution",
        resolution,
    )
    said_by(SNIPPET / "node_modules" / ".bin" / "tsc", *words, "typed.ts", folder=project)
