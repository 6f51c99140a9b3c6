# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two jobs at the same time that share an application and a store, and no disk, as slices of a job in AWX."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores.openbao import OpenBao


def test_two_parallel_jobs_with_hashicorp_vault_leave_one_secret(playbooks: Playbooks, bao: OpenBao) -> None:
    def register(job: str) -> Run:
        # Claims are beside the path of the default store: each job has its own.
        own: dict[str, t.Any] = {"gateway_app_store_path": str(playbooks.folder / job / "gateway.vault.yml")}
        return playbooks.register(gateway_app_stores=[bao.store], **own)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(register, ("first", "second")))
    for run in runs:
        if run.returncode != 0:
            run.failed("could not be stored", "removed from the tenant again")
    assert [run.returncode for run in runs] != [2, 2]
    (secret,) = playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]
    again = register("third").ok()
    assert (again.writes, again.results["gateway_app_result"]["key_id"]) == ([], secret["keyId"])
