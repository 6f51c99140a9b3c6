# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rewrites a tarball of ansible-galaxy so that the same files give the same bytes, on any machine and at any time.

ansible-galaxy lists the files in the order of the file system, with their times and modes, and adds the
time of the build. It also packs empty folders, which are not in git.
Usage: reproducible.py TARBALL TIME, the time in seconds since 1970 (that of the commit).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path, PurePosixPath

MANIFEST, FILES = "MANIFEST.json", "FILES.json"


def rewrite(tarball: Path, *, time: int) -> None:
    """Sort the files, replace their times, owners and modes, and update the checksum of the list of files.

    Empty folders are left out.
    """
    with tarfile.open(tarball) as archive:
        executable = {member.name for member in archive if member.mode & 0o100}
        contents = {member.name: read(archive, member) for member in archive if member.isfile()}
    filled = {str(folder) for name in contents for folder in PurePosixPath(name).parents}
    folders = filled - {"."}
    files = json.loads(contents[FILES])
    listed = [entry for entry in files["files"] if entry["name"] in contents.keys() | filled]
    files["files"] = sorted(listed, key=lambda entry: entry["name"])
    contents[FILES] = json.dumps(files, indent=True).encode()
    manifest = json.loads(contents[MANIFEST])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(contents[FILES]).hexdigest()
    contents[MANIFEST] = json.dumps(manifest, indent=True).encode()

    packed = io.BytesIO()
    # Without a file name, gzip does not write one into its header.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=time) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        # ansible-galaxy puts these two first, so that they can be read without unpacking the rest.
        for name in (MANIFEST, FILES, *sorted((folders | contents.keys()) - {MANIFEST, FILES})):
            member = tarfile.TarInfo(name)
            member.mtime = time
            member.mode = 0o755 if name in folders | executable else 0o644
            member.type = tarfile.DIRTYPE if name in folders else tarfile.REGTYPE
            content = contents.get(name, b"")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    tarball.write_bytes(packed.getvalue())


def read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = archive.extractfile(member)
    assert content is not None
    return content.read()


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]), time=int(sys.argv[2]))
