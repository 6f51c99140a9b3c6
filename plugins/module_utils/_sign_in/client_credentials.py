# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What an application proves itself with, in the form that msal calls client_credential.

The same for the operator and for the application of a gateway that is verified.
"""

from __future__ import annotations

import datetime

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import is_token
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.user_file import read_file


def by_certificate(
    path: str,
    *,
    option: str,
    renewal: str,
    password: str | None = None,
    password_option: str = "",
    send_chain: bool = False,
) -> dict[str, str]:
    """The private key and the certificate in a file. ``renewal`` is what to do if it has expired.

    Raises InputError.
    """
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.key_pair import parse_pair

    pair = parse_pair(read_file(path, option=option), what=path, password=password, password_option=password_option)
    if pair.certificate.end <= datetime.datetime.now(datetime.timezone.utc):
        raise InputError(
            f"The certificate in {path} expired at {times.written(pair.certificate.end)}", next_step=renewal
        )
    # SHA-1, since msal before 1.29 takes no other.
    credential = {"private_key": pair.private_key.decode(), "thumbprint": pair.certificate.thumbprint}
    if send_chain:
        credential["public_certificate"] = pair.chain_pem.decode()
    return credential


def by_assertion(value: str | None, path: str | None, *, option: str) -> dict[str, str]:
    """The token of another issuer, as it is or in a file, which is read each time.

    ``option`` is that of the token; that of the file has the same name with ``_file`` behind it. Raises InputError.
    """
    if not value:
        option = f"{option}_file"
        value = read_file(path or "", option=option).decode("utf-8", errors="replace")
    value = value.strip()
    if not is_token(value) or value.count(".") != 2:
        raise InputError(f"{option} is not a JSON Web Token", next_step="Pass the token as the issuer wrote it.")
    return {"client_assertion": value}
