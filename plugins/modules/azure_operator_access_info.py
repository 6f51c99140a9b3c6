# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
---
module: azure_operator_access_info
short_description: Show which steps the identity that signs in may do, and which rights to add for the others
version_added: 1.0.0
description:
  - Compares the content of the identity's own token with the rights that each step needs, before anything is tried.
    This needs no right.
  - The token of an application contains its application permissions; that of a person contains delegated permissions
    and directory roles. If a token cannot be read, the task does not fail, but the result is unknown.
  - If the application is named, the module checks whether the identity owns it, since C(Application.ReadWrite.OwnedBy)
    is valid only for owned applications.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  steps:
    description:
      - The steps to check. All of them by default.
      - With an empty list, the operator does not sign in.
    type: list
    elements: str
    choices:
      - look_up
      - register
      - declare_permissions
      - client_secret
      - certificate
      - federated_credential
      - owners
      - mailbox_scope
      - mailbox_scope_group
      - mailbox_scope_users
      - mailbox_scope_administrative_unit
      - consent_application
      - consent_application_elsewhere
      - consent_delegated
      - withdraw_consent
      - withdraw_delegated
      - retire
      - purge
      - restore
      - key_vault
      - prove
  client_id:
    description: The client id of the application for the steps.
    type: str
  unique_name:
    description: Its unique name.
    type: str
  display_name:
    description: Its display name, from which the unique name is derived if O(client_id) and O(unique_name) are not set.
    type: str
  profile_info:
    description:
      - The registered result of M(email_gateway.azure_apps.azure_app_profile_info). It is used for options that the
        task does not set, so that O(steps) are those of the operator.
      - The steps of the identities that grant consent and that assign roles in Exchange follow those of the operator.
        They sign in with the variables C(gateway_app_consent_environment) and C(gateway_app_mailbox_environment) of
        the play, in addition to the environment of the task.
    type: dict
notes:
  - Only rights in the token can be checked. A step that is not possible by the token may be possible by a directory
    role that has to be activated first, by a custom role, or by a role within an administrative unit.
seealso:
  - module: email_gateway.azure_apps.azure_app_registration
"""

EXAMPLES = r"""
- name: Check whether this identity may register an application and consent to its permissions
  email_gateway.azure_apps.azure_operator_access_info:
    steps: [register, declare_permissions, client_secret, consent_application]
    unique_name: mail-gateway
  register: access

- name: Show what is possible, and what to add
  ansible.builtin.debug:
    var: access.summary

- name: Fail if a step is not possible
  ansible.builtin.fail:
    msg: "{{ access.failure }}"
  when: not access.sufficient
"""

RETURN = r"""
sufficient:
  description: Whether no step is known to be impossible.
  type: bool
  returned: success
  sample: true
certain:
  description: Whether all steps are known to be possible, even if the identity does not own the application.
  type: bool
  returned: success
  sample: false
steps:
  description: The result for each step.
  type: list
  elements: dict
  returned: success
  contains: &verdict
    step:
      description: The name of the step.
      type: str
      sample: client_secret
    does:
      description: What the step does.
      type: str
      sample: create, renew and remove client secrets
    possible:
      description: Whether it is possible; null if the token does not show this.
      type: bool
      sample: true
    only_owned:
      description: Whether it is possible only for applications that the identity owns, and ownership is not known.
      type: bool
      sample: false
    missing:
      description: Which rights are missing, as C(error.right) of a failing module has them.
      type: list
      elements: str
      sample: []
    add:
      description: What to add; empty if nothing is missing.
      type: str
      sample: the application permission Application.ReadWrite.OwnedBy
    note:
      description: A note, or empty.
      type: str
      sample: only applications that it owns
    message:
      description: The result as one readable line.
      type: str
      sample: "yes: declare permissions, as Mail gateway operator (only applications that it owns)"
impossible:
  description: Descriptions of the steps that are known to be impossible.
  type: list
  elements: str
  returned: success
  sample: [consent to application permissions of Microsoft Graph]
summary:
  description: How many steps are possible, all results as readable lines, and RV(beyond).
  type: list
  elements: str
  returned: success
  sample: ["1 of 1 steps are possible", "yes: declare permissions, as Mail gateway operator"]
failure:
  description: A sentence that names the impossible steps; empty if there is none.
  type: str
  returned: success
  sample: Not enough rights to declare permissions. See the list above for what to add.
identity:
  description: The identity that signed in, according to its token.
  type: dict
  returned: success
  contains:
    kind:
      description: Either V(application), V(person) or V(unknown).
      type: str
      sample: application
    name:
      description: The name, or null.
      type: str
      sample: Mail gateway operator
    object_id:
      description: The object id of the service principal or of the person, or null.
      type: str
      sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
    client_id:
      description: The client id of the application that signed in, or with which the person did, or null.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    permissions:
      description: The application permissions, or the delegated permissions of a person's token.
      type: list
      elements: str
      sample: [Application.Read.All, Application.ReadWrite.OwnedBy]
    directory_roles:
      description: The directory roles of the person that are relevant for the steps, or null.
      type: list
      elements: str
      sample: null
application_found:
  description: Whether the application exists; null if none was named or the identity may not read it.
  type: bool
  returned: success
  sample: true
owns_application:
  description: Whether the identity owns it; null if this is not known.
  type: bool
  returned: success
  sample: true
tenant_id:
  description: The tenant, or null if the token does not show it.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
beyond:
  description: The rights that a token does not show, as text.
  type: str
  returned: success
  sample: Custom roles are not in a token.
access:
  description: The result in the form of the fact C(gateway_app_access) of the role.
  type: dict
  returned: success
  contains:
    profile:
      description: The name of the profile; empty without O(profile_info).
      type: str
      sample: outbound_smtp
    display_name:
      description: The display name of the application; empty if it is not known.
      type: str
      sample: Mail gateway
    sufficient:
      description: RV(sufficient).
      type: bool
      sample: true
    steps:
      description: RV(steps).
      type: list
      elements: dict
      contains: *verdict
error:
  description: Details of the error, for programs. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
  sample:
    kind: graph
    status: 403
    code: Authorization_RequestDenied
    request_id: 403392b6-bf9e-4e66-88f7-1777c74678ab
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.operator_access import (
    operator_access_info,
)

OWN = ArgumentSpec(
    options={
        "steps": {"type": "list", "elements": "str", "choices": list(STEPS)},
        "client_id": {"type": "str"},
        "unique_name": {"type": "str"},
        "display_name": {"type": "str"},
        "profile_info": {"type": "dict"},
    }
)

MODULE = Module(argument_spec=OWN + AUTH + ENDPOINT, run=operator_access_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
