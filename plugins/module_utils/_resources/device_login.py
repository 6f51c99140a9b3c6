# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A sign-in in two tasks: the first returns the code immediately, the second waits until a person has used it."""

from __future__ import annotations

import dataclasses
import datetime
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_guid,
    check_tenant,
    filled,
    positive,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import (
    ENVIRONMENT,
    known_as,
    pick,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    InputError,
    SignInError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import (
    AGAIN,
    AZURE_CLI,
    Code,
    begin,
    poll,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    IdentityPlatform,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.login import (
    Login,
    find_login,
    keep_login,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import WAYS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.sign_in import AMBIENT

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

Json = dict[str, t.Any]


def device_login(call: Call) -> Json:
    """Return a code, or wait until a person has used it; if a sign-in of this run is still valid, return that.

    Nothing in the tenant changes, so the result is never changed. Raises AppsError.
    """
    # A file may name an application to sign in as; here a person signs in.
    call.of_others = {**call.of_others, "auth_source": "device_code"}
    task = _Task(call)
    login = find_login(call.memory, call.endpoint.authority, task.tenant_id)
    if login is not None:
        return _signed_in(login)
    if not call.params["wait"]:
        return _shown(task.begin())
    return _signed_in(task.wait())


class _Task:
    def __init__(self, call: Call) -> None:
        self._call = call
        self._timeout = positive("sign_in_timeout", call.params)
        self.tenant_id = pick("auth_tenant_id", call.params, call.environ, call.section)
        if self.tenant_id is not None:
            check_tenant(known_as("auth_tenant_id", call.section), self.tenant_id)
        # AZURE_CLIENT_ID does not count: it names an application that signs in as itself.
        self._client_id = filled(call.params["auth_client_id"]) or AZURE_CLI
        check_guid("auth_client_id", self._client_id)
        self._identity = IdentityPlatform(call.http, authority=call.endpoint.authority, memory=call.memory)
        self._key = f"device-code:{call.endpoint.authority}:{self.tenant_id or ''}:{self._client_id}"

    def begin(self) -> Code:
        """A code of this run that is still good, or a new one."""
        call = self._call
        self._warn_of_others()
        with call.memory.exclusive():
            code = self._pending()
            if code is None:
                code = begin(
                    self._identity, tenant=self.tenant_id, client_id=self._client_id, resource=call.endpoint.resource
                )
                call.secrets.add(code.flow["device_code"])
                self._remember(code)
        return code

    def wait(self) -> Login:
        """Raises InputError if no sign-in has begun, SignInError if the time is over or the sign-in was refused."""
        code = self._pending()
        if code is None:
            raise InputError(
                "No sign-in with a device code has begun in this run, or its code has expired",
                next_step="Run azure_device_login without wait before, with the same options, and show its message.",
            )
        self._call.secrets.add(code.flow["device_code"])
        patience = Patience(min(float(self._timeout), max(0.0, code.expires - time.time())))
        trouble: TransportError | None = None
        while True:
            try:
                found, trouble = self._asked(code), None
            except TransportError as exc:  # a person takes minutes, in which a network may be away for a while
                if exc.permanent:
                    raise
                found, trouble = code, exc
            if isinstance(found, Login):
                return found
            code = found
            if not patience.pause(str(code.interval)):
                break
        if trouble is not None:
            raise trouble
        raise SignInError(
            f"The code {code.user_code} was not used within {min(self._timeout, round(patience.waited) or 1)} s",
            next_step=f"{AGAIN} Open {code.verification_uri} while it waits; sign_in_timeout and the lifetime of the"
            " code limit how long that is.",
        )

    def _asked(self, code: Code) -> Login | Code:
        """Once; parallel hosts that wait for the same person ask in turns, and share the first answer."""
        call = self._call
        with call.memory.exclusive():
            login = find_login(call.memory, call.endpoint.authority, self.tenant_id)
            if login is not None:
                return login
            try:
                found = poll(
                    self._identity, code, endpoint=call.endpoint, tenant=self.tenant_id, client_id=self._client_id
                )
            except (SignInError, InputError):
                self._clear()  # trying again cannot help
                raise
            if isinstance(found, Login):
                call.secrets.add(found.refresh_token, found.first.get("value"))
                keep_login(call.memory, found)
                self._clear()
            return found

    def _clear(self) -> None:
        self._call.memory.remember(self._key, None, seconds=0)

    def _pending(self) -> Code | None:
        stored = self._call.memory.recall(self._key)
        if not isinstance(stored, dict):
            return None
        return Code(**stored)

    def _remember(self, code: Code) -> None:
        self._call.memory.remember(self._key, dataclasses.asdict(code), seconds=code.expires - time.time())

    def _warn_of_others(self) -> None:
        call = self._call
        if pick("auth_source", {}, call.environ) == "device_code":
            return
        others = []
        for name in sorted(WAYS - AMBIENT):
            others += [variable for variable in ENVIRONMENT[name] if filled(call.environ.get(variable))]
        if WAYS & call.section.values.keys():
            others.append(call.section.title)
        if others:
            call.warn(
                f"{others[0]} also sets a sign-in, and takes precedence over this one. Set"
                " ANSIBLE_AZURE_AUTH_SOURCE=device_code (auth_source) for the tasks that are to use it."
            )


def _shown(code: Code) -> Json:
    return {
        "changed": False,
        "signed_in": False,
        "user_code": code.user_code,
        "verification_uri": code.verification_uri,
        "message": code.message,
        "expires": times.written(datetime.datetime.fromtimestamp(int(code.expires), datetime.timezone.utc)),
        "tenant_id": None,
        "account": None,
    }


def _signed_in(login: Login) -> Json:
    return {
        "changed": False,
        "signed_in": True,
        "user_code": None,
        "verification_uri": None,
        "message": f"{login.account} is signed in to the tenant {login.tenant_id} for this run.",
        "expires": None,
        "tenant_id": login.tenant_id,
        "account": login.account,
    }
