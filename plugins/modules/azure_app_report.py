# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_report
short_description: Create a report on the applications of all mail gateways of a play
version_added: 1.0.0
description:
  - Reads all applications with a tag, and those of the gateways in the play. Reports owners, permissions that are
    wanted, declared and granted, client secrets, certificates and federated credentials with the days that they have
    left, and whether the stores of each gateway have a valid credential.
  - Writes the report as an HTML page, as CSV, as JSON and as Markdown, each if its path is set. Never writes to the
    tenant, and never writes a secret to a file.
  - One task with C(run_once) covers all hosts of the play. A host that has the variable C(gateway_app_profile) is a
    gateway; its variables C(gateway_app_*) are those of the role C(gateway_app), with the same defaults, and are
    evaluated as in a task of that host.
  - For each host, it signs in with the environment of the task, to which C(gateway_app_environment) of the host is
    added. C(environment) of a play, block or include is evaluated for each host as well.
    Each tenant is read once, with the settings of the first of its gateways. If no host of the play is a gateway, it
    reads the tenant of the host that runs the task.
  - A host that failed before in the play, that has a wrong setting, or whose tenant cannot be read, is listed as not
    checked; the others are reported as usual. In the last two cases the task fails, after the files were written.
  - If a store cannot be read, a note beside its gateway shows this.
  - The report shows the display name of a tenant beside its id if the operator may read it. An application needs
    Organization.Read.All for this, a user User.Read. A refusal is not a failure.
  - The report begins with the most severe problems. For each problem, it names the gateway and what to do.
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
    details:
      - The task is changed if the content of a file has changed. If only the number of days left is different, the file
        is written, but the task is not changed; if nothing is different, the file is not written.
options:
  scope:
    description:
      - V(managed) reports on the applications with O(tag) and on those of the gateways in the play.
      - V(mail) also reports on every other application of the tenant that declares or holds a permission on mailboxes,
        such as Mail.Send, SMTP.SendAsApp or full_access_as_app. This reads all applications of the tenant, at most
        10,000.
    type: str
    choices: [managed, mail]
    default: managed
  tag:
    description: The tag by which the applications are found, as in C(gateway_app_tags).
    type: str
    default: email_gateway.azure_apps
  due_within_days:
    description: A credential with fewer days left than this is due.
    type: int
    default: 30
  html_path:
    description:
      - The file on the controller for the HTML page, which loads no other files.
      - Missing folders are created, with the mode 0700.
    type: path
  csv_path:
    description: The file on the controller for comma-separated values, one line for each credential.
    type: path
  json_path:
    description: The file on the controller for JSON, which contains the whole report.
    type: path
  markdown_path:
    description: The file on the controller for Markdown.
    type: path
  mode:
    description: The mode of the files, in octal digits.
    type: str
    default: "0640"
  fail_within_days:
    description:
      - Fail, after the files were written, if a credential has fewer days left than this or has expired, or if a
        gateway of the play has no application, one that is switched off, or no credential. With V(0), only expired
        credentials are a failure.
      - A credential that was replaced by a newer one with the same description does not count, unless it is in a store.
      - A negative number turns this check off.
    type: int
    default: -1
  fail_on_drift:
    description:
      - Fail, after the files were written, if a permission that a gateway's profile wants is not granted, if the
        gateway's stores do not have a valid credential or cannot be read, if its application is switched off, or if
        C(gateway_app_mailboxes) limits it and it reaches all mailboxes or has no role in Exchange.
    type: bool
    default: false
  fail_each_host:
    description:
      - Do not fail this task because of problems that it found. Let the next task fail each host in
        RV(failures_by_host) with its own problems. Otherwise C(run_once) ends the play for all hosts.
    type: bool
    default: false
notes:
  - The right to read applications (C(Application.Read.All)) is enough. Delegated permissions need
    C(Directory.Read.All), and the names of owners C(User.Read.All). What cannot be read without these rights is
    reported as unknown.
seealso:
  - module: email_gateway.azure_apps.azure_app_registration_info
"""

EXAMPLES = r"""
- name: Report on all gateways of the play
  email_gateway.azure_apps.azure_app_report:
    html_path: "{{ playbook_dir }}/report.html"
    csv_path: "{{ playbook_dir }}/report.csv"
    fail_on_drift: true
    fail_each_host: true
  run_once: true
  register: report

- name: Fail if this gateway has a problem
  ansible.builtin.fail:
    msg: "{{ report.failures_by_host[inventory_hostname] }}"
  when: inventory_hostname in report.failures_by_host

- name: Show what expires next
  ansible.builtin.debug:
    var: report.summary.next
  run_once: true
"""

RETURN = r"""
verdict:
  description: The headline of the report, without any names.
  type: dict
  returned: success, or if the task fails after the files were written
  sample:
    status: attention
    headline: 1 credential expires within 30 days.
    more: []
  contains:
    status:
      description: V(failed) if a gateway cannot work or was not checked, V(attention), or V(ok).
      type: str
      sample: attention
    headline:
      description: The most severe problem that was found.
      type: str
      sample: 1 credential expires within 30 days.
    more:
      description: The other problems that were found, the most severe ones first.
      type: list
      elements: str
      sample: []
