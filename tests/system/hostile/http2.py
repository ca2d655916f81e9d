"""Just enough of HTTP/2 to misuse it: frames made by hand, headers as literals without indexing.

A library would refuse to send most of what tests/system/hostile sends, hence our own. Nothing here retries, waits for
ever, or hides what the server does.
"""
import itertools
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import leb128  # noqa: E402  (from the folder above)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5
CANCEL = 0x8
FRAME_BYTES = 16384  # the largest that a server must accept
BACKLOG_BYTES = 1 << 20  # bytes that wait for a blocked socket, before `is_full`
BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen when the other side is known

sources = itertools.repeat(None)  # addresses that connections come from, in turn; None: the system's choice


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    """A SETTINGS frame; names as the constants above, in lower case."""
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", globals()[name.upper()], value)
                                            for name, value in values.items()))


def integer(value, bits, first=0):
    """HPACK's integer with a prefix of this many bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    return bytes([first | most]) + leb128.pack(value - most)


def literal(name, value):
    """One header, which the other side does not index."""
    name, value = (word.encode() if isinstance(word, str) else word for word in (name, value))
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def call_headers(path, *more):
    """The header block of a gRPC call."""
    headers = ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
               ("content-type", "application/grpc"), ("te", "trailers"), *more)
    return b"".join(literal(name, value) for name, value in headers)


def grpc_message(payload):
    return struct.pack(">BI", 0, len(payload)) + payload


def header_frames(stream, block, end_stream=False):
    """A HEADERS frame, and as many CONTINUATION frames as the block needs."""
    parts = [block[at:at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)] or [b""]
    out = []
    for i, part in enumerate(parts):
        flags = END_HEADERS if i == len(parts) - 1 else 0
        if i == 0:
            out.append(frame(HEADERS, flags | (END_STREAM if end_stream else 0), stream, part))
        else:
            out.append(frame(CONTINUATION, flags, stream, part))
    return b"".join(out)


def read_integer(block, at, bits):
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    more, at = leb128.unpack(block, at)
    return value + more, at


def literal_headers(block):
    """The headers of a block that are spelled out. Those that only name an entry of a table are passed over:
    to a client whose table holds nothing (header_table_size=0) gRPC spells grpc-status out."""
    found = {}
    at = 0

    def text(at):
        length, start = read_integer(block, at, 7)
        is_huffman = block[at] & 0x80
        return (None if is_huffman else block[start:start + length].decode("latin-1")), start + length

    while at < len(block):
        byte = block[at]
        if byte & 0x80:  # an entry of a table
            _, at = read_integer(block, at, 7)
        elif byte & 0xe0 == 0x20:  # the size of the table
            _, at = read_integer(block, at, 5)
        else:
            name_index, at = read_integer(block, at, 6 if byte & 0x40 else 4)
            name = None
            if name_index == 0:
                name, at = text(at)
            value, at = text(at)
            if name is not None:
                found[name] = value
    return found


class Connection:
    """A connection that never blocks: what the socket does not take waits in `backlog`, and `pump` moves what can
    be moved. `is_closed` says that the other side ended it, `goaway` with which error code, if it said."""

    def __init__(self, address, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5)
        source = next(sources)
        self.is_closed = False
        self.backlog = bytearray()
        self.received = bytearray()
        self.bytes_sent = 0
        self.goaway = None
        self.next_stream = 1
        self.window = 65535  # of the connection, for DATA that we send
        self.stream_window = 65535  # what the server gives a new stream
        self.stream_windows = {}
        try:
            if source:
                self.socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
                self.socket.bind((source, 0))
            self.socket.connect(address)
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.close()

    def close(self):
        self.is_closed = True
        self.socket.close()

    def reset(self):
        """Closes abruptly: the other side sees a reset, and this machine keeps no TIME_WAIT."""
        if not self.is_closed:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def stream(self):
        number = self.next_stream
        self.next_stream += 2
        return number

    @property
    def is_full(self):
        return len(self.backlog) > BACKLOG_BYTES

    def send(self, data):
        if not self.is_closed:
            self.backlog += data
            self.flush()

    def flush(self):
        try:
            while self.backlog and not self.is_closed:
                sent = self.socket.send(memoryview(self.backlog)[:1 << 18])
                self.bytes_sent += sent
                del self.backlog[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def hello(self, **more):
        self.send(PREFACE + settings(**more))

    def pump(self, wait=0):
        """Sends what waits and returns the frames that came: (kind, flags, stream, payload) each."""
        if self.is_closed:
            return []
        if wait > 0:
            select.select([self.socket], [self.socket] if self.backlog else [], [], wait)
        self.flush()
        try:
            while not self.is_closed:
                data = self.socket.recv(1 << 18)
                if not data:
                    self.close()
                self.received += data
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        return list(self._frames())

    def _frames(self):
        at = 0
        data = self.received
        while len(data) - at >= 9:
            length = int.from_bytes(data[at:at + 3], "big")
            if len(data) - at < 9 + length:
                break
            kind, flags, stream = data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big")
            payload = bytes(data[at + 9:at + 9 + length])
            at += 9 + length
            self._note(kind, flags, stream, payload)
            yield kind, flags, stream, payload
        del data[:at]

    def _note(self, kind, flags, stream, payload):
        if kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big"), payload[8:].decode("latin-1")
        elif kind == WINDOW_UPDATE:
            if stream == 0:
                self.window += int.from_bytes(payload, "big")
            elif stream in self.stream_windows:
                self.stream_windows[stream] += int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack_from(">HI", payload, at)
                if name == INITIAL_WINDOW_SIZE:
                    self.stream_window = value

    def acknowledge(self, frames):
        """What a polite client answers: to SETTINGS and PING, and room for more DATA."""
        room = 0
        for kind, flags, _, payload in frames:
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK))
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, payload=payload))
            elif kind == DATA:
                room += len(payload)
        if room:
            self.send(frame(WINDOW_UPDATE, payload=struct.pack(">I", room)))

    def pump_until(self, is_done, until):
        """Pumps politely until `is_done(frame)` for a frame; false if the time or the connection ends first."""
        while not self.is_closed and time.monotonic() < until:
            frames = self.pump(wait=0.05)
            self.acknowledge(frames)
            if any(is_done(one) for one in frames):
                return True
        return False
