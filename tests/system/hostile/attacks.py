"""Attacks of hostile clients on a gRPC server, bounded in time and count, on loopback only.

usage: attacks.py --port PORT --attack NAME [--seconds S] [--scale F] [--pool NAME] [--addresses A-B]
Prints "begun" at the start. At the end, or on SIGTERM, prints what it did as one line of JSON.
`--list` prints the names.
"""
import argparse
import itertools
import json
import resource
import signal
import struct
import sys
import time

import http2
import messages
from crowd import QUERY, Attack
from floods import (ContinuationFlood, EmptyFrames, Garbage, HeldBack, HugeMetadata, OddHeaders, Oversized, PacedReset,
                    PingFlood, PingUnread, RapidReset, SettingsFlood)
from foreign import ForeignFeedback
from http2 import DATA, END_STREAM, frame

SECONDS_MAX = 120


class HalfOpen(Attack):
    name = "half-open"
    what = "2,000 connections that send nothing"
    connections = 2000

    def arrive(self, connection):
        pass

    def hear(self, connection, frames):
        pass


class HalfPreface(HalfOpen):
    name = "half-preface"
    what = "2,000 connections that send half a preface"

    def arrive(self, connection):
        connection.send(http2.PREFACE[:12])


class NoSettings(Attack):
    name = "no-settings-ack"
    what = "500 connections that never acknowledge SETTINGS, with a call begun"
    connections = 500

    def arrive(self, connection):
        connection.hello()
        connection.send(http2.header_frames(connection.stream(), http2.call_headers(messages.ROUTE)))

    def hear(self, connection, frames):
        pass


class ZeroWindow(Attack):
    """Every answer waits in the server, which may send none of its bytes. The asking is paced, so that what is
    measured is the waiting and not 25,600 decisions at once."""
    name = "zero-window"
    what = "large answers asked for, with a window of 0 bytes"
    connections = 20
    window = 0

    def begin(self):
        query = (QUERY * 4)[:300]
        self.body = http2.grpc_message(messages.route_batch(self.pool, query, 64))
        self.headers = http2.call_headers(messages.ROUTE_BATCH)
        self.asked = 0
        self.next_at = time.monotonic()

    def arrive(self, connection):
        connection.hello(initial_window_size=self.window)

    def tick(self):
        if time.monotonic() < self.next_at or self.asked >= self.some(1000):
            return
        self.next_at = time.monotonic() + 0.02
        open_now = list(self.crowd.open.values())
        connection = open_now[self.asked % len(open_now)] if open_now else None
        if connection is None or connection.backlog or connection.window < len(self.body):
            return
        stream = connection.stream()
        connection.window -= len(self.body)
        connection.send(http2.header_frames(stream, self.headers))
        for at in range(0, len(self.body), http2.FRAME_BYTES):
            part = self.body[at:at + http2.FRAME_BYTES]
            is_last = at + len(part) == len(self.body)
            connection.send(frame(DATA, END_STREAM if is_last else 0, stream, part))
        self.asked += 1
        self.counts["batches of 64 asked for"] += 1

    def hear(self, connection, frames):
        connection.acknowledge(one for one in frames if one[0] != DATA)


class NeverReads(ZeroWindow):
    name = "never-reads"
    what = "large answers asked for, with a wide window, and the socket never read"
    window = (1 << 31) - 1
    is_deaf = True

    def connect(self):
        return super().connect(receive_buffer=4096)


class SlowWriter(Attack):
    name = "slow-writer"
    what = "1,000 bodies on 20 connections, a byte a second"
    connections = 20

    def begin(self):
        self.next_at = 0

    def arrive(self, connection):
        connection.hello()
        connection.bodies = []
        for _ in range(50):
            stream = connection.stream()
            connection.bodies.append(stream)
            connection.send(http2.header_frames(stream, http2.call_headers(messages.ROUTE))
                            + frame(DATA, 0, stream, struct.pack(">BI", 0, 60000)))
        self.counts["bodies"] += 50

    def tick(self):
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + 1
        for connection in list(self.crowd.open.values()):
            connection.send(b"".join(frame(DATA, 0, stream, b"\x0a") for stream in connection.bodies))
            self.counts["bytes of bodies"] += len(connection.bodies)


class ManyStreams(Attack):
    name = "many-streams"
    what = "5,000 streams without an end on one connection"
    streams = 5000

    def arrive(self, connection):
        connection.hello()
        block = http2.call_headers(messages.ROUTE)
        count = self.some(self.streams)
        connection.send(b"".join(http2.header_frames(connection.stream(), block) for _ in range(count)))
        self.counts["streams"] += count


class ManyStreamsMany(ManyStreams):
    name = "many-streams-many"
    what = "500 streams without an end on each of 40 connections"
    connections = 40
    streams = 500


class Churn(Attack):
    name = "churn"
    what = "connections that come, ask one thing and go"

    def begin(self):
        self.request = (http2.PREFACE + http2.settings() + http2.header_frames(1, http2.call_headers(messages.ROUTE))
                        + frame(DATA, END_STREAM, 1, http2.grpc_message(messages.route(self.pool, QUERY))))

    def step(self):
        connection = http2.Connection(self.address)
        self.counts["connections refused" if connection.is_closed else "connections"] += 1
        connection.send(self.request)
        if self.counts["connections"] % 2 == 0:
            connection.pump(wait=0.005)
        connection.reset()


class Spin(Attack):
    name = "spin"
    what = "nothing to the server: a process as busy as an attack, to compare with"

    def step(self):
        self.counts["turns"] += 1
        for _ in range(10000):
            pass


ATTACKS = {attack.name: attack for attack in (
    Spin, HalfOpen, HalfPreface, NoSettings, ZeroWindow, NeverReads, SlowWriter, HugeMetadata, OddHeaders,
    ContinuationFlood, ManyStreams, ManyStreamsMany, RapidReset, PacedReset, PingFlood, PingUnread,
    SettingsFlood, EmptyFrames, Oversized, HeldBack, Garbage, ForeignFeedback, Churn)}


def allow_files():
    """Raises the limit of file descriptors to its maximum: the usual 1,024 are too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, help="of a pointsmand on 127.0.0.1")
    parser.add_argument("--attack", choices=ATTACKS)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--pool", default="default")
    parser.add_argument("--addresses", help="A-B: come from the addresses 127.1.0.A to 127.1.0.B in turn, up to 65,000")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        for attack in ATTACKS.values():
            print(f"{attack.name:20} {attack.what}")
        return
    if not options.port or not options.attack:
        parser.error("--port and --attack are needed")
    if options.addresses:
        first, last = (min(int(word), 65000) for word in options.addresses.split("-"))
        http2.sources = itertools.cycle(f"127.1.{i >> 8}.{i & 255}" for i in range(first, last + 1))
    if allow_files() < 2500:
        sys.exit("attacks.py: needs 2,500 file descriptors, see `ulimit -Hn`")
    attack = ATTACKS[options.attack](("127.0.0.1", options.port), options.pool, options.scale)
    signal.signal(signal.SIGTERM, lambda *_: attack.stop())
    print("begun", flush=True)
    print(json.dumps(attack.run(min(options.seconds, SECONDS_MAX))), flush=True)


if __name__ == "__main__":
    main()
