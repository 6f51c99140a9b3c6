# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_registration_info
short_description: Read applications with their credentials, permissions and consent
version_added: 1.0.0
description:
  - Reads one application by its key, or all that have a display name or a tag, or all of the tenant. Shows when their
    credentials expire, which permissions they declare, which of these are granted, and who owns them.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  client_id:
    description: The client id of the application.
    type: str
  object_id:
    description: The object id of the application.
    type: str
  unique_name:
    description: The unique name of the application.
    type: str
  display_name:
    description: Read all applications with exactly this display name.
    type: str
  tag:
    description: Read all applications with this tag.
    type: str
  mailbox_roles:
    description:
      - Also read the roles of the applications in Exchange, with Microsoft Graph beta. See
        M(email_gateway.azure_apps.azure_app_mailbox_scope).
    type: bool
    default: false
seealso:
  - module: email_gateway.azure_apps.azure_app_registration
  - module: email_gateway.azure_apps.azure_app_mailbox_scope
"""

EXAMPLES = r"""
- name: Read one application
  email_gateway.azure_apps.azure_app_registration_info:
    unique_name: mail-gateway
  register: one

- name: Read all applications with a tag
  email_gateway.azure_apps.azure_app_registration_info:
    tag: mail-gateway
  register: all_gateways

- name: Show when their secrets expire
  ansible.builtin.debug:
    msg: "{{ item.display_name }}: {{ item.secrets | map(attribute='days_left') | list }} days left"
  loop: "{{ all_gateways.applications }}"
  loop_control:
    label: "{{ item.client_id }}"
"""

RETURN = r"""
tenant_id:
  description: The tenant.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
