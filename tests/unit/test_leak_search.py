# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for leaks finds planted secrets: in every form, place and packing, and in the process list."""

from __future__ import annotations

import base64
import bz2
import collections.abc as c
import contextlib
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import typing as t
import zipfile
import zlib

import pytest
import requests

from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.process_list import ProcessList
from graph_emulator.directory import seed
from graph_emulator.wire.server import EmulatorServer

SECRET = "Abc8Q~+/<&\"'\\ x" + "Zq7_-.ab" * 4
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"RS256"}',
        b'{"aud":"https://graph.microsoft.com","uti":"AoR2cKzL0kmXv4d8tQbYAA","ver":"1.0"}',
        bytes(range(64)),
    )
)
# For the same application, some seconds later: only the unique parts of a token differ.
STRANGER = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"RS256"}',
        b'{"aud":"https://graph.microsoft.com","uti":"wZ7pQm3vHUSy51GnEexoAQ","ver":"1.0"}',
        bytes(range(100, 164)),
    )
)


def _tar(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("member")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", content)
    return packed.getvalue()


PACKINGS: dict[str, t.Callable[[bytes], bytes]] = {
    "bare": bytes,
    "gzip": gzip.compress,
    "gzip cut off": lambda content: gzip.compress(content)[:-6],
    "gzip behind text": lambda content: b"text " + gzip.compress(content) + b" text",
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zip,
    "tar": _tar,
    "tar.gz": lambda content: gzip.compress(_tar(content)),
    "zip in zip": lambda content: _zip(_zip(content)),
    # A module that Ansible left behind.
    "zip in base64": lambda content: b'ZIPDATA = """' + base64.encodebytes(_zip(content)) + b'"""',
    "zip in base64 in JSON": lambda content: json.dumps(base64.encodebytes(_zip(content)).decode()).encode(),
}


@pytest.mark.parametrize("form", sorted(leak_search.FORMS))
@pytest.mark.parametrize("secret", [SECRET, TOKEN, "short one"], ids=["secret", "token", "short"])
def test_every_form_of_a_secret_is_found(form: str, secret: str) -> None:
    planted = b"before" + leak_search.FORMS[form](secret) + b"after"
    assert leak_search.hits([("place", planted)], [secret])
    assert not leak_search.hits([("place", planted)], ["another secret of the tenant"])


@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "base64url"])
def test_a_secret_in_a_longer_base64_text_is_found(offset: int, encode: t.Callable[[bytes], bytes]) -> None:
    whole = b"x" * offset + f"{SECRET}:{TOKEN}".encode() + b"y" * 7
    assert {hit.secret for hit in leak_search.hits([("place", encode(whole))], [SECRET, TOKEN])} == {SECRET, TOKEN}


@pytest.mark.parametrize("packing", sorted(PACKINGS))
def test_a_secret_in_an_archive_is_found(packing: str) -> None:
    planted = PACKINGS[packing](f"before {SECRET} after".encode())
    assert leak_search.hits([("place", planted)], [SECRET])


@pytest.mark.parametrize("part", [slice(0, 17), slice(13, 37), slice(-17, None)], ids=["start", "middle", "end"])
def test_a_truncated_secret_is_found(part: slice) -> None:
    assert leak_search.hits([("place", f"... {SECRET[part]} ...".encode())], [SECRET])


@pytest.mark.parametrize("form", sorted(leak_search.FORMS))
def test_a_foreign_token_is_not_reported(form: str) -> None:
    """Each begins with the same header and the same audience, and its claims end with the same version."""
    assert leak_search.hits([("place", leak_search.FORMS[form](STRANGER))], [TOKEN]) == []


def test_two_tokens_of_one_application_have_no_common_part(emulator: EmulatorServer) -> None:
    first, second = (_genuine_token(emulator) for _time in range(2))
    claims = first.split(".")[1], second.split(".")[1]
    for same in (slice(0, 100), slice(-leak_search.PIECE, None)):
        assert claims[0][same] == claims[1][same], "the audience, and the version"
    assert leak_search.hits([("place", first.encode())], [second]) == []


def _genuine_token(server: EmulatorServer) -> str:
    fields = {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "grant_type": "client_credentials",
        "scope": f"{server.graph}/.default",
    }
    url = f"{server.authority}/{server.tenant_id}/oauth2/v2.0/token"
    answer = requests.post(url, data=fields, verify=server.ca_file, timeout=60)
    token: str = answer.json()["access_token"]
    return token


@pytest.mark.parametrize("kept", [0.5, 0.7, 0.95])
def test_a_truncated_genuine_token_is_found(emulator: EmulatorServer, kept: float) -> None:
    """After a part of its claims, and before the same part."""
    token = _genuine_token(emulator)
    header, claims, _signature = token.split(".")
    at = len(header) + 1 + int(kept * len(claims))
    for piece in (token[:at], token[at:]):
        assert leak_search.hits([("place", piece.encode())], [token])


# A process whose child has a secret in its environment, and waits for the end of its input.
PARENT = """
import os, sys
kind, secret = sys.argv[1:]
if os.fork() == 0:
    if "session" in kind:
        os.setsid()
    os.execve("/bin/sh", ["sh", "-c", "echo; read line"], {"NAME": secret})
if "orphan" not in kind:
    os.wait()
"""


@contextlib.contextmanager
def _parent(kind: str, secret: str) -> c.Iterator[subprocess.Popen[bytes]]:
    """Such a process, once its child is running."""
    command = [sys.executable, "-c", PARENT, kind, secret]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if "orphan" in kind:
            process.wait()
        yield process


def _needs_the_process_list(processes: ProcessList) -> None:
    if not processes.available:
        pytest.skip("no /proc on this system")


@pytest.mark.parametrize("kind", ["child", "child with a session of its own", "orphan"])
def test_child_processes_of_a_run_are_recorded(kind: str) -> None:
    processes, secret = ProcessList(), seed.new_secret()
    _needs_the_process_list(processes)
    with _parent(kind, secret) as process:
        processes.descend_from(process.pid)
        processes.look()
    assert [hit.secret for hit in leak_search.hits([(n, e) for e, n in processes.environments.items()], [secret])]


def test_a_descendant_is_recognised_after_its_parent_has_ended() -> None:
    processes, secret = ProcessList(), seed.new_secret()
    _needs_the_process_list(processes)
    with _parent("child with a session of its own", secret) as process:
        processes.descend_from(process.pid)
        processes.look()
        processes.environments.clear()
        process.kill()
        process.wait()
        processes.look()
    assert f"NAME={secret}\0".encode() in processes.environments


def test_other_processes_are_not_recorded() -> None:
    """Those of this test, with our secret, before, beside and after a run; the run itself is recorded."""
    processes, secret = ProcessList(), seed.new_secret()
    _needs_the_process_list(processes)
    with _parent("child", secret), _parent("orphan", secret), _parent("child", "no secret") as run:
        processes.descend_from(run.pid)
        processes.look()
        with _parent("child", secret):
            processes.look()
    assert leak_search.hits(processes.places(), [secret]) == []
    assert b"NAME=no secret\0" in processes.environments
