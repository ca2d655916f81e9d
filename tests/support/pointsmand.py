"""Runs pointsmand as a separate process, for tests in Python."""
import re
import subprocess
import tempfile
import threading

START_S = 60
STOP_S = 60


class DidNotStart(Exception):
    """pointsmand did not start. Contains its output."""


class Pointsmand:
    """Serves on free ports, with its data in a temporary folder. `http_listen`: the API over HTTP too."""

    def __init__(self, bin_dir, *words, listen="127.0.0.1:0", admin_listen="127.0.0.1:0", http_listen=None):
        self.folder = tempfile.TemporaryDirectory(prefix="pointsmand-")
        command = [bin_dir / "pointsmand", "--data-dir", self.folder.name, "--listen", listen,
                   "--admin-listen", admin_listen, *(["--http-listen", http_listen] if http_listen else []), *words]
        self.process = subprocess.Popen([str(word) for word in command], text=True,
                                        stderr=subprocess.PIPE)
        self.said = []
        self.is_up = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.is_up.wait(START_S) or self.port is None:
            self.stop()
            raise DidNotStart("".join(self.said))

    port = None
    admin_port = None
    http_port = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            found = re.search(r"listening on .* \(port (\d+)\), admin port (\d+), HTTP port (\d+)", line)
            if found:
                self.port, self.admin_port, self.http_port = map(int, found.groups())
                self.is_up.set()
        self.is_up.set()  # it ended

    def stop(self):
        """Sends SIGTERM and returns the exit code."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_S)
        self.folder.cleanup()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