applications:
  description: The applications that were found, sorted by display name. Empty if there is none.
  type: list
  elements: dict
  returned: success
  contains:
    client_id:
      description: The client id.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    application_object_id:
      description: The object id of the application.
      type: str
      sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
    service_principal_object_id:
      description: The object id of its service principal, or null.
      type: str
      sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
    display_name:
      description: The display name.
      type: str
      sample: Mail gateway
    unique_name:
      description: The unique name, or null.
      type: str
      sample: mail-gateway
    sign_in_audience:
      description: The accounts that may use the application.
      type: str
      sample: AzureADMyOrg
    notes:
      description: The notes, or null.
      type: str
      sample: Managed by Ansible
    tags:
      description: The tags, sorted.
      type: list
      elements: str
      sample: [mail-gateway]
    service_management_reference:
      description: The reference to your service management, or null.
      type: str
      sample: null
    redirect_uris:
      description: The redirect URIs of the platform "Web".
      type: list
      elements: str
      sample: []
    created:
      description: When the application was created.
      type: str
      sample: "2026-11-23T07:00:00Z"
    secrets:
      description: The client secrets, beginning with the one that is valid longest.
      type: list
      elements: dict
      contains:
        key_id:
          description: The key id.
          type: str
          sample: 621a4ce4-826c-4fd2-9460-c24c9dd3ed89
        description:
          description: The description, or null.
          type: str
          sample: Mail gateway
        start:
          description: From when it is valid.
          type: str
          sample: "2026-11-23T07:00:00Z"
        end:
          description: When it expires.
          type: str
          sample: "2027-05-22T07:00:00Z"
        days_left:
          description: Whole days until then; negative if it has expired.
          type: int
          sample: 179
        hint:
          description: The first three characters of the value, or null.
          type: str
          sample: 3w2
    certificates:
      description: The certificates, beginning with the one that is valid longest.
      type: list
      elements: dict
      contains:
        key_id:
          description: The key id.
          type: str
          sample: 621a4ce4-826c-4fd2-9460-c24c9dd3ed89
        description:
          description: The description, or null.
          type: str
          sample: Mail gateway
        start:
          description: From when it is valid.
          type: str
          sample: "2026-11-23T07:00:00Z"
        end:
          description: When it expires.
          type: str
          sample: "2027-05-22T07:00:00Z"
        days_left:
          description: Whole days until then; negative if it has expired.
          type: int
          sample: 179
        thumbprint:
          description: The SHA-1 thumbprint in hexadecimal, or null.
          type: str
          sample: 3C8E4B6D1F0A92C7E5B86D3F4A1C09B7E2D5F684
    federated_credentials:
      description: The federated credentials, sorted by name; null if the operator may not read them.
      type: list
      elements: dict
      contains:
        federated_credential_id:
          description: Its object id.
          type: str
          sample: d9b7a1f3-6c1c-4c9c-9f4e-0f6a1a0f7f4c
        name:
          description: Its name.
          type: str
          sample: cluster
        issuer:
          description: The issuer of the tokens.
          type: str
          sample: https://oidc.example.com/cluster
        subject:
          description: The subject of the tokens.
          type: str
          sample: "system:serviceaccount:mail:gateway"
        audiences:
          description: The audience of the tokens.
          type: list
          elements: str
          sample: ["api://AzureADTokenExchange"]
        description:
          description: The description, or null.
          type: str
          sample: Mail gateway
    mailbox_roles:
      description:
        - Its roles in Exchange; null without O(mailbox_roles), and if the operator may not read them or the tenant does
          not offer them.
      type: list
      elements: dict
      contains:
        role:
          description: The name of the role.
          type: str
          sample: Application Mail.ReadWrite
        scope:
          description: The mailboxes for which it is assigned.
          type: dict
          contains:
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
              sample: null
        ids:
          description: The ids of the assignment in Exchange.
          type: list
          elements: str
          sample: [0bd0e3f5-5f0e-4a7e-8d5c-5d2f5b7e9a31]
    permissions:
      description: The permissions that are declared or granted.
      type: list
      elements: dict
      contains:
        resource:
          description: The name of the resource, or its client id.
          type: str
          sample: microsoft_graph
        resource_client_id:
          description: The client id of the resource.
          type: str
          sample: 00000003-0000-0000-c000-000000000000
        type:
          description: V(application) or V(delegated).
          type: str
          sample: application
        name:
          description: The name of the permission, or null.
          type: str
          sample: Mail.ReadWrite
        id:
          description: The id of the permission.
          type: str
          sample: e2a3a72e-5f79-4c64-b1b1-878b674786c9
        declared:
          description: Whether the application declares it.
          type: bool
          sample: true
        granted:
          description: Whether it is granted; null if the operator may not read this.
          type: bool
          sample: true
    consented:
      description: Whether all declared permissions are granted; null if the operator may not read this.
      type: bool
      sample: true
    switched_off:
      description: Why an application that is deactivated or disabled gets no token, and what to do; null for others.
      type: dict
      contains:
        reason:
          description: The end of a sentence about the application.
          type: str
          sample: it was deactivated (isDisabled is true)
        next_step:
          description: What to do.
          type: str
          sample: Find out why.
      sample:
        reason: it was deactivated (isDisabled is true)
        next_step: Find out why.
    owners:
      description: The owners, sorted by name; null if the operator may not read owners.
      type: list
      elements: dict
      contains:
        object_id:
          description: The object id of the owner.
          type: str
          sample: 1f6d1fd5-9a02-4cf2-a7b4-f2c8d0fca0cb
        display_name:
          description: The name; null if the operator may not read it.
          type: str
          sample: Adele Vance
        type:
          description: The type of the owner, for example V(user).
          type: str
          sample: user
    portal_url:
      description: The application's page in the Azure portal.
      type: str
      sample: https://portal.azure.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/b2466de6-5867-4b23-83ff-449c85f44ba1
    consent_url:
      description: The page on which an administrator can grant admin consent.
      type: str
      sample: https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/adminconsent?client_id=b2466de6-5867-4b23-83ff-449c85f44ba1
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
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_info import (
    registration_info,
)

OWN = ArgumentSpec(
    options={
        "display_name": {"type": "str"},
        "tag": {"type": "str"},
        "mailbox_roles": {"type": "bool", "default": False},
    },
    mutually_exclusive=(("client_id", "object_id", "unique_name", "display_name", "tag"),),
)

MODULE = Module(argument_spec=OWN + APPLICATION + AUTH + ENDPOINT, run=registration_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
