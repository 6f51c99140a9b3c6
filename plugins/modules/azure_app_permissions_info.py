# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_permissions_info
short_description: Look up permissions by name, before an application asks for them
version_added: 1.0.0
description:
  - Looks permissions up in the tenant's own service principals of their resources, and tells their ids. No application
    needs to be there.
  - Fails where the tenant does not have a resource, or where a resource does not offer a permission, with the closest
    names that it does offer. So a list of permissions can be tried before anything is registered.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  permissions:
    description: The permissions, one entry a resource.
    type: list
    elements: dict
    required: true
    suboptions:
      resource:
        description:
          - The resource that offers them. Either V(microsoft_graph), V(exchange_online), or the client id of any
            resource.
        type: str
        required: true
      application:
        description: Permissions for the application itself, without a signed-in user, by name or by id.
        type: list
        elements: str
      delegated:
        description: Permissions on behalf of a signed-in user, by name or by id.
        type: list
        elements: str
seealso:
  - module: email_gateway.azure_apps.azure_app_graph_permissions
"""

EXAMPLES = r"""
- name: Try a list of permissions
  email_gateway.azure_apps.azure_app_permissions_info:
    permissions:
      - resource: microsoft_graph
        application: [Mail.ReadWrite]
      - resource: exchange_online
        application: [SMTP.SendAsApp]
"""

RETURN = r"""
tenant_id:
  description: The tenant.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
permissions:
  description: The permissions, in the order in which they were asked for.
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
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import LISTED
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions_info import (
    permissions_info,
)

OWN = ArgumentSpec(
    options={
        "permissions": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": LISTED,
        },
    },
)

MODULE = Module(argument_spec=OWN + AUTH + ENDPOINT, run=permissions_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
