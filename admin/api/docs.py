"""Describes the API: OpenAPI as JSON, and the same as a page to read."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from admin.api.endpoint import Endpoint

ERROR = {"type": "object", "required": ["success", "code", "message"]}


def add_to(room: Blueprint, endpoints: list[Endpoint]) -> None:
    """Serve `/api/openapi.json` and `/api/docs`."""
    description = described(endpoints)

    def openapi() -> ResponseReturnValue:
        return jsonify(description)

    def docs() -> ResponseReturnValue:
        return render_template("api_docs.html", endpoints=endpoints, paths=description["paths"])

    room.add_url_rule("/openapi.json", "openapi", openapi)
    room.add_url_rule("/docs", "docs", docs)


def described(endpoints: list[Endpoint]) -> dict[str, Any]:
    """The OpenAPI description of these endpoints."""
    spec = APISpec(
        title="Waywiser",
        version="1",
        openapi_version="3.0.3",
        plugins=[MarshmallowPlugin()],
        info={"description": "Journeys, runs, customers and events of one project: the token's."},
        security=[{"token": []}],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Error", ERROR | {"properties": _error_properties()})
    for one in endpoints:
        spec.path(path=one.open_path, operations={one.method.lower(): _operation(one)})
    return spec.to_dict()


def _operation(one: Endpoint) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", one.open_path)
    parameters: list[Any] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}} for name in names
    ]
    if one.query:
        parameters.append({"in": "query", "schema": one.query})
    error = {"description": "refused", "content": {"application/json": {"schema": "Error"}}}
    operation: dict[str, Any] = {
        "summary": one.summary,
        "description": f"Needs the role {one.role}.",
        "operationId": one.answer.__name__,
        "parameters": parameters,
        "responses": {
            str(204 if one.method == "DELETE" else one.status): _answered(one),
            "default": error,
        },
    }
    if one.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": one.body}}}
    return operation


def _answered(one: Endpoint) -> dict[str, Any]:
    if not one.path.endswith(".csv"):
        return {"description": "done"}
    return {"description": "a file", "content": {"text/csv": {"schema": {"type": "string"}}}}


def _error_properties() -> dict[str, Any]:
    return {
        "success": {"type": "boolean", "enum": [False]},
        **{name: {"type": "string"} for name in ("code", "message", "field")},
    }
