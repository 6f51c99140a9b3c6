# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_verification_info
short_description: Verify that a mail gateway's application can do what the gateway needs
version_added: 1.0.0
description:
  - Finds the application and its stored credential, and uses the credential as the gateway will. It gets a token, and
    compares the permissions in it with those of the profile. On request, it opens a mailbox with Microsoft Graph, signs
    in to a mailbox by SMTP, and verifies that another mailbox cannot be reached.
  - Each check is tried once, without waiting. If something goes wrong, the result is a failed check, with what to do;
    the task itself does not fail. To end the run, show RV(summary), then use M(ansible.builtin.fail) with
    RV(failure).
  - Writes nothing to the tenant or a store. Needs the application permission C(Application.Read.All) of Microsoft
    Graph, and read access to the stores.
  - The entry point C(verify) of the role P(email_gateway.azure_apps.gateway_app#role) uses this module.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._stored_credential
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  client_id:
    description:
      - The client id of the application.
      - Set at least one of O(client_id), O(unique_name) and O(display_name), as for
        M(email_gateway.azure_apps.azure_app_registration).
    type: str
  unique_name:
    description: The unique name of the application. It is used if O(client_id) is not set.
    type: str
  display_name:
    description:
      - The name in RV(summary). The unique name is derived from it if neither O(client_id) nor O(unique_name) is set.
    type: str
  profile:
    description: The name of the profile, for RV(summary).
    type: str
    default: ""
  token_resource:
    description:
      - The resource whose token the gateway uses, as M(email_gateway.azure_apps.azure_app_profile_info) returns it.
    type: str
    choices: [microsoft_graph, exchange_online]
    default: microsoft_graph
  expected_roles:
    description: The application permissions that the token must have.
    type: list
    elements: str
    default: []
  federated_credential:
    description:
      - For an application with a federated credential. Only its member C(assertion_file) is used, a file with a token
        of the issuer.
    type: dict
    default: {}
  mailbox:
    description:
      - The address of the mailbox that the gateway uses. It is tried with Microsoft Graph or by SMTP, depending on
        O(token_resource).
    type: str
    default: ""
  forbidden_mailbox:
    description: The address of a mailbox that the application must not reach. It is tried in the same way.
    type: str
    default: ""
  smtp:
    description: With O(token_resource=microsoft_graph), also try O(mailbox) by SMTP.
    type: bool
    default: false
  smtp_host:
    description: The SMTP server. It has another name in national clouds.
    type: str
    default: smtp.office365.com
  smtp_port:
    description: The port of O(smtp_host) with C(STARTTLS).
    type: int
    default: 587
  assigned_at:
    description:
      - The time at which roles were assigned in Exchange, as C(2026-11-29T07:00:00Z).
      - Or such times by client id, as the playbook C(email_gateway.azure_apps.mailboxes) hands them over, a dictionary
        or a list of them.
      - Until they take effect, a mailbox that is not as expected is a check with C(pending) rather than a failed one.
    type: raw
    default: ""
  assignment_delay_minutes:
    description: Minutes after O(assigned_at) until roles take effect. Exchange needs 30 to 120 minutes.
    type: int
    default: 120
  expected_applications:
    description:
      - The applications that an earlier job registered, as the playbook C(email_gateway.azure_apps.register) hands them
        over, a dictionary, a list of them, or the text of either in JSON or YAML. Any other application is a failed
        check.
    type: raw
    default: {}
  profile_info:
    description:
      - The registered result of M(email_gateway.azure_apps.azure_app_profile_info). For options that the task does not
        set, its C(module_options) are used.
      - If that task failed, but the play continued, nothing is tried, and its message is the reason of the only failed
        check.
    type: dict
    default: {}
requirements:
  - requests >= 2.28
  - msal >= 1.23
seealso:
  - module: email_gateway.azure_apps.azure_app_token_info
  - module: email_gateway.azure_apps.azure_mailbox_access_info
  - module: email_gateway.azure_apps.azure_smtp_oauth_info
"""

EXAMPLES = r"""
- name: Verify the application of a gateway
  email_gateway.azure_apps.azure_app_verification_info:
    unique_name: mail-gateway
    stores:
      - type: ansible_vault
        path: /srv/automation/mail-gateway.vault.yml
    expected_roles: [Mail.ReadWrite]
    mailbox: gateway@example.com
    forbidden_mailbox: director@example.com
  register: gateway

- name: Show the checks
  ansible.builtin.debug:
    var: gateway.summary

- name: Show which checks failed, if any
  ansible.builtin.debug:
    msg: "{{ gateway.failure }}"
  when: not gateway.verified.proven
"""

RETURN = r"""
verified:
  description: The outcome, without a secret; in the role, the fact C(gateway_app_verified).
  type: dict
  returned: success
  contains:
    profile:
      description: The name of the profile.
      type: str
      sample: outbound_smtp
    display_name:
      description: The name of the application in RV(summary).
      type: str
      sample: Mail gateway
    tenant_id:
      description: The id of the tenant; empty if it is not known.
      type: str
      sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    client_id:
      description: The client id of the application; empty if it is not registered.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    service_principal_object_id:
      description: The object id of its service principal, which Exchange Online needs; empty if there is none.
      type: str
      sample: 7f1e8d0a-9f5c-4a57-8c07-5f7c9d1a0b52
    key_id:
      description: The key id of the stored credential; empty if none of the application is stored.
      type: str
      sample: 76ea6dcd-848c-4fc5-a125-af079be6f636
    secret_expires:
      description: When it expires; empty if it is not known or does not expire.
      type: str
      sample: "2027-05-23T08:00:00Z"
    proven:
      description: Whether all checks passed.
      type: bool
      sample: false
    checks:
      description:
        - All requested checks, in the order in which they were tried. Checks that could not be tried are included.
      type: list
      elements: dict
      contains:
        name:
          description:
            - One of V(application), V(credential), V(token), V(mailbox), V(smtp) and V(forbidden_mailbox). If the
              settings or a store cannot be used, V(preparation) comes first.
          type: str
          sample: mailbox
        subject:
          description: The object that was checked, such as a mailbox.
          type: str
          sample: megan@example.com
        ok:
          description: Whether it passed.
          type: bool
          sample: false
        tried:
          description: Whether it was tried.
          type: bool
          sample: true
        reason:
          description: The reason for the outcome.
          type: str
          sample: The application has no right to the mailbox (status 403 ErrorAccessDenied).
        next_step:
          description: What to do. Empty if there is nothing to do.
          type: str
          sample: Assign the role Application Mail.ReadWrite for this mailbox.
        pending:
          description: Whether it is not as expected only because roles in Exchange may not have taken effect yet.
          type: bool
          sample: false
        exchange_commands:
          description: Commands of Exchange Online PowerShell that help, if any, with all ids filled in.
          type: list
          elements: str
          sample: []
      sample:
        - name: forbidden_mailbox
          subject: director@example.com
          ok: true
          tried: true
          reason: The application has no right to the mailbox (status 403 ErrorAccessDenied).
          next_step: ""
          exchange_commands: []
          pending: false
    not_asked:
      description: Checks that were not requested.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the check.
          type: str
          sample: mailbox
        next_step:
          description: What to set.
          type: str
          sample: Set mailbox to the address of a mailbox that it has to reach.
      sample:
        - name: mailbox
          next_step: Set mailbox to the address of a mailbox that it must reach.
summary:
  description: The checks as readable lines.
  type: list
  elements: str
  returned: success
  sample: ["Mail gateway (outbound_smtp): all 3 checks passed"]
failure:
  description: A sentence that names the checks that failed; empty if all passed.
  type: str
  returned: success
  sample: "FAILED for Mail gateway: smtp. See the list above for what to do."
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import STORES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.verification import verification_info

OWN = ArgumentSpec(
    options={
        "client_id": {"type": "str"},
        "unique_name": {"type": "str"},
        "display_name": {"type": "str"},
        "profile": {"type": "str", "default": ""},
        "token_resource": {
            "type": "str",
            "choices": ["microsoft_graph", "exchange_online"],
            "default": "microsoft_graph",
            "no_log": False,
        },
        "expected_roles": {"type": "list", "elements": "str", "default": []},
        "federated_credential": {"type": "dict", "default": {}},
        "mailbox": {"type": "str", "default": ""},
        "forbidden_mailbox": {"type": "str", "default": ""},
        "smtp": {"type": "bool", "default": False},
        "smtp_host": {"type": "str", "default": "smtp.office365.com"},
        "smtp_port": {"type": "int", "default": 587},
        "assigned_at": {"type": "raw", "default": ""},
        "assignment_delay_minutes": {"type": "int", "default": 120},
        "expected_applications": {"type": "raw", "default": {}},
        "profile_info": {"type": "dict", "default": {}},
    },
    required_one_of=(("client_id", "unique_name", "display_name"),),
)

MODULE = Module(argument_spec=OWN + STORES + AUTH + ENDPOINT, run=verification_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
