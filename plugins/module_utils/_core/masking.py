# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Keeps secrets out of what a user reads, even if a server or a proxy sends them back."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
from urllib.parse import quote, quote_plus

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import with_texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import shortened

MASK = "********"
SHORTEST = 8  # characters: to mask less would garble ordinary words
LONGEST_TEXT = 2000  # characters of one text in a failure
_NEITHER_LETTER_NOR_DIGIT = re.compile("[^A-Za-z0-9]")

# What looks like a token or a client secret is masked in failures, known or not: a refused answer may hold a new one
# that is in no option. Source of the form of a client secret: gitleaks' rule azure-ad-client-secret.
LOOKS = re.compile(
    r"ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|[A-Za-z0-9_~.-]{3}[0-9]Q(?:~|%7[Ee])[A-Za-z0-9_~.%-]{31,}"
)


class Secrets:
    """The secrets that a call knows, and texts without them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._forms: set[str] = set()
        self._forms_in_lower_case: set[str] = set()
        self._all_ascii = True
        self._pattern: re.Pattern[str] | None = None

    def add(self, *values: t.Any) -> None:
        """Those that are texts, and not too short."""
        for secret in map(str.strip, texts(list(values))):
            if len(secret) >= SHORTEST and secret not in self._known:
                self._known.add(secret)
                self._forms |= _forms(secret)
                self._forms_in_lower_case = set(map(str.lower, self._forms))
                self._all_ascii = all(map(str.isascii, self._forms))
                self._pattern = None

    def masked(self, value: t.Any) -> t.Any:
        """A copy of a result in which no text holds one of the secrets."""
        return with_texts(value, self._without_known)

    def for_message(self, value: t.Any) -> t.Any:
        """The same for failures and warnings, without anything that looks like a secret, and of bounded length."""
        return with_texts(value, self._for_a_message)

    def masked_whole(self, text: str) -> str:
        """A traceback or the output of a program, whole, without anything that looks like a secret."""
        return LOOKS.sub(MASK, self._without_known(text))

    def _without_known(self, text: str) -> str:
        if len(text) < SHORTEST or not self._may_hold_one(text):
            return text
        if self._pattern is None:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern.sub(MASK, text)

    def _may_hold_one(self, text: str) -> bool:
        """Whether the pattern has to be asked.

        Compiling it takes longer than all else that a task computes, and hardly any text holds a secret. Beyond ASCII,
        upper and lower case are not as simple as ``lower`` (a long s is an s to the pattern), so that it decides there.
        """
        if not self._forms:
            return False
        if not (self._all_ascii and text.isascii()):
            return True
        in_lower_case = text.lower()
        return any(form in in_lower_case for form in self._forms_in_lower_case)

    def _for_a_message(self, text: str) -> str:
        # First masked, then cut: half a secret would no longer be recognised.
        # Half of a character can be neither shown nor logged.
        clean = self.masked_whole(text).encode(errors="backslashreplace").decode()
        return shortened(clean, longest=LONGEST_TEXT)


def _forms(secret: str) -> set[str]:
    """How a secret may be written by a server that sends it back."""
    # Half of a character is refused later on, in a message that must not hold it either.
    plain = secret.encode(errors="surrogatepass")
    every = _all_percent_encoded(plain.decode(errors="replace"))
    found = {secret, quote(plain, safe=""), quote_plus(plain), every, quote(every, safe="")}
    found |= {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1], html.escape(secret), plain.hex()}
    for offset in range(3):
        inner = _inside_base64(plain, offset)
        if len(inner) >= SHORTEST:
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def _all_percent_encoded(text: str) -> str:
    """Every character but letters and digits, which some servers do; ``quote`` leaves more of them as they are."""
    return _NEITHER_LETTER_NOR_DIGIT.sub(lambda found: "%" + found[0].encode().hex("%").upper(), text)


def _inside_base64(plain: bytes, offset: int) -> str:
    """The characters that the secret becomes wherever it begins ``offset`` bytes into a group of three.

    Those at both ends depend on what stands beside it.
    """
    encoded = base64.b64encode(b"\0" * offset + plain).decode()
    if offset:
        encoded = encoded[4:]
    if (offset + len(plain)) % 3:
        encoded = encoded[:-4]
    return encoded
