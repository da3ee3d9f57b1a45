"""What QEMU notes of writes and flushes is read back, and only what was not flushed can be lost."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from harness.disk import Disk
from harness.write_log import Loss, WriteLog, lose_power

_SIZE = 1 << 20


class Recorder:
    """QEMU's own block layer without a machine."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder / "disk.img")
        self.log = folder / "writes"
        self.disk.path.write_bytes(bytes(_SIZE))
        self.log.write_bytes(b"")

    def record(self, *commands: str) -> WriteLog:
        options = (
            f"driver=blklogwrites,log-sector-size=512,file.driver=file,file.filename={self.disk.path},"
            f"log.driver=file,log.filename={self.log}"
        )
        words = [word for command in commands for word in ("-c", command)]
        done = subprocess.run(
            ["qemu-io", "--image-opts", options, *words], capture_output=True, text=True, check=True
        )
        assert "error" not in done.stdout + done.stderr, done
        self.disk.path.write_bytes(bytes(_SIZE))
        return WriteLog(self.log)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def test_epochs_end_at_flushes(recorder: Recorder) -> None:
    log = recorder.record("write -P 1 0 4k", "write -P 2 8k 512", "flush", "write -P 3 64k 1k")
    first, second = (epoch for epoch in log.epochs() if epoch)
    assert [(write.offset, write.length) for write in first] == [(0, 4096), (8192, 512)]
    assert [(write.offset, write.length) for write in second] == [(65536, 1024)]
    assert log.data(second[0]) == b"\3" * 1024


def test_what_was_flushed_is_never_lost(recorder: Recorder) -> None:
    log = recorder.record("write -P 1 0 4k", "flush", "write -P 2 0 4k", "write -z 16k 4k")
    _forget_the_last_flush(log)
    seen = set()
    for seed in range(200):
        recorder.disk.path.write_bytes(b"\7" * _SIZE)
        loss = lose_power(recorder.disk, log, random.Random(seed))
        assert loss.flushed == 1
        assert loss.kept + loss.dropped + loss.torn == 2
        start = recorder.disk.read(0, 4096)
        assert set(start) <= {1, 2}
        # Torn at the borders of sectors only.
        assert all(len(set(start[at : at + 512])) == 1 for at in range(0, 4096, 512))
        assert recorder.disk.read(4096, 4096) == b"\7" * 4096
        seen.add((set(start) == {1}, set(start) == {2}, recorder.disk.read(16384, 1) == b"\0"))
    assert len(seen) == 6


def test_a_log_without_writes_loses_nothing(recorder: Recorder) -> None:
    recorder.log.write_bytes(b"")
    assert lose_power(recorder.disk, WriteLog(recorder.log), random.Random(1)) == Loss()


def test_a_log_of_a_disk_that_was_never_flushed_is_read(recorder: Recorder) -> None:
    log = recorder.record("write -P 1 0 4k")
    # QEMU writes it at the first flush; the one here is that of its end in peace.
    recorder.log.write_bytes(bytes(512) + recorder.log.read_bytes()[512:])
    assert [write.length for epoch in log.epochs() for write in epoch] == [4096]


def test_an_entry_that_was_cut_off_is_left_out(recorder: Recorder) -> None:
    log = recorder.record("write -P 1 0 4k", "flush", "write -P 2 8k 64k")
    whole = recorder.log.read_bytes()
    ends = log.data(list(log.epochs())[1][0])
    at = whole.index(ends) + 1000
    recorder.log.write_bytes(whole[:at])
    cut = WriteLog(recorder.log)
    assert [len(epoch) for epoch in cut.epochs()] == [1, 0]


def _forget_the_last_flush(log: WriteLog) -> None:
    """As if QEMU had been killed: it flushes when it ends in peace."""
    entries = log.epochs

    def without_end():  # type: ignore[no-untyped-def]
        found = [epoch for epoch in entries() if epoch]
        yield from found

    log.epochs = without_end  # type: ignore[method-assign]
