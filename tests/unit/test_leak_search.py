# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for leaks finds what is planted: in every form, place and packing, and in the process list."""

from __future__ import annotations

import base64
import bz2
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
from pathlib import Path

import pytest
import requests

from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks
from graph_emulator.directory import seed

SECRET = "Abc8Q~+/<&\"'\\ x" + "Zq7_-.ab" * 4
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"RS256"}', b'{"aud":"https://graph.microsoft.com","uti":"0123456789"}', bytes(range(64)))
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
def test_finds_every_form(form: str, secret: str) -> None:
    planted = b"before" + leak_search.FORMS[form](secret) + b"after"
    assert leak_search.hits([("place", planted)], [secret])
    assert not leak_search.hits([("place", planted)], ["another secret of the tenant"])


@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "base64url"])
def test_finds_a_secret_inside_of_a_longer_text_in_base64(offset: int, encode: t.Callable[[bytes], bytes]) -> None:
    whole = b"x" * offset + f"{SECRET}:{TOKEN}".encode() + b"y" * 7
    assert {hit.secret for hit in leak_search.hits([("place", encode(whole))], [SECRET, TOKEN])} == {SECRET, TOKEN}


@pytest.mark.parametrize("packing", sorted(PACKINGS))
def test_finds_what_is_packed(packing: str) -> None:
    planted = PACKINGS[packing](f"before {SECRET} after".encode())
    assert leak_search.hits([("place", planted)], [SECRET])


@pytest.mark.parametrize("part", [slice(0, 17), slice(13, 37), slice(-17, None)], ids=["start", "middle", "end"])
def test_finds_a_secret_that_was_cut_off(part: slice) -> None:
    assert leak_search.hits([("place", f"... {SECRET[part]} ...".encode())], [SECRET])


@pytest.mark.parametrize("place", ["file", "deep/in/home/file", "name", "link", "output"])
def test_the_fixture_searches_every_place(playbooks: Playbooks, place: str) -> None:
    secret = seed.new_secret()
    playbooks.issued.add(secret)
    planted = playbooks.folder / place
    if place == "output":
        playbooks.outputs.append(f"said {secret}")
    elif place == "name":
        planted = playbooks.folder / secret
        planted.write_text("")
    elif place == "link":
        planted.symlink_to(f"/nowhere/{secret}")
    else:
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.write_text(secret)
    assert [hit.secret for hit in playbooks.leaks()] == [secret]
    assert secret not in str(playbooks.leaks()[0])
    if place == "output":
        playbooks.outputs.clear()
    else:
        planted.unlink()


@pytest.mark.parametrize("place", ["command line", "environment"])
def test_finds_a_secret_in_the_process_list(playbooks: Playbooks, place: str) -> None:
    if not playbooks.processes.available:
        pytest.skip("no /proc on this system")
    secret = seed.new_secret()
    playbooks.issued.add(secret)
    arguments = [secret] if place == "command line" else []
    environ = {"NAME": secret} if place == "environment" else {}
    command = [sys.executable, "-c", "print(flush=True); input()", *arguments]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        # As a run does: at each request.
        requests.get(f"{playbooks.server.graph}/v1.0/", verify=playbooks.server.ca_file, timeout=60)
        process.communicate(b"\n")
    (hit,) = playbooks.leaks()
    assert hit.secret == secret
    assert hit.place.startswith(place)
    playbooks.processes.command_lines.clear()
    playbooks.processes.environments.clear()


def test_knows_all_that_passes_the_emulator(playbooks: Playbooks) -> None:
    """Also where the answer was lost, and what came in a request."""
    before = set(playbooks.issued.secrets)
    playbooks.tenant.register()
    playbooks.server.faults.add(path="/addPassword$", close_after=True)
    value = playbooks.tenant.ok("azure_app_secret", unique_name="gateway", description="s")["client_secret"]
    new = playbooks.issued.secrets - before
    assert value in new
    assert len([secret for secret in new if secret.startswith("ey")]) == 2, "a sign-in for each task"
    assert len(new) == 4, "the secret that was lost, and the one that was made instead"


def test_a_store_is_searched_by_its_own_bytes(playbooks: Playbooks, tmp_path: Path) -> None:
    """The encrypted file passes; the same in clear does not."""
    playbooks.register().ok()
    value = playbooks.stored()["client_secret"]
    assert playbooks.leaks() == []
    clear = tmp_path / "clear.yml"
    clear.write_text(json.dumps(playbooks.stored()))
    assert {hit.secret for hit in playbooks.leaks()} == {value}
    clear.unlink()
