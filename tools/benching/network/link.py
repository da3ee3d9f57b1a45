"""A network link of a given speed and delay, as one thing that all its connections share.

Pure: a clock is what its caller says.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# What is on the wire but in no program's data: of 1,500 bytes a packet of IPv4, TCP with timestamps
# and Ethernet carries 1,448 and takes 1,538 from the line.
PAYLOAD_SHARE = 1448 / 1538
# As much as a line's own queue holds: what comes then waits at its sender.
_QUEUE_SECONDS = 0.005


@dataclass
class Direction:
    """One way of a link. Bytes leave one after another, and arrive `delay` seconds later."""

    bytes_a_second: float  # of payload
    delay: float
    _free: float = field(default=0.0, init=False)  # when the line has sent all that it was given

    def send(self, count: int, now: float) -> float:
        """When the last of `count` bytes that are given to it now arrives."""
        self._free = max(self._free, now) + count / self.bytes_a_second
        return self._free + self.delay

    def ready_in(self, now: float) -> float:
        """Seconds until it takes more; 0 where it does now."""
        return max(0.0, self._free - _QUEUE_SECONDS - now)


@dataclass(frozen=True)
class Speed:
    """As people name it: megabits a second on the wire, and milliseconds there and back."""

    mbit: float
    round_trip_ms: float

    @property
    def payload_bytes_a_second(self) -> float:
        return self.mbit * 1e6 / 8 * PAYLOAD_SHARE

    @property
    def one_way(self) -> float:
        return self.round_trip_ms / 2000

    @property
    def handshake(self) -> float:
        """From a connection's SYN to the first byte that may follow it."""
        return self.round_trip_ms / 1000

    def direction(self) -> Direction:
        return Direction(self.payload_bytes_a_second, self.one_way)

    def seconds(self, count: int, round_trips: int) -> float:
        """What `count` bytes take at the least that are asked for in so many turns."""
        return count / self.payload_bytes_a_second + round_trips * self.round_trip_ms / 1000
