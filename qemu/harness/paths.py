"""Where things are in this repository and its build folder."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Tests of another build name its folder, as ctest does.
PROGRAMS = Path(os.environ.get("MATIC_BIN") or REPOSITORY / "build" / "release" / "bin")
WORK = REPOSITORY / "build" / "qemu"
IMAGES = WORK / "images"
LOGS = WORK / "logs"
PKI = WORK / "pki"
GUEST = REPOSITORY / "qemu" / "guest"  # files that images of the lab have beside the recipe's
IMAGE_RECIPE = REPOSITORY / "image" / "debian" / "build"

OSCTL = PROGRAMS / "osctl"
AGENT = PROGRAMS / "matic-agent"
BOOTSIM = PROGRAMS / "matic-bootsim"
SELECTOR = PROGRAMS / "matic-bootx64.efi"

FIRMWARE_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
FIRMWARE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
# With Secure Boot, which takes SMM; the variables hold test keys (harness/trust.py).
SECURE_FIRMWARE_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
SECURE_FIRMWARE_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd")
