# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What can be told of a key file without its key, and without asking the tenant."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import KeyFiles
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


def certificate_file_info(call: Call) -> dict[str, t.Any]:
    """Raises ConflictError for a file that azure_app_certificate would not overwrite, or could not; see KeyFiles."""
    import_library("cryptography")
    key_files = KeyFiles(call.params["path"])
    files = key_files.read()
    for path in files.damaged:
        call.warn(f"{path} is damaged: the key in it is lost, and does not count")
    if call.params["check_writable"] and key_files.obstacle:
        raise ConflictError(
            f"Could not write {key_files.path}: {key_files.obstacle}",
            next_step="Choose another path, or mend its permissions.",
        )
    certificate = files.current.certificate if files.current else None
    return {
        "changed": False,
        "path": key_files.path,
        "exists": certificate is not None,
        "client_id": files.client_id or None,
        "thumbprint": certificate.thumbprint if certificate else None,
        "common_name": certificate.common_name if certificate else None,
        "start": times.written(certificate.start) if certificate else None,
        "end": times.written(certificate.end) if certificate else None,
        "days_left": times.days_left(certificate.end, call.now) if certificate else None,
        "private": files.private,
        "old_path": key_files.old if files.previous else None,
    }
