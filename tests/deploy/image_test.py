"""Builds the image's root file system as deploy/docker/Dockerfile says, without Docker, and runs
pointsmand in it as Kubernetes would: the root read-only, no root user, no capabilities.

usage: image_test.py --bin-dir BUILD/bin --work-dir FOLDER
Debian's base comes from mmdebstrap (debootstrap makes the same in twice the time), the binaries from
the build, and all else from carrying out the last stage of the Dockerfile. The result is kept in
FOLDER until the Dockerfile or the list changes.
Exit codes: 0 passed, 1 failed, 77 skipped: not root, no mmdebstrap, or no network.
"""
import fcntl
import glob
import hashlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request

from common import ROOT, Failed, Skipped, check, run, run_test
from dockerfile import last_stage

SUITE = "bookworm"
BIN_IN_BUILD_STAGE = "/src/build/release/bin/"
START_S = 60


def debian_mirror():
    """The mirror from which this machine gets Debian's packages."""
    lines = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    found = [line.split()[0] for line in lines if line.split()[1:] == [SUITE, "main"]]
    if not found:
        raise Skipped(f"apt knows no mirror of Debian {SUITE}: on Debian 12, run apt-get update")
    return found[0]


def make_base(base, mirror):
    """The content of debian:bookworm-slim: Debian's essential packages, without documentation."""
    options = ["--variant=minbase", "--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"']
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in
                ("doc", "info", "locale", "man")]
    done = subprocess.run(["mmdebstrap", *options, SUITE, str(base), mirror], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        shutil.rmtree(base, ignore_errors=True)
        if "Failed to fetch" in done.stdout or "apt-get update" in done.stdout:
            raise Skipped(f"mmdebstrap cannot fetch Debian, is there a network?\n{done.stdout}")
        raise Failed(f"mmdebstrap failed:\n{done.stdout}")


def copy(root, words, bin_dir):
    from_build = words[0] == "--from=build"
    *sources, target = words[1:] if from_build else words
    folder = root / target.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if from_build:
            check(source.startswith(BIN_IN_BUILD_STAGE), "binaries come from the build", source)
            files = [bin_dir / source.removeprefix(BIN_IN_BUILD_STAGE)]
        else:
            files = [pathlib.Path(name) for name in sorted(glob.glob(str(ROOT / source)))]
        check(files, "what the Dockerfile copies is there", source)
        for file in files:
            shutil.copy(file, folder)


def make_root(work, bin_dir, stage):
    """The root file system, and whether its packages were installed by an earlier run."""
    mirror = debian_mirror()
    text = mirror + json.dumps(stage) + (ROOT / "deploy/packages/run.txt").read_text()
    key = hashlib.sha256(text.encode()).hexdigest()
    root, mark = work / "root", work / "root.key"
    is_kept = mark.exists() and mark.read_text() == key
    if not is_kept:
        mark.unlink(missing_ok=True)
        shutil.rmtree(root, ignore_errors=True)
        make_base(root, mirror)
    for name, rest in stage:
        if name == "COPY":
            copy(root, rest, bin_dir)
        if name == "RUN" and not is_kept:
            shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
            run("chroot", root, "/bin/sh", "-c", rest)
            (root / "etc/resolv.conf").write_text("")
    mark.write_text(key)
    return root, is_kept


class Image:
    """Processes inside the root file system, as the user and with the variables of the Dockerfile."""

    def __init__(self, root, stage):
        self.root = root
        of = {name: rest for name, rest in stage}
        self.user, self.group = of["USER"].split(":")
        self.command = of["ENTRYPOINT"] + of["CMD"]
        self.stop_signal = of["STOPSIGNAL"]
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}  # of the container
        for name, rest in stage:
            if name == "ENV":
                self.env.update(pair.split("=") for pair in rest)

    def words(self, command):
        return [shutil.which("chroot"), str(self.root), "setpriv", f"--reuid={self.user}", f"--regid={self.group}",
                "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
                *command]

    def run(self, *command):
        return run(*self.words(command), env=self.env)

    def start(self):
        server = subprocess.Popen(self.words(self.command), env=self.env, cwd="/")
        deadline = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen("http://127.0.0.1:7718/readyz", timeout=5):
                    return server
            except OSError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    server.kill()
                    raise Failed(f"pointsmand did not get ready, see above: {error}") from error
            time.sleep(0.05)

    def stop(self, server):
        check(self.stop_signal == "SIGTERM", "STOPSIGNAL is what pointsmand stops on",
              self.stop_signal)
        server.terminate()
        check(server.wait(30) == 0, "SIGTERM ends it with 0", server.returncode)


