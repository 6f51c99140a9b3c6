# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that users may enter by mistake or malice, one list for each kind of option, and checks of refusals."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

PWNED = "pwned"  # the file that a template or a command in a value would create
CODE = (
    "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}",
    "{% for i in range(9) %}{{ lookup('pipe', 'touch pwned') }}{% endfor %}",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned #",
    "'; touch pwned; '",
)
# Each tries to end the literal of a $filter or of a key, to name another object, or to extend the address.
BREAKOUTS = (
    "O'Brien",
    "O''Brien",
    "'",
    "''",
    "x' or displayName ne 'x",
    "x' or startswith(displayName,'b') or displayName eq 'x",
    "x')/owners?$select=id#",
    "x') or (uniqueName ne 'x",
    "bystander'/",
    "..",
    "../applications",
    "a/b?c=d&$top=1#e",
    "%27",
    "%27 or 1 eq 1",
    "%2e%2e%2f",
    "a+b",
    "\\",
    '"',
    "$filter",
    "bystander ",
    "BYSTANDER",
)
UNICODE = (
    "\u05e9\u05e2\u05e8 \u202eltr",  # right to left, and an override
    "e\u0301 \u0327\u0300\u0301\u0302",  # combining character
    "\u00e9",  # the first of them as a single character
    "\U0001f4e7\u200d\U0001f510",  # emoji, joined
    "\ufeffbom",
    "\u00a0\u2003",  # blank
    "\u2028line\u2029",
    "\u0085\u009b31m",
    "\x1b[31mred",
    "nul\0nul",
    "lone \ud800 surrogate",
    "\udcff\udc80",
    "line\nbreak\r\n",
    "\t",
    " ",
    "",
)
TEXTS: tuple[t.Any, ...] = (*BREAKOUTS, *UNICODE, *CODE, "x" * 119, "x" * 257, "\u00e4" * 5000)
NUMBERS: tuple[t.Any, ...] = (
    0, -1, 1, 3650, 3651, 2**31, 2**63, 10**30, -(10**30), 1.0, 1.5, 1e308, float("nan"), float("inf"), -float("inf"),
    "1e5", "1_0", "0x10", "\u0663", "inf", "nan", "-0", " 7 ", "1" * 5000, True,
)  # fmt: skip
BOOLS: tuple[t.Any, ...] = ("yes", "no", "True", "falsch", "1", "0", 2, -1, 0.0, "on ", "\u0661", None)
DATES = (
    "0000-00-00",
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999999999Z",
    "2027-02-30",
    "2027-13-01T00:00:00Z",
    "2027-06-30T24:00:00Z",
    "2027-06-30T12:00:00",
    "2027-06-30T12:00:00+99:99",
    "2027-06-30 12:00:00z",
    "1969-12-31T23:59:59Z",
    "\u0662\u0660\u0662\u0667-06-30",
    "tomorrow",
)
KEYS = (
    "00000000-0000-0000-0000-000000000000",
    "{b2466de6-5867-4b23-83ff-449c85f44ba1}",
    "b2466de6-5867-4b23-83ff-449c85f44ba1\n",
    "B2466DE6-5867-4B23-83FF-449C85F44BA1",
    "b2466de6-5867-4b23-83ff-449c85f44ba1' or '1' eq '1",
    "\uff42\uff12466de6-5867-4b23-83ff-449c85f44ba1",
)
HOSTS = (
    "https://evil.example",
    "https://graph.microsoft.com@evil.example",
    "https://graph.microsoft.com.evil.example",
    "https://graph.microsoft.com:99999",
    "https://graph.microsoft.com/\u2215evil",
    "http://localhost",
    "https://[::1",
    "https://xn--",
    "//evil.example",
    "file:///etc/passwd",
    "https://gr\u00e4ph.microsoft.com",
    "https://",
    "https://a..b",
    "https://" + "a" * 300 + ".example",
    "https://1",
)
NESTED: tuple[t.Any, ...] = (
    [],
    {},
    [[]],
    [[["x"]], {"a": ["b"]}],
    [None],
    {"a": {"b": [1, None]}},
    {1: 2, "": {}},
    ["x", 1, True, 1.5],
)
NOTHING: tuple[t.Any, ...] = (None, object, b"bytes")  # the last two can only result from a template


def deep(levels: int = 150) -> list[t.Any]:
    nested: list[t.Any] = []
    for _level in range(levels):
        nested = [nested]
    return nested


def values(option: t.Mapping[str, t.Any], name: str = "") -> list[t.Any]:
    """The worst values for an option of this kind first, and some of every other kind."""
    texts = [*TEXTS, *KEYS, *DATES, *HOSTS] if name.endswith("url") else [*TEXTS, *KEYS, *DATES]
    element = {"type": option.get("elements", "str"), **option.get("options", {})}
    of_kind: dict[str, t.Callable[[], list[t.Any]]] = {
        "str": lambda: texts,
        "path": lambda: [*TEXTS],
        "int": lambda: [*NUMBERS],
        "float": lambda: [*NUMBERS],
        "bool": lambda: [*BOOLS],
        "list": lambda: [*([value] for value in values(element)), [*TEXTS], "a,b", "a,,", ["x", "x"]],
        "dict": lambda: [{"x": value} for value in TEXTS] + [{value: "x"} for value in TEXTS],
    }
    own = of_kind.get(option.get("type", "str"), of_kind["str"])()
    some = [*NESTED, deep(), None, True, "x", 7, -1.5, 10**30, float("nan"), *DATES[:1], b"\xff", {"a": {"b"}}]
    return [*own, *some]


def paths(folder: Path) -> list[str]:
    """Paths that lead to something else than a writable file, created below ``folder``."""
    (folder / "directory").mkdir()
    (folder / "plain").write_text("a foreign file")
    (folder / "empty").write_text("")
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "dangling").symlink_to(folder / "nowhere" / "file")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    closed = folder / "closed"
    closed.mkdir(mode=0)
    made = ["directory", "plain", "empty", "binary", "dangling", "loop", "pipe", "closed/file", "plain/file", "new/new"]
    if os.geteuid() == 0:
        os.mknod(folder / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        made.append("device")
    odd = [
        "a" * 300,
        "b/" * 3000,
        "\u05e9\U0001f4e7",
        "with blank",
        "-rf",
        "~no-user-of-this-name/x",
        "$NOTHING/x",
        ".",
        "",
    ]
    return [*(str(folder / name) for name in made), *odd, "/", "/proc/nowhere/file"]


def check_clear_refusal(result: t.Mapping[str, t.Any]) -> None:
    """The form of a refusal, for every module and every cause."""
    error = result["error"]
    assert {"kind", "status", "code", "request_id", "next_step"} <= error.keys(), result
    assert error["next_step"], "a failure needs a next step"
    assert result["msg"].endswith(error["next_step"]), result
    result["msg"].encode()  # can be shown
