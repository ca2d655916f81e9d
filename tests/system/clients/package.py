"""Runs a client package's own tests: with the real libraries that it adapts, against a real pointsmand, and installed
into a clean folder.

usage: package.py node|go --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed, 77 skipped: npm or Go, or their packages, cannot be had; the message names it.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import npm  # noqa: E402  (from the folder above)
from conformance import NO_MODULES, Failed, Skipped  # noqa: E402


def run(command, cwd, env):
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def node(work, env):
    """In a copy of the folders that the tests look at, so that no node_modules is left in the repository."""
    copy = work / "repo"
    shutil.rmtree(copy, ignore_errors=True)
    for name in ("clients", "proto"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (copy / "deploy").mkdir()
    for name in ("LICENSE", "CMakeLists.txt", "deploy/pool.example.yaml"):
        shutil.copy(ROOT / name, copy / name)
    package = copy / "clients/node"
    try:
        npm.install(ROOT / "clients/node", work / "modules")
    except npm.NoNetwork as why:
        raise Skipped(f"npm cannot fetch the packages of clients/node, is there a network? npm says:\n{why}") from why
    (package / "node_modules").symlink_to(work / "modules/node_modules")
    return run(["npm", "test"], package, env) + run(["npm", "run", "types"], package, env)


def go(work, env):
    tool = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not tool:
        raise Skipped("there is no go (https://go.dev/dl)")
    folder = ROOT / "clients/go"
    try:
        run([tool, "build", "./..."], folder, env)
    except Failed as failure:
        if any(word in str(failure) for word in NO_MODULES):
            raise Skipped(f"go cannot fetch the modules of clients/go, is there a network? go says:\n{failure}") from failure
        raise
    return run([tool, "vet", "./..."], folder, env) + run([tool, "test", "./..."], folder, env)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=("node", "go"))
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work-dir", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    env = {key: value for key, value in os.environ.items()} | {"POINTSMAN_BIN_DIR": str(args.bin_dir.resolve())}
    try:
        print({"node": node, "go": go}[args.client](args.work_dir.resolve(), env)[-3000:])
    except Skipped as why:
        print(f"SKIPPED, nothing was tested: {why}")
        return 77
    except (Failed, npm.NpmFailed) as failure:
        print(f"FAILED: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
