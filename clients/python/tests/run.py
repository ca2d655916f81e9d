"""Builds the package, installs it into a venv with the libraries of its adapters, and runs the tests of this folder.

usage: run.py --bin-dir BUILD/bin --work-dir FOLDER [--only TEXT]
Exit codes: 0 passed, 1 failed, 77 skipped: pip cannot fetch the packages from PyPI.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent
# The adapters' libraries, as an app has them, and what builds the package.
NEEDS = ["build", "setuptools>=64", "wheel", "grpcio>=1.51", "protobuf>=4.21", "openai>=1.0", "langchain-core>=0.2",
         "langchain-openai", "litellm>=1.40", "opentelemetry-sdk>=1.20", "httpx"]
PIP_S = 900
TESTS_S = 900
NO_NETWORK = re.compile(r"NewConnectionError|ConnectTimeout|ReadTimeout|Temporary failure in name resolution|"
                        r"Name or service not known|Network is unreachable|ProxyError|Connection refused|"
                        r"ConnectionResetError|Max retries exceeded|No matching distribution found", re.IGNORECASE)
MODULES = ("_proto/pointsman/v1/router_pb2.py", "openai.py", "langchain.py", "litellm.py", "py.typed")


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def make_venv(folder):
    """A venv with NEEDS. Made once; again if NEEDS or this python changed."""
    python = folder / "bin" / "python"
    mark = folder / "needs.txt"
    needs = "\n".join([sys.version, *NEEDS])
    if mark.exists() and mark.read_text() == needs:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "venv", folder)
    try:
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *NEEDS, timeout=PIP_S)
    except subprocess.TimeoutExpired as why:
        raise Skipped(f"pip had not installed the packages from PyPI after {PIP_S} s") from why
    except Failed as why:
        if NO_NETWORK.search(str(why)):
            raise Skipped(f"pip cannot fetch packages from PyPI, is there a network? It says:\n{why}") from why
        raise
    mark.write_text(needs)
    return python


def build(python, work):
    """The wheel, made from the sdist, so that both are whole."""
    source, dist = work / "source", work / "dist"
    for folder in (source, dist):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist"))
    run(python, "-m", "build", "--no-isolation", "--outdir", dist, source)
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as file, tarfile.open(sdist) as tar:
        in_wheel, in_sdist = file.namelist(), tar.getnames()
    missing = [name for name in MODULES if f"pointsman/{name}" not in in_wheel]
    if not any(name.endswith("LICENSE") for name in in_wheel):
        missing.append("LICENSE")
    missing += [f"{name} of the sdist" for name in ("README.md", "LICENSE", "src/pointsman/router.py")
                if not any(path.endswith("/" + name) for path in in_sdist)]
    if missing:
        raise Failed(f"not in the package: {', '.join(missing)}")
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work-dir", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="test_*.py", help="the file or files of tests to run")
    args = parser.parse_args()
    work = args.work_dir.resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        python = make_venv(work / "venv")
        wheel = build(python, work)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--force-reinstall",
            wheel)
        # Not the sources, but what was installed. No proxy stands between the processes of this machine.
        env = {name: value for name, value in os.environ.items()
               if name != "PYTHONPATH" and not name.lower().endswith("_proxy")}
        env.update(POINTSMAN_BIN_DIR=str(args.bin_dir.resolve()), PYTHONDONTWRITEBYTECODE="1")
        tests = subprocess.run([python, "-m", "unittest", "discover", "-s", HERE, "-p", args.only], env=env, cwd=work,
                               check=False, timeout=TESTS_S)
    except Skipped as why:
        print(f"SKIPPED, nothing was tested: {why}")
        return 77
    except (Failed, subprocess.TimeoutExpired) as why:
        print(f"FAILED: {why}")
        return 1
    return 1 if tests.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
