# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate for loopback, made at the start by a throw-away authority."""

from __future__ import annotations

import ssl
import tempfile
import threading
from functools import cache
from pathlib import Path

import trustme

_MAKING = threading.Lock()


def authority() -> trustme.CA:
    """One a process, so that a session of tests can share its CA file."""
    with _MAKING:  # of two threads that ask at the same moment, each would get one of its own the first time
        return _authority()


@cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="graph_emulator")


class TlsFiles:
    """The CA file that clients trust, and the server's certificate. `folder` None means a temporary one."""

    def __init__(self, folder: Path | None, *, names: tuple[str, ...] = ()) -> None:
        """`names` are host names for the certificate beside those of loopback."""
        self._temporary = tempfile.TemporaryDirectory(prefix="graph_emulator.") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(str(folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = self.folder / "ca.pem"
        self.server_file = self.folder / "server.pem"
        issued = authority().issue_cert("localhost", "*.vault.localhost", "127.0.0.1", "::1", *names)
        authority().cert_pem.write_to_path(str(self.ca_file))
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.server_file))
        self.server_file.chmod(0o600)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(self.server_file))
        return context

    def remove(self) -> None:
        for path in (self.ca_file, self.server_file):
            path.unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()
