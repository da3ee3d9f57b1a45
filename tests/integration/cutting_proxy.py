"""A network that goes away in the middle of an answer."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

HERE = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


class CuttingProxy:
    """Before a server on `to`: its answers end after so many bytes. Use as a context manager."""

    def __init__(self, to: int, after: int) -> None:
        self._to = to
        self._after = after
        self._listener = socket.create_server((HERE, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closed under a thread that waits in accept, its number could mean another socket by then.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection((HERE, self._to)) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            left = self._after
            while left > 0 and (answer := server.recv(left)):
                client.sendall(answer)
                left -= len(answer)
            client.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
    except OSError:
        return  # the other side was cut
