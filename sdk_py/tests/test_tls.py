"""Delivery over TLS, against a real server with a certificate of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from sink import Answer, Sink

from waywiser import Client, ConnectionFailed, DeliveryError, HttpTransport, Request

x509 = pytest.importorskip("cryptography.x509")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "waywiser test")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure_sink(certificate: Path) -> Iterator[Sink]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Sink(context)
    yield server
    server.close()


@pytest.mark.parametrize("is_polite", [True, False], ids=["says goodbye", "just closes"])
def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed(
    is_polite: bool, secure_sink: Sink, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    errors: list[DeliveryError] = []
    with Client("key-1", secure_sink.url, on_error=errors.append) as client:
        client.track("A", user_id="1")
        assert client.flush(10)
        secure_sink.drop_connections(is_polite)
        client.track("B", user_id="1")
        assert client.flush(10)
    assert secure_sink.events == ["A", "B"]
    assert errors == []


@pytest.mark.parametrize("is_polite", [True, False], ids=["says goodbye", "just closes"])
def test_the_first_party_route_keeps_its_connection_over_tls_too(
    is_polite: bool, secure_sink: Sink, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flask = pytest.importorskip("flask")
    from waywiser.flask import proxy

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    app = flask.Flask("site")
    app.register_blueprint(proxy(secure_sink.url), url_prefix="/ww")
    browser = app.test_client()
    for _ in range(2):
        secure_sink.answers.append(Answer(headers={"Content-Type": "application/json"}))
        assert browser.post("/ww/v1/batch", data=b'{"batch": []}').status_code == 200
        secure_sink.drop_connections(is_polite)


def test_a_certificate_that_nobody_vouches_for_is_not_taken(secure_sink: Sink) -> None:
    with pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED"):
        HttpTransport().send(Request(secure_sink.url + "/v1/batch", {}, b"{}", 60))
    assert secure_sink.requests == []
