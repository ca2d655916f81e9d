"""HAProxy with deploy/haproxy/haproxy.cfg before a pointsmand, for tests and script/bench-hostile."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

from server import Measured, ServerFailed

CONFIG = pathlib.Path(__file__).resolve().parents[3] / "deploy/haproxy/haproxy.cfg"
PEM = "/etc/haproxy/pointsman.pem"
START_S = 20


def find_haproxy():
    """None if there is none."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def replaced(text, old, new):
    if old not in text:
        raise ServerFailed(f"{CONFIG} has no {old!r}: change {__file__} with it")
    return text.replace(old, new)


class Front(Measured):
    """The config as it is, but for ports, the certificate and, if this is not root, the user. gRPC and HTTP are served
    by TLS if there is a certificate (`pem`: a file with its key), and gRPC always without TLS on `port`, for attackers
    that speak plain HTTP/2. All of them share the limits."""

    def __init__(self, server, folder, pem=None):
        program = find_haproxy()
        if not program:
            raise ServerFailed("haproxy is missing: apt-get install haproxy")
        self.port, self.tls_port, self.http_port = free_ports(3)
        text = CONFIG.read_text()
        grpc = [f"bind 127.0.0.1:{self.port} proto h2"]
        http = f"bind 127.0.0.1:{self.http_port}"
        if pem:
            grpc.append(f"bind 127.0.0.1:{self.tls_port} ssl crt {pem} alpn h2")
            http += f" ssl crt {pem} alpn h2,http/1.1"
        text = replaced(text, f"bind :8443 ssl crt {PEM} alpn h2\n", "\n    ".join(grpc) + "\n")
        text = replaced(text, f"bind :443 ssl crt {PEM} alpn h2,http/1.1\n", http + "\n")
        text = replaced(text, "server pointsmand 127.0.0.1:7717 ", f"server pointsmand 127.0.0.1:{server.port} ")
        text = replaced(text, "server pointsmand 127.0.0.1:7718 ", f"server pointsmand 127.0.0.1:{server.http_port} ")
        text = replaced(text, "check port 7718 ", f"check port {server.http_port} ")
        if os.geteuid() != 0:
            for line in ("    user haproxy\n", "    group haproxy\n", "    chroot /var/lib/haproxy\n"):
                text = replaced(text, line, "")
        self.config = folder / "haproxy.cfg"
        self.config.write_text(text)
        self.output = folder / "haproxy.txt"
        with open(self.output, "w") as output:
            self.process = subprocess.Popen([program, "-db", "-f", str(self.config)], stdout=output, stderr=output)
        self._wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def said(self):
        return self.output.read_text()

    def _wait(self):
        until = time.monotonic() + START_S
        while self.is_alive and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise ServerFailed(f"haproxy did not start, and said:\n{self.said()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
