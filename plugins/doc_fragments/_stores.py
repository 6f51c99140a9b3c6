# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """The stores of a credential, and the life cycle of a stored credential."""

    DOCUMENTATION = r"""
options:
  stores:
    description:
      - The stores of the credential, each a dictionary with its C(type) and settings, as docs/stores.md describes them.
        The types are V(ansible_vault), V(azure_key_vault), V(hashi_vault), V(sops), V(awx_credential) and V(command).
    type: list
    elements: dict
  store_path:
    description:
      - The file for a store of the type V(ansible_vault) without C(path). The claims file, which contains no secret,
        is beside the first such store; without one, it is this path with C(.claims).
    type: path
  store_vault_id:
    description: The vault id to encrypt with, for a store of the type V(ansible_vault) without C(vault_id).
    type: str
  state:
    description:
      - With V(present), the credential exists and is valid long enough.
      - With V(pruned), which needs O(stores), the credentials that the stored one replaced are removed when
        O(overlap_days) are over and no host still has the previous one.
      - With V(absent) and without O(stores), the credential that the options name is removed. With O(stores), all
        client secrets, certificates and federated credentials of the application are removed, and also the key files
        and the content of the stores. The application itself stays.
    type: str
    choices: [present, pruned, absent]
    default: present
  profile:
    description: The name of the permission profile, which is stored with the credential.
    type: str
  profile_info:
    description:
      - The registered result of M(email_gateway.azure_apps.azure_app_profile_info), which has checked the settings of
        the role P(email_gateway.azure_apps.gateway_app#role). For options that the task does not set, its
        C(module_options) are used.
    type: dict
  overlap_days:
    description: Days that a replaced credential stays valid after the new one was created.
    type: int
    default: 7
  rotate:
    description: Replace the credential that was stored when the run began, even if it has enough days left.
    type: bool
    default: false
  verify_token:
    description:
      - Try the stored credential at the identity platform. Try a new one until it is accepted, before it is stored. A
        stored client secret that is refused is replaced.
    type: bool
    default: true
  token_resource:
    description: The resource for which O(verify_token) requests a token.
    type: str
    choices: [microsoft_graph, exchange_online]
    default: microsoft_graph
  hand_over:
    description:
      - Whether your own tasks hand a new credential over. If so, the replaced one stays until all hosts have the new
        one. See O(handed_over).
    type: bool
    default: false
  sharing_hosts:
    description:
      - Names of the hosts that may share the application. By default, only the host of the task; in the role, all
        hosts of the play except those that have another application.
    type: list
    elements: str
  handed_over:
    description:
      - With O(state=pruned), record that your tasks handed the credential over for the host of the task. It is refused
        under C(ignore_errors), because Ansible would then continue after a failed task.
    type: bool
    default: false
  confirm:
    description:
      - With O(state=absent) and O(stores), fail unless the display name or the unique name of the application is in
        this list. If not set, no confirmation is needed.
    type: list
    elements: str
"""
