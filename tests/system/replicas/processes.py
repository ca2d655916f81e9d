"""NATS servers and pointsmands as processes that keep their ports and folders over restarts."""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "deploy"))
from common import Failed, Skipped  # noqa: E402

START_S = 60
CALL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_ports(count):
    """Free ports."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Process:
    """A program that can be killed, frozen and started again."""

    def __init__(self, name, command):
        self.name, self.command = name, [str(word) for word in command]
        self.process = None
        self.said = []

    def start(self):
        self.process = subprocess.Popen(self.command, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True).start()

    def _read(self, lines):
        for line in lines:
            self.said.append(line)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.is_running():
            self.process.send_signal(number)

    def kill(self):
        if self.is_running():
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        if self.process is not None:
            self.process.wait(START_S)

    def tail(self):
        return f"{self.name} said:\n" + "".join(self.said[-15:])


def nats_servers(folder, count):
    """A JetStream cluster of so many servers, not started; and their addresses."""
    program = shutil.which("nats-server", path="/usr/sbin:/usr/local/bin:/usr/bin:/bin")
    if program is None:
        raise Skipped("nats-server is missing: apt-get install nats-server")
    ports, routes = free_ports(count), free_ports(count)
    servers = []
    for i in range(count):
        config = folder / f"nats-{i}.conf"
        text = f'server_name: "nats-{i}"\nlisten: "127.0.0.1:{ports[i]}"\njetstream {{store_dir: "{folder}/nats-{i}"}}\n'
        if count > 1:
            all_routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
            text += f'cluster {{name: "test", listen: "127.0.0.1:{routes[i]}", routes: [{all_routes}]}}\n'
        config.write_text(text)
        servers.append(Process(f"nats-{i}", [program, "-c", config]))
    return servers, [f"nats://127.0.0.1:{port}" for port in ports]


class Replica(Process):
    def __init__(self, bin_dir, folder, name, nats, copies, listen, http):
        config = folder / f"{name}.yaml"
        config.write_text(f"replicas: {{name: {name}, nats: {json.dumps(nats)}, copies: {copies}}}\n")
        self.http = http
        super().__init__(name, [bin_dir / "pointsmand", "--config", config, "--data-dir", folder / name, "--listen",
                                f"127.0.0.1:{listen}", "--http-listen", f"127.0.0.1:{http}"])

    def wait(self):
        """Until it serves. A log without a leader makes it end; then it is started again."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if not self.is_running():
                time.sleep(0.3)
                self.start()
            try:
                with CALL.open(f"http://127.0.0.1:{self.http}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise Failed(f"{self.name} did not start\n{self.tail()}")

    def call(self, method, body, timeout=10):
        """The answer, or None if the call failed and may have been carried out."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/pointsman.v1.{method}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with CALL.open(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            try:
                return {"error": json.loads(text)}
            except ValueError:
                return None
        except (OSError, ValueError, subprocess.SubprocessError):
            return None


def reason_of(answer):
    """The code of an error that an answer has."""
    return re.sub(r"[^a-z_]", "", (answer or {}).get("error", {}).get("code", ""))
