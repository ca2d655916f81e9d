"""Checks deploy/systemd/pointsmand.service with systemd itself, and tries its restrictions on pointsmand.

usage: systemd_test.py --bin-dir BUILD/bin --work-dir FOLDER
systemd need not run: systemd-analyze reads the unit. Two of its lines are tried for real: that nothing
writes memory and runs it, and that a reload, if there is one, does not end the server.
Exit codes: 0 passed, 1 failed, 77 skipped: no systemd-analyze.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess

from common import ROOT, Skipped, check, run, run_test

UNIT = ROOT / "deploy/systemd/pointsmand.service"
CONFIG = ROOT / "deploy/systemd/pointsmand.yaml"
INSTALLED = "/usr/local/bin/pointsmand"
EXPOSURE_MAX = 20  # tenths of systemd's points: 2.0 of 10
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1


def check_unit(args):
    text = UNIT.read_text()
    check(f"\nExecStart={INSTALLED} " in text, f"the unit starts {INSTALLED}", UNIT.name)
    unit = args.work_dir / UNIT.name
    unit.write_text(text.replace(INSTALLED, str(args.bin_dir / "pointsmand")))
    said = run("systemd-analyze", "verify", unit)
    check(unit.name not in said, "systemd finds nothing wrong", said)
    said = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
    print(re.sub(r"[^\x20-\x7e]", "", said.strip().splitlines()[-1]).strip())


def deny_write_execute():
    """The effect of MemoryDenyWriteExecute= on kernels from 6.3 on; older ones report an error."""
    ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)


def check_running(args):
    folder = args.work_dir / "data"
    shutil.rmtree(folder, ignore_errors=True)
    server = subprocess.Popen(
        [args.bin_dir / "pointsmand", "--data-dir", folder, "--listen", "127.0.0.1:0", "--no-admin"],
        stderr=subprocess.PIPE, text=True, preexec_fn=deny_write_execute)
    try:
        port = None
        while not port:
            line = server.stderr.readline()
            check(line, "pointsmand starts where no memory may be written and run", server.poll())
            port = re.search(r"\(port (\d+)\)", line)
        if re.search(r"^ExecReload=.*HUP", UNIT.read_text(), re.MULTILINE):
            os.kill(server.pid, signal.SIGHUP)
        env = {**os.environ, "POINTSMAN_SERVER": f"127.0.0.1:{port.group(1)}"}
        run(args.bin_dir / "pointsman", "pool", "create", ROOT / "deploy/pool.example.yaml", env=env)
        run(args.bin_dir / "pointsman", "route", "What is 2 times 3?", env=env)
        server.terminate()
        check(server.wait(60) == 0, "SIGTERM ends it with 0", server.returncode)
    finally:
        server.kill()
        server.wait()


def test(args):
    if not shutil.which("systemd-analyze"):
        raise Skipped("systemd-analyze is missing: apt-get install systemd")
    run(args.bin_dir / "pointsmand", "--check-config", "--config", CONFIG)
    check_unit(args)
    check_running(args)
    print("it serves where no memory may be both written and run")


if __name__ == "__main__":
    run_test(__doc__, test)
