# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_profile_info
short_description: Read and check the permission profile of a mail gateway and the settings of the role
version_added: 1.0.0
description:
  - Reads a profile that comes with the role P(email_gateway.azure_apps.gateway_app#role), or one of your own, and
    checks it.
  - Looks its permissions up in the tenant's own service principals of their resources, all of them in one request.
    Fails if the tenant does not have a resource, or if a resource does not offer a permission; the error then names the
    closest permissions. The application does not have to be registered.
  - Checks all settings of the role before anything is sent, so that each mistake is refused before the first write,
    with the name of the role's variable.
  - Fails if the name of a variable of the play begins with C(gateway_app_) and is a misspelt variable of this
    collection, such as C(gateway_app_enviroment). Warns about any other unknown name with that prefix.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  profile:
    description:
      - The name of a profile of the role. If there is none of that name, the error lists all of them.
      - With O(profile_file), choose any name.
    type: str
    default: ""
  profile_file:
    description:
      - A file with your own profile, with the variable C(gateway_app_profile_content).
      - A relative path is looked for beside the playbook first, then in the working folder. With a playbook of this
        collection, the working folder is first.
    type: path
    default: ""
  add_user_read:
    description: Add the delegated permission User.Read of Microsoft Graph to RV(permissions).
    type: bool
    default: false
  look_up:
    description:
      - Look up the permissions in the tenant. If V(false), no request is sent, and no sign-in is needed.
      - The default is V(true), with O(entry_point) only for V(main) and V(rotate).
    type: bool
  entry_point:
    description:
      - The entry point of the role for which RV(operator_steps) and RV(consent_steps) are listed.
      - If not set, or with V(check_access), these are the steps of the playbooks in C(check_access_for) of O(settings).
        V(main) adds those of the playbook C(register).
    type: str
    choices: [main, rotate, consent, mailboxes, verify, retire, check_access]
  settings:
    description:
      - The settings of the role, by the names of its variables without C(gateway_app_), such as
        C(secret_lifetime_days). Other settings have their defaults. A member that the role does not have is refused.
      - If not set, the variables C(gateway_app_*) of the play are checked.
      - Stores are checked only if C(stores) is among them.
    type: dict
seealso:
  - module: email_gateway.azure_apps.azure_app_graph_permissions
  - module: email_gateway.azure_apps.azure_admin_consent
"""

EXAMPLES = r"""
- name: Read a profile, and look up its permissions in the tenant
  email_gateway.azure_apps.azure_app_profile_info:
    profile: outbound_microsoft365
  register: profile

- name: Declare its permissions
  email_gateway.azure_apps.azure_app_graph_permissions:
    unique_name: mail-gateway
    permissions: "{{ profile.permissions }}"

- name: Check your own profile without a tenant
  email_gateway.azure_apps.azure_app_profile_info:
    profile_file: our_gateway.yml
    look_up: false
"""

RETURN = r"""
profile:
  description: The name of the profile.
  type: str
  returned: success
  sample: outbound_smtp
title:
  description: Its purpose, or empty.
  type: str
  returned: success
  sample: Outbound delivery by SMTP with OAuth
source:
  description: The page that it comes from, or empty.
  type: str
  returned: success
  sample: https://opswat.developerhub.io/docs/mdemail/6.3.1/configuration/azure-application
sign_in_audience:
  description: The O(email_gateway.azure_apps.azure_app_registration#module:sign_in_audience) of the application.
  type: str
  returned: success
  sample: AzureADMyOrg
token_resource:
  description: The resource whose token must have the permissions. Either V(microsoft_graph) or V(exchange_online).
  type: str
  returned: success
  sample: microsoft_graph
credential_types:
  description: The kinds of credential that the product can use.
  type: list
  elements: str
  returned: success
  sample: [client_secret]
permissions:
  description:
    - The permissions that the application must declare, one entry for each resource, in the form of
      O(email_gateway.azure_apps.azure_app_graph_permissions#module:permissions) and of
      O(email_gateway.azure_apps.azure_admin_consent#module:expected_permissions).
    - With User.Read, if O(add_user_read=true).
  type: list
  elements: dict
  returned: success
  contains: &permissions
    resource:
      description: The resource, as the profile names it.
      type: str
      sample: microsoft_graph
    application:
      description: Names of application permissions; null if they are not changed.
      type: list
      elements: str
      sample: [Mail.ReadWrite]
    delegated:
      description: Names of delegated permissions; null if they are not changed.
      type: list
      elements: str
      sample: null
profile_permissions:
  description: The same as RV(permissions), always without the User.Read of O(add_user_read).
  type: list
  elements: dict
  returned: success
  contains: *permissions
application_permissions:
  description: The names of all application permissions, of all resources, sorted.
  type: list
  elements: str
  returned: success
  sample: [Mail.ReadWrite]
expected_roles:
  description: The roles that a token for RV(token_resource) must have, sorted.
  type: list
  elements: str
  returned: success
  sample: [Mail.ReadWrite]
resolved_permissions:
  description: The permissions of RV(permissions) as the tenant offers them. Empty with O(look_up=false).
  type: list
  elements: dict
  returned: success
  contains:
    resource:
      description: The short name of the resource, or its client id.
      type: str
      sample: microsoft_graph
    resource_client_id:
      description: The client id of the resource.
      type: str
      sample: 00000003-0000-0000-c000-000000000000
    type:
      description: Either V(application) or V(delegated).
      type: str
      sample: application
    name:
      description: The name of the permission.
      type: str
      sample: Mail.ReadWrite
    id:
      description: The id of the permission.
      type: str
      sample: e2a3a72e-5f79-4c64-b1b1-878b674786c9
tenant_id:
  description: The tenant; null with O(look_up=false).
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
after_new_secret:
  description: The absolute path of the file with tasks in C(after_new_secret) of O(settings); empty if there is none.
  type: str
  returned: success
  sample: /srv/automation/tasks/hand_over.yml
operator_steps:
  description:
    - The steps of O(email_gateway.azure_apps.azure_operator_access_info#module:steps) that O(entry_point) needs, for
      the identity that registers, renews and retires.
  type: list
  elements: str
  returned: success
  sample: [register, declare_permissions, client_secret, look_up]
consent_steps:
  description: The same for the identity that grants consent.
  type: list
  elements: str
  returned: success
  sample: [consent_application]
mailbox_roles:
  description:
    - The roles that are assigned in Exchange instead of permissions of the profile, with the setting C(mailboxes).
      RV(permissions) and similar values do not contain these permissions. Empty without the setting.
  type: list
  elements: str
  returned: success
  sample: [Application Mail.ReadWrite]
mailbox_method:
  description:
    - How O(entry_point) assigns RV(mailbox_roles), depending on the settings C(mailboxes) and C(mailbox_method).
      V(none) if it assigns nothing.
  type: str
  returned: success
  sample: graph
mailbox_steps:
  description:
    - The same as RV(operator_steps), for the identity that assigns roles in Exchange.
  type: list
  elements: str
  returned: success
  sample: [mailbox_scope_group]
revokes_stale:
  description: Whether grants in Entra ID that the roles of Exchange replace are revoked.
  type: bool
  returned: success
  sample: false
task_files:
  description: The task files that the role includes after the permissions are declared.
  type: list
  elements: str
  returned: success
  sample: [admin_consent.yml, client_secret.yml]
registered_names:
  description:
    - The variables that are registered by the writing tasks of O(entry_point) before the credential. Empty for entry
      points other than V(main).
  type: list
  elements: str
  returned: success
  sample: [__gateway_app_registration, __gateway_app_permissions, __gateway_app_granted]
module_options:
  description:
    - The checked settings as options of the modules that use this result as C(profile_info), by the names of the
      modules. Contains no secret.
  type: dict
  returned: success
  sample:
    azure_app_secret:
      description: Mail gateway
      lifetime_days: 180
      renew_before_days: 30
notes:
  description: Messages for the user about files that the settings name.
  type: list
  elements: str
  returned: success
  sample: []
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile_info import (
    ENTRY_POINTS,
    profile_info,
)

OWN = ArgumentSpec(
    options={
        "profile": {"type": "str", "default": ""},
        "profile_file": {"type": "path", "default": ""},
        "add_user_read": {"type": "bool", "default": False},
        "look_up": {"type": "bool"},
        "entry_point": {"type": "str", "choices": list(ENTRY_POINTS)},
        "settings": {"type": "dict"},
    },
)

MODULE = Module(argument_spec=OWN + AUTH + ENDPOINT, run=profile_info, checks_itself=("settings",))


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
