# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""RSA keys and X.509 certificates in memory. Knows neither files nor a tenant; no private key is in any message."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library

# The identity platform takes assertions signed by RSA ("Application authentication certificate credentials").
KEY_BITS = 2048
BACKDATED = datetime.timedelta(minutes=5)  # a controller whose clock is ahead makes no certificate of the future
LONGEST_COMMON_NAME = 64  # ub-common-name of RFC 5280
_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s.*?-----END (?P=label)-----",
    re.DOTALL,
)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The public part. Times are UTC."""

    der: bytes = dataclasses.field(repr=False)
    start: datetime.datetime
    end: datetime.datetime
    common_name: str | None

    @property
    def thumbprint(self) -> str:
        """SHA-1 in upper case hexadecimal, as the portal shows it. It identifies, and secures nothing."""
        return hashlib.sha1(self.der).hexdigest().upper()


@dataclasses.dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, which is in PEM (PKCS #8, not encrypted); ``pem`` is both."""

    certificate: Certificate
    private_key: bytes = dataclasses.field(repr=False)
    public_pem: bytes = dataclasses.field(repr=False)
    issuers_pem: bytes = dataclasses.field(repr=False, default=b"")

    @property
    def pem(self) -> bytes:
        return self.private_key + self.public_pem

    @property
    def chain_pem(self) -> bytes:
        """The certificate, and those of its issuers that were in the same file."""
        return self.public_pem + self.issuers_pem


def new_pair(*, common_name: str, now: datetime.datetime, lifetime: datetime.timedelta) -> KeyPair:
    """A new key and its self-signed certificate, which ends ``lifetime`` after ``now``.

    Raises MissingLibraryError.
    """
    x509, oid = _library("x509"), _library("x509.oid")
    hashes, rsa = _library("hazmat.primitives.hashes"), _library("hazmat.primitives.asymmetric.rsa")
    serialization = _library("hazmat.primitives.serialization")
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, common_name)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding
    return KeyPair(
        certificate=_described(signed),
        private_key=key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        public_pem=signed.public_bytes(encoding.PEM),
    )


def parse_pair(content: bytes, *, what: str, password: str | None = None, password_option: str = "") -> KeyPair:
    """The key and its certificate in a PEM text or, if a password is possible, in a PKCS #12 file (PFX).

    ``password_option`` names the option for it; "" if there is none. Raises InputError, which names ``what``;
    MissingLibraryError.
    """
    if password_option and b"-----BEGIN " not in content:
        key, loaded = _from_pkcs12(content, what=what, password=password, password_option=password_option)
    else:
        key, loaded = _from_pem(content, what=what, password=password, password_option=password_option)
    rsa, serialization = _library("hazmat.primitives.asymmetric.rsa"), _library("hazmat.primitives.serialization")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InputError(
            f"The private key in {what} is not an RSA key, which Entra ID requires", next_step="Use an RSA key."
        )
    encoding = serialization.Encoding
    wanted = key.public_key().public_numbers()
    numbers = list(map(_public_numbers, loaded))
    if wanted not in numbers:
        raise InputError(
            f"The certificate in {what} belongs to another private key",
            next_step="Use a file with a key and its own certificate.",
        )
    own = loaded.pop(numbers.index(wanted))
    return KeyPair(
        certificate=_described(own),
        private_key=key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        public_pem=own.public_bytes(encoding.PEM),
        issuers_pem=b"".join(issuer.public_bytes(encoding.PEM) for issuer in loaded),
    )


def _from_pem(content: bytes, *, what: str, password: str | None, password_option: str) -> tuple[t.Any, list[t.Any]]:
    """The key, and all certificates."""
    x509, serialization = _library("x509"), _library("hazmat.primitives.serialization")
    keys = [block for label, block in _blocks(content) if label.endswith(b"PRIVATE KEY")]
    certificates = _certificates(content)
    if len(keys) != 1 or not certificates:
        raise InputError(
            f"{what} does not contain one private key and its certificate in PEM form",
            next_step="Use a file as azure_app_certificate writes it.",
        )
    next_step = "Use a file as azure_app_certificate writes it."
    encoded = None
    if b"ENCRYPTED" in keys[0]:
        next_step = f"Check {password_option}, or use another file."
        encoded = _encoded(password)
    try:
        key = serialization.load_pem_private_key(keys[0], password=encoded)
    except TypeError:
        raise _encrypted(what, password_option) from None
    except Exception as exc:  # each version of cryptography has its own, some of them with a part of the text
        raise InputError(
            f"The private key in {what} cannot be read ({type(exc).__name__})", next_step=next_step
        ) from None
    return key, [_loaded(x509.load_pem_x509_certificate, block, what) for block in certificates]


