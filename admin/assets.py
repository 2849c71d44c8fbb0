"""Finds the built script and style files, whose names change with their content."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, url_for

FOLDER = Path(__file__).parent / "static"


def register(app: Flask) -> None:
    """Give templates `asset('app.css')`."""
    names = manifest()

    def asset(name: str) -> str:
        return url_for("static", filename=names.get(name, name))

    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["assets_are_built"] = bool(names)


def manifest() -> dict[str, str]:
    """Plain names and the versioned ones; empty before the first build."""
    path = FOLDER / "manifest.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}
