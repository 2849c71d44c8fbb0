"""What browser libraries ask for besides the tracking API: their settings, and an address for beacons."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from collector.errors import Refusal, json_answer
from collector.reception import Reception
from collector.tracking import receiver
from store.settings import Settings

CACHING = "private, max-age=300"  # private: it may hold the address by which this one sender reached us


def compatibility_room(reception: Reception, settings: Settings) -> Blueprint:
    """The blueprint of what analytics.js and the Rudder library fetch before they send.

    Keys open it from any origin: browsers send none with a GET to the same site, and nothing here is secret.
    """
    room = Blueprint("compatibility", __name__)
    room.add_url_rule(
        "/beacon/v1/batch", "beacon", receiver(reception, "batch"), methods=["POST"]
    )  # the Rudder library when a page closes

    @room.get("/v1/projects/<key>/settings")
    def segment_settings(key: str) -> Response:
        if not reception.keys.find(key):
            raise Refusal(404, "unknown_key", "no project has this write key")
        return _cached(json_answer(200, _for_segment(key, _address(settings))))

    @room.get("/sourceConfig")
    def rudder_config() -> Response:
        text, key = reception.keys.named(request, {})
        return _cached(json_answer(200, _for_rudder(text, str(key.project_id))))

    return room


def _cached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = CACHING
    return answer


def _address(settings: Settings) -> str:
    """Where browsers reach us: as the settings say, else as this one did."""
    if settings.public_url:
        return settings.address
    scheme = request.headers.get("X-Forwarded-Proto", "") if settings.trusted_proxies else ""
    return f"{'https' if scheme == 'https' else request.scheme}://{request.host}"


def _for_segment(key: str, address: str) -> dict[str, Any]:
    """The settings of analytics.js: send to us, through no other integration, and no metrics to anybody."""
    parts = urlsplit(address)
    host = f"{parts.netloc}{parts.path}/v1"
    return {
        "integrations": {"Segment.io": {"apiKey": key, "apiHost": host, "protocol": parts.scheme}},
        "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
        "metrics": {"sampleRate": 0, "host": host, "protocol": parts.scheme},
        "remotePlugins": [],
        "enabledMiddleware": {},
    }


def _for_rudder(key: str, project: str) -> dict[str, Any]:
    """The configuration of a source: enabled, with no other destinations and no reports on itself."""
    reports = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    return {
        "source": {
            "id": project,
            "name": project,
            "writeKey": key,
            "enabled": True,
            "workspaceId": project,
            "config": {"statsCollection": reports},
            "connections": [],
            "destinations": [],
        }
    }
