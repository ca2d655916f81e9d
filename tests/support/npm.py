"""npm packages for a test, installed into its build folder once for each lock file."""
import re
import shutil
import subprocess

TIMEOUT_S = 450
NO_NETWORK = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|"
                        r"ERR_SOCKET|not ready")


class NpmFailed(Exception):
    pass


class NoNetwork(Exception):
    """npm could not fetch the packages; the test should be skipped. Contains npm's output."""


def install(source, work, *flags):
    """Installs the packages of the lock file in `source` into `work`/node_modules."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise NpmFailed("node or npm is missing: apt-get install nodejs npm")
    work.mkdir(parents=True, exist_ok=True)
    lock = (source / "package-lock.json").read_text()
    mark = work / "installed-lock.json"
    if mark.exists() and mark.read_text() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, work / name)
    try:
        done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                               "--prefer-offline", *flags], cwd=work, text=True, timeout=TIMEOUT_S,
                              capture_output=True, check=False)
        why = done.stderr if done.returncode != 0 else ""
    except subprocess.TimeoutExpired:
        why = f"npm was not ready after {TIMEOUT_S} s"
    if NO_NETWORK.search(why):
        raise NoNetwork(why)
    if why:
        raise NpmFailed(f"npm ci failed in {work}:\n{why}")
    mark.write_text(lock)
