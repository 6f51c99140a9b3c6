# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Self-signed certificates and hand-made assertions for the tests."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass
class Pair:
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, *, days: int = 30) -> Pair:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
        now = datetime.now(tz=timezone.utc)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        end = now + timedelta(days=days)
        begin = min(now, end - timedelta(days=1))
        builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(end)
        return cls(key, builder.sign(key, hashes.SHA256()))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def encoded(self) -> str:
        return base64.b64encode(self.der).decode()

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()

    def credential(self, **more: Any) -> dict[str, Any]:
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": self.encoded, **more}

    def for_msal(self, *, sha256: bool = False) -> dict[str, str]:
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        given = {"private_key": pem, "public_certificate": public}
        # Without a thumbprint msal computes SHA-256 from the certificate and sends x5t#S256.
        return given if sha256 else {**given, "thumbprint": self.thumbprint}

    def assertion(self, client_id: str, audience: str, *, header: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "nbf": now,
            "exp": now + 600,
            "jti": str(uuid.uuid4()),
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        digest = self.certificate.fingerprint(hashes.SHA1())
        x5t = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"x5t": x5t} if header is None else header)
