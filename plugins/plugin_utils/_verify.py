# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the proofs of a gateway's application come to: a list of checks for machines, and lines for people. Pure.

``Seen`` is what the tasks of the role gateway_app (verify.yml) saw: results of modules, and nothing secret.
"""

from __future__ import annotations

import re
import textwrap
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import check_mailbox, shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import exchange
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import READING
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import check_server
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import KINDS

Json = dict[str, t.Any]
Seen = t.Mapping[str, t.Any]

WIDTH = 112  # characters of a line for people
INDENT = 31  # of them before the text of a check
LONG = 48  # characters from which on what a check is about gets a line of its own
RESOURCES = {"microsoft_graph": "Microsoft Graph", "exchange_online": "Exchange Online"}
REFUSED = "5.7.3"  # Exchange Online's code for a mailbox that the application may not use, or that is not there
# A renewal replaces a stored value that the tenant refuses, and one that has expired.
RENEWED = ("AADSTS7000215", "AADSTS7000222")
SAME_VARIABLES = "with the same variables"


def complaint(asked: Seen) -> str:
    """What is wrong with the variables gateway_app_verify_*; empty where nothing is."""
    prefix = "gateway_app_verify_"
    texts = ("mailbox", "forbidden_mailbox", "smtp_host")
    # The specification of a role's arguments lets what can be written as text pass for text, and 1e9 for a number.
    for name in texts:
        if not isinstance(asked[name], str):
            return f"{prefix}{name} is {shown(repr(asked[name]))}. Set it to a text."
    port = str(asked["smtp_port"]).strip()
    if not re.fullmatch("[0-9]{1,5}", port):
        return f"{prefix}smtp_port is {shown(port)}. Set it to a number from 1 to 65535; Microsoft's is 587."
    try:
        addresses = {name: check_mailbox(f"{prefix}{name}", asked[name]) for name in texts[:2] if asked[name] != ""}
        check_server(asked["smtp_host"], int(port), prefix=prefix)
    except AppsError as exc:
        return f"{exc.message}. {exc.next_step}"
    if len({address.lower() for address in addresses.values()}) < len(addresses):
        return (
            f"{prefix}mailbox and {prefix}forbidden_mailbox are the same. Set the second to one that it must not reach."
        )
    if asked["smtp"] and "mailbox" not in addresses:
        return f"{prefix}smtp is set, but {prefix}mailbox is not. Set it to the address that the gateway sends as."
    return ""


def checks(seen: Seen) -> list[Json]:
    """All that was asked for, in the order in which it was tried.

    What could not be tried is in it as well, so that the same variables give the same checks; only where the
    preparation failed, it is one more, and a profile that cannot be read asks for a token alone.
    """
    if seen["failure"]:
        made = [_check("preparation", seen["display_name"], reason=seen["failure"])]
        return [*made, *_not_tried(seen, ("application", "credential", *_proofs(seen)), "what comes before it failed")]
    made = [_application(seen)]
    if not made[0]["ok"]:
        return [*made, *_not_tried(seen, ("credential", *_proofs(seen)), "the application is not registered")]
    made.append(_credential(seen))
    if not made[1]["ok"]:
        return [*made, *_not_tried(seen, _proofs(seen), "there is no credential to prove")]
    made.append(_token(seen))
    if "proven" not in seen["token"]:
        return [*made, *_not_tried(seen, _proofs(seen)[1:], "there is no token")]
    made += [_PROOFS[name](seen) for name in _proofs(seen)[1:]]
    return made


def not_asked(seen: Seen) -> list[Json]:
    """What could be proven besides: name, and what to set."""
    if seen["failure"]:
        return []
    found = []
    asked = _proofs(seen)
    if "mailbox" not in asked and seen["token_resource"] == "microsoft_graph":
        found.append(("mailbox", "Set gateway_app_verify_mailbox to the address of a mailbox that it has to reach."))
    # A guess by the name, which costs nobody more than a line.
    if "smtp" not in asked and (seen["token_resource"] == "exchange_online" or "smtp" in seen["profile"].lower()):
        found.append(
            ("smtp", "Set gateway_app_verify_mailbox to the address that the gateway sends as.")
            if seen["token_resource"] == "exchange_online"
            else ("smtp", "Set gateway_app_verify_mailbox and gateway_app_verify_smtp: true to try it by SMTP as well.")
        )
    if "forbidden_mailbox" not in asked:
        found.append(("forbidden_mailbox", "Set gateway_app_verify_forbidden_mailbox to one that it must not reach."))
    return [{"name": name, "next_step": step} for name, step in found]


def summary(verified: Seen) -> list[str]:
    """For people; commands stand alone on their lines, to be copied."""
    made = verified["checks"]
    missing = sum(not check["ok"] for check in made)
    outcome = f"{missing} of {len(made)} checks not proven" if missing else f"all {len(made)} checks proven"
    name, profile = verified["display_name"], verified["profile"]
    lines = [f"{name if profile in name else f'{name} ({profile})'}: {outcome}", ""]
    for check in made:
        status = "ok" if check["ok"] else "NOT PROVEN" if check["tried"] else "not tried"
        subject = "" if check["subject"] == name else check["subject"]
        if len(subject) > LONG:
            lines += _item(status, check["name"], check["reason"]) + _item("", "", subject)
        else:
            lines += _item(status, check["name"], f"{subject}: {check['reason']}" if subject else check["reason"])
        if check["next_step"]:
            lines += _item("", "", f"-> {check['next_step']}")
        if check["exchange_commands"]:
            lines += _item("", "", "exchange_commands, for Exchange Online PowerShell:")
            lines += [f"  {command}" for command in check["exchange_commands"]]
    for other in verified["not_asked"]:
        lines += _item("not asked", other["name"], other["next_step"])
    return [printable(line) for line in lines]


def _item(status: str, name: str, text: str) -> list[str]:
    head = f"{status:<11} {name.replace('_', ' '):<19}"
    wrapped = textwrap.wrap(printable(text), WIDTH - INDENT, break_long_words=False, break_on_hyphens=False)
    return [f"{head if number == 0 else '':<{INDENT}}{line}" for number, line in enumerate(wrapped)]


def _check(
    name: str,
    subject: str,
    *,
    reason: str,
    ok: bool = False,
    tried: bool = True,
    next_step: str = "",
    commands: t.Sequence[str] = (),
) -> Json:
    return {
        "name": name,
        "subject": str(subject),  # also where a variable that was refused is no text
        "ok": ok,
        "tried": tried,
        "reason": reason,
        "next_step": next_step,
        "exchange_commands": list(commands),
    }


def _proofs(seen: Seen) -> list[str]:
    """The names of those that need the credential, in the order in which they are tried."""
    found = ["token"]
    if seen["mailbox"] and seen["token_resource"] == "microsoft_graph":
        found.append("mailbox")
    if seen["mailbox"] and (seen["smtp"] or seen["token_resource"] == "exchange_online"):
        found.append("smtp")
    if seen["forbidden_mailbox"]:
        found.append("forbidden_mailbox")
    return found


def _not_tried(seen: Seen, names: t.Iterable[str], why: str) -> list[Json]:
    return [_check(name, _subject(seen, name), tried=False, reason=f"Not tried, since {why}.") for name in names]


def _subject(seen: Seen, name: str) -> str:
    subjects: dict[str, str] = {
        "application": seen["display_name"],
        "credential": ", ".join(seen["stores"]) or "the store",
        "token": RESOURCES.get(seen["token_resource"], ""),
        "mailbox": seen["mailbox"],
        "smtp": f"{seen['mailbox']} at {seen['smtp_host']}:{seen['smtp_port']}",
        "forbidden_mailbox": seen["forbidden_mailbox"],
    }
    return subjects[name]


def _application(seen: Seen) -> Json:
    found = seen["registration"]
    subject = _subject(seen, "application")
    if found.get("service_principal_object_id") is None:
        return _check(
            "application",
            subject,
            reason="It is not registered, or its service principal is missing.",
            next_step=f"Run the playbook email_gateway.azure_apps.register for it, {SAME_VARIABLES}.",
        )
    reason = f"Registered in the tenant {found['tenant_id']} with the client id {found['client_id']}."
    return _check("application", subject, ok=True, reason=reason)


def _credential(seen: Seen) -> Json:
    held, mine = seen["held"], seen["registration"]
    subject = _subject(seen, "credential")
    if not held["found"]:
        return _check(
            "credential",
            subject,
            reason="The store holds no credential.",
            next_step="Set gateway_app_store_path or gateway_app_stores to where it is kept, or run the playbook"
            f" email_gateway.azure_apps.register, which makes one, {SAME_VARIABLES}.",
        )
    if held["client_id"] != mine["client_id"] or held["tenant_id"] != mine["tenant_id"]:
        return _check(
            "credential",
            subject,
            reason="The store holds the credential of another application,"
            f" {held['client_id'] or 'without a client id'}, in the tenant {held['tenant_id']}.",
            next_step="Set gateway_app_store_path or gateway_app_stores to the store of this one.",
        )
    kind = KINDS[held["kind"]]
    if not held["has_value"] and held["kind"] == "federated":
        return _check(
            "credential",
            subject,
            reason=f"The store knows of the {kind} {held['key_id']}, which is proven with a token of its issuer."
            " None is given.",
            next_step="Set assertion_file, in gateway_app_federated_credential, to a file with one.",
        )
    if not held["has_value"]:
        return _check(
            "credential",
            subject,
            reason=f"The store knows of the {kind} {held['key_id']}, but does not give its value back, so that"
            " it cannot be proven from here.",
            next_step="Keep the credential also in a store that can be read (gateway_app_stores): the next renewal"
            " writes to all of them. Until then, only the gateway itself can show that it works.",
        )
    expires = f", which expires on {str(held['expires'])[:10]}" if held["expires"] else ""
    verb = "holds" if held["kind"] == "client_secret" else "knows"
    return _check("credential", subject, ok=True, reason=f"The store {verb} the {kind} {held['key_id']}{expires}.")


def _token(seen: Seen) -> Json:
    found = seen["token"]
    subject = _subject(seen, "token")
    if "proven" not in found:
        return _failed("token", subject, found)
    carried = f"carries {', '.join(found['roles'])}" if found["roles"] else "carries no permission"
    beyond = found["unexpected_roles"]
    also = f" The profile does not ask for {', '.join(beyond)}." if beyond else ""
    if found["proven"]:
        as_asked = "" if found["roles"] else ", and the profile asks for none"
        return _check("token", subject, ok=True, reason=f"The token {carried}{as_asked}.{also}")
    return _check(
        "token",
        subject,
        reason=f"The token {carried}. It lacks {', '.join(found['missing_roles'])}, which the profile asks for.{also}",
        next_step=f"Run the playbook email_gateway.azure_apps.register {SAME_VARIABLES}, which declares it and grants"
        " admin consent; it can take some minutes until tokens carry it. What is declared, an administrator can also"
        f" grant on the page {seen['registration']['consent_url']}",
    )


def _mailbox(seen: Seen) -> Json:
    return _of_graph("mailbox", seen, "allowed")


def _forbidden_mailbox(seen: Seen) -> Json:
    if seen["token_resource"] == "microsoft_graph":
        return _of_graph("forbidden_mailbox", seen, "denied")
    found = seen["forbidden_smtp"]
    subject = _subject(seen, "forbidden_mailbox")
    if "authenticated" not in found:
        return _failed("forbidden_mailbox", subject, found)
    if found["authenticated"]:
        return _check(
            "forbidden_mailbox",
            subject,
            reason="The application may sign in for this mailbox by SMTP, but must not.",
            next_step="An Exchange administrator has to run exchange_commands, and, where a role assignment lets the"
            " application in, to narrow its scope. A change can take two hours to work.",
            commands=exchange.shut_out(
                client_id=found["client_id"],
                service_principal=found["service_principal_object_id"],
                mailbox=found["mailbox"],
                roles=found["roles"],
            ),
        )
    if found["enhanced_code"] == REFUSED and seen["mailbox"] and not seen["smtp_answer"].get("authenticated"):
        return _check(
            "forbidden_mailbox",
            subject,
            reason=f"Refused by SMTP (535 5.7.3), but so is {seen['mailbox']}, which shows no fence between the two.",
            next_step=f"Mend the sign-in for {seen['mailbox']} first, then run this again.",
        )
    if found["enhanced_code"] == REFUSED:
        reason = "Refused by SMTP (535 5.7.3). So is a mailbox that is not there: check that the address is right."
        return _check("forbidden_mailbox", subject, ok=True, reason=reason)
    return _check(
        "forbidden_mailbox",
        subject,
        reason=f"The refusal does not tell whether the application is kept out: {found['reason']}",
        next_step=found["next_step"],
    )


def _smtp(seen: Seen) -> Json:
    found = seen["smtp_answer"]
    subject = _subject(seen, "smtp")
    if "authenticated" not in found:
        return _failed("smtp", subject, found)
    if found["authenticated"]:
        return _check("smtp", subject, ok=True, reason="The server accepted the application's token. No mail was sent.")
    code = " ".join(str(part) for part in (found["smtp_code"], found["enhanced_code"]) if part)
    next_step, commands = found["next_step"], found["exchange_commands"]
    if code == f"535 {REFUSED}" and exchange.SEND_AS_APP in seen["token"]["missing_roles"]:
        next_step = (
            f"Grant {exchange.SEND_AS_APP} first, as told for the token. Then, unless it was done before, an Exchange"
            " administrator has to run exchange_commands."
        )
        commands = exchange.claims_way(
            client_id=found["client_id"],
            service_principal=found["service_principal_object_id"],
            mailbox=found["mailbox"],
        )
    reason = f"{f'{code}: ' if code else ''}{found['reason']}"
    return _check("smtp", subject, reason=reason, next_step=next_step, commands=commands)


def _of_graph(name: str, seen: Seen, expected: str) -> Json:
    found = seen["access"]
    subject = _subject(seen, name)
    views = [view for view in found.get("mailboxes", ()) if view["expected"] == expected]
    if not views:
        return _failed(name, subject, found)
    view = views[0]
    code = f" {view['code']}" if view["code"] else ""
    why = "" if view["as_expected"] or view["reachable"] else f" (status {view['status']}{code})"
    next_step, commands = view["next_step"], view["exchange_commands"]
    if expected == "allowed" and view["status"] == 403 and READING.intersection(seen["token"]["missing_roles"]):
        next_step, commands = "Grant what the token lacks first, as told for the token; then run this again.", []
    return _check(
        name,
        subject,
        ok=view["as_expected"],
        reason=f"{view['reason'].rstrip('.')}{why}.",
        next_step=next_step,
        commands=commands,
    )


def _failed(name: str, subject: str, result: Seen) -> Json:
    """A module's failure, whose message ends with what to do next."""
    error = result.get("error") or {}
    step = str(error.get("next_step") or "")
    reason = str(result.get("msg") or "There was no answer that tells.").removesuffix(step).strip()
    if error.get("code") in RENEWED:
        step = (
            f"Run the playbook email_gateway.azure_apps.rotate {SAME_VARIABLES}: it replaces a client secret that the"
            " tenant refuses, or that has expired."
        )
    return _check(name, subject, reason=reason, next_step=step or "Run again later.")


_PROOFS: dict[str, t.Callable[[Seen], Json]] = {
    "mailbox": _mailbox,
    "smtp": _smtp,
    "forbidden_mailbox": _forbidden_mailbox,
}
