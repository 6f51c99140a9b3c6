# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New keys from a stock, each checked once, since creating or checking one takes longer than a whole run."""

from __future__ import annotations

import functools
import itertools
import re
import typing as t

import jwt.algorithms
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

DIFFERENT_KEYS = 3
PLAIN_KEY = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n", re.DOTALL)

load_pem_private_key = serialization.load_pem_private_key


@functools.cache
def key_pairs() -> tuple[rsa.RSAPrivateKey, ...]:
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=2048) for _number in range(DIFFERENT_KEYS))


@functools.cache
def _loaded_once(key: bytes) -> t.Any:
    return load_pem_private_key(key, None)


def _load(data: bytes, password: bytes | None, backend: t.Any = None) -> t.Any:
    """A file holds a key beside its certificate, which is new each time."""
    key = PLAIN_KEY.search(data)
    if key is None or password is not None:
        return load_pem_private_key(data, password, backend)
    return _loaded_once(key[0])


def take_keys_from_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = itertools.cycle(key_pairs())
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_size: t.cast("t.Any", next(stock)))
    for library in (serialization, jwt.algorithms):
        monkeypatch.setattr(library, "load_pem_private_key", _load)
