# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bench for each test."""

from __future__ import annotations

import collections.abc as c
import functools
import itertools
import typing as t
from pathlib import Path

import jwt.algorithms
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import VirtualWire
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime

MakeBench = c.Callable[[str], Bench]
DIFFERENT_KEYS = 3


@functools.cache
def key_pairs() -> tuple[rsa.RSAPrivateKey, ...]:
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=2048) for _number in range(DIFFERENT_KEYS))


load_pem_private_key = serialization.load_pem_private_key


@functools.cache
def loaded_once(data: bytes, password: bytes | None, backend: t.Any = None) -> t.Any:
    return load_pem_private_key(data, password, backend)


@pytest.fixture(autouse=True)
def metadata_observer() -> None:
    """The requests are those of the modules' own tests, where each response is compared with the metadata."""


@pytest.fixture
def make_bench(tenant: Tenant, virtual_time: VirtualTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeBench:
    """A bench for a type of credential.

    New keys come from a pool and each is read once, since creating or checking one takes longer than a whole run.
    """

    def make(credential_type: str) -> Bench:
        wire = VirtualWire(tenant.server, virtual_time)
        wire.install(monkeypatch)
        if credential_type == "certificate":
            stock = itertools.cycle(key_pairs())
            monkeypatch.setattr(rsa, "generate_private_key", lambda **_size: t.cast("t.Any", next(stock)))
            for library in (serialization, jwt.algorithms):
                monkeypatch.setattr(library, "load_pem_private_key", loaded_once)
        return Bench(tenant, wire, tmp_path, credential_type=credential_type)

    return make
