"""Runs one of the example apps of docs/guide/clients.md against a real pointsmand: while it is there, dead,
back again, and frozen.

usage: run.py python|node --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed, 77 skipped: npm cannot fetch the packages of the Node client.
"""
import argparse
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import grpc

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROTO = ROOT / "proto"
PAGE = "docs/guide/clients.md"
sys.path.insert(0, str(ROOT / "tests/support"))
import npm  # noqa: E402  (from the folder above)

DEFAULT_ARM = "gpt-4o-mini"
WAIT_S = 60  # for an event that must come; nothing here waits for time to pass
PATIENT = ["--route-deadline-ms", "30000", "--feedback-deadline-ms", "30000"]
# A proxy is only for npm, never for the test's own server.
ENV = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


class Failed(Exception):
    pass


def check(is_so, what, got):
    if not is_so:
        raise Failed(f"{what}; got {got!r}")


def run(command, **more):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n"
                     f"{done.stdout}{done.stderr}")
    return done.stdout


class Process:
    """A child process whose lines arrive in a queue; a missing line fails the test."""

    def __init__(self, name, command, output, **more):
        self.name = name
        self.seen = []
        self.lines = queue.Queue()
        self.process = subprocess.Popen([str(word) for word in command], text=True, env=ENV,
                                        **{output: subprocess.PIPE}, **more)
        pipe = getattr(self.process, output)
        self.reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.reader.start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.put(line)
        self.lines.put(None)

    def line(self):
        try:
            line = self.lines.get(timeout=WAIT_S)
        except queue.Empty:
            line = None
        if line is None:
            raise Failed(f"{self.name} ended, or said nothing for {WAIT_S} s")
        self.seen.append(line)
        return line

    def story(self):
        """Everything the child said, and how it ended, for the report of a failure."""
        self.kill()
        self.reader.join(WAIT_S)
        while not self.lines.empty():
            self.seen.append(self.lines.get() or "")
        return (f"{self.name} ended with {self.process.returncode} (-9: killed by this test) and "
                f"said:\n{''.join(self.seen)}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT_S)


class Server:
    def __init__(self, bin_dir, folder):
        self.bin_dir = bin_dir
        self.folder = folder
        self.port = 0  # the first start takes any free one, a restart the same again
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        command = [self.bin_dir / "pointsmand", "--data-dir", self.folder, "--listen",
                   self.address, "--no-admin"]
        self.process = Process("pointsmand", command, "stderr")
        found = None
        while not found:
            found = re.search(r"listening on .* \(port (\d+)\)", self.process.line())
        self.port = int(found.group(1))

    def signal(self, number):
        self.process.process.send_signal(number)

    def pointsman(self, *words):
        return run([self.bin_dir / "pointsman", "--server", self.address, *words], env=ENV)

    def outcomes(self):
        stats = json.loads(self.pointsman("--json", "stats"))
        return int(stats["outcomes"]), sum(int(arm["outcomes"]) for arm in stats["arms"])


class App(Process):
    def __init__(self, command, server, kept, extra):
        super().__init__("the app", [*command, "--server", server.address, "--kept", kept,
                                     "--default-arm", DEFAULT_ARM, *extra],
                         "stdout", stdin=subprocess.PIPE)

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())


def python_app(work):
    stubs = work / "stubs"
    shutil.rmtree(stubs, ignore_errors=True)
    stubs.mkdir(parents=True)
    plugin = shutil.which("grpc_python_plugin")
    protoc = shutil.which("protoc")
    if not plugin or not protoc:
        raise Failed("protoc or grpc_python_plugin is missing: "
                     "apt-get install protobuf-compiler protobuf-compiler-grpc")
    run([protoc, "-I", PROTO, f"--python_out={stubs}", f"--grpc_out={stubs}",
         f"--plugin=protoc-gen-grpc={plugin}", "pointsman/v1/router.proto",
         "google/rpc/status.proto", "google/rpc/error_details.proto"])
    sys.path.insert(0, str(stubs))
    ENV["PYTHONPATH"] = str(stubs)
    return [sys.executable, HERE / "python" / "app.py"]


def node_app(work):
    """Installs the packages into the work folder, once for each lock file."""
    try:
        npm.install(HERE / "node", work)
    except npm.NoNetwork as why:
        print("SKIPPED: npm cannot fetch @grpc/grpc-js and @grpc/proto-loader, is there a "
              f"network? Nothing of the Node client was tested. npm says:\n{why}")
        raise SystemExit(77) from why
    except npm.NpmFailed as why:
        raise Failed(str(why)) from why
    shutil.copy(HERE / "node" / "app.js", work / "app.js")
    return ["node", work / "app.js", "--proto", PROTO]


def check_document(client):
    file = {"python": "python/app.py", "node": "node/app.js"}[client]
    links = re.findall(r"\]\(([^)#]+)", (ROOT / PAGE).read_text())
    check(any((ROOT / PAGE).parent.joinpath(link).resolve() == HERE / file for link in links),
          f"{PAGE} links to tests/system/clients/{file}", links)


def check_standard_services(server):
    """Health and reflection, asked without any stubs: the messages are a few bytes."""
    with grpc.insecure_channel(server.address) as channel:
        health = channel.unary_unary("/grpc.health.v1.Health/Check")
        for service in (b"", b"pointsman.v1.Router", b"pointsman.write"):
            name = b"\x0a" + bytes([len(service)]) + service if service else b""  # service = 1
            answer = health(name, timeout=WAIT_S, wait_for_ready=True)
            check(answer == b"\x08\x01", f"health of {service!r} is SERVING", answer)
        reflect = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        answer = next(reflect(iter([b"\x3a\x01*"]), timeout=WAIT_S))  # list_services = 7
        for service in (b"pointsman.v1.Router", b"pointsman.v1.Admin", b"grpc.health.v1.Health"):
            check(service in answer, f"reflection lists {service!r}", answer)


