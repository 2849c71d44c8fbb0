"""What one endpoint is: its route, who may call it, what it reads, and the function that answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import yaml
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from admin import null_bytes
from admin.services import Services, services
from journeys import plain_yaml
from store import audit
from store.projects import ROLES, Project, find_api_token, project_by_id

# Which scope of tokens opens which paths, by their first word.
SCOPE_OF = {
    **dict.fromkeys(("journeys", "segments", "lifecycle", "sessions", "discovery", "explore"), "journeys"),
    **dict.fromkeys(("customers", "accounts", "identities", "erasures", "suppressions"), "customers"),
    **dict.fromkeys(("events", "drops", "ingestion", "robots", "health", "plan"), "events"),
    **dict.fromkeys(("rules", "retention", "routes", "audit"), "settings"),
}


class Refused(Exception):
    """A call that is answered with an error; `field` names what was wrong in it."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


@dataclass(frozen=True)
class Call:
    """One call: the caller's project, role and name, and the arguments that were read.

    What is asked of the events of `services` has the limit of a report.
    """

    services: Services
    project: Project
    role: str
    caller: str
    now: int
    query: Mapping[str, Any]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One route of the API. `answer` gets the call and the path's values, and returns JSON-like data."""

    method: str
    path: str
    answer: Callable[..., Any]
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    role: str = "viewer"
    status: int = 200

    @property
    def summary(self) -> str:
        """The first line of the answering function's docstring."""
        return (self.answer.__doc__ or "").strip().splitlines()[0]

    @property
    def open_path(self) -> str:
        """The path as OpenAPI writes it."""
        return "/api/v1" + re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", self.path)

    @property
    def scope(self) -> str:
        """The part of the API to which it belongs, by the first word of its path."""
        return SCOPE_OF[self.path.split("/")[1].partition(".")[0]]

    def add_to(self, room: Blueprint) -> None:
        """Serve this endpoint."""
        name = f"{self.method.lower()}_{self.answer.__name__}"
        room.add_url_rule(f"/v1{self.path}", name, self._called, methods=[self.method])

    def _called(self, **values: Any) -> ResponseReturnValue:
        call = self._call()
        answer = self.answer(call, **values)
        if self.method != "GET" and self.role != "viewer":
            self._note(call, values)
        if isinstance(answer, Response):
            return answer
        return ("", 204) if answer is None else (jsonify(answer), self.status)

    def _note(self, call: Call, values: Mapping[str, Any]) -> None:
        """Write into the audit log what the token was used for."""
        subject = str(values or call.body.get("key") or "")
        audit.record(
            call.services.engine,
            call.project.id,
            by=f"API token {call.caller}",
            did=f"{self.method} {self.path} {subject}".strip(),
            address=request.remote_addr or "",
            now=call.now,
        )

    def _call(self) -> Call:
        open_services = services()
        now = open_services.clock()
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        is_bearer = kind.lower() == "bearer"
        token = find_api_token(open_services.engine, text.strip(), now=now) if is_bearer else None
        project = project_by_id(open_services.engine, token.project_id) if token else None
        if token is None or project is None:
            raise Refused(401, "unauthorized", "send a valid API token as `Authorization: Bearer …`")
        if ROLES.index(token.role) < ROLES.index(self.role):
            raise Refused(403, "forbidden", f"this needs a token with the role {self.role}")
        if self.scope not in token.scopes:
            raise Refused(403, "forbidden", f"this needs a token with the scope {self.scope}")
        if null_bytes.are_in([request.path, request.args.to_dict(flat=False)]):
            raise Refused(400, "null_byte", null_bytes.SENTENCE)
        query = self.query().load(request.args.to_dict()) if self.query else {}
        limited = replace(open_services, events=open_services.events.asked_for(open_services.work()))
        return Call(limited, project, token.role, token.name, now, query, self._body())

    def _body(self) -> Mapping[str, Any]:
        if self.body is None:
            return {}
        schema = self.body()
        if not request.get_data() and not any(one.required for one in schema.fields.values()):
            return cast(Mapping[str, Any], schema.load({}))
        data = _yaml() if "yaml" in request.mimetype else request.get_json(force=True, silent=True)
        if not isinstance(data, dict):
            raise Refused(400, "invalid_json", "the body must be a JSON object")
        if null_bytes.are_in(data):
            raise Refused(400, "null_byte", null_bytes.SENTENCE)
        loaded: Mapping[str, Any] = schema.load(data)
        return loaded


def _yaml() -> Any:
    """A body that says it is YAML; None for what is none."""
    try:
        return plain_yaml.read(request.get_data(as_text=True))
    except yaml.YAMLError:
        return None
