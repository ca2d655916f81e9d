"""Plays clients/conformance/cases.json with the driver of a client package (clients/README.md) against a real pointsmand
that is up, frozen, killed, started again and full, and kills both again and again to see that no feedback is lost.

usage: conformance.py python|asyncio|node|go --bin-dir BUILD/bin --work-dir FOLDER [--only TEXT] [--kills N]
Exit codes: 0 passed, 1 failed, 77 skipped: what this language needs cannot be had; the message names it.
"""
import argparse
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLIENTS = ROOT / "clients"
sys.path.insert(0, str(ROOT / "tests/support"))
import npm  # noqa: E402  (from the folder above)

DEFAULT_ARM = "gpt-4o-mini"
WAIT_S = 60
ENV = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
NO_MODULES = ("dial tcp", "no such host", "i/o timeout", "connection refused")  # what go says without a network
KILL_MODES = ("server", "driver", "both")


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """pointsmand at one port, through kills and new starts."""

    def __init__(self, bin_dir, folder):
        self.bin_dir, self.folder, self.port, self.process = bin_dir, folder, 0, None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        if self.process is not None:
            self.end(signal.SIGKILL)
        self.process = subprocess.Popen([str(self.bin_dir / "pointsmand"), "--data-dir", str(self.folder), "--no-admin",
                                         "--listen", self.address], text=True, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if "listening on" in line:
                self.port = int(line.split("(port ")[1].split(")")[0])
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return
        raise Failed("pointsmand did not start")

    def signal(self, number):
        self.process.send_signal(number)

    def is_stopped(self):
        """Whether every thread has stopped: a signal returns before they have."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return all(task.read_text().rsplit(")", 1)[1].split()[0] == "T" for task in tasks)

    def end(self, number):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(WAIT_S)
            self.process = None

    def pointsman(self, *words):
        return run(self.bin_dir / "pointsman", "--server", self.address, *words)

    def outcomes(self):
        """Of how many decisions something was learned."""
        return int(json.loads(self.pointsman("--json", "stats"))["outcomes"])


class Driver:
    def __init__(self, command, server, outbox, outbox_max=None, deadline_ms=None):
        words = [*command, "--server", server.address, "--outbox", outbox, "--default-arm", DEFAULT_ARM]
        if outbox_max:
            words += ["--outbox-max", outbox_max]
        if deadline_ms:
            words += ["--deadline-ms", deadline_ms]
        self.said = []
        self.process = subprocess.Popen([str(word) for word in words], text=True, env=ENV, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line)

    def say(self, command):
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=WAIT_S)
        except (queue.Empty, BrokenPipeError):
            line = None
        if line is None:
            raise Failed(f"the driver gave no answer to {command}; it said: {''.join(self.said[-30:])}")
        return json.loads(line)

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT_S)


def filled(value, names):
    """The value with every $name replaced by what an earlier answer had there."""
    if isinstance(value, str) and value.startswith("$"):
        return names[value[1:]]
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    return value


def match(expected, got, names):
    """Whether `got` has what is expected; a $name that is not known yet takes what is there."""
    if isinstance(expected, str) and expected.startswith("$"):
        if expected[1:] not in names:
            names[expected[1:]] = got
            return got is not None
        return names[expected[1:]] == got
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(match(value, got.get(key), names) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(lambda e, g: match(e, g, names), expected, got))
    return expected == got


class Case:
    """One case: a server with an empty pool, and a driver with an empty outbox."""

    def __init__(self, case, command, bin_dir, folder):
        self.case, self.command = case, command
        self.server = Server(bin_dir, folder / "data")
        self.outbox = folder / "outbox"
        self.names = {}
        self.server.start()
        self.server.pointsman("pool", "create", ROOT / "deploy/pool.example.yaml")
        # A first call on a cold machine may take longer than the deadline; only the cases about it have the usual one.
        self.deadline_ms = None if "deadline" in case["case"] else 20000
        self.driver = None
        self.start_driver()
        self.warm_up()

    def warm_up(self):
        """Until the first call has connected: a cold driver on a busy machine needs more than a deadline of 50 ms."""
        for _ in range(100):
            if self.deadline_ms or self.driver.say({"do": "call", "query": "warm up"}).get("source") == "server":
                return

    def start_driver(self):
        self.driver = Driver(self.command, self.server, self.outbox, self.case.get("outbox_max"), self.deadline_ms)

    def end(self):
        self.driver.kill()
        self.server.end(signal.SIGKILL)

    def play(self):
        for step in self.case["steps"]:
            for _ in range(step.get("repeat", 1)):
                self.step(step)

    def step(self, step):
        if "server" in step:
            self.do_server(step["server"])
        elif "outcomes" in step:
            self.eventually(step, lambda: self.server.outcomes() == step["outcomes"], self.server.outcomes)
        elif "explain" in step:
            self.explain(step)
        elif step["driver"] in ("kill", "start", "restart"):
            if step["driver"] != "start":
                self.driver.kill()
            if step["driver"] != "kill":
                self.start_driver()
        else:
            self.tell(step)

    def tell(self, step):
        command = filled(step["driver"], self.names)
        began = time.monotonic()
        answer = self.driver.say(command)
        took_ms = 1000 * (time.monotonic() - began)
        if not match(step["expect"], answer, self.names):
            raise Failed(f"{command} must be answered with {filled_or_name(step['expect'], self.names)}; got {answer}; "
                         f"the driver said: {''.join(self.driver.said[-30:])}")
        if took_ms > step.get("route_ms_max", float("inf")):
            raise Failed(f"{command} took {took_ms:.0f} ms")

    def do_server(self, what):
        if what == "start":
            self.server.start()
        elif what == "kill":
            self.server.end(signal.SIGKILL)
        elif what == "term":
            self.server.end(signal.SIGTERM)
        else:
            self.server.signal({"stop": signal.SIGSTOP, "cont": signal.SIGCONT}[what])
            if what == "stop":
                self.eventually({"server": "stop"}, self.server.is_stopped, lambda: "a thread that runs")

    def explain(self, step):
        shown = self.server.pointsman("explain", filled(step["explain"], self.names))
        for word in filled(step["has"], self.names):
            if word.lower() not in shown.lower():
                raise Failed(f"explain must have {word!r}; got:\n{shown}")

    def eventually(self, step, is_so, got):
        until = time.monotonic() + 10
        while not is_so():
            if time.monotonic() > until:
                raise Failed(f"{step}; got {got()}")
            time.sleep(0.05)


def filled_or_name(value, names):
    try:
        return filled(value, names)
    except KeyError:
        return value


def check_kills(command, bin_dir, folder, kills, seed=1):
    """Calls and ratings, with kill -9 of the server, the app, or both between them: at the end every rating that the
    package took is learned."""
    draw = random.Random(seed)
    case = Case({"case": "kills", "steps": []}, command, bin_dir, folder)
    rated = []
    try:
        for kill in range(kills):
            for i in range(draw.randint(1, 4)):
                answer = case.driver.say({"do": "call", "query": f"question {kill} {i}", "as": "x"})
                if "decision_id" not in answer:
                    raise Failed(f"a call must be answered; got {answer}")
                rated.append(answer["decision_id"])
                case.driver.say({"do": "rate", "of": "x", "quality": 0.875})
            time.sleep(draw.choice((0, 0, 0.01, 0.05)))
            what = draw.choice(KILL_MODES)
            if what != "driver":
                case.server.end(signal.SIGKILL)
            if what != "server":
                case.driver.kill()
            if what != "driver":
                if what == "server" and draw.random() < 0.5:  # calls while it is gone
                    answer = case.driver.say({"do": "call", "query": f"away {kill}", "as": "x"})
                    rated.append(answer["decision_id"])
                    case.driver.say({"do": "rate", "of": "x", "quality": 0.875})
                case.server.start()
            if what != "server":
                case.start_driver()
        status = case.driver.say({"do": "flush", "within_ms": 60000})
        if status["waiting"] or status["rejected"]:
            raise Failed(f"all is delivered; got {status}; the driver said: {''.join(case.driver.said[-30:])}")
        lost = [name for name in rated if "0.875" not in case.server.pointsman("explain", name)]
        if lost or case.server.outcomes() != len(rated):
            raise Failed(f"of {len(rated)} ratings that the package took, {len(lost)} are not learned: {lost[:5]}")
    finally:
        case.end()
    print(f"{kills} kills, {len(rated)} ratings, none lost", flush=True)


def python_driver(work, *flags):
    path = CLIENTS / "python" / "src"
    run("/usr/bin/python3", "-c", "import grpc") if shutil.which("/usr/bin/python3") else None
    ENV["PYTHONPATH"] = str(path)
    return ["/usr/bin/python3", CLIENTS / "python" / "driver.py", *flags]


def node_driver(work):
    package = work / "package"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(CLIENTS / "node", package, ignore=shutil.ignore_patterns("node_modules"))
    modules = work / "modules"
    try:
        npm.install(CLIENTS / "node", modules)
    except npm.NoNetwork as why:
        raise Skipped(f"npm cannot fetch the packages of clients/node, is there a network? npm says:\n{why}") from why
    (package / "node_modules").symlink_to(modules / "node_modules")
    return ["node", package / "driver.js"]


def go_driver(work):
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        raise Skipped("there is no go (https://go.dev/dl)")
    binary = work / "driver"
    done = subprocess.run([go, "build", "-o", str(binary), "./cmd/driver"], cwd=CLIENTS / "go", text=True,
                          capture_output=True, check=False, env=ENV | {"PATH": os.environ["PATH"]})
    if done.returncode != 0:
        if any(word in done.stderr for word in NO_MODULES):
            raise Skipped(f"go cannot fetch the modules of clients/go, is there a network? go says:\n{done.stderr}")
        raise Failed(f"go build: {done.stderr}")
    return [binary]


DRIVERS = {"python": python_driver, "asyncio": lambda work: python_driver(work, "--asyncio"), "node": node_driver,
           "go": go_driver}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=DRIVERS)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work-dir", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="", help="play the cases whose names have this text")
    parser.add_argument("--kills", type=int, default=12)
    args = parser.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    bin_dir = args.bin_dir.resolve()
    name = ""
    try:
        command = DRIVERS[args.client](args.work_dir.resolve())
        for case in json.loads((CLIENTS / "conformance" / "cases.json").read_text()):
            name = case["case"]
            if args.only not in name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                play = Case(case, command, bin_dir, pathlib.Path(folder))
                try:
                    play.play()
                finally:
                    play.end()
            print(f"passed: {name}", flush=True)
        name = "kills"
        if args.only in name:
            with tempfile.TemporaryDirectory() as folder:
                check_kills(command, bin_dir, pathlib.Path(folder), args.kills)
    except Skipped as why:
        print(f"SKIPPED, nothing was tested: {why}")
        return 77
    except Failed as failure:
        print(f"FAILED ({name}): {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