def check_error_reason(server):
    """The row of docs/reference/errors.md for the machine code of an error."""
    from google.rpc import error_details_pb2, status_pb2
    from pointsman.v1 import router_pb2, router_pb2_grpc
    with grpc.insecure_channel(server.address) as channel:
        try:
            router_pb2_grpc.RouterStub(channel).Route(
                router_pb2.RouteRequest(pool="nowhere", query="x"), timeout=WAIT_S)
            raise Failed("an unknown pool must be an error")
        except grpc.RpcError as error:
            check(error.code() == grpc.StatusCode.NOT_FOUND, "unknown pool: NOT_FOUND", error)
            packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    check(status_pb2.Status.FromString(packed).details[0].Unpack(info), "an ErrorInfo", packed)
    check((info.reason, info.domain) == ("POOL_UNKNOWN", "pointsman"), "its reason", info)


def check_present(app, server):
    """Routing and feedback while the server works. Returns a decision without a rating."""
    decisions = [app.say(f"ask what is {i} times {i}?") for i in range(5)]
    for d in decisions:
        check(d.get("source") == "pointsmand" and d["logged"] and 0 < d["propensity"] <= 1,
              "pointsmand decides and logs", d)
    check(len({d["decision_id"] for d in decisions}) == 5, "every decision has its id", decisions)
    for i, d in enumerate(decisions[:4]):
        rating = f"rate {d['decision_id']} 0.75 rating-{i}"
        check(app.say(rating) == {"feedback": "APPLIED"}, "first feedback", app.seen[-1])
        check(app.say(rating) == {"feedback": "ALREADY_APPLIED"}, "the same again", app.seen[-1])
    check(server.outcomes() == (4, 4), "4 outcomes are learned", server.outcomes())
    for command, field in (("ask ", "query"),
                           (f"rate {decisions[4]['decision_id']} 2 bad", "quality")):
        answer = app.say(command)
        check(answer.get("error") == "INVALID_ARGUMENT" and field in answer["message"],
              f"{command!r} is refused, naming {field}", answer)
    return decisions[4]


def check_away(app, rated_later, code):
    """The server does not answer: the default arm is used, and feedback is kept. `rated_later` may be nothing."""
    lost = app.say("ask who is there?")
    check((lost.get("source"), lost.get("arm"), lost.get("why")) ==
          ("fallback", DEFAULT_ARM, code), f"the default arm answers, because of {code}", lost)
    kept = [decision for decision in (rated_later, lost) if decision]
    for decision in kept:
        answer = app.say(f"rate {decision['decision_id']} 0.5 later-{decision['decision_id']}")
        check(answer == {"feedback": "KEPT", "why": code}, "feedback is kept", answer)
    return lost


def check_story(command, server, folder):
    kept = folder / "kept.jsonl"
    app = App(command, server, kept, PATIENT)
    impatient = None
    try:
        rated_later = check_present(app, server)

        server.process.kill()
        lost = check_away(app, rated_later, "UNAVAILABLE")
        lines = kept.read_text()
        check(lines.count("\n") == 2, "two ratings wait in the file", lines)

        server.start()
        answer = app.say("deliver")
        check(answer == {"delivered": ["APPLIED", "APPLIED"], "kept": 0}, "all delivered", answer)
        check(server.outcomes() == (6, 6), "6 outcomes are learned", server.outcomes())
        shown = server.pointsman("explain", lost["decision_id"])
        check(f"outcome of {DEFAULT_ARM}, quality 0.5" in shown,
              "the default arm gets the outcome that it earned", shown)

        kept.write_text(lines)  # as if the app had died between sending and forgetting
        answer = app.say("deliver")
        check(answer == {"delivered": ["ALREADY_APPLIED", "ALREADY_APPLIED"], "kept": 0},
              "what is sent twice is counted once", answer)
        check(server.outcomes() == (6, 6), "still 6 outcomes", server.outcomes())
        check(app.say("ask and now?").get("source") == "pointsmand", "it routes again",
              app.seen[-1])

        # Frozen, the server accepts connections and never answers: only the deadline helps.
        server.signal(signal.SIGSTOP)
        impatient = App(command, server, kept, [])
        check_away(impatient, None, "DEADLINE_EXCEEDED")
        impatient.kill()  # the kept feedback does not need the app that kept it
        server.signal(signal.SIGCONT)
        answer = app.say("deliver")
        check(answer["delivered"] in (["APPLIED"], ["ALREADY_APPLIED"]) and answer["kept"] == 0,
              "delivered after the thaw", answer)
        check(server.outcomes() == (7, 7), "7 outcomes are learned", server.outcomes())
    finally:
        app.kill()
        if impatient:
            impatient.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=["python", "node"])
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work-dir", type=pathlib.Path, required=True)
    args = parser.parse_args()
    server = None
    try:
        check_document(args.client)
        command = {"python": python_app, "node": node_app}[args.client](args.work_dir)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            server = Server(args.bin_dir, folder / "data")
            try:
                server.start()
                server.pointsman("pool", "create", ROOT / "deploy/pool.example.yaml")
                if args.client == "python":
                    check_standard_services(server)
                    check_error_reason(server)
                check_story(command, server, folder)
            finally:
                if server.process:
                    server.process.kill()
    except Failed as failure:
        print(f"FAILED: {failure}")
        if server and server.process:
            print(server.process.story())
        return 1
    print(f"passed: the {args.client} client")
    return 0


if __name__ == "__main__":
    sys.exit(main())
