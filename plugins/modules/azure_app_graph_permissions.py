# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_graph_permissions
short_description: Declare the permissions of an application, by name
version_added: 1.0.0
description:
  - Declares permissions of Microsoft Graph or of another resource on an application, as the portal's page "API
    permissions" does. Declaring grants nothing; see M(email_gateway.azure_apps.azure_admin_consent).
  - Names are looked up in the tenant's own service principal of the resource. A name that does not exist is refused
    with the closest ones that do.
  - The permissions of resources that are not listed stay as they are.
  - In check mode, an application that is named by O(unique_name) and not registered yet declares no permissions.
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
  permissions:
    description:
      - The permissions, one entry for each resource, all of them set in one request. Use this instead of O(resource),
        O(application_permissions) and O(delegated_permissions).
    type: list
    elements: dict
    suboptions:
      resource:
        description:
          - The resource that offers the permissions. Either V(microsoft_graph), V(exchange_online), or the client id of
            any resource.
        type: str
        required: true
      application:
        description: Permissions for the application itself, by name or by id. If not set, they are not changed.
        type: list
        elements: str
      delegated:
        description: Permissions on behalf of a signed-in user, by name or by id. If not set, they are not changed.
        type: list
        elements: str
  resource:
    description:
      - The resource whose permissions these are. Either V(microsoft_graph), V(exchange_online), or the client id of any
        resource. The default is V(microsoft_graph).
    type: str
  application_permissions:
    description:
      - Permissions for the application itself, without a signed-in user, such as V(Mail.ReadWrite).
      - If not set, they are not changed. An empty list together with O(exact=true) removes all of them.
    type: list
    elements: str
  delegated_permissions:
    description: Permissions on behalf of a signed-in user. If not set, they are not changed.
    type: list
    elements: str
  exact:
    description:
      - Also remove the permissions of a listed resource that are not listed. It applies only to the lists that are
        set, and to no other resource.
    type: bool
    default: false
  add_user_read:
    description:
      - Also declare the delegated permission User.Read of Microsoft Graph, which the portal gives to every new
        application. With O(exact=true), other delegated permissions stay unless O(permissions) lists them.
    type: bool
    default: false
  state:
    description: V(absent) removes the listed permissions.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: email_gateway.azure_apps.azure_admin_consent
  - name: Microsoft Graph permissions reference
    description: All permissions of Microsoft Graph by name.
    link: https://learn.microsoft.com/en-us/graph/permissions-reference
"""

EXAMPLES = r"""
- name: Declare the permissions of a gateway that delivers by Microsoft Graph
  email_gateway.azure_apps.azure_app_graph_permissions:
    unique_name: mail-gateway
    application_permissions:
      - Group.Read.All
      - GroupMember.Read.All
      - Mail.ReadWrite
      - User.Read.All

- name: Declare only the permission to send by SMTP of Exchange Online
  email_gateway.azure_apps.azure_app_graph_permissions:
    unique_name: mail-gateway
    resource: exchange_online
    application_permissions: [SMTP.SendAsApp]
    exact: true

- name: Declare permissions of several resources
  email_gateway.azure_apps.azure_app_graph_permissions:
    unique_name: mail-gateway
    permissions:
      - resource: microsoft_graph
        application: [Mail.ReadWrite]
      - resource: exchange_online
        application: [SMTP.SendAsApp]
"""

RETURN = r"""
client_id:
  description: The client id of the application; null if it is not registered.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The object id of the application; null if it is not registered.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
permissions:
  description: The declared permissions of each listed resource, in the order of the task.
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
    resource_display_name:
      description: The name of the resource in this tenant.
      type: str
      sample: Microsoft Graph
    application:
      description: The application permissions, by name.
      type: list
      elements: str
      sample: [Mail.ReadWrite]
    delegated:
      description: The delegated permissions, by name.
      type: list
      elements: str
      sample: []
resource_client_id:
  description: The client id of the resource; null if several are listed.
  type: str
  returned: success
  sample: 00000003-0000-0000-c000-000000000000
resource_display_name:
  description: The name of the resource in this tenant; null if several are listed.
  type: str
  returned: success
  sample: Microsoft Graph
application_permissions:
  description: The application permissions of all listed resources that are declared, by name.
  type: list
  elements: str
  returned: success
  sample: [Mail.ReadWrite]
delegated_permissions:
  description: The delegated permissions of all listed resources that are declared, by name.
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
    APPLICATION,
    AUTH,
    ENDPOINT,
    ONE_APPLICATION,
    STATE,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import (
    LISTED,
    PermissionsResource,
)

OWN = ArgumentSpec(
    options={
        "permissions": {"type": "list", "elements": "dict", "options": LISTED},
        "resource": {"type": "str"},
        "application_permissions": {"type": "list", "elements": "str"},
        "delegated_permissions": {"type": "list", "elements": "str"},
        "exact": {"type": "bool", "default": False},
        "add_user_read": {"type": "bool", "default": False},
    },
    mutually_exclusive=(
        ("permissions", "resource"),
        ("permissions", "application_permissions"),
        ("permissions", "delegated_permissions"),
    ),
    required_one_of=(("permissions", "application_permissions", "delegated_permissions"),),
)

MODULE = Module(
    argument_spec=OWN + APPLICATION + ONE_APPLICATION + STATE + AUTH + ENDPOINT,
    run=lambda call: converge(call, PermissionsResource(call)),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
