"""Builds the image's root file system as deploy/docker/Dockerfile says, without Docker, and runs
pointsmand in it as Kubernetes would: the root read-only, no root user, no capabilities.

usage: image_test.py --bin-dir BUILD/bin --work-dir FOLDER
image_root.py makes the root file system and keeps it in FOLDER.
Exit codes: 0 passed, 1 failed, 77 skipped: not root, no mmdebstrap, or no network.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from common import ROOT, Failed, check, run, run_test
from dockerfile import last_stage
from image_root import NAMESPACES, make_root, need_what_it_takes, raise_loopback, wait_until_ready


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
        wait_until_ready(server)
        return server

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
    raise_loopback()


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
    need_what_it_takes()
    began = time.monotonic()
    root, is_kept = make_root(work, args.bin_dir, stage)
    print(f"root file system {'kept' if is_kept else 'made'} in {time.monotonic() - began:.0f} s, "
          f"{run('du', '-sm', '--apparent-size', root).split()[0]} MB", flush=True)
    shutil.rmtree(work / "data", ignore_errors=True)
    (work / "data").mkdir()
    shutil.copy(ROOT / "deploy/pool.example.yaml", work / "data")
    done = subprocess.run([*NAMESPACES, sys.executable, __file__, *sys.argv[1:], "--inside"],
                          check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    run_test(__doc__, test, "--inside")
