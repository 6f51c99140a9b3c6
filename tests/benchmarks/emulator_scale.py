# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request to the emulator costs with 100, 1,000 and 10,000 applications; it must not grow with their number.

make benchmark
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from graph_emulator.directory.seed import Operator, Seed, add_operator
from graph_emulator.emulator import Emulator
from graph_emulator.graph.dispatch import GraphRequest
from graph_emulator.page import Window

SIZES = (100, 1_000, 10_000)
ROUNDS = 60
# Of the median with most applications to the median with fewest; the rest is noise of the machine.
LIMIT = 3.0


def grown(emulator: Emulator, count: int) -> None:
    """Each application with a service principal, a unique name, a tag and two granted roles."""
    applications = emulator.tenant.directory.applications
    while len(applications) < count:
        number = len(applications)
        operator = Operator(roles=("Mail.Send", "User.Read.All"), display_name=f"App {number}")
        add_operator(emulator.tenant, operator, age=timedelta(days=1))
        applications[operator.application_id].update(uniqueName=f"app-{number}", tags=["all"])


def questions(emulator: Emulator) -> dict[str, Callable[[], object]]:
    """All about an application in the middle, where a scan would have gone half the way."""
    service, directory = emulator.graph_service, emulator.tenant.directory
    middle = len(directory.applications) // 2
    (item,) = directory.applications.rows().part(middle, middle + 1)
    principal = emulator.tenant.service_principal_by("appId", item["appId"])
    assert principal is not None
    client_id, client_secret = emulator.seed.operator.client_id, emulator.seed.operator.client_secret
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
    ).encode()

    def token() -> str:
        body, _client = emulator.identity.token(emulator.seed.tenant_id, form=form, authorization=None)
        return str(body["access_token"])

    headers = {"authorization": f"Bearer {token()}"}

    def get(path: str, query: str = "") -> Callable[[], None]:
        def ask() -> None:
            response = service.serve(GraphRequest("GET", f"/v1.0{path}", query, headers))
            assert response.status == 200, response.body

        return ask

    page = service.serve(GraphRequest("GET", "/v1.0/applications", "$top=50", headers)).body
    assert isinstance(page, dict)
    window = Window(emulator)
    return {
        "get by id": get(f"/applications/{item['id']}"),
        "get by appId": get(f"/applications(appId='{item['appId']}')"),
        "get by uniqueName": get(f"/applications(uniqueName='{item['uniqueName']}')"),
        "$filter=appId eq": get("/applications", f"$filter=appId eq '{item['appId']}'"),
        "$filter=displayName eq": get("/applications", f"$filter=displayName eq '{item['displayName']}'"),
        "first page of 100": get("/applications", "$top=100"),
        "next page of 50": get("/applications", str(page["@odata.nextLink"]).partition("?")[2]),
        "assignments of one": get(f"/servicePrincipals/{principal['id']}/appRoleAssignments"),
        "token": token,
        "page for people": window.render,
    }


def median_of(ask: Callable[[], object]) -> float:
    ask()
    times = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    emulator = Emulator(seed=Seed())
    emulator.listen_at("https://localhost:1")
    medians: dict[str, list[float]] = {}
    for size in SIZES:
        grown(emulator, size)
        for name, ask in questions(emulator).items():
            medians.setdefault(name, []).append(median_of(ask))
    title = "medians in ms, with applications:"
    print(f"  {title:34s}" + "".join(f"{size:>9,d}" for size in SIZES) + "   last / first")
    over = False
    for name, found in medians.items():
        ratio = found[-1] / found[0]
        over |= ratio > LIMIT
        print(f"  {name:34s}" + "".join(f"{value * 1000:9.3f}" for value in found) + f"   {ratio:.2f} (limit {LIMIT})")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
