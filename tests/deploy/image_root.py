"""A root file system of Debian for the tests of deploy/, as deploy/docker/Dockerfile says, and namespaces to run it in.

Debian's base comes from mmdebstrap (debootstrap makes the same in twice the time), the binaries from the build, and all
else from carrying out the last stage of the Dockerfile. It is kept until the Dockerfile or the list of packages changes.
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
import time
import urllib.request

from common import ROOT, Failed, Skipped, check, run

SUITE = "bookworm"
BIN_IN_BUILD_STAGE = "/src/build/release/bin/"
NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc"]
READY_S = 60


def need_what_it_takes():
    if os.getuid() != 0:
        raise Skipped("chroot and mount need root: run this test as root")
    if not shutil.which("mmdebstrap"):
        raise Skipped("mmdebstrap is missing: apt-get install mmdebstrap")
    if subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("no namespaces can be made here (unshare fails): run it outside a container")


def debian_mirror():
    """Where this machine itself gets Debian's packages from."""
    lines = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)",
                "Created-By: Packages").splitlines()
    found = [line.split()[0] for line in lines if line.split()[1:] == [SUITE, "main"]]
    if not found:
        raise Skipped(f"apt knows no mirror of Debian {SUITE}: on Debian 12, run apt-get update")
    return found[0]


def make_base(base, mirror):
    """What debian:bookworm-slim holds: the packages that Debian cannot be without, and no documents."""
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
    work.mkdir(parents=True, exist_ok=True)
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


def raise_loopback():
    with socket.socket() as any_socket:  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def wait_until_ready(server):
    """Until the admin port says so; a server that ends before that fails the test."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen("http://127.0.0.1:7718/readyz", timeout=5):
                return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise Failed(f"pointsmand did not get ready, see above: {error}") from error
        time.sleep(0.05)
