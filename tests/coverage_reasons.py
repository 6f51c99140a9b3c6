# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make coverage: code that no test in this process covers needs a reason in coverage_reasons.yml.

A place is the first line of a sequence of lines that are not covered, or of a branch that is not taken: the enclosing
function, and the text of the line. The exit status is 1 if a place in plugins or extensions has no reason, or if a
reason is for a line that does not exist any more. For the emulator, places without a reason are only shown. Code that
only some runs reach, in the middle of a race, stays listed.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import sys
import typing as t
from pathlib import Path

import yaml

REASONS = Path(__file__).with_name("coverage_reasons.yml")
CHECKED = ("plugins/", "extensions/")
WHOLE_FILE = "*"


@dataclasses.dataclass(frozen=True)
class Place:
    file: str
    line: int
    function: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        return self.file, f"{self.function} | {self.text}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function} | {self.text}"


def places(file: str, measured: t.Mapping[str, t.Any], source: str) -> list[Place]:
    """The places of a file that are not covered, from the JSON report of coverage.py."""
    missing = set(measured["missing_lines"])
    branches = {start for start, end in measured["missing_branches"] if start not in missing and end not in missing}
    statements = sorted(missing | set(measured["executed_lines"]))
    begins = {
        line
        for before, line in zip([0, *statements], statements, strict=False)
        if line in missing and before not in missing
    }
    lines = source.splitlines()
    functions = dict(_functions(ast.parse(source)))
    return [
        Place(file, line, functions.get(line, "module"), lines[line - 1].strip()) for line in sorted(begins | branches)
    ]


def _functions(tree: ast.AST, within: str = "") -> t.Iterator[tuple[int, str]]:
    """The function or class around each line; the innermost one is the last."""
    for node in ast.iter_child_nodes(tree):
        name = within
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}.{node.name}".lstrip(".")
            yield from ((line, name) for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
        yield from _functions(node, name)


def problems(
    found: t.Iterable[Place], reasons: t.Sequence[t.Mapping[str, t.Any]], read: t.Callable[[str], str]
) -> list[str]:
    """Places without a reason, and reasons without a place. ``read`` returns the source of a file."""
    given = {(file, text) for group in reasons for file, texts in group["places"].items() for text in texts}
    lacking = [place for place in found if place.file.startswith(CHECKED) and place.key not in given]
    there = {file: _lines(read(file)) for file, _text in given}
    gone = sorted(
        f"{file}: {text}" for file, text in given - {(file, WHOLE_FILE) for file in there} if text not in there[file]
    )
    return [
        *(f"not reached, and without a reason: {place}" for place in lacking),
        *(f"no such line any more, correct it in {REASONS.name}: {text}" for text in gone),
    ]


def _lines(source: str) -> set[str]:
    functions = dict(_functions(ast.parse(source)))
    return {f"{functions.get(i, 'module')} | {text.strip()}" for i, text in enumerate(source.splitlines(), start=1)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="what coverage json wrote")
    measured = json.loads(parser.parse_args().report.read_text())["files"]
    found = [place for file, of_file in measured.items() for place in places(file, of_file, Path(file).read_text())]
    reasons = yaml.safe_load(REASONS.read_text())
    whole = {file for group in reasons for file, texts in group["places"].items() if texts == [WHOLE_FILE]}
    found = [place for place in found if place.file not in whole]
    for place in found:
        if not place.file.startswith(CHECKED):
            print(place)
    for group in reasons:
        print(f"{sum(map(len, group['places'].values())):4} places: {group['reason']}")
    wrong = problems(found, reasons, lambda file: Path(file).read_text())
    print("\n".join(wrong) or "every place that is not reached has a reason")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
