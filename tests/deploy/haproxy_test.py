"""Checks deploy/haproxy/haproxy.cfg with a real HAProxy before a real pointsmand with tokens: calls by gRPC and by HTTP
go through with TLS, streams live, slow clients are dropped, limits hold, and floods reach neither pointsmand's memory
nor a well-behaved client.

usage: haproxy_test.py --bin-dir BUILD/bin --work-dir FOLDER
Everything is on loopback. HAProxy has the config as it is, but for ports, the certificate and the user. Attackers
speak plain HTTP/2, on a port without TLS that has the same limits.
Exit codes: 0 passed, 1 failed, 77 skipped: no haproxy, no curl, no python3-grpcio, or too few file descriptors.
"""
import itertools
import json
import shutil
import socket
import ssl
import sys
import threading
import time

from common import ROOT, Failed, Skipped, check, run, run_test

sys.path.insert(0, str(ROOT / "tests/system/hostile"))
import http2  # noqa: E402  (of tests/system/hostile, as the next ones)
import messages  # noqa: E402
from attacks import allow_files  # noqa: E402
from certificates import Authority  # noqa: E402  (of tests/support)
from front import CONFIG, PEM, Front, find_haproxy  # noqa: E402
from server import Attacker, Server, ServerFailed, Watch  # noqa: E402

REQUEST_S = 5  # timeout http-request
BODY_S = 10  # wait-for-body
CLIENT_S = 30  # timeout client
SLACK_S = 5  # on a busy machine
CALL_S = 10
FLOODS = ("rapid-reset", "huge-metadata", "continuation-flood")
PAUSE_S = 0.01  # of the well-behaved client, so that a fast machine does not take it beyond the rate of an address
FLOOD_S = 3
GROWTH_MB = 100  # of pointsmand in each flood; without the front it is thousands
FRONT_MB = 300
CONNECTIONS = 50  # of an address
RATE, BURST = 1000, 200  # calls of an address a second, and at once
IMPORT = "/pointsman.v1.Admin/ImportOutcomes"
WATCH = "/grpc.health.v1.Health/Watch"


def check_config(args, pem):
    """HAProxy accepts the config as it is, with a certificate in another place."""
    text = CONFIG.read_text()
    check(text.count(f" {PEM} ") == 2, f"the config names {PEM} for both doors", text.count(PEM))
    config = args.work_dir / "as_it_is.cfg"
    config.write_text(text.replace(PEM, str(pem)))
    said = run(find_haproxy(), "-c", "-f", config)
    check("WARNING" not in said and "ALERT" not in said, "haproxy accepts the config without a warning", said)


def token(args, name, scopes, pools):
    said = run(args.bin_dir / "pointsman", "token", "create", name, "--scopes", scopes, "--pools", pools, "--file",
               args.work_dir / "tokens.yaml")
    (args.work_dir / f"{name}.token").write_text(said.splitlines()[0] + "\n")
    return said.splitlines()[0]


