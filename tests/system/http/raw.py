"""HTTP/1.1 by hand: bytes that a library would never send, and answers read as they come."""
import json
import socket
import ssl


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class Raw:
    """One connection."""

    def __init__(self, port, tls=None, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.unread = b""

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        part = self.socket.recv(65536)
        self.unread += part
        return bool(part)

    def answer(self, is_head=False):
        """The next answer; None: the connection ended without one."""
        while b"\r\n\r\n" not in self.unread:
            try:
                if not self._more():
                    return None
            except (ConnectionError, ssl.SSLError):
                return None
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = 0 if is_head else int(headers.get("content-length", 0))
        while len(self.unread) < length and self._more():
            pass
        body, self.unread = self.unread[:length], self.unread[length:]
        return Answer(int(first.split()[1]), headers, body)

    def is_ended(self):
        """Waits until the server has closed it."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def post(path, body, *headers, host="127.0.0.1", kind="application/json", method="POST"):
    """The bytes of a request."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += ([f"Content-Type: {kind}"] if kind else []) + list(headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(port, data, **more):
    """One request on a connection of its own."""
    with Raw(port, **more) as connection:
        connection.send(data)
        return connection.answer()
