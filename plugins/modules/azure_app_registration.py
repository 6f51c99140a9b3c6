# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_registration
short_description: Register an application in Microsoft Entra ID
version_added: 1.0.0
description:
  - Creates, updates, restores and deletes an application together with its service principal.
  - An application is found by a unique key. O(unique_name) is such a key. Microsoft Graph ensures that it is unique, so
    two runs at the same time create only one application. A display name is not unique, so an application is never
    adopted by its display name.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
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
  display_name:
    description:
      - The display name of the application, with at most 120 characters. Needed to create an application.
      - If another application has the same display name, no application is created, and the error shows how to adopt
        the existing one.
    type: str
  unique_name:
    description:
      - The name by which the application is found again. It cannot be changed once it is set.
      - If neither this nor an id is set, it is derived from O(display_name), as lower case letters, digits and
        hyphens with eight hexadecimal digits of a checksum. Set it explicitly if you may want to change the display
        name.
      - Together with O(client_id) or O(object_id), it is set on that application, which must not have one yet.
    type: str
  client_id:
    description: The client id of an existing application to manage.
    type: str
  object_id:
    description: The object id of an existing application to manage.
    type: str
  sign_in_audience:
    description: The accounts that may use the application. The default is accounts of this tenant only.
    type: str
    choices:
      - AzureADMyOrg
      - AzureADMultipleOrgs
      - AzureADandPersonalMicrosoftAccount
      - PersonalMicrosoftAccount
    default: AzureADMyOrg
  notes:
    description: Notes for administrators. An empty string removes them; if not set, they are not changed.
    type: str
  tags:
    description:
      - Tags, without spaces, that the application must have. Other tags stay; an empty list removes all tags.
    type: list
    elements: str
  owners:
    description:
      - Object ids of users or service principals that must be owners. Other owners stay.
    type: list
    elements: str
  service_management_reference:
    description:
      - A reference to your service management, which some tenants require. An empty string removes it.
    type: str
  redirect_uris:
    description:
      - The redirect URIs of the platform "Web". An empty list removes all; if not set, they are not changed.
      - A mail gateway that signs in as itself needs none.
    type: list
    elements: str
  create:
    description:
      - Whether to register an application that is not registered yet. If V(false), the task fails instead, also if
        only the service principal is missing.
    type: bool
    default: true
  restore_deleted:
    description:
      - Restore a soft-deleted application that has the key, instead of failing. Its unique name is reserved for 30
        days.
      - Also restore the soft-deleted service principal of an application, instead of creating a new one. Its grants are
        restored with it, and Exchange Online knows it by its object id.
    type: bool
    default: true
  confirm:
    description:
      - Names of applications that may be deleted. With O(state=absent), the task fails unless the display name or the
        unique name of the application is in this list. If not set, no confirmation is needed.
    type: list
    elements: str
  purge:
    description:
      - With O(state=absent), also delete the soft-deleted application for good, which frees its unique name.
    type: bool
    default: false
  state:
    description:
      - V(present) ensures that the application and its service principal exist as described.
      - V(absent) soft-deletes the application with its service principal; it can be restored for 30 days.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: email_gateway.azure_apps.azure_app_registration_info
  - name: Upsert application
    description: How Microsoft Graph creates or updates an application by its unique name.
    link: https://learn.microsoft.com/en-us/graph/api/application-upsert
"""

EXAMPLES = r"""
- name: Register the mail gateway's application
  email_gateway.azure_apps.azure_app_registration:
    display_name: Mail gateway
    unique_name: mail-gateway
    notes: Managed by Ansible
    tags: [mail-gateway]
  register: registration

- name: Show what to enter in the gateway
  ansible.builtin.debug:
    msg: "Tenant {{ registration.tenant_id }}, client {{ registration.client_id }}"

- name: Adopt an application that was created by hand
  email_gateway.azure_apps.azure_app_registration:
    client_id: "{{ registration.client_id }}"
    unique_name: mail-gateway

- name: Delete it, if it has this name; it can be restored for 30 days
  email_gateway.azure_apps.azure_app_registration:
    unique_name: mail-gateway
    state: absent
    confirm: [mail-gateway]
"""

RETURN = r"""
registered:
  description:
    - Whether the application and its service principal exist. In check mode, this is the state that was found, not the
      predicted one.
  type: bool
  returned: success
  sample: true
state:
  description: Whether the application exists.
  type: str
  returned: success
  sample: present
tenant_id:
  description: The tenant.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
client_id:
  description: The application's client id. Null if it does not exist, or only would be created in check mode.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The application's object id, or null.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
service_principal_object_id:
  description: The object id of its service principal (the "enterprise application"), or null.
  type: str
  returned: success
  sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
display_name:
  description: The display name.
  type: str
  returned: success
  sample: Mail gateway
