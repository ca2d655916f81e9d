"""Shared by the attacks: many connections at once, and a clock that ends them."""
import collections
import select
import time

import http2

QUERY = "what is the way from here to the station, and when does the last train leave? "


class Crowd:
    """Connections that are pumped together. Counts those that the server ended, and with which error."""

    def __init__(self, counts):
        self.counts = counts
        self.farewells = collections.Counter()
        self.poll = select.epoll()
        self.open = {}

    def add(self, connection):
        if connection.is_closed:
            self.counts["connections refused"] += 1
            return connection
        number = connection.socket.fileno()
        if number in self.open:  # that connection ended while it sent, so its number is free again
            self._look_at(number)
        self.counts["connections"] += 1
        self.open[number] = connection
        self.poll.register(number, select.EPOLLIN | select.EPOLLRDHUP)
        return connection

    def pump(self, wait=0.0):
        """Reads from connections with data to read, and sends on those with data to send."""
        came = []
        for number, _ in self.poll.poll(wait):
            came.append((self.open[number], self.open[number].pump()))
            self._look_at(number)
        for number, connection in list(self.open.items()):
            connection.flush()
            self._look_at(number)
        return came

    def flush(self):
        """Sends, and reads nothing."""
        for number, connection in list(self.open.items()):
            connection.flush()
            self._look_at(number)

    def drop_hung_up(self):
        """For crowds that never read: removes connections that the server ended."""
        for number, events in self.poll.poll(0):
            if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
                self.open[number].pump()
                self.open[number].close()
                self._look_at(number)

    def _look_at(self, number):
        connection = self.open[number]
        if not connection.is_closed:
            return
        del self.open[number]  # epoll forgets a socket that is closed
        self.counts["ended by the server"] += 1
        if connection.goaway:
            self.farewells[connection.goaway] += 1

    def close(self):
        for connection in self.open.values():
            connection.reset()
        self.open.clear()
        self.poll.close()


class Attack:
    """One hostile client. `run` lasts until a moment of time.monotonic(), and closes what it opened.

    `scale` makes it smaller: 1 is what script/bench-hostile measures. Subclasses have `begin`, once, and `step`,
    again and again, and count in `counts` what they did."""

    name = ""
    what = ""
    connections = 1
    is_deaf = False  # it never reads

    def __init__(self, address, pool="default", scale=1.0):
        self.address = address
        self.pool = pool
        self.scale = scale
        self.counts = collections.Counter()
        self.crowd = Crowd(self.counts)
        self.until = float("inf")  # until it is known
        self.is_told_to_stop = False

    def some(self, count, least=1):
        return max(least, round(count * self.scale))

    @property
    def is_over(self):
        return self.is_told_to_stop or time.monotonic() >= self.until

    def stop(self):
        self.is_told_to_stop = True

    def run(self, seconds):
        """The time counts from when the attack is prepared, which takes long on a busy machine."""
        try:
            self.begin()
            self.until = time.monotonic() + seconds
            while not self.is_over:
                self.step()
            return self.report()
        finally:
            self.crowd.close()

    def report(self):
        out = dict(self.counts)
        if self.crowd.farewells:
            out["goaway"] = {f"{code} {words}".strip(): count for (code, words), count
                             in self.crowd.farewells.most_common(5)}
        return out

    def begin(self):
        pass

    def step(self):
        """Holds `connections` open, each as `arrive` begins it; those that the server ends come back."""
        missing = self.some(self.connections) - len(self.crowd.open)
        while missing > 0 and not self.is_over:
            missing -= 1
            connection = self.connect()
            if connection.is_closed:
                break
            self.arrive(connection)
        self.tick()
        if self.is_deaf:
            time.sleep(0.02)
            self.crowd.flush()
            self.crowd.drop_hung_up()
        else:
            for connection, frames in self.crowd.pump(0.02):
                self.hear(connection, frames)

    def connect(self, **more):
        return self.crowd.add(http2.Connection(self.address, **more))

    def arrive(self, connection):
        connection.hello()

    def tick(self):
        """Between two looks at the connections."""

    def hear(self, connection, frames):
        connection.acknowledge(frames)


class Flood(Attack):
    """Sends the output of `chunk` as fast as one process can, on connections that are reopened when they end."""

    bytes_most = 1 << 30
    sent = 0

    def step(self):
        if self.sent > self.bytes_most * self.scale:
            self.read(0.02)  # that was all; what is open stays open
            return
        missing = self.some(self.connections) - len(self.crowd.open)
        for _ in range(missing):
            connection = self.connect()
            if not connection.is_closed:
                self.arrive(connection)
        if not self.crowd.open:
            time.sleep(0.02)  # refused
        all_full = True
        for connection in list(self.crowd.open.values()):
            if not connection.is_full:
                all_full = False
                chunk = self.chunk(connection)
                self.sent += len(chunk)
                connection.send(chunk)
        # A process that spins on full sockets would measure itself.
        self.read(0.005 if all_full else 0)

    def read(self, wait):
        if self.is_deaf:
            time.sleep(wait)
            self.crowd.flush()
            self.crowd.drop_hung_up()
            return
        for connection, frames in self.crowd.pump(wait):
            self.hear(connection, frames)

    def hear(self, connection, frames):
        """Reads and answers nothing, unless a subclass does."""

    def chunk(self, connection):
        raise NotImplementedError
