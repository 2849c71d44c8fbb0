"""Puts the pages of the admin and its REST API together."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from admin import (
    assets,
    drop_words,
    failures,
    formats,
    headers,
    locales,
    login,
    navigation,
    null_bytes,
    places,
    refusals,
    refused_merges,
)
from admin.api import api_room
from admin.embedding import Shelf
from admin.services import Services
from admin.throttle import Throttle
from admin.views import (
    accounts,
    catalog,
    customers,
    digest_stop,
    discovery,
    editor,
    embedded,
    embeds,
    erasure,
    explore,
    identities,
    identity_rules,
    ingestion,
    install,
    invitations,
    journey,
    journeys,
    keys,
    lifecycle,
    live,
    log,
    me,
    palette,
    passwords,
    people,
    plan,
    projects,
    routes,
    rules,
    segments,
    sessions,
    setup,
    sign_in,
    system,
    waiting,
)
from store import kept

PAGES = (
    sign_in,
    passwords,
    invitations,
    setup,
    projects,
    me,
    digest_stop,
    log,
    palette,
    install,
    journeys,
    journey,
    segments,
    discovery,
    explore,
    editor,
    customers,
    accounts,
    sessions,
    live,
    ingestion,
    keys,
    embeds,
    embedded,
    lifecycle,
    people,
    catalog,
    plan,
    rules,
    routes,
    identities,
    identity_rules,
    erasure,
    system,
    waiting,
)

MOST_BYTES = 1 << 20  # of a request


def create_app(services: Services) -> Flask:
    """The admin as a Flask application that answers at `/`."""
    app = Flask("admin", static_folder=str(assets.FOLDER), static_url_path="/static")
    app.config.update(
        SECRET_KEY=services.settings.secret_key or kept.value(services.engine, "secret_key"),
        SESSION_COOKIE_NAME="waywiser_admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=services.settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),  # every built file carries a hash in its name
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # a token is good for as long as its session
    )
    app.extensions["waywiser"] = services
    app.extensions["waywiser_throttle"] = Throttle(services.engine, app.config["SECRET_KEY"])
    app.extensions["waywiser_shelf"] = Shelf()
    room = api_room()
    app.register_blueprint(room)
    csrf = CSRFProtect(app)
    for exempt in (room, digest_stop.pages):  # tokens of their own let programs in
        csrf.exempt(exempt)
    if proxies := services.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    for page in PAGES:
        app.register_blueprint(page.pages)
    drawing = assets, headers, locales, formats, navigation, places, drop_words, refusals, refused_merges
    for part in (*drawing, failures, login, null_bytes):
        part.register(app)
    return app
