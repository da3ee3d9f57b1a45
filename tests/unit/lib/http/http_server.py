"""A server with the bad manners that a download has to live with.

Serves the same paths over http, https, https at another port, and https for clients with a
certificate; runs a forward proxy, and one that asks for a login. Prints the six ports and ends when
its stdin does. Its certificate, valid for 127.0.0.1 alone, is FOLDER/cert.pem; the client's is
client.pem, and stranger.pem is nobody's.
"""

import http.server
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "qemu"))

from harness.forward_proxy import ForwardProxy  # noqa: E402

SIZE = 1_000_000
CONTENT = bytes((i * 7 + (i >> 8)) & 255 for i in range(SIZE))
ETAG = '"v1"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        # What says how long it is may be followed by another request.
        self.close_connection = "keep" not in query
        getattr(self, "serve_" + url.path.strip("/").replace("-", "_"))(query)

    def do_POST(self):
        self.posted = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def serve_posted(self, query):
        """The method, what the client sent, and with what, as the body."""
        body = f"{self.command}\n{self.headers}".encode() + self.posted
        self.head(200, Content_Length=len(body))
        self.wfile.write(body)

    def serve_no_http(self, query):
        self.wfile.write(b"\x00\xff garbage\r\n\r\n" * 100)

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def asked_from(self):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match or self.headers.get("If-Range", ETAG) != ETAG:
            return None
        return int(match[1])

    def content(self):
        """Sends an honest head and returns the body that belongs to it."""
        first = self.asked_from()
        if first is None:
            self.head(200, Content_Length=SIZE, ETag=ETAG)
            return CONTENT
        last = self.headers["Range"].rpartition("-")[2]
        body = CONTENT[first:int(last) + 1 if last else SIZE]
        self.head(206, Content_Length=len(body), ETag=ETAG,
                  Content_Range=f"bytes {first}-{first + len(body) - 1}/{SIZE}")
        return body

    def wait_for_peer(self):
        self.wfile.flush()
        self.connection.settimeout(30)
        try:
            self.connection.recv(1)
        except OSError:
            pass

    def serve_image(self, query):
        self.wfile.write(self.content())

    def serve_connection(self, query):
        """Which connection this is, as the body: two that are alike are one."""
        body = f"{self.client_address[1]}".encode()
        self.head(206, Content_Length=len(body), Content_Range=f"bytes 0-{len(body) - 1}/{SIZE}")
        self.wfile.write(body)

    def serve_long_range(self, query):
        first = self.asked_from()
        self.head(206, Content_Length=20, Content_Range=f"bytes {first}-{first + 19}/{SIZE}")
        self.wfile.write(CONTENT[first:first + 20])

    def serve_headers(self, query):
        """What the client sent, as the body."""
        body = str(self.headers).encode()
        self.head(200, Content_Length=len(body))
        self.wfile.write(body)

    def serve_proxied(self, query):
        """What the proxies were asked for, as the body."""
        lines = [line for proxy in PROXIES for line in proxy.requests]
        body = "".join(f"{line}\n" for line in lines).encode()
        self.head(200, Content_Length=len(body))
        self.wfile.write(body)

    def serve_reset(self, query):
        self.wfile.write(self.content()[:int(query["after"])])
        self.wfile.flush()
        time.sleep(0.2)  # what was sent has arrived before the reset throws it away
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def serve_truncated(self, query):
        self.wfile.write(self.content()[:int(query["after"])])

    def serve_stall(self, query):
        self.wfile.write(self.content()[:1000])
        self.wait_for_peer()

    def serve_silent(self, query):
        self.wait_for_peer()

    def serve_trickle(self, query):
        body = self.content()
        for i in range(300):
            self.wfile.write(body[i:i + 1])
            self.wfile.flush()
            time.sleep(0.1)

    def serve_endless(self, query):
        self.head(200)
        while True:
            self.wfile.write(CONTENT)

    def serve_without_length(self, query):
        self.head(200)
        self.wfile.write(CONTENT)

    def serve_without_ranges(self, query):
        self.head(200, Content_Length=SIZE)
        self.wfile.write(CONTENT)

    def serve_wrong_range(self, query):
        self.head(206, Content_Length=10, Content_Range=f"bytes 1-10/{SIZE}")
        self.wfile.write(CONTENT[1:11])

    def serve_multipart(self, query):
        self.head(206, Content_Length=10, Content_Type="multipart/byteranges; boundary=x")
        self.wfile.write(CONTENT[:10])

    def serve_short_range(self, query):
        first = self.asked_from()
        self.head(206, Content_Length=10, Content_Range=f"bytes {first}-{first + 9}/{SIZE}")
        self.wfile.write(CONTENT[first:first + 10])

    def serve_redirect(self, query):
        self.head(int(query.get("status", 302)), Content_Length=4, Location=query["to"])
        self.wfile.write(b"over")

    def serve_loop(self, query):
        self.head(302, Content_Length=0, Location="/loop")

    def serve_endless_redirect(self, query):
        self.head(302, Location="/image")
        while True:
            self.wfile.write(CONTENT)

    def serve_status(self, query):
        self.head(int(query["code"]), Content_Length=5)
        self.wfile.write(b"sorry")

    def serve_compressed(self, query):
        self.head(200, Content_Length=5, Content_Encoding="gzip")
        self.wfile.write(b"\x1f\x8b\x08\x00\x00")

    def serve_large_header(self, query):
        self.head(200, Content_Length=0, **{f"X-{i}": "x" * 1000 for i in range(90)})

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        # Peers that leave early are what this server is for. One whose certificate was refused shall
        # get to read that: closing with its request unread would reset the connection.
        if isinstance(sys.exc_info()[1], ssl.SSLError):
            with socket.socket(fileno=request.detach()) as plain:
                plain.settimeout(5)
                try:
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(4096):
                        pass
                except OSError:
                    pass


def make_certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=matic test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"],
        check=True, stderr=subprocess.DEVNULL)
    os.chmod(f"{folder}/{name}.key", 0o600)


def tls(folder, client=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/cert.key")
    if client:
        context.load_verify_locations(f"{folder}/{client}.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def serve(context):
    server = Server(("127.0.0.1", 0), Handler)
    if context:
        # The handshake belongs into the connection's thread, not into accept.
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


PROXIES = []


def main():
    folder = sys.argv[1]
    for name in ("cert", "client", "stranger"):
        make_certificate(folder, name)
    ports = [serve(context) for context in (None, tls(folder), tls(folder), tls(folder, "client"))]
    PROXIES.extend((ForwardProxy(), ForwardProxy(login="alice:geheim")))
    print(*ports, *(proxy.port for proxy in PROXIES), flush=True)
    sys.stdin.read()


main()