unique_name:
  description: The unique name, or null.
  type: str
  returned: success
  sample: mail-gateway
sign_in_audience:
  description: The accounts that may use the application.
  type: str
  returned: success
  sample: AzureADMyOrg
notes:
  description: The notes, or null.
  type: str
  returned: success
  sample: Managed by Ansible
tags:
  description: The tags, sorted.
  type: list
  elements: str
  returned: success
  sample: [mail-gateway]
owners:
  description: The object ids of the owners.
  type: list
  elements: str
  returned: success
  sample: []
live_credentials:
  description:
    - All client secrets and certificates that are not expired, including those that were created by others. Empty for
      an application that this task creates or restores.
  type: list
  elements: dict
  returned: success
  contains:
    type:
      description: Either V(client_secret) or V(certificate).
      type: str
      sample: client_secret
    key_id:
      description: The key id.
      type: str
      sample: 76ea6dcd-848c-4fc5-a125-af079be6f636
    description:
      description: The description, or null.
      type: str
      sample: created in the portal
    end:
      description: When it expires.
      type: str
      sample: "2027-03-01T00:00:00Z"
    days_left:
      description: Whole days until then.
      type: int
      sample: 98
service_management_reference:
  description: The reference to your service management, or null.
  type: str
  returned: success
  sample: null
redirect_uris:
  description: The redirect URIs of the platform "Web", sorted.
  type: list
  elements: str
  returned: success
  sample: []
portal_url:
  description: The application's page in the Azure portal, or null.
  type: str
  returned: success
  sample: https://portal.azure.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/b2466de6-5867-4b23-83ff-449c85f44ba1
consent_url:
  description: The page on which an administrator can grant admin consent, or null.
  type: str
  returned: success
  sample: https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/adminconsent?client_id=b2466de6-5867-4b23-83ff-449c85f44ba1
authority_url:
  description: The sign-in host of the tenant's cloud.
  type: str
  returned: success
  sample: https://login.microsoftonline.com
graph_url:
  description: The Microsoft Graph host of the tenant's cloud.
  type: str
  returned: success
  sample: https://graph.microsoft.com
error:
  description: Details of the error, for programs.
  type: dict
  returned: failure
  contains:
    kind:
      description: One of input, missing_library, sign_in, transport, graph, conflict and report.
      type: str
      sample: graph
    status:
      description: The HTTP status, or null.
      type: int
      sample: 403
    code:
      description: The error code of Microsoft Graph or the identity platform, or null.
      type: str
      sample: Authorization_RequestDenied
    request_id:
      description: The request id to give to Microsoft support, or null.
      type: str
      sample: 403392b6-bf9e-4e66-88f7-1777c74678ab
    next_step:
      description: What to do next.
      type: str
      sample: Run again.
    method:
      description: The method of the request that failed.
      type: str
      returned: if the kind is graph
      sample: PATCH
    path:
      description: The path of the request that failed.
      type: str
      returned: if the kind is graph
      sample: /v1.0/applications(uniqueName='mail-gateway')
    right:
      description: The name of the right that the operator needs, or null.
      type: str
      returned: if the kind is graph
      sample: write_application
    names:
      description: Names from the message, for example those that would confirm a deletion.
      type: list
      elements: str
      returned: if there are some
      sample: [mail-gateway, Mail gateway]
    client_ids:
      description: The client ids of applications that already have the display name, at most 20.
      type: list
      elements: str
      returned: if there are some
      sample: [b2466de6-5867-4b23-83ff-449c85f44ba1]
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    APPLICATION,
    AUTH,
    ENDPOINT,
    STATE,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration import (
    RegistrationResource,
)

OWN = ArgumentSpec(
    options={
        "display_name": {"type": "str"},
        "sign_in_audience": {
            "type": "str",
            "choices": [
                "AzureADMyOrg",
                "AzureADMultipleOrgs",
                "AzureADandPersonalMicrosoftAccount",
                "PersonalMicrosoftAccount",
            ],
            "default": "AzureADMyOrg",
        },
        "notes": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "owners": {"type": "list", "elements": "str"},
        "service_management_reference": {"type": "str"},
        "redirect_uris": {"type": "list", "elements": "str"},
        "create": {"type": "bool", "default": True},
        "restore_deleted": {"type": "bool", "default": True},
        "purge": {"type": "bool", "default": False},
        "confirm": {"type": "list", "elements": "str"},
    },
    mutually_exclusive=(("client_id", "object_id"),),
    required_one_of=(("display_name", "unique_name", "client_id", "object_id"),),
)

MODULE = Module(
    argument_spec=OWN + APPLICATION + STATE + AUTH + ENDPOINT,
    run=lambda call: converge(call, RegistrationResource(call)),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
