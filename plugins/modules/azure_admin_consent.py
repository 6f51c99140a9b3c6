# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_admin_consent
short_description: Grant admin consent to the permissions that an application declares
version_added: 1.0.0
description:
  - Grants, for the whole tenant, the permissions that an application declares, as the portal's button "Grant admin
    consent" does. It works for a service principal as well as for a person, and in every national cloud.
  - Application permissions become app role assignments; delegated ones become one all-principals grant for each
    resource.
  - In check mode, the permissions that an earlier task of the run would have declared count as declared. An application
    that is not registered yet has to be named by O(unique_name) for that.
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
  expected_permissions:
    description:
      - The permissions that the application must declare, with one entry for each resource. If it declares more or
        fewer, nothing is granted, and the task fails with the difference.
      - Use this to consent to an application that was registered by others. An empty list means that it must not
        declare any permission.
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
        description: Permissions for the application itself, without a signed-in user, by name or by id.
        type: list
        elements: str
      delegated:
        description: Permissions on behalf of a signed-in user, by name or by id.
        type: list
        elements: str
  expected_applications:
    description:
      - The applications that an earlier job registered, by their unique names, or by their client ids if they have
        none, each with C(client_id) and C(tenant_id). The playbook C(email_gateway.azure_apps.register) hands it over.
      - If it is not empty, nothing is granted to an application with the same name but other ids, or to one that is not
        listed.
      - A dictionary, a list of dictionaries, or the text of either in JSON or YAML.
    type: raw
    default: {}
  method:
    description:
      - V(grant) grants.
      - V(url) grants nothing. It reads whether consent is granted, and returns the page on which an administrator can
        grant it. It does not fail if the rights to read this are missing.
    type: str
    choices: [grant, url]
    default: grant
  confirm:
    description:
      - Names of applications whose consent may be withdrawn. With O(state=absent), the task fails unless the display
        name or the unique name of the application is in this list. If not set, no confirmation is needed.
    type: list
    elements: str
  revoke_stale:
    description: Also revoke permissions that are granted but no longer declared.
    type: bool
    default: false
  state:
    description:
      - V(present) grants the declared permissions that are not granted yet.
      - V(absent) withdraws everything that is granted for the whole tenant. The consent of single users stays.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Granting app roles of Microsoft Graph needs the application permissions C(AppRoleAssignment.ReadWrite.All) and
    C(Application.Read.All), or the directory role Privileged Role Administrator.
seealso:
  - module: email_gateway.azure_apps.azure_app_graph_permissions
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Grant admin consent
  email_gateway.azure_apps.azure_admin_consent:
    unique_name: mail-gateway

- name: Grant admin consent only if the application declares exactly this
  email_gateway.azure_apps.azure_admin_consent:
    unique_name: mail-gateway
    expected_permissions:
      - resource: microsoft_graph
        application: [Mail.ReadWrite]

- name: Grant what is declared, and revoke everything else
  email_gateway.azure_apps.azure_admin_consent:
    unique_name: mail-gateway
    revoke_stale: true

- name: Show whether consent is granted, and the page on which a person can grant it
  email_gateway.azure_apps.azure_admin_consent:
    unique_name: mail-gateway
    method: url

- name: Withdraw it
  email_gateway.azure_apps.azure_admin_consent:
    unique_name: mail-gateway
    state: absent
    confirm: [mail-gateway]
"""

RETURN = r"""
consented:
  description: Whether all declared permissions are granted; null if the operator may not read this.
  type: bool
  returned: success
  sample: true
granted:
  description: The permissions that are granted.
  type: list
  elements: dict
  returned: success
  contains: &permission
    resource:
      description: The short name of the resource, or its client id.
      type: str
      sample: microsoft_graph
    resource_client_id:
      description: The client id of the resource.
      type: str
      sample: 00000003-0000-0000-c000-000000000000
    type:
      description: Either application or delegated.
      type: str
      sample: application
    name:
      description: The name of the permission; its id if the resource does not know it.
      type: str
      sample: Mail.ReadWrite
    id:
      description: The id of the permission.
      type: str
      sample: e2a3a72e-5f79-4c64-b1b1-878b674786c9
missing:
  description: The permissions that are declared and known not to be granted.
  type: list
  elements: dict
  returned: success
  contains: *permission
stale:
  description: The permissions that are granted but not declared.
  type: list
  elements: dict
  returned: success
  contains: *permission
consent_url:
  description: The page on which an administrator can grant the same; null if the application is not registered.
  type: str
  returned: success
  sample: https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/adminconsent?client_id=b2466de6-5867-4b23-83ff-449c85f44ba1
tenant_id:
  description: The tenant.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
client_id:
  description: The client id of the application; null if it is not registered.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
service_principal_object_id:
  description: The object id of the application's service principal, or null.
  type: str
  returned: success
  sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.consent import ConsentResource
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import LISTED

OWN = ArgumentSpec(
    options={
        "revoke_stale": {"type": "bool", "default": False},
        "expected_permissions": {"type": "list", "elements": "dict", "options": LISTED},
        "expected_applications": {"type": "raw", "default": {}},
        "method": {"type": "str", "choices": ["grant", "url"], "default": "grant"},
        "confirm": {"type": "list", "elements": "str"},
    }
)

MODULE = Module(
    argument_spec=OWN + APPLICATION + ONE_APPLICATION + STATE + AUTH + ENDPOINT,
    run=lambda call: converge(call, ConsentResource(call)),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
