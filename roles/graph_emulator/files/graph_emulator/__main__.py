# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m graph_emulator`, and also `python path/to/graph_emulator`."""

from __future__ import annotations

import sys
from pathlib import Path

_PIP_NAMES = {"jwt": "PyJWT", "odata_query": "odata-query"}


def _run() -> int:
    if not __package__:
        # Run by path: Python put this folder itself on the path; the package's parent belongs there instead.
        folder = Path(__file__).resolve().parent
        sys.path[:] = [str(folder.parent), *(entry for entry in sys.path if Path(entry).resolve() != folder)]
    try:
        from graph_emulator.cli import main
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in ("", "graph_emulator"):
            raise
        print(
            f"graph_emulator: missing Python package '{_PIP_NAMES.get(name, name)}': pip install "
            f"{_PIP_NAMES.get(name, name)}",
            file=sys.stderr,
        )
        return 1
    return main()


if __name__ == "__main__":
    sys.exit(_run())