lines:
  description: The headline, the other problems, and the files, as lines for the end of a run.
  type: list
  elements: str
  returned: success, or if the task fails after the files were written
  sample:
    - 1 credential expires within 30 days.
    - "Report: /srv/automation/report.html"
summary:
  description:
    - The report in numbers. All members except RV(summary.credentials) and RV(summary.next) are numbers.
    - The names of applications are in the files only, since any user who registers an application can choose its name.
  type: dict
  returned: success, or if the task fails after the files were written
  sample:
    applications: 2
    gateways: 2
    not_in_inventory: 0
    credentials: {expired: 0, due: 1, ok: 1, none: 0}
    without_credential: 0
    with_missing_permissions: 0
    switched_off: 0
    gateways_without_credential: 0
    gateways_lacking_permissions: 0
    gateways_not_limited: 0
    not_in_store: 0
    stores_not_checked: 0
    gateways_without_application: 0
    hosts_not_looked_at: 0
    grants_unknown: 0
    owners_unknown: 0
    next:
      client_id: b2466de6-5867-4b23-83ff-449c85f44ba1
      gateways: [gateway-vienna]
      end: "2027-01-30T07:00:00Z"
      days_left: 12
  contains:
    applications:
      description: How many applications are in the report.
      type: int
      sample: 2
    gateways:
      description: How many hosts of the play are gateways and were checked.
      type: int
      sample: 2
    not_in_inventory:
      description: How many applications belong to no host of the play.
      type: int
      sample: 0
    credentials:
      description: How many credentials are V(expired), V(due), V(ok), or never expire (V(none)), without replaced ones.
      type: dict
      sample: {expired: 0, due: 1, ok: 1, none: 0}
      contains:
        expired:
          description: How many have expired.
          type: int
          sample: 0
        due:
          description: How many expire within O(due_within_days).
          type: int
          sample: 1
        ok:
          description: How many are valid longer.
          type: int
          sample: 1
        none:
          description: How many do not expire.
          type: int
          sample: 0
    without_credential:
      description: How many applications have no credential.
      type: int
      sample: 0
    with_missing_permissions:
      description: How many applications lack a permission that a profile wants.
      type: int
      sample: 0
    switched_off:
      description: How many applications of gateways are deactivated or disabled.
      type: int
      sample: 0
    gateways_without_credential:
      description: How many gateways have an application without any credential.
      type: int
      sample: 0
    gateways_lacking_permissions:
      description: How many gateways lack a permission that their profile wants.
      type: int
      sample: 0
    stores_not_checked:
      description: For how many gateways the stores could not be read.
      type: int
      sample: 0
    hosts_not_looked_at:
      description: How many hosts of the play were not checked.
      type: int
      sample: 0
    gateways_not_limited:
      description: How many gateways with C(gateway_app_mailboxes) reach all mailboxes, or have no role in Exchange.
      type: int
      sample: 0
    not_in_store:
      description: How many gateways have no valid credential in their stores.
      type: int
      sample: 0
    gateways_without_application:
      description: How many gateways have no application.
      type: int
      sample: 0
    grants_unknown:
      description: For how many applications the operator may not read which permissions are granted.
      type: int
      sample: 0
    owners_unknown:
      description: For how many applications the operator may not read the owners.
      type: int
      sample: 0
    next:
      description: The valid credential that expires first, with client_id, gateways, end and days_left; empty if there
        is none.
      type: dict
      sample:
        client_id: b2466de6-5867-4b23-83ff-449c85f44ba1
        gateways: [gateway-vienna]
        end: "2027-01-30T07:00:00Z"
        days_left: 12
      contains:
        client_id:
          description: The client id of the application.
          type: str
          sample: b2466de6-5867-4b23-83ff-449c85f44ba1
        gateways:
          description: The hosts of the play that it belongs to.
          type: list
          elements: str
          sample: [gateway-vienna]
        end:
          description: When it expires.
          type: str
          sample: "2027-01-30T07:00:00Z"
        days_left:
          description: Whole days until then.
          type: int
          sample: 12
failures:
  description: How many problems the task fails for.
  type: int
  returned: success, or if the task fails after the files were written
  sample: 0
failure_list:
  description: The problems, each a line of text with its host and what to do.
  type: list
  elements: str
  returned: success, or if the task fails after the files were written
  sample:
    - >-
      gateway-vienna: Mail gateway (b2466de6-5867-4b23-83ff-449c85f44ba1): the secret 'Mail gateway' expires on
      2027-01-30, in 12 days. Run the playbook email_gateway.azure_apps.rotate with gateway_app_hosts=gateway-vienna and
      gateway_app_rotate_now=true, which replaces it
failures_by_host:
  description:
    - For each host with problems a message that lists them. Problems of applications that belong to no host of the play
      are with the host that ran the task.
  type: dict
  returned: success, or if the task fails after the files were written
  sample:
    gateway-linz: "Found 1 problem. gateway-linz was not checked: There is no profile 'outbound_pigeon'."
digest:
  description: SHA-256 of the content of the report, without times.
  type: str
  returned: success, or if the task fails after the files were written
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
files:
  description: The files, with links resolved.
  type: list
  elements: str
  returned: success, or if the task fails after the files were written
  sample: [/srv/automation/report.html]
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
