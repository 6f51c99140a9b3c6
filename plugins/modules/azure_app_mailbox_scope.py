# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_mailbox_scope
short_description: Limit an application to some mailboxes, with roles of Exchange Online
version_added: 1.0.0
description:
  - An application permission such as C(Mail.ReadWrite) that is granted in Entra ID gives access to all mailboxes of
    the tenant. With RBAC for Applications, Exchange Online assigns a role of the same name for a scope instead. This
    module manages these assignments of one application.
  - It uses Microsoft Graph beta, which may change, and which Microsoft does not support for production. It follows
    Microsoft's documentation, and was not tried on a real tenant. With O(method=commands), it changes nothing, and
    returns the commands for Exchange Online PowerShell.
  - A role is valid in addition to the permissions that are granted in Entra ID. Do not declare and grant the same
    permission there; if it is granted, the module warns, and RV(granted_for_all_mailboxes) names it.
  - A change takes from 30 minutes to two hours to take effect.
  - Other assignments of the application stay, unless O(exact) is set, and are in RV(other_assignments).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._application
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  roles:
    description:
      - The roles, by their names in Exchange, such as C(Application Mail.ReadWrite), or by the names of the permissions
        in Entra ID, such as C(Mail.ReadWrite). Other roles of Exchange, which are not for applications, are refused.
    type: list
    elements: str
    required: true
  scope:
    description:
      - The mailboxes. Needed with O(state=present). With O(state=absent), every scope is meant if it is not set.
      - Set exactly one of O(scope.group), O(scope.administrative_unit), O(scope.users), O(scope.recipient_filter) and
        O(scope.tenant).
    type: dict
    suboptions:
      group:
        description:
          - A mail-enabled security group, by object id, address or display name. The scope consists of its direct
            members; members of groups in it are not included, and the module warns about such groups.
        type: str
      administrative_unit:
        description: An administrative unit, by object id or display name.
        type: str
      users:
        description: The owners of the mailboxes, by object id, address or user principal name. At most 50.
        type: list
        elements: str
      recipient_filter:
        description:
          - A filter of Exchange, such as C(CustomAttribute1 -eq 'gateway'). A custom scope with the name
            O(scope.scope_name) is created for it, or changed if its filter is different.
        type: str
      scope_name:
        description:
          - The name of the custom scope for O(scope.recipient_filter), with at most 64 characters.
          - If not set, it consists of C(azure_apps) and the client id.
        type: str
      tenant:
        description: V(true) assigns the roles for all mailboxes of the tenant.
        type: bool
  exact:
    description: Also remove the other role assignments of the application. RV(commands) has no commands for this.
    type: bool
    default: false
  method:
    description:
      - V(graph) reads and changes the assignments by Microsoft Graph beta.
      - V(commands) changes nothing in the tenant, and needs no right in Exchange.
    type: str
    choices: [graph, commands]
    default: graph
  commands_file:
    description:
      - With O(method=commands), a file for RV(commands), for an Exchange administrator. It must be an absolute path.
    type: path
  expected_applications:
    description:
      - The applications that an earlier job registered, as the playbook C(email_gateway.azure_apps.register) hands them
        over, a dictionary, a list of them, or the text of either in JSON or YAML.
      - If it is not empty, no role is assigned to an application with the same name but other ids, or to one that is
        not listed.
    type: raw
    default: {}
  state:
    description:
      - V(present) assigns the roles for the scope.
      - V(absent) removes the assignments of the roles for the scope, and the custom scope if nothing else uses it.
        Without O(scope), this is the custom scope with the default name.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Changing assignments needs the application permission C(RoleManagement.ReadWrite.Exchange), or the directory role
    Exchange Administrator. An identity with that permission can give itself any role in Exchange, so use a separate
    identity for it.
  - Exchange may have to know the service principal first. RV(commands) begins with the command that an Exchange
    administrator runs for this.
seealso:
  - module: email_gateway.azure_apps.azure_mailbox_access_info
  - module: email_gateway.azure_apps.azure_admin_consent
  - name: Role Based Access Control for Applications in Exchange Online
    description: Microsoft's page about the roles.
    link: https://learn.microsoft.com/exchange/permissions-exo/application-rbac
"""

EXAMPLES = r"""
- name: Allow the gateway to read and write the mailboxes of a group only
  email_gateway.azure_apps.azure_app_mailbox_scope:
    unique_name: mail-gateway
    roles: [Mail.ReadWrite]
    scope:
      group: gateway-mailboxes@example.com
    exact: true

- name: Write the commands for an Exchange administrator to a file
  email_gateway.azure_apps.azure_app_mailbox_scope:
    unique_name: mail-gateway
    roles: [Application Mail.ReadWrite]
    scope:
      group: gateway-mailboxes@example.com
    method: commands
    commands_file: "{{ playbook_dir }}/exchange-commands.ps1"

- name: Remove the role, for every scope
  email_gateway.azure_apps.azure_app_mailbox_scope:
    unique_name: mail-gateway
    roles: [Mail.ReadWrite]
    state: absent
