"""Runs pointsmand as a separate process beside hostile clients, and measures its memory and file descriptors."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
from pointsmand import DidNotStart, Pointsmand  # noqa: E402  (from the folder above)


class ServerFailed(Exception):
    """What went wrong, and what to do."""


class Measured:
    """What the system knows of `self.process`."""

    @property
    def is_alive(self):
        return self.process.poll() is None

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        return int(found.group(1)) / 1024 if found else 0.0

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        if self.is_alive:
            self.process.kill()
        self.process.wait()


class Server(Measured, Pointsmand):
    """`words`: more flags of pointsmand. `has_http`: it serves HTTP too."""

    def __init__(self, bin_dir, config=None, *words, has_http=False):
        if not (bin_dir / "pointsmand").exists():
            raise ServerFailed(f"there is no {bin_dir}/pointsmand: build it (cmake --build --preset release --target "
                               "pointsmand pointsman-load), or name its folder with --bin-dir")
        try:
            super().__init__(bin_dir, *([] if has_http else ["--no-admin"]), *(["--config", config] if config else []),
                             *words, http_listen="127.0.0.1:0" if has_http else None)
        except DidNotStart as why:
            raise ServerFailed(f"pointsmand did not start, and said:\n{why}") from why

    def stop(self):
        """SIGTERM. Returns how long it took and the exit code, -9 if it had to be killed."""
        began = time.monotonic()
        code = super().stop()
        return time.monotonic() - began, code


class Watch:
    """The highest memory and file descriptor use of a server while this was active."""

    def __init__(self, server):
        self.server = server
        self.rss_mb = server.rss_mb()
        self.files = server.files()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self.is_over.wait(0.05):
            try:
                self.rss_mb = max(self.rss_mb, self.server.rss_mb())
                self.files = max(self.files, self.server.files())
            except OSError:  # it is gone
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class Attacker:
    """An attack as a separate process. `nice`: its processor time stands for that of another machine. `addresses`: A-B,
    the addresses of loopback that it comes from; without, from 127.0.0.1."""

    def __init__(self, server, name, seconds, scale=1.0, nice=10, addresses=None):
        command = [sys.executable, HERE / "attacks.py", "--port", server.port, "--attack", name, "--seconds", seconds,
                   "--scale", scale, *(["--addresses", addresses] if addresses else [])]
        self.process = subprocess.Popen(["nice", "-n", str(nice), *map(str, command)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "begun":
            raise ServerFailed(f"the attack {name} did not begin: {self.process.communicate()[1].strip()}")

    def stop(self):
        """What it did."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        try:
            said, complaint = self.process.communicate(timeout=60)
        finally:
            self.kill()
        if self.process.returncode != 0:
            raise ServerFailed(f"an attack failed:\n{complaint.strip()}")
        return json.loads(said)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
