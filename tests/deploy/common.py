"""Shared by the tests of deploy/: how they are called, how they fail and how they are skipped."""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))


class Failed(Exception):
    pass


class Skipped(Exception):
    """This machine lacks something; the text names it and says what to do."""


def check(is_so, what, got):
    if not is_so:
        raise Failed(f"{what}; got {got!r}")


def run(*command, **more):
    """Returns the command's output. A failing command fails the test."""
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def run_test(document, body, *flags):
    """Runs body(args) and exits: 0 passed, 1 failed, 77 skipped."""
    parser = argparse.ArgumentParser(description=document)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True, help="where pointsmand is")
    parser.add_argument("--work-dir", type=pathlib.Path, required=True, help="made if missing")
    for flag in flags:
        parser.add_argument(flag, action="store_true", help="for the test itself")
    args = parser.parse_args()
    args.bin_dir = args.bin_dir.resolve()
    args.work_dir = args.work_dir.resolve()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    try:
        body(args)
    except Skipped as why:
        print(f"SKIPPED, nothing was tested: {why}")
        sys.exit(77)
    except Failed as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