"""

RETURN = r"""
roles:
  description: The names of the roles in Exchange.
  type: list
  elements: str
  returned: success
  sample: [Application Mail.ReadWrite]
scopes:
  description: The scopes that the options name.
  type: list
  elements: dict
  returned: success
  contains: &scope
    type:
      description: V(group), V(administrative_unit), V(user), V(custom), V(tenant), or V(other).
      type: str
      sample: group
    id:
      description: The object id, that of the custom scope, or null for the tenant.
      type: str
      sample: 5a9f1c0e-7a4b-4f7f-9f1e-3a6b1b8f9d11
    name:
      description: The address or the name, or null if that is not known.
      type: str
      sample: gateway-mailboxes@example.com
    recipient_filter:
      description: The filter of a custom scope, or null.
      type: str
      sample: "CustomAttribute1 -eq 'gateway'"
  sample: &group
    - type: group
      id: 5a9f1c0e-7a4b-4f7f-9f1e-3a6b1b8f9d11
      name: gateway-mailboxes@example.com
      recipient_filter: null
assignments:
  description: The assignments for the options. Empty with O(method=commands) and O(state=absent).
  type: list
  elements: dict
  returned: success
  contains: &assignment
    role:
      description: The name of the role.
      type: str
      sample: Application Mail.ReadWrite
    scope:
      description: The scope, as in RV(scopes).
      type: dict
      contains: *scope
    ids:
      description: The ids of the assignment in Exchange. Empty if check mode predicts it.
      type: list
      elements: str
      sample: [0bd0e3f5-5f0e-4a7e-8d5c-5d2f5b7e9a31]
  sample:
    - role: Application Mail.ReadWrite
      scope:
        type: group
        id: 5a9f1c0e-7a4b-4f7f-9f1e-3a6b1b8f9d11
        name: gateway-mailboxes@example.com
        recipient_filter: null
      ids: [0bd0e3f5-5f0e-4a7e-8d5c-5d2f5b7e9a31]
other_assignments:
  description: Other role assignments of the application in Exchange.
  type: list
  elements: dict
  returned: success
  contains: *assignment
  sample: []
granted_for_all_mailboxes:
  description:
    - Permissions that are granted in Entra ID, for all mailboxes, and that include the rights of the roles or a part of
      them, such as C(Mail.ReadWrite) for the role C(Application Mail.Read).
    - With C(SMTP.SendAsApp), the application still needs a permission on each mailbox, and its role has no effect.
  type: list
  elements: str
  returned: success
  sample: []
declared_for_all_mailboxes:
  description: The same for permissions that are declared but not granted, which admin consent would grant.
  type: list
  elements: str
  returned: success
  sample: []
assigned_at:
  description: When this task assigned or removed a role, or changed the filter of its scope; null if it did neither.
  type: str
  returned: success
  sample: "2026-11-29T07:00:00Z"
commands:
  description:
    - Commands for Exchange Online PowerShell that do the same. Empty if the application does not exist.
    - With O(state=absent), they remove the roles for the scope, but not a custom scope.
  type: list
  elements: str
  returned: success
  sample:
    - >-
      New-ServicePrincipal -AppId 'b2466de6-5867-4b23-83ff-449c85f44ba1' -ObjectId
      'c1c0f3b3-2d1c-4f6e-9a55-0b4a9a1f8c77' -DisplayName 'Mail gateway'
client_id:
  description: The client id of the application, or null.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The object id of the application, or null.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
service_principal_object_id:
  description: The object id of the service principal, or null.
  type: str
  returned: success
  sample: c1c0f3b3-2d1c-4f6e-9a55-0b4a9a1f8c77
tenant_id:
  description: The id of the tenant.
  type: str
  returned: success
  sample: 4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1
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
    APPLICATION,
    AUTH,
    ENDPOINT,
    ONE_APPLICATION,
    STATE,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_commands_file import (
    write_commands,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope import (
    MailboxScopeResource,
)

OWN = ArgumentSpec(
    options={
        "roles": {"type": "list", "elements": "str", "required": True},
        "scope": {
            "type": "dict",
            "options": {
                "group": {"type": "str"},
                "administrative_unit": {"type": "str"},
                "users": {"type": "list", "elements": "str"},
                "recipient_filter": {"type": "str"},
                "scope_name": {"type": "str"},
                "tenant": {"type": "bool"},
            },
        },
        "exact": {"type": "bool", "default": False},
        "method": {"type": "str", "choices": ["graph", "commands"], "default": "graph"},
        "commands_file": {"type": "path"},
        "expected_applications": {"type": "raw", "default": {}},
    },
)


def run(call: Call) -> dict[str, object]:
    result = converge(call, MailboxScopeResource(call))
    if call.params["commands_file"] is not None:
        wrote = write_commands(call.params["commands_file"], result["commands"], check_mode=call.check_mode)
        result["changed"] = result["changed"] or wrote
    return result


MODULE = Module(argument_spec=OWN + STATE + APPLICATION + ONE_APPLICATION + AUTH + ENDPOINT, run=run)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