def _from_pkcs12(content: bytes, *, what: str, password: str | None, password_option: str) -> tuple[t.Any, list[t.Any]]:
    pkcs12 = _library("hazmat.primitives.serialization.pkcs12")
    try:
        key, own, issuers = pkcs12.load_key_and_certificates(content, _encoded(password))
    except Exception as exc:  # each version of cryptography has its own; a wrong password looks like a damaged file
        raise InputError(
            f"{what} is neither PEM nor a PKCS #12 file (PFX) that can be read ({type(exc).__name__})",
            next_step=f"Check the file and {password_option}.",
        ) from None
    if key is None or own is None:
        raise InputError(
            f"{what} does not contain a private key and its certificate",
            next_step="Export both of them, with the private key, into one file.",
        )
    return key, [own, *issuers]


def _encoded(password: str | None) -> bytes | None:
    if not password:
        return None
    return password.encode()


def _encrypted(what: str, password_option: str) -> InputError:
    next_step = "Use a file with a key that needs no password."
    if password_option:
        next_step = f"Set {password_option}."
    return InputError(f"The private key in {what} is encrypted", next_step=next_step)


def parse_certificate(content: bytes, *, what: str) -> Certificate:
    """The only certificate in a PEM text or in DER. Raises InputError, which names ``what``; MissingLibraryError."""
    x509 = _library("x509")
    if b"-----BEGIN " in content:
        found = _certificates(content)
        if len(found) != 1:
            raise InputError(
                f"{what} contains {len(found)} certificates in PEM form",
                next_step="Keep only the one that the application signs in with, without the certificates of issuers.",
            )
        loaded = _loaded(x509.load_pem_x509_certificate, found[0], what)
    else:
        loaded = _loaded(x509.load_der_x509_certificate, content, what)
    numbers = _public_numbers(loaded)
    if numbers is None or numbers.n.bit_length() < KEY_BITS:
        raise InputError(
            f"The certificate in {what} is not for an RSA key with at least {KEY_BITS} bits",
            next_step="Use an RSA key: the identity platform accepts no other for the sign-in.",
        )
    return _described(loaded)


def _blocks(content: bytes) -> list[tuple[bytes, bytes]]:
    return [(match["label"], match[0] + b"\n") for match in _BLOCK.finditer(content)]


def _certificates(content: bytes) -> list[bytes]:
    return [block for label, block in _blocks(content) if label in _CERTIFICATES]


def _loaded(load: t.Callable[[bytes], t.Any], content: bytes, what: str) -> t.Any:
    try:
        return load(content)
    except Exception as exc:  # each version of cryptography has its own
        raise InputError(
            f"{what} contains no readable certificate ({type(exc).__name__})",
            next_step="Use an X.509 certificate in PEM or DER form.",
        ) from None


def _public_numbers(certificate: t.Any) -> t.Any:
    """Of an RSA key; None for any other, also for one that cryptography does not know."""
    rsa = _library("hazmat.primitives.asymmetric.rsa")
    try:
        public = certificate.public_key()
    except Exception:  # each version of cryptography has its own for a kind of key that it does not know
        return None
    if not isinstance(public, rsa.RSAPublicKey):
        return None
    return public.public_numbers()


def _described(certificate: t.Any) -> Certificate:
    serialization, oid = _library("hazmat.primitives.serialization"), _library("x509.oid")
    names = certificate.subject.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    common_name = None
    if names:
        common_name = str(names[0].value)
    return Certificate(
        der=certificate.public_bytes(serialization.Encoding.DER),
        start=_moment(certificate, "not_valid_before"),
        end=_moment(certificate, "not_valid_after"),
        common_name=common_name,
    )


def _moment(certificate: t.Any, name: str) -> datetime.datetime:
    """cryptography 42 gave these a time zone and another name."""
    if hasattr(certificate, f"{name}_utc"):
        aware: datetime.datetime = getattr(certificate, f"{name}_utc")
        return aware
    naive: datetime.datetime = getattr(certificate, name)
    return naive.replace(tzinfo=datetime.timezone.utc)


def _library(name: str) -> t.Any:
    return import_library(f"cryptography.{name}")
