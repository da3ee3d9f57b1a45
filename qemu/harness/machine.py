"""A virtual machine with real UEFI firmware on a raw disk."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.console import Console, Line
from harness.disk import Disk
from harness.shell import PORT, Shell
from harness.verdict import Failed

# Emulation is slow, and slower beside a busy neighbour: waits for the guest are several times what
# an idle machine with two cores needs, and can be stretched here.
_PATIENCE = float(os.environ.get("MATIC_QEMU_PATIENCE", "1"))

BOOT_SECONDS = 240 * _PATIENCE  # from power on to an agent that answers
# KVM is the faster choice where it can run firmware: MATIC_QEMU_ACCEL=kvm. A small cache of
# translated code, since firmware that starts in memory full of Linux' translations takes a minute
# or more to write over them.
_ACCELERATOR = os.environ.get("MATIC_QEMU_ACCEL", "tcg,tb-size=128")


BUSES = {
    "virtio": "virtio-blk-pci,drive=disk,bootindex=0",
    "nvme": "nvme,serial=lab,drive=disk,bootindex=0",
    "ahci": "ide-hd,drive=disk,bus=ide.0,bootindex=0",
}


def patient(seconds: float) -> float:
    return seconds * _PATIENCE


@dataclass(frozen=True)
class BadSector:
    """One of 512 bytes: a request that touches it fails as it does on a disk that is worn out."""

    verb: str  # "read", "write"
    number: int


@dataclass(frozen=True)
class Options:
    hardware_watchdog: bool = False  # an i6300esb that resets the machine when it runs out
    stop_at_reboot: bool = False  # a reboot, by whomever, turns the machine off instead
    memory_mib: int = 1024
    shell: bool = False  # Machine.shell is answered
    secure_boot: bool = False  # firmware that starts what is signed (harness/trust.py) and no more
    bus: str = "virtio"  # what the disk hangs on: one of BUSES
    write_log: Path | None = None  # every write and flush goes here, too (harness/write_log.py)
    bad_sectors: tuple[BadSector, ...] = ()
    broken_beside: Path | None = None  # another disk, of which nothing can be read


def free_port() -> int:
    """A TCP port of the loopback that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """Runs from construction until it is cut off or turns itself off.

    Firmware variables live beside the disk, so the next machine on the same disk finds what this
    one stored. The agent's port 50051 is reached on 127.0.0.1:api_port, and its metrics' on
    127.0.0.1:metrics_port where it does not keep them to its own loopback; the guest reaches the
    host's loopback as 10.0.2.2.
    """

    def __init__(
        self,
        disk: Disk,
        log_stem: Path,
        options: Options = Options(),
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        self.disk = disk
        self.api_port = free_port()
        self.metrics_port = free_port()
        # Not beside the log: the kernel takes no longer a path than 107 bytes.
        self._sockets = Path(tempfile.mkdtemp(prefix="matic-qemu-"))
        self.shell = Shell(self._sockets / "shell")
        variables = disk.path.with_suffix(".vars")
        if not variables.exists():
            secure = options.secure_boot
            shutil.copyfile(
                paths.SECURE_FIRMWARE_VARIABLES if secure else paths.FIRMWARE_VARIABLES, variables
            )
        self._errors = log_stem.with_suffix(".qemu.log")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                _command(self, variables, self._sockets / "shell", options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self.console = Console(self._process.stdout, log_stem.with_suffix(".console.log"), on_line)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def cut_power(self) -> None:
        """From one instant to the next; nothing in the guest hears of it."""
        if self.running:
            self._process.kill()
        self._process.wait()
        self.console.join()
        self.shell.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def wait_until_off(self, timeout: float) -> None:
        """For a machine that turns itself off (stop_at_reboot)."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"the machine did not turn off within {timeout:.0f} s") from error
        self.console.join()
        if code != 0:
            raise Failed(f"QEMU ended with {code}: {self.errors()}")

    def errors(self) -> str:
        return self._errors.read_text(errors="replace").strip()


def _command(machine: Machine, variables: Path, shell: Path, options: Options) -> list[str]:
    command = [
        # A harness that is killed takes its machines along.
        "setpriv",
        "--pdeathsig",
        "KILL",
        "--",
        "qemu-system-x86_64",
        *_machine(options),
        "-accel",
        _ACCELERATOR,
        "-cpu",
        "max",
        "-m",
        str(options.memory_mib),
        "-smp",
        "2",
        "-nodefaults",
        "-display",
        "none",
        "-drive",
        f"if=pflash,format=raw,unit=1,file={variables}",
        *_disk(machine.disk.path, options),
        "-device",
        BUSES[options.bus],
        "-netdev",
        f"user,id=net,hostfwd=tcp:127.0.0.1:{machine.api_port}-:50051,"
        f"hostfwd=tcp:127.0.0.1:{machine.metrics_port}-:28051",
        "-device",
        "virtio-net-pci,netdev=net,romfile=",
        "-device",
        "virtio-rng-pci",
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
    ]
    if options.broken_beside:
        command += [
            *("-blockdev", _blkdebug("beside", options.broken_beside, ["iotype=read"])),
            *("-device", "virtio-blk-pci,drive=beside"),
        ]
    if options.hardware_watchdog:
        command += ["-device", "i6300esb", "-action", "watchdog=reset"]
    if options.shell:
        command += [
            *("-chardev", f"socket,id=shell,path={shell},server=on,wait=off"),
            *("-device", "virtio-serial-pci"),
            *("-device", f"virtserialport,chardev=shell,name={PORT}"),
        ]
    if options.stop_at_reboot:
        command += ["-no-reboot"]
    return command


def _machine(options: Options) -> list[str]:
    if not options.secure_boot:
        return ["-machine", "q35", *_firmware_code(paths.FIRMWARE_CODE)]
    return [
        # Only the firmware's own mode may write its variables.
        *("-machine", "q35,smm=on"),
        *("-global", "driver=cfi.pflash01,property=secure,value=on"),
        *("-global", "ICH9-LPC.disable_s3=1"),
        *_firmware_code(paths.SECURE_FIRMWARE_CODE),
    ]


def _firmware_code(code: Path) -> list[str]:
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}"]


def _blkdebug(node: str, path: Path, errors: list[str]) -> str:
    """A disk on which requests fail: each of `errors` says which."""
    rules = [
        f"inject-error.{i}.event=none,inject-error.{i}.errno=5,"
        + ",".join(f"inject-error.{i}.{part}" for part in error.split(","))
        for i, error in enumerate(errors)
    ]
    image = f"image.driver=file,image.filename={path}"
    return ",".join(["driver=blkdebug", f"node-name={node}", image, *rules])


def _disk(path: Path, options: Options) -> list[str]:
    write_log = options.write_log
    if options.bad_sectors:
        bad = [f"iotype={sector.verb},sector={sector.number}" for sector in options.bad_sectors]
        return ["-blockdev", _blkdebug("disk", path, bad)]
    if write_log is None:
        return ["-drive", f"if=none,id=disk,format=raw,cache=writeback,file={path}"]
    write_log.write_bytes(b"")
    return [
        "-blockdev",
        "driver=blklogwrites,node-name=disk,log-sector-size=512,"
        f"file.driver=file,file.filename={path},"
        f"log.driver=file,log.filename={write_log}",
    ]