class Client:
    """gRPC's own library, by TLS and with a token."""

    def __init__(self, grpc, front, authority, word):
        self.grpc = grpc
        self.metadata = (("authorization", f"Bearer {word}"),) if word else ()
        self.channel = grpc.secure_channel(
            f"localhost:{front.tls_port}", grpc.ssl_channel_credentials(authority.certificate.read_bytes()),
            options=[("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)])

    def call(self, path, message):
        return self.channel.unary_unary(path)(message, timeout=CALL_S, metadata=self.metadata)

    def code(self, path, message=b""):
        try:
            self.call(path, message)
            return "OK"
        except self.grpc.RpcError as error:
            return error.code().name

    def route_and_rate(self, query):
        decision = messages.decision_id(self.call(messages.ROUTE, messages.route("default", query)))
        answer = self.call(messages.FEEDBACK, messages.feedback("default", decision, 1.0))
        check(messages.fields(answer)[1][0] == messages.APPLIED, "feedback is applied", answer)


def check_calls(args, front, authority, client, stranger):
    client.route_and_rate("Is 91 a prime?")
    check(stranger.code(messages.ROUTE) == "UNAUTHENTICATED", "a call without a token is refused by pointsmand",
          stranger.code(messages.ROUTE))
    check(stranger.code(messages.HEALTH) == "OK", "health is open", stranger.code(messages.HEALTH))
    url = f"https://localhost:{front.http_port}"
    base = ["curl", "-sS", "--noproxy", "*", "--cacert", authority.certificate, "-H", "content-type: application/json",
            "-w", "\n%{http_code} %{http_version}"]
    for version, said in (("--http1.1", "1.1"), ("--http2", "2")):
        out = run(*base, version, "-H", client.metadata[0][0] + ": " + client.metadata[0][1], "-d",
                  '{"query":"Is 91 a prime?"}', url + messages.ROUTE)
        body, _, end = out.rpartition("\n")
        check(end == f"200 {said}" and json.loads(body)["arm"], f"curl {version} routes", out)
        out = run(*base, version, "-d", "{}", url + messages.ROUTE)
        check(out.endswith(f"401 {said}"), "curl without a token is refused", out)
    check_item_streams(client)
    out = run(*base, url + "/metrics")
    check(out.endswith("404 2"), "metrics are not for strangers", out)
    print("calls by gRPC and by curl (HTTP/1.1, HTTP/2) go through with TLS and a token; 401 without")


def check_item_streams(client):
    """Items of both streams, in messages of seven: each answered once."""
    def ask(path, requests):
        sent = [messages.stream_message({i: requests[i] for i in range(first, min(first + 7, len(requests)))})
                for first in range(0, len(requests), 7)]
        found = {}
        for answer in client.channel.stream_stream(path)(iter(sent), timeout=CALL_S, metadata=client.metadata):
            found.update(messages.stream_answers(answer))
        check(sorted(found) == list(range(len(requests))), f"{path} answers each item", sorted(found))
        return [found[i] for i in range(len(requests))]

    decisions = ask(messages.ROUTE_STREAM, [messages.route("default", f"What is {i}?") for i in range(100)])
    told = [messages.feedback("default", messages.decision_id(one), 1.0) for one in decisions]
    results = {messages.fields(one)[1][0] for one in ask(messages.FEEDBACK_STREAM, told)}
    check(results == {messages.APPLIED}, "feedback by the stream is applied", results)
    print("100 items of RouteStream and their 100 of FeedbackStream go through")


class Streams(threading.Thread):
    """A Watch that says nothing for longer than each timeout of clients, and an import with long pauses."""

    def __init__(self, client, operator):
        super().__init__(daemon=True)
        self.client, self.operator = client, operator
        self.wrong = None
        self.lived_s = {}

    def run(self):
        try:
            began = time.monotonic()
            watch = self.client.channel.unary_stream(WATCH)(b"", timeout=120)
            check(next(watch) == messages.SERVING, "Watch says SERVING", "")
            answer = self.operator.channel.stream_unary(IMPORT)(self.chunks(), timeout=120,
                                                                metadata=self.operator.metadata)
            self.lived_s["import"] = time.monotonic() - began
            check(messages.fields(answer).get(4) == [4], "the import teaches 4 outcomes", messages.fields(answer))
            time.sleep(max(0, CLIENT_S + SLACK_S - (time.monotonic() - began)))
            check(watch.is_active(), f"a silent Watch lives longer than {CLIENT_S} s", "it ended")
            self.lived_s["Watch"] = time.monotonic() - began
            watch.cancel()
        except (self.client.grpc.RpcError, Failed, StopIteration) as error:
            self.wrong = error

    @staticmethod
    def chunks():
        """Pauses that are longer than the time for the headers and body of a usual call."""
        data, number = messages.data, messages.number
        yield data(1, data(1, "default") + data(2, "behind-the-front") + number(3, 4) + messages.real(4, 4))
        for i in range(4):
            time.sleep(REQUEST_S + 1 if i else BODY_S + 1)
            outcome = data(1, "gpt-4o") + messages.real(2, 1.0)
            yield data(2, data(1, data(2, f"question {i}") + data(5, outcome)))

    def finish(self):
        self.join(150)
        check(self.wrong is None and len(self.lived_s) == 2, "streams live", (self.wrong, self.lived_s))
        print("streams live: " + ", ".join(f"{name} {took:.0f} s" for name, took in self.lived_s.items()))


def dropped_after(one, send=None):
    """How long until the other side ends a socket, to which `send()` sends a little now and then; and what it said."""
    began, said = time.monotonic(), b""
    one.settimeout(0.5)
    while time.monotonic() - began < CLIENT_S + SLACK_S:
        try:
            if send:
                send()
            part = one.recv(65536)
            if not part:
                break
            said += part
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            break
    return time.monotonic() - began, said


def check_slow(front, authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    by_http1 = ssl.create_default_context(cafile=authority.certificate)
    context.set_alpn_protocols(["h2"])

    def connect(port, tls=None):
        one = socket.create_connection(("127.0.0.1", port), timeout=10)
        return tls.wrap_socket(one, server_hostname="localhost") if tls else one

    cases = {
        "says nothing, not even TLS": (lambda: connect(front.tls_port), None, None, CLIENT_S),
        "says nothing after TLS": (lambda: connect(front.tls_port, context), None, None, REQUEST_S),
        "sends half a preface": (lambda: connect(front.port), http2.PREFACE[:12], None, REQUEST_S),
        "sends headers that wait for their end": (
            lambda: connect(front.port), http2.PREFACE + http2.settings()
            + http2.frame(http2.HEADERS, 0, 1, http2.call_headers(messages.ROUTE)), None, REQUEST_S),
        "sends a header line a byte at a time": (
            lambda: connect(front.http_port, by_http1), b"POST /x HTTP/1.1\r\nx: ", b"y", REQUEST_S),
        "sends a body a byte at a time": (
            lambda: connect(front.http_port, by_http1),
            f"POST {messages.ROUTE} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            "content-length: 1000\r\n\r\n".encode(), b" ", BODY_S),
    }
    took, wrong = {}, []

    def one_case(name, opened, first, more):
        one = opened()
        if first:
            one.sendall(first)
        took[name] = dropped_after(one, (lambda: one.sendall(more)) if more else None)
        one.close()

    threads = [threading.Thread(target=one_case, args=(name, *case[:3])) for name, case in cases.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, case in cases.items():
        seconds, said = took[name]
        print(f"a client that {name}: dropped after {seconds:.1f} s")
        if not case[3] - 1 < seconds < case[3] + SLACK_S:
            wrong.append((name, seconds, said[:200]))
    check(not wrong, "slow clients are dropped in time", wrong)
    check(b"408" in took["sends a body a byte at a time"][1], "a slow body is answered 408",
          took["sends a body a byte at a time"][1])


def check_slow_body(front):
    """By HTTP/2: a Route without the end of its body is answered 408 and never reaches pointsmand."""
    connection = http2.Connection(("127.0.0.1", front.port))
    connection.hello(header_table_size=0)
    stream = connection.stream()
    connection.send(http2.header_frames(stream, http2.call_headers(messages.ROUTE)))
    began, answer = time.monotonic(), []
    connection.pump_until(lambda one: one[2] == stream and one[0] == http2.HEADERS and not answer.append(one[3]),
                          began + BODY_S + SLACK_S)
    took = time.monotonic() - began
    connection.reset()
    check(answer and b"408" in answer[0] and took > BODY_S - 1, "a Route without a body is answered 408",
          (answer, took))
    print(f"a Route without the end of its body: 408 after {took:.1f} s")


def check_limits(front, client):
    """Of connections and of calls of one address; another address is served meanwhile."""
    http2.sources = itertools.repeat("127.1.0.7")
    crowd = [http2.Connection(("127.0.0.1", front.port)) for _ in range(CONNECTIONS + 20)]
    for one in crowd:
        one.hello()
    time.sleep(0.5)
    for one in crowd:
        one.pump()
    alive = sum(not one.is_closed for one in crowd)
    client.route_and_rate("meanwhile")
    for one in crowd:
        one.reset()
    check(alive == CONNECTIONS, f"an address has {CONNECTIONS} connections", alive)
    http2.sources = itertools.repeat("127.1.0.8")
    began = time.monotonic()
    statuses = call_fast(front, RATE * 3 // 2)
    took = time.monotonic() - began
    client.route_and_rate("meanwhile")
    http2.sources = itertools.repeat(None)
    print(f"of one address {alive} connections of {len(crowd)} live; {RATE * 3 // 2} calls in {took:.1f} s end with the "
          f"statuses {statuses}")
    check(set(statuses) <= {"0", "8"} and BURST <= statuses.get("0", 0) <= RATE * (took + 1),
          f"up to {RATE} calls a second of an address are served, {BURST} at once", (statuses, took))
    # On a machine that is too busy nobody exceeds the rate.
    check(statuses.get("8", 0) > 0 or took > 1.2, "the calls beyond are RESOURCE_EXHAUSTED", statuses)


def call_fast(front, count):
    """How many health checks ended with which grpc-status."""
    connection = http2.Connection(("127.0.0.1", front.port))
    connection.hello(header_table_size=0)
    block = http2.call_headers(messages.HEALTH)
    statuses, waiting, sent = {}, 0, 0
    until = time.monotonic() + 30
    while (sent < count or waiting) and not connection.is_closed and time.monotonic() < until:
        while waiting < 50 and sent < count:
            stream = connection.stream()
            connection.send(http2.header_frames(stream, block)
                            + http2.frame(http2.DATA, http2.END_STREAM, stream, http2.grpc_message(b"")))
            waiting, sent = waiting + 1, sent + 1
        frames = connection.pump(wait=0.01)
        connection.acknowledge(frames)
        for kind, flags, _, payload in frames:
            if kind == http2.HEADERS and flags & http2.END_STREAM:
                status = http2.literal_headers(payload).get("grpc-status", "?")
                statuses[status] = statuses.get(status, 0) + 1
                waiting -= 1
            elif kind == http2.RST_STREAM:
                statuses["reset"] = statuses.get("reset", 0) + 1
                waiting -= 1
    connection.reset()
    return statuses


def check_flood(name, addresses, server, front, client):
    """Beside it every call of the well-behaved client is answered, and pointsmand's memory does not grow."""
    before, slowest, calls = server.rss_mb(), 0.0, 0
    with Watch(server) as watch, Watch(front) as of_front:
        attacker = Attacker(front, name, FLOOD_S + 30, addresses=addresses)
        try:
            until = time.monotonic() + FLOOD_S
            while time.monotonic() < until:
                began = time.monotonic()
                client.route_and_rate(f"what is {calls} times {calls}?")
                slowest = max(slowest, time.monotonic() - began)
                calls += 1
                time.sleep(PAUSE_S)
            did = attacker.stop()
        finally:
            attacker.kill()
    print(f"{name}: {calls} routes with feedback beside it, the slowest {slowest * 1000:.0f} ms; pointsmand "
          f"{before:.0f} to {watch.rss_mb:.0f} MB, haproxy {of_front.rss_mb:.0f} MB; it did {did}", flush=True)
    check(server.is_alive and front.is_alive, "both live", (server.process.returncode, front.process.returncode))
    check(watch.rss_mb - before < GROWTH_MB, f"{name}: pointsmand grows by less than {GROWTH_MB} MB",
          (before, watch.rss_mb))
    check(of_front.rss_mb < FRONT_MB, f"{name}: haproxy stays below {FRONT_MB} MB", of_front.rss_mb)
    check(any(did.values()), "the attack reached the front", did)


def test(args):
    if not find_haproxy():
        raise Skipped("haproxy is missing: apt-get install haproxy")
    if not shutil.which("curl"):
        raise Skipped("curl is missing: apt-get install curl")
    if allow_files() < 2500:
        raise Skipped("too few file descriptors: `ulimit -Hn 2500` or more")
    try:
        import grpc
    except ImportError as missing:
        raise Skipped("python3-grpcio is missing: apt-get install python3-grpcio") from missing
    shutil.rmtree(args.work_dir, ignore_errors=True)
    args.work_dir.mkdir(parents=True)
    authority = Authority(args.work_dir / "authority")
    certificate, key = authority.vouch("front")
    pem = args.work_dir / "front.pem"
    pem.write_text(certificate.read_text() + key.read_text())
    check_config(args, pem)
    words = {"app": token(args, "app", "route,feedback", "default"), "operator": token(args, "operator", "admin", "*")}
    config = args.work_dir / "pointsmand.yaml"
    config.write_text(f"tokens_file: {args.work_dir / 'tokens.yaml'}\n")
    server = None
    try:
        server = Server(args.bin_dir, config, has_http=True)
        with Front(server, args.work_dir, pem) as front:
            try_all(args, grpc, server, front, authority, words)
    except ServerFailed as failure:
        raise Failed(str(failure)) from failure
    finally:
        if server:
            server.stop()


def try_all(args, grpc, server, front, authority, words):
    client, operator, stranger = (Client(grpc, front, authority, words.get(name))
                                  for name in ("app", "operator", None))
    run(args.bin_dir / "pointsman", "--server", f"localhost:{front.tls_port}", "--tls-ca", authority.certificate,
        "--token-file", args.work_dir / "operator.token", "pool", "create", ROOT / "deploy/pool.example.yaml")
    check_calls(args, front, authority, client, stranger)
    streams = Streams(client, operator)
    streams.start()
    check_slow(front, authority)
    check_slow_body(front)
    check_limits(front, client)
    for i, name in enumerate(FLOODS):  # each from addresses that HAProxy does not know yet
        check_flood(name, f"{100 * i + 101}-{100 * i + 104}", server, front, client)
    streams.finish()


if __name__ == "__main__":
    run_test(__doc__, test)