def mount_and_raise_loopback(root, data, user):
    """In separate namespaces, so that nothing of this outlives the process."""
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", root, root)
    run("mount", "-o", "remount,bind,ro", root)
    run("mount", "-t", "proc", "proc", root / "proc")
    os.chown(data, int(user), int(user))
    run("mount", "--bind", data, root / "var/lib/pointsman")
    with socket.socket() as any_socket:  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def check_running(image, server):
    status = dict(line.split(":\t", 1)
                  for line in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines())
    check(set(status["Uid"].split()) == {image.user}, "runs as the image's user", status["Uid"])
    check(int(status["CapEff"], 16) == 0, "has no capability", status["CapEff"])
    variables = pathlib.Path(f"/proc/{server.pid}/environ").read_text().split("\0")
    for name in ("OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"):
        check(name in variables, f"runs with {name}", variables)
    try:
        image.run("touch", "/var/tmp/x")  # a folder that anybody may write to, were it not for ...
        raise Failed("the root file system must be read-only")
    except Failed as failure:
        check("Read-only file system" in str(failure), "the root is read-only", str(failure))


def inside(root, data, stage):
    image = Image(root, stage)
    mount_and_raise_loopback(root, data, image.user)
    server = image.start()
    try:
        check_running(image, server)
        image.run("pointsman", "pool", "create", "/var/lib/pointsman/pool.example.yaml")
        decision = json.loads(image.run("pointsman", "--json", "route", "What is 2 times 3?"))
        check(decision.get("decision_id") and decision.get("logged"), "a logged decision", decision)
        image.run("pointsman", "feedback", decision["decision_id"], "--quality", "1")
        image.stop(server)
        server = image.start()  # the volume outlives the container
        stats = json.loads(image.run("pointsman", "--json", "stats"))
        check(int(stats["outcomes"]) == 1, "the outcome is there after a restart", stats)
        image.stop(server)
    finally:
        server.kill()
    arm = decision["arms"][0]["arm"] if decision.get("arms") else decision.get("arm")
    print(f"routed to {arm} as user {image.user}, root read-only; one outcome kept over a restart")


def test(args):
    work = args.work_dir
    stage = last_stage()
    if args.inside:
        inside(work / "root", work / "data", stage)
        return
    if os.getuid() != 0:
        raise Skipped("chroot and mount need root: run this test as root")
    if not shutil.which("mmdebstrap"):
        raise Skipped("mmdebstrap is missing: apt-get install mmdebstrap")
    namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*namespaces, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("no namespaces can be made here (unshare fails): run it outside a container")
    began = time.monotonic()
    root, is_kept = make_root(work, args.bin_dir, stage)
    print(f"root file system {'kept' if is_kept else 'made'} in {time.monotonic() - began:.0f} s, "
          f"{run('du', '-sm', '--apparent-size', root).split()[0]} MB", flush=True)
    shutil.rmtree(work / "data", ignore_errors=True)
    (work / "data").mkdir()
    shutil.copy(ROOT / "deploy/pool.example.yaml", work / "data")
    done = subprocess.run([*namespaces, sys.executable, __file__, *sys.argv[1:], "--inside"],
                          check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    run_test(__doc__, test, "--inside")
