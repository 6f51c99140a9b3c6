# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that write refuse before they send anything: options on top of those that create, and words of the
refusal. None takes an option away.
"""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

UNKNOWN = "11111111-1111-1111-1111-111111111111"
NO_KEY = "one of the following is required: client_id, object_id, unique_name"

BAD_OPTIONS: dict[str, list[tuple[Json, str]]] = {
    "azure_app_registration": [
        (
            {"display_name": None, "unique_name": None, "notes": None},
            "one of the following is required: display_name, unique_name, client_id, object_id",
        ),
        ({"display_name": "x" * 121}, "121 characters"),
        ({"display_name": "  "}, "blank"),
        ({"display_name": "a\nb"}, "control character"),
        ({"notes": "n" * 1025}, "1025 characters"),
        ({"tags": ["has blank"]}, "white space"),
        ({"tags": ["a", "a"]}, "twice"),
        ({"tags": ["t" * 257]}, "longer than 256"),
        ({"owners": ["ada@example.com"]}, "not a GUID"),
        ({"redirect_uris": ["http://gw.example"]}, "not an https address"),
        ({"client_id": "nonsense"}, "not a GUID"),
        ({"purge": True}, "state=absent only"),
        ({"confirm": ["Gateway"]}, "confirm goes with state=absent only"),
        ({"sign_in_audience": "Everybody"}, "value of sign_in_audience must be one of"),
        ({"colour": "red"}, "Unsupported parameters"),
        ({"client_id": "a", "object_id": "b"}, "mutually exclusive"),
    ],
    "azure_app_graph_permissions": [
        ({"unique_name": None}, NO_KEY),
        (
            {"application_permissions": None},
            "one of the following is required: permissions, application_permissions, delegated_permissions",
        ),
        ({"application_permissions": [""]}, "is not the name of a permission"),
        ({"application_permissions": ["Mail Read"]}, "is not the name of a permission"),
        ({"application_permissions": ["Mail.R\u00e9ad"]}, "is not the name of a permission"),
        ({"delegated_permissions": ["x" * 257]}, "is not the name of a permission"),
        ({"resource": "sharepoint"}, "resource is 'sharepoint', which is not a GUID"),
        ({"exact": True, "state": "absent"}, "exact goes with state=present only"),
        ({"client_id": UNKNOWN}, "mutually exclusive"),
        ({"unique_name": " "}, "unique_name is blank"),
        ({"permission": ["Mail.Send"]}, "Unsupported parameters"),
        ({"permissions": [{"resource": "microsoft_graph", "application": ["Mail.Send"]}]}, "mutually exclusive"),
        ({"add_user_read": True, "state": "absent"}, "add_user_read goes with state=present only"),
    ],
    "azure_admin_consent": [
        ({"unique_name": None}, NO_KEY),
        ({"revoke_stale": True, "state": "absent"}, "revoke_stale goes with state=present only"),
        ({"client_id": UNKNOWN}, "mutually exclusive"),
        ({"unique_name": ""}, "unique_name is blank"),
        ({"state": "gone"}, "value of state must be one of"),
        ({"method": "url", "state": "absent"}, "method=url goes with state=present only"),
        ({"method": "url", "revoke_stale": True}, "revoke_stale goes with method=grant only"),
        ({"confirm": ["gateway"]}, "confirm goes with state=absent only"),
    ],
    "azure_app_secret": [
        ({"unique_name": None}, NO_KEY),
        ({"description": None}, "state is present but all of the following are missing: description"),
        ({"description": None, "state": "absent"}, "any of the following are missing: description, key_id"),
        ({"description": None, "key_id": "nonsense", "state": "absent"}, "key_id is 'nonsense', which is not a GUID"),
        ({"lifetime_days": 0}, "lifetime_days is 0"),
        ({"lifetime_days": -1}, "lifetime_days is -1"),
        ({"lifetime_days": 3651}, "lifetime_days is 3651"),
        ({"lifetime_days": 10**12}, "lifetime_days is 1000000000000"),
        ({"lifetime_days": 30, "renew_before_days": 30}, "due for renewal at once"),
        ({"lifetime_days": 30, "renew_before_days": 31}, "due for renewal at once"),
        ({"renew_before_days": -1}, "renew_before_days is -1"),
        ({"renew_before_days": 10**12}, "renew_before_days is 1000000000000"),
        ({"end_date": "2020-01-01"}, "which has passed"),
        ({"end_date": "2027-13-01"}, "neither a date nor a point in time"),
        ({"end_date": "2027-02-30"}, "neither a date nor a point in time"),
        ({"end_date": "2199-06-30T12:00:00"}, "neither a date nor a point in time with its zone"),
        ({"end_date": "2199-06-30T25:00:00Z"}, "neither a date nor a point in time"),
        ({"end_date": "9999-12-31T23:59:59-12:00"}, "neither a date nor a point in time"),
        ({"end_date": "next year"}, "neither a date nor a point in time"),
        ({"end_date": ""}, "neither a date nor a point in time"),
        ({"description": " "}, "description is blank"),
        ({"description": "d" * 121}, "121 characters"),
        ({"description": "a\nb"}, "control character"),
        ({"stored_key_id": "nonsense"}, "stored_key_id is 'nonsense', which is not a GUID"),
        ({"key_id": UNKNOWN, "state": "absent"}, "mutually exclusive: description|key_id"),
        ({"client_id": UNKNOWN}, "mutually exclusive: client_id|object_id|unique_name"),
    ],
    "azure_app_certificate": [
        ({"unique_name": None}, NO_KEY),
        ({"description": None}, "missing: description"),
        ({"path": None}, "any of the following are missing: path, certificate_file"),
        ({"description": None, "path": None, "state": "absent"}, "missing: key_id"),
        ({"certificate_file": "/y"}, "mutually exclusive: path|certificate_file|key_id"),
        ({"path": None, "certificate_file": "/y", "subject": "s"}, "mutually exclusive: subject|certificate_file"),
        ({"lifetime_days": 0}, "lifetime_days is 0"),
        ({"lifetime_days": 3651}, "lifetime_days is 3651"),
        ({"renew_before_days": -1}, "renew_before_days is -1"),
        ({"lifetime_days": 30}, "due for renewal at once"),
        ({"subject": "s" * 65}, "65 characters"),
        ({"description": "d" * 91}, "91 characters"),
        ({"description": None, "path": None, "state": "absent", "key_id": "x"}, "not a GUID"),
        ({"replaced_key_id": "x"}, "replaced_key_id is 'x', which is not a GUID"),
        (
            {"path": None, "certificate_file": "/y", "replaced_key_id": UNKNOWN},
            "mutually exclusive: replaced_key_id|",
        ),
        ({"path": None, "certificate_file": "/nowhere"}, "which is not a file"),
    ],
    "azure_app_federated_credential": [
        ({"issuer": None}, "missing: issuer"),
        ({"subject": None}, "missing: subject"),
        ({"name": None}, "missing required arguments: name"),
        ({"unique_name": None}, NO_KEY),
        ({"name": "a b"}, "does not fit in an address"),
        ({"name": "n" * 121}, "121 characters"),
        ({"issuer": "http://oidc.example.com"}, "not an https address"),
        ({"issuer": "https://[half"}, "not an https address"),
        ({"issuer": "https://oidc.example.com/" + "x" * 600}, "625 characters"),
        ({"subject": " "}, "subject is blank"),
        ({"description": "d" * 601}, "601 characters"),
        ({"audiences": []}, "audiences has 0 entries"),
        ({"audiences": ["a", "b"]}, "audiences has 2 entries"),
        ({"audiences": [""]}, "audiences is blank"),
    ],
}
