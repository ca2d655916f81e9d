"""Exit codes and error messages of every program: binaries and scripts. An unknown flag or an unreadable config gives 2
and a line that names it; --help and --version give 0; a program that cannot start gives 1.

usage: exit_codes_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import os
import socket
import subprocess

from common import ROOT, check, run_test

# Programs of tests, which have no users.
OF_TESTS = ("_test", "log_writer", "_fuzzer")
# Scripts without flags: one is sourced, one passes its arguments to ctest after the build, and one is called
# only by another script.
NOT_TRIED = ("lib.sh", "test", "coverage.py")


def ends(command, code, *words, env=None):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False, timeout=60, env=env)
    name = " ".join(os.path.basename(str(word)) for word in command)
    check(done.returncode == code, f"{name} ends with {code}", (done.returncode, done.stderr))
    said = done.stdout if code == 0 else done.stderr
    for word in words:
        check(word in said, f"{name} says {word!r}", (done.stdout, done.stderr))
    return done


def binaries(bin_dir):
    for path in sorted(bin_dir.iterdir()):
        if path.is_file() and os.access(path, os.X_OK) and not path.name.endswith(OF_TESTS):
            yield path


def try_binaries(bin_dir):
    version = ends([bin_dir / "pointsman", "--version"], 0).stdout.split()[-1]
    names = []
    for path in binaries(bin_dir):
        ends([path, "--bogus"], 2, "--bogus")
        ends([path, "--help"], 0, path.name if not path.name.endswith("_bench") else "--benchmark")
        ends([path, "--version"], 0, version)
        names.append(path.name)
    check({"pointsmand", "pointsman", "pointsman-load"} <= set(names), "all binaries are there", names)
    return len(names)


def try_server(bin_dir, work_dir):
    server = [bin_dir / "pointsmand", "--data-dir", work_dir / "data"]
    free = ["--listen", "127.0.0.1:0", "--no-admin"]
    config = work_dir / "config.yaml"
    for text, says in (("bogus: 1\n", "bogus"), ("limits: {query_bytes_max: many}\n", "query_bytes_max"),
                       ("listen: [\n", str(config)), ("listen: nowhere\n", "nowhere")):
        config.write_text(text)
        ends([*server, "--config", config], 2, "pointsmand: ", says)
        ends([*server, "--config", config, "--check-config"], 2, says)
    ends([*server, "--config", work_dir / "missing.yaml"], 2, "missing.yaml")
    ends([*server, "--listen", "0.0.0.0:0", "--no-admin"], 2, "--insecure")
    ends([*server, "--listen"], 2, "--listen")
    ends([*server, "more"], 2, "more")
    config.write_text("log: {level: warn}\n")
    ends([*server, "--config", config, "--check-config"], 0, "config ok")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ends([*server, "--listen", address, "--no-admin"], 1, "pointsmand: cannot listen on " + address)
    (work_dir / "file").write_text("")
    ends([bin_dir / "pointsmand", "--data-dir", work_dir / "file/data", *free], 1, "pointsmand: ")


def try_load(bin_dir, work_dir):
    load = [bin_dir / "pointsman-load"]
    ends(load, 2, "pointsman-load: --data")
    data = [*load, "--data", ROOT / "deploy/sample"]
    ends([*data, "--bogus"], 2, "--bogus")
    ends([*data, "--mode", "sideways"], 2, "sideways")
    ends([*load, "--data", work_dir / "missing", "--mode", "route"], 3, "pointsman-load: ")


def try_scripts():
    names = []
    for path in sorted((ROOT / "script").iterdir()):
        if path.name in NOT_TRIED or not path.is_file():
            continue
        command = [path] if os.access(path, os.X_OK) else ["python3", path]
        ends([*command, "--bogus"], 2)
        ends([*command, "--help"], 0, "usage")
        names.append(path.name)
    for script in ("server", "demo", "bench"):
        ends([ROOT / "script" / script, "--bogus"], 2, f"{script}: there is no option --bogus", "--help")
    ends([ROOT / "script/server", "--listen"], 2, "--listen needs HOST:PORT")
    ends([ROOT / "script/demo", "--rounds"], 2, "--rounds needs a number")
    ends([ROOT / "script/fuzz", "soon"], 2, "SECONDS")
    return len(names)


def test(args):
    tried = try_binaries(args.bin_dir)
    try_server(args.bin_dir, args.work_dir)
    try_load(args.bin_dir, args.work_dir)
    print(f"{tried} binaries, {try_scripts()} scripts")


if __name__ == "__main__":
    run_test(__doc__, test)
