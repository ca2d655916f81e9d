"""A pointsmand of the test's own, and OpenAI's API on this machine, for the tests of this folder (see run.py)."""
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from pointsman import Router

BIN = pathlib.Path(os.environ.get("POINTSMAN_BIN_DIR", "."))
ARMS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1-nano")


class Server:
    """pointsmand with a pool of ARMS, named `default` and `small`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / "log", "w")  # noqa: SIM115
        self.process, self.address = None, "127.0.0.1:0"
        self.start()
        for pool in ("default", "small"):
            self.pointsman("pool", "create", self._pool(pool))

    def _pool(self, name):
        path = self.folder / f"{name}.yaml"
        arms = "".join(f"  - name: {arm}\n" for arm in ARMS)
        path.write_text(f"name: {name}\narms:\n{arms}")
        return path

    def start(self):
        self.process = subprocess.Popen([str(BIN / "pointsmand"), "--data-dir", str(self.folder / "data"), "--no-admin",
                                         "--listen", self.address], text=True, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            self.log.write(line)
            if "listening on" in line:
                self.address = "127.0.0.1:" + line.split("(port ")[1].split(")")[0]
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return
        raise AssertionError(f"pointsmand did not start: see {self.folder / 'log'}")

    def freeze(self):
        """Returns when every thread has stopped: on a busy machine a signal takes its time."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        if tasks.exists():
            until(lambda: all(path.read_text().rsplit(")", 1)[1].split()[0] == "T" for path in tasks.glob("*/stat")))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def pointsman(self, *words):
        done = subprocess.run([str(BIN / "pointsman"), "--server", self.address, *map(str, words)], text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def outcomes(self, decision_id, pool="default"):
        """What was learned of a decision: a dictionary for each arm that was called."""
        return json.loads(self.pointsman("--json", "explain", decision_id, "--pool", pool))["outcomes"]

    def learned(self):
        """Of how many decisions something was learned."""
        return int(json.loads(self.pointsman("--json", "stats"))["outcomes"])


class ServerTest(unittest.TestCase):
    """Tests with one pointsmand for all, and an outbox for each."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="pointsman-test-")
        cls.server = Server(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        cls.server.log.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.outbox = os.path.join(tempfile.mkdtemp(dir=self.folder), "outbox.sqlite")

    def settings(self, **more):
        # The machine may be busy: only the tests of the deadline have a short one.
        return {"address": self.server.address, "outbox": self.outbox, "deadline_s": 20.0, **more}

    def outcome(self, router, decision_id, pool="default"):
        """The one outcome of a decision, after all was sent."""
        self.assertTrue(router.flush(20), router.status())
        outcomes = self.server.outcomes(decision_id, pool)
        self.assertEqual(len(outcomes), 1, outcomes)
        return outcomes[0]


def until(is_so, within_s=20.0):
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)


class FakeOpenAI:
    """OpenAI's API. `behaviour[model]`: ok, limited (429), broken (500), refused (400), slow, cut (a stream that fails
    in the middle). `seen`: the bodies of the requests."""

    def __init__(self):
        self.behaviour, self.seen, self.slow_s = {}, [], 5.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.seen.append(body)
                try:
                    outer.answer(self, body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def models(self):
        return [body["model"] for body in self.seen]

    def answer(self, handler, body):
        behaviour = self.behaviour.get(body["model"], "ok")
        if behaviour == "slow":
            time.sleep(self.slow_s)
        if behaviour in ("limited", "broken", "refused"):
            status = {"limited": 429, "broken": 500, "refused": 400}[behaviour]
            headers = {"retry-after": "7"} if status == 429 else {}
            return self.send(handler, status, {"error": {"message": behaviour, "type": behaviour}}, headers)
        if body.get("stream"):
            return self.stream(handler, body, behaviour)
        message = {"role": "assistant", "content": "the moon is far"}
        if body.get("tools"):
            message = {"role": "assistant", "content": None, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "far", "arguments": '{"body": "moon"}'}}]}
        return self.send(handler, 200, {
            "id": "chat-1", "object": "chat.completion", "created": 1, "model": body["model"], "usage": USAGE,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}, {})

    @staticmethod
    def send(handler, status, answer, headers):
        data = json.dumps(answer).encode()
        handler.send_response(status)
        for name, value in {**headers, "content-type": "application/json", "content-length": len(data)}.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(data)

    @staticmethod
    def stream(handler, body, behaviour):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        handler.close_connection = True

        def chunk(**more):
            more = {"id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"], **more}
            handler.wfile.write(f"data: {json.dumps(more)}\n\n".encode())
            handler.wfile.flush()

        def delta(content=None, reason=None, **more):
            chunk(choices=[{"index": 0, "delta": {**({"content": content} if content else {}), **more},
                            "finish_reason": reason}])

        delta(role="assistant")
        time.sleep(0.03)
        for word in ("the ", "moon ", "is ", "far"):
            delta(word)
            time.sleep(0.01)
        if behaviour == "cut":
            chunk(error={"message": "overloaded"})
            return
        delta(reason="stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            chunk(choices=[], usage=USAGE)
        handler.wfile.write(b"data: [DONE]\n\n")


class FakeOpenAITest(ServerTest):
    """Tests with a router and OpenAI's API on this machine, new for each."""

    def setUp(self):
        super().setUp()
        self.fake = FakeOpenAI()
        self.addCleanup(self.fake.close)
        self.router = Router(**self.settings())
        self.addCleanup(self.router.close)


USAGE = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16, "prompt_tokens_details": {"cached_tokens": 4}}
