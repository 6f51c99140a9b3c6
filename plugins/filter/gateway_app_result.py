# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_result
short_description: The result of the role gateway_app
version_added: 1.0.0
description:
  - Used by the role P(email_gateway.azure_apps.gateway_app#role) to set C(gateway_app_result).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: The result of M(email_gateway.azure_apps.azure_app_registration).
    type: dict
    required: true
  profile:
    description: The result of M(email_gateway.azure_apps.azure_app_profile_info).
    type: dict
    required: true
  written:
    description: The results of the tasks that came before the credential.
    type: list
    elements: dict
    required: true
  credentials:
    description: The results of the credential tasks. The last one that was not skipped is used.
    type: list
    elements: dict
    required: true
  token:
    description: The result of M(email_gateway.azure_apps.azure_app_token_info), perhaps skipped.
    type: dict
    required: true
  consent:
    description: How admin consent is granted.
    type: str
    required: true
  credential_type:
    description: The type of the credential.
    type: str
    required: true
  host:
    description: The host whose tasks ran. With it, C(notes) contain how long the tasks waited, and for what.
    type: str
    default: ""
  served_hosts:
    description: The hosts that got the credential in this run. They do not count as pending for C(handed_over).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Build the result from the results of the tasks
  ansible.builtin.set_fact:
    gateway_app_result: >-
      {{ registration | email_gateway.azure_apps.gateway_app_result(
           profile=profile, written=[registration], credentials=[secret], token=token, consent='grant',
           credential_type='client_secret', host=inventory_hostname) }}
"""

RETURN = r"""
_value:
  description: What the entry points C(main) and C(rotate) set as C(gateway_app_result). It contains no secret.
  type: dict
  contains:
    profile:
      description: The name of the profile.
      type: str
      sample: outbound_smtp
    display_name:
      description: The display name of the application.
      type: str
      sample: Mail gateway
    unique_name:
      description: Its unique name, or null.
      type: str
      sample: mail-gateway
    tenant_id:
      description: The tenant.
      type: str
      sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    client_id:
      description: The client id of the application; null if it is not registered yet, in check mode.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    application_object_id:
      description: Its object id, or null.
      type: str
      sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
    service_principal_object_id:
      description: The object id of its service principal, or null. Exchange Online identifies the application by it.
      type: str
      sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
    authority_url:
      description: The sign-in host of the tenant's cloud.
      type: str
      sample: https://login.microsoftonline.com
    graph_url:
      description: The Microsoft Graph host of the tenant's cloud.
      type: str
      sample: https://graph.microsoft.com
    consent_url:
      description: The page on which an administrator can grant admin consent, or null.
      type: str
      sample: https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/adminconsent?client_id=b2466de6-5867-4b23-83ff-449c85f44ba1
    portal_url:
      description: The page of the application in the Azure portal, or null.
      type: str
      sample: https://portal.azure.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/b2466de6-5867-4b23-83ff-449c85f44ba1
    token_scope:
      description: The scope with which the gateway requests its token; null without C(gateway_app_verify_token).
      type: str
      sample: https://graph.microsoft.com/.default
    mailboxes_assigned_at:
      description: When this run changed the roles in Exchange or their scope; null if it did not.
      type: str
      sample: null
    credential_type:
      description: Either V(client_secret), V(certificate) or V(federated).
      type: str
      sample: client_secret
    key_id:
      description: The key id of the credential; null if it does not exist yet, in check mode.
      type: str
      sample: 621a4ce4-826c-4fd2-9460-c24c9dd3ed89
    secret_expires:
      description: When the credential expires; null for a federated credential.
      type: str
      sample: "2027-11-23T07:00:00Z"
    secret_days_left:
      description: Whole days until then, or null.
      type: int
      sample: 365
    certificate_path:
      description: The file with the private key and the certificate; null for other credentials.
      type: str
      sample: null
    certificate_thumbprint:
      description: The thumbprint of the certificate, or null.
      type: str
      sample: null
    permissions:
      description: The application permissions of the profile, sorted.
      type: list
      elements: str
      sample: [Mail.ReadWrite]
    roles:
      description: The roles in the token of the application, sorted.
      type: list
      elements: str
      sample: [Mail.ReadWrite]
    missing_roles:
      description: The roles that the profile needs and the token does not have, sorted.
      type: list
      elements: str
      sample: []
    proven:
      description: Whether a token that was issued for this credential has all permissions of the profile.
      type: bool
      sample: true
    unproven_reason:
      description: Why it is not proven, or null.
      type: str
      sample: null
    consent:
      description: How admin consent is granted, as in C(gateway_app_consent).
      type: str
      sample: grant
    credential_changed:
      description: Whether the run changed the credential, or its record in the stores.
      type: bool
      sample: true
    credential_stored:
      description:
        - Whether the run created a credential, or wrote it to a store. If it is V(false) and C(credential_changed) is
          V(true), the run only recorded the hand-over, or removed replaced credentials.
      type: bool
      sample: true
    removed_key_ids:
      description:
        - The key ids of the credentials that the run removed. In check mode, replaced ones are only in the diff.
      type: list
      elements: str
      sample: []
    previous_key_ids:
      description:
        - The key ids of replaced credentials. The playbook C(rotate) removes them after C(gateway_app_overlap_days).
      type: list
      elements: str
      sample: []
    other_credentials:
      description:
        - >-
          The client secrets and certificates that are not expired and not in a store: those of an adopted
          application, and those that were added by hand. The gateway may still use them, so the role never removes
          them.
      type: list
      elements: dict
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
          description: When it expires, or null.
          type: str
          sample: "2027-03-01T00:00:00Z"
        days_left:
          description: Whole days until then, or null.
          type: int
          sample: 98
        remove_command:
          description:
            - The command that removes it. Run it when the gateway no longer uses the credential. It signs in with the
              environment variables of the shell.
          type: str
          sample: >-
            ansible localhost -m email_gateway.azure_apps.azure_app_secret
            -a 'state=absent client_id=b2466de6-5867-4b23-83ff-449c85f44ba1 key_id=76ea6dcd-848c-4fc5-a125-af079be6f636'
    after_new_secret:
      description: The file with tasks that hand the credential over to the gateways; empty if there is none.
      type: str
      sample: /srv/automation/tasks/hand_over.yml
    handed_over:
      description: Whether all hosts got the credential, or nothing has to be handed over.
      type: bool
      sample: true
    stores:
      description: Where the credential is stored, without a secret. The members depend on the type of store.
      type: list
      elements: dict
      sample:
        - type: ansible_vault
          path: /srv/automation/mail-gateway.vault.yml
          variable: gateway_app_credential
    notes:
      description: Messages for the user, one line each.
      type: list
      elements: str
      sample: []
    changed:
      description: Whether the run changed anything.
      type: bool
      sample: true
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.waited import waited_notes
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import role_result
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import RUN


def result_of_run(registration: t.Mapping[str, t.Any], *, host: str = "", **given: t.Any) -> dict[str, t.Any]:
    """See role_result. The notes end with what this run waited for."""
    result = role_result(registration, **given)
    return {**result, "notes": [*result["notes"], *waited_notes(RUN, host)]}


class FilterModule:
    """The result of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_result": result_of_run}
