"""Each limit of calls and connections, set low, against a real pointsmand.

usage: limits_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import pathlib
import socket
import sys
import time

import grpc

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / name) for name in ("support", "deploy", "system/hostile")]
import http2  # noqa: E402
import messages  # noqa: E402
from common import check, run, run_test  # noqa: E402
from messages import ROUTE, ROUTE_BATCH  # noqa: E402
from pointsmand import Pointsmand  # noqa: E402

EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
PATIENCE_S = 60  # for events that must come
ENHANCE_YOUR_CALM = 11


def route(query):
    return messages.route("default", query)


def batch_of(count):
    return b"".join(messages.data(2, route(f"question {i}")) for i in range(count))


class Limited:
    """A pointsmand with these limits and a pool of two arms."""

    def __init__(self, args, more="", admin=(), **limits):
        config = args.work_dir / "config.yaml"
        lines = "".join(f"  {name}: {value}\n" for name, value in limits.items())
        config.write_text(f"{more}limits:\n{lines}")
        self.server = Pointsmand(args.bin_dir, "--config", config)
        pool = args.work_dir / "pool.yaml"
        pool.write_text("name: default\narms: [{name: a}, {name: b}]\n")
        run(args.bin_dir / "pointsman", "--server", self.server.address, *admin, "pool", "create", pool)
        self.channel = grpc.insecure_channel(self.server.address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        self.server.stop()

    def call(self, path, message, metadata=()):
        """The code of one call, its message, and its trailing metadata."""
        try:
            self.channel.unary_unary(path)(message, metadata=metadata, timeout=30)
            return grpc.StatusCode.OK, "", {}
        except grpc.RpcError as error:
            return error.code(), error.details(), dict(error.trailing_metadata() or ())

    def connect(self):
        connection = http2.Connection(("127.0.0.1", self.server.port))
        connection.hello()
        return connection


def wait_for(connection, what, is_it):
    """The first matching frame; frames that were read before the connection ended count, too."""
    until = time.monotonic() + PATIENCE_S
    while True:
        for frame in connection.pump(0.1):
            if is_it(*frame):
                return frame
        check(time.monotonic() < until and not connection.is_closed, what, "it did not come")


def check_sizes(args):
    with Limited(args, message_bytes_max=4096, metadata_bytes_max=1024) as limited:
        got = limited.call(ROUTE, route("x" * 4000))
        check(got[0] == grpc.StatusCode.OK, "a message within message_bytes_max", got)
        got = limited.call(ROUTE, route("x" * 4200))
        check(got[0] == EXHAUSTED, "a message beyond message_bytes_max", got)
        got = limited.call(ROUTE, route("a"), (("x-more", "y" * 3000),))
        check(got[0] == EXHAUSTED, "metadata beyond metadata_bytes_max", got)
        # gRPC may close the connection after what it refused; the client then connects again.
        got = limited.call(ROUTE, route("a"))
        if got[0] == grpc.StatusCode.UNAVAILABLE and got[1] == "Socket closed":
            got = limited.call(ROUTE, route("a"))
        check(got[0] == grpc.StatusCode.OK, "the server goes on", got)


def check_rate(args):
    file = args.work_dir / "tokens.yaml"
    file.unlink(missing_ok=True)
    tokens = {}
    for name in ("loud", "quiet", "operator"):
        scopes = "admin" if name == "operator" else "route"
        out = run(args.bin_dir / "pointsman", "token", "create", name, "--scopes", scopes, "--pools", "*", "--file", file)
        tokens[name] = out.splitlines()[0]
        (args.work_dir / name).write_text(tokens[name])
    with Limited(args, f"tokens_file: {file}\n", ("--token-file", args.work_dir / "operator"),
                 client_rate_max=50) as limited:
        def code(name, path=ROUTE, message=route("a")):
            return limited.call(path, message, (("authorization", f"Bearer {tokens[name]}"),))
        until = time.monotonic() + PATIENCE_S
        got = code("loud")
        while got[0] == grpc.StatusCode.OK and time.monotonic() < until:
            got = code("loud")
        check(got[0] == EXHAUSTED and "client_rate_max" in got[1], "a loud client is held back", got)
        details = got[2].get("grpc-status-details-bin", b"")
        check(b"google.rpc.RetryInfo" in details and b"CLIENT_RATE" in details, "and told when to try again", details)
        check(code("quiet")[0] == grpc.StatusCode.OK, "a quiet one is not", code("quiet"))
        batch = batch_of(60)
        until = time.monotonic() + PATIENCE_S
        got = code("quiet", ROUTE_BATCH, batch)
        while got[0] != grpc.StatusCode.OK and time.monotonic() < until:
            time.sleep(0.05)
            got = code("quiet", ROUTE_BATCH, batch)
        check(got[0] == grpc.StatusCode.OK, "a batch is let in when it may", got)
        check(code("quiet")[0] == EXHAUSTED, "and each of its items counts", code("quiet"))


def check_connection_rate(args):
    with Limited(args, connection_rate_max=20, streams_per_connection_max=5) as limited:
        until = time.monotonic() + PATIENCE_S
        got = limited.call(ROUTE, route("a"))
        while got[0] == grpc.StatusCode.OK and time.monotonic() < until:
            got = limited.call(ROUTE, route("a"))
        check(got[0] == EXHAUSTED and "connection_rate_max" in got[1], "a connection of too many calls is held back", got)
        until = time.monotonic() + PATIENCE_S
        while got[0] != grpc.StatusCode.OK and time.monotonic() < until:
            time.sleep(0.05)
            got = limited.call(ROUTE, route("a"))
        check(got[0] == grpc.StatusCode.OK, "and goes on after a moment", got)


def check_calls(args):
    with Limited(args, calls_max=1) as limited:
        batch = batch_of(1000)
        calls = [limited.channel.unary_unary(ROUTE_BATCH).future(batch, timeout=60) for _ in range(64)]
        codes = {call.code() for call in calls}
        check(EXHAUSTED in codes and codes <= {EXHAUSTED, grpc.StatusCode.OK}, "calls beyond calls_max", codes)
        said = next(call.details() for call in calls if call.code() == EXHAUSTED)
        check("calls_max" in said, "are told why", said)
        got = limited.call(ROUTE, route("a"))
        check(got[0] == grpc.StatusCode.OK, "and afterwards all is as before", got)


def check_connections(args):
    with Limited(args, streams_per_connection_max=7, handshake_s_max=1, keepalive_s=1, connection_age_s_max=600) as limited:
        silent = socket.create_connection(("127.0.0.1", limited.server.port))
        silent.settimeout(PATIENCE_S)
        while silent.recv(4096):  # its settings come first; an empty read is the end
            pass
        asked = limited.connect()
        _, _, _, payload = wait_for(asked, "the server's settings",
                                    lambda kind, flags, _, payload: kind == http2.SETTINGS and payload)
        pairs = {int.from_bytes(payload[at:at + 2], "big"): int.from_bytes(payload[at + 2:at + 6], "big")
                 for at in range(0, len(payload), 6)}
        check(pairs.get(http2.MAX_CONCURRENT_STREAMS) == 7, "streams_per_connection_max is announced", pairs)
        wait_for(asked, "the server asks whether a silent client is there",
                 lambda kind, flags, *_: kind == http2.PING and not flags & http2.ACK)
    with Limited(args, connection_idle_s_max=1) as limited:
        wait_for(limited.connect(), "an idle connection is closed", lambda kind, *_: kind == http2.GOAWAY)
    with Limited(args, connection_age_s_max=1) as limited:
        got = limited.call(ROUTE, route("a"))
        check(got[0] == grpc.StatusCode.OK, "a call", got)
        wait_for(limited.connect(), "an old connection is closed", lambda kind, *_: kind == http2.GOAWAY)
        until = time.monotonic() + 4
        while time.monotonic() < until:  # over several connections, without a call that fails
            got = limited.call(ROUTE, route("a"))
            check(got[0] == grpc.StatusCode.OK, "calls while connections grow old", got)
    with Limited(args, ping_interval_s_min=10) as limited:
        pinging = limited.connect()
        until = time.monotonic() + PATIENCE_S
        while not pinging.is_closed and time.monotonic() < until:
            pinging.send(http2.frame(http2.PING, payload=b"pingping"))
            pinging.pump(0.05)
        check(pinging.is_closed, "who pings all the time is disconnected", "not")
        check(pinging.goaway and pinging.goaway[0] == ENHANCE_YOUR_CALM, "and told to calm down", pinging.goaway)


def test(args):
    check_sizes(args)
    check_rate(args)
    check_connection_rate(args)
    check_calls(args)
    check_connections(args)
    print("sizes, rate, calls at a time, streams, handshake, keep-alive, idle, age, pings")


if __name__ == "__main__":
    run_test(__doc__, test)
