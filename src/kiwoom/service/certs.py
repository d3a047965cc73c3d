"""A local certificate authority and certificates for the service and its clients, for ``kiwoom certs``."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from kiwoom.errors import MissingDependency, UsageError
from kiwoom.installing import pip_install

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Made", "make_certificates"]

# Days; clients reject certificates that are valid for longer, also those of a private authority.
_DAYS = 825
# Ten years: every client must be given a new authority's certificate by hand.
_CA_DAYS = 3650


# The other files in the folder; on Windows a backslash or a drive would lead elsewhere.
_TAKEN = frozenset({"ca", "server", ".", ".."})


@dataclass(frozen=True)
class Made:
    """The files that were made."""

    ca: Path
    cert: Path
    key: Path
    client_cert: Path
    client_key: Path


def make_certificates(folder: Path, names: Iterable[str], client: str = "client") -> Made:
    """
    Make certificates for a service reached by `names` (host names, addresses), and one for a client, in `folder`.

    The authority of an earlier call (``ca.pem``, ``ca.key``) is used again: clients that trust it go on to. Keys are
    readable by their owner alone. Raises MissingDependency without the cryptography package, UsageError for no name.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise MissingDependency(f"certificates need cryptography: {pip_install('service')}") from None
    wanted = list(dict.fromkeys(names))
    if not wanted:
        raise UsageError("a certificate needs the name or address by which clients reach the service")
    if not client or any(c in client for c in "/\\:") or client in _TAKEN or not client.isprintable():
        raise UsageError(f"{client!r} is no name for the client's files: one word, without a folder")
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, ca = _authority(folder)
    made = Made(
        ca=folder / "ca.pem",
        cert=folder / "server.pem",
        key=folder / "server.key",
        client_cert=folder / f"{client}.pem",
        client_key=folder / f"{client}.key",
    )
    # The curve that every gRPC build has in its TLS (BoringSSL).
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _builder(wanted[0], server_key.public_key(), ca.subject, _DAYS).add_extension(
        # Clients look here and not at the common name.
        x509.SubjectAlternativeName([_general_name(name) for name in wanted]),
        critical=False,
    )
    server = server.add_extension(
        x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    _write(made.cert, made.key, _signed(server, ca_key), server_key)
    client_key = ec.generate_private_key(ec.SECP256R1())
    client_builder = (
        _builder(client, client_key.public_key(), ca.subject, _DAYS)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    _write(made.client_cert, made.client_key, _signed(client_builder, ca_key), client_key)
    return made


def _authority(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    cert_path, key_path = folder / "ca.pem", folder / "ca.key"
    if cert_path.exists() and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UsageError(f"{key_path} is not an authority that this command made")
        return key, x509.load_pem_x509_certificate(cert_path.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kiwoom local authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder("kiwoom local authority", key.public_key(), name, _CA_DAYS)
        # Path length 0: no certificate that it signs may sign others.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    cert = _signed(builder, key)
    _write(cert_path, key_path, cert, key)
    return key, cert


def _builder(common_name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    # A few minutes back: the clocks of two machines differ.
    now = datetime.now(timezone.utc) - timedelta(minutes=10)
    return (
        x509.CertificateBuilder()
        # X.509 allows 64 characters in a common name.
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name[:64])]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    return builder.sign(key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(cert_path: Path, key_path: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # With O_EXCL: the key goes into a new file with these rights, never into one that others have open.
    key_path.unlink(missing_ok=True)
    descriptor = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
