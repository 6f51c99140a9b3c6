# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates the pictures in docs/images from a running demo: run `make docs-pictures`.

The flow and the terminal are drawings (SVG). The report and the emulator's page are screenshots: without Chromium the
existing ones are kept, and a message reports it.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
DEMO = ROOT / "build" / "demo"
CHARACTER, LINE = 8.4, 19
STYLE = """<style>
text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1b1f24}.small{font-size:11px;fill:#57606a}
.box{fill:#f6f8fa;stroke:#57606a}
.own{fill:#ddf4ff;stroke:#0969da}.line{stroke:#57606a;fill:none;marker-end:url(#end)}
.mono{font:14px ui-monospace,Menlo,Consolas,monospace;white-space:pre;fill:#e6edf3}
.term{fill:#0d1117}.good{fill:#3fb950}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.box{fill:#151b23;stroke:#9198a1}
.own{fill:#0c2d4d;stroke:#4493f8}.line{stroke:#9198a1}}
</style>"""
SMALL = ' class="small"'
ARROW = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#7d8590"/></marker></defs>'
)


def svg(width: int, height: int, title: str, body: list[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{html.escape(title)}</title>",
        STYLE,
        ARROW,
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def terminal(lines: list[str], title: str) -> str:
    """A terminal of 100 columns with these lines."""
    width, height = int(100 * CHARACTER) + 40, len(lines) * LINE + 52
    body = [f'<rect class="term" width="{width}" height="{height}" rx="8"/>']
    body += [
        f'<circle cx="{20 + 18 * n}" cy="18" r="6" fill="{c}"/>'
        for n, c in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    ]
    for number, line in enumerate(lines):
        kind = "mono good" if line.lstrip().startswith("granted") else "mono"
        body.append(
            f'<text class="{kind}" x="20" y="{50 + number * LINE}" xml:space="preserve">{html.escape(line)}</text>'
        )
    return svg(width, height, title, body)


def box(x: int, y: int, width: int, *lines: str, kind: str = "box") -> str:
    height = 18 + 17 * len(lines)
    middle = x + width // 2
    texts = "".join(
        f'<text{SMALL if n else ""} x="{middle}" y="{y + 22 + 17 * n}" text-anchor="middle">{html.escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>{texts}'


def flow() -> str:
    """The profile and the sign-in as inputs, and the tasks of the role from top to bottom, each next to its target."""
    steps = (
        ("Check the settings, read the profile", "before the first write", None),
        ("Register the application", "and its service principal", "Microsoft Entra ID"),
        ("Declare the permissions", "by name", "Microsoft Entra ID"),
        ("Grant admin consent", "or show where others can", "Microsoft Entra ID"),
        ("Store a client secret", "tried before it counts; all stores or none", "secret stores"),
        ("Prove the permissions", "by a token of the application", "Microsoft Entra ID"),
        ("Hand over", "your tasks, for each gateway", "mail gateways"),
        ("Remove the replaced secret", "after the overlap", "Microsoft Entra ID"),
    )
    body = [
        box(20, 20, 190, "inventory or play", "profile, names, stores"),
        box(20, 110, 190, "sign-in of the operator", "az, application, pipeline, person"),
        '<path class="line" d="M210 46H270"/><path class="line" d="M210 136H240V60H270"/>',
    ]
    for number, (name, detail, _reached) in enumerate(steps):
        y = 20 + number * 74
        body.append(box(270, y, 270, name, detail, kind="own"))
        if number:
            body.append(f'<path class="line" d="M405 {y - 22}V{y}"/>')
    places = {
        "Microsoft Entra ID": (20 + 74 * 2, ("Microsoft Entra ID", "application, grants, secrets")),
        "secret stores": (20 + 74 * 4, ("secret stores", "ansible-vault, Vault, Key Vault, ...")),
        "mail gateways": (20 + 74 * 6, ("mail gateways", "server profile")),
    }
    for y, lines in places.values():
        body.append(box(640, y, 220, *lines))
    for number, (_name, _detail, reached) in enumerate(steps):
        if reached is not None:
            y, to = 46 + number * 74, places[reached][0] + 26
            route = f"M540 {y}H640" if y == to else f"M540 {y}H{590}V{to}H640"
            body.append(f'<path class="line" d="{route}"/>')
    return svg(880, 20 + 74 * len(steps), "A run of the role gateway_app", body)


def result_lines() -> list[str]:
    """The last lines of the demonstration, without the paths of this machine."""
    text = (DEMO / "table.txt").read_text().strip().split("\n\n")
    return ["$ make demo", "...", *text[0].splitlines(), "", *text[1].splitlines(), "", text[2].splitlines()[0]]


def screenshots(announced: str) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("pictures: no Chromium on the PATH, so the screenshots are not changed", file=sys.stderr)
        return
    report = (DEMO / "report.html").as_uri()
    for name, url, dark in (
        ("report-light", report, False),
        ("report-dark", report, True),
        ("emulator", announced, False),
    ):
        with tempfile.TemporaryDirectory() as profile:
            command = [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--ignore-certificate-errors",
                f"--user-data-dir={profile}",
                "--window-size=1040,680",
                "--virtual-time-budget=3000",
                f"--screenshot={IMAGES / name}.png",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                url,
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "flow.svg").write_text(flow())
    (IMAGES / "demo.svg").write_text(terminal(result_lines(), "The end of make demo"))
    if len(sys.argv) > 1:
        screenshots(sys.argv[1])


if __name__ == "__main__":
    main()
