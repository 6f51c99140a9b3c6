# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids that Graph builds from other ids: base64url of little-endian GUIDs, without padding."""

from __future__ import annotations

import base64
import struct
import uuid


def _encoded(*guids: str) -> str:
    raw = b"".join(uuid.UUID(guid).bytes_le for guid in guids)
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def assignment_id(principal_id: str) -> str:
    """appRoleAssignment: the principal's id and 16 bytes more (decoded from samples in pnp/cli-microsoft365)."""
    return _encoded(principal_id, str(uuid.uuid4()))


def grant_id(client_id: str, resource_id: str, principal_id: str | None) -> str:
    """oAuth2PermissionGrant: client and resource, so that a grant made again has the same id (azure-cli recording)."""
    return _encoded(client_id, resource_id, *([principal_id] if principal_id else []))


def security_identifier(object_id: str) -> str:
    """S-1-12-1 and the id as four little-endian numbers (sample answer of the page "Create group")."""
    return "S-1-12-1-" + "-".join(map(str, struct.unpack("<4I", uuid.UUID(object_id).bytes_le)))
