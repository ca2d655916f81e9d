"""A client that reports outcomes of decisions that are not its own."""
import os
import time

import http2
import messages
from crowd import Flood
from http2 import DATA, END_STREAM, HEADERS, RST_STREAM, frame

OTHER_POOL = "of-somebody-else"
IN_FLIGHT = 128
NOT_FOUND = "5"


class ForeignFeedback(Flood):
    """Ids that it made up, and ids that belong to another pool, in turn. `others` may bring such ids; without, it
    makes a pool and routes in it."""
    name = "foreign-feedback"
    what = "Feedback for decisions made up, and for those of another pool"
    connections = 4

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.others = []
        self.made_up = 0
        self.block = http2.call_headers(messages.FEEDBACK)

    def begin(self):
        connection = self.connect()
        self.arrive(connection)
        self.call(connection, messages.PUT_POOL, messages.put_pool(OTHER_POOL, 8))
        for i in range(self.some(50, least=4)):
            answer = self.call(connection, messages.ROUTE, messages.route(OTHER_POOL, f"question {i}"))
            self.others.append(messages.decision_id(answer))
            time.sleep(0.002)  # a front may limit the rate

    def call(self, connection, path, message):
        stream = connection.stream()
        connection.send(http2.header_frames(stream, http2.call_headers(path))
                        + frame(DATA, END_STREAM, stream, http2.grpc_message(message)))
        body = b""
        until = min(self.until, time.monotonic() + 10)
        while not connection.is_closed and time.monotonic() < until:
            frames = connection.pump(wait=0.05)
            connection.acknowledge(frames)
            for kind, flags, number, payload in frames:
                if number != stream:
                    continue
                if kind == DATA:
                    body += payload
                if kind == RST_STREAM or flags & END_STREAM:
                    return body[5:]
        raise SystemExit(f"foreign-feedback: no answer to {path}")

    def arrive(self, connection):
        connection.hello(header_table_size=0)
        connection.waiting = 0

    def decision(self):
        self.made_up += 1
        if self.made_up % 2 and self.others:
            self.counts["ids of another pool"] += 1
            return self.others[self.made_up % len(self.others)]
        self.counts["ids made up"] += 1
        return os.urandom(16).hex()

    def chunk(self, connection):
        out = []
        while connection.waiting < IN_FLIGHT and connection.window > 200:
            stream = connection.stream()
            body = http2.grpc_message(messages.feedback(self.pool, self.decision(), 1.0))
            connection.window -= len(body)
            connection.waiting += 1
            out.append(http2.header_frames(stream, self.block) + frame(DATA, END_STREAM, stream, body))
        return b"".join(out)

    def read(self, wait):
        super().read(max(wait, 0.001))

    def hear(self, connection, frames):
        connection.acknowledge(frames)
        for kind, flags, _, payload in frames:
            if kind == RST_STREAM:
                connection.waiting -= 1
                self.counts["streams reset"] += 1
            elif kind == HEADERS and flags & END_STREAM:
                connection.waiting -= 1
                status = http2.literal_headers(payload).get("grpc-status", "0")
                self.counts["NOT_FOUND" if status == NOT_FOUND else f"status {status}"] += 1
