"""script/dev knows every test by its folder, and script/format sees what is not formatted.

usage: scripts_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed.
"""
import json
import shutil
import subprocess

from common import ROOT, check, run, run_test


def check_table(build):
    """Every test that ctest runs has a folder, and every folder with tests in C++ has a test."""
    rows = [line.split("\t") for line in (build / "tests.tsv").read_text().splitlines()]
    check(all(len(row) == 3 and row[2].strip() for row in rows), "a row is a folder, a test and what to build", rows)
    listed = json.loads(run("ctest", "--test-dir", build, "--show-only=json-v1"))["tests"]
    names = {test["name"] for test in listed}
    check({row[1] for row in rows} == names, "the table has every test", {row[1] for row in rows} ^ names)
    # Of fuzz/ only the fuzzers are programs, and they are built by clang alone.
    folders = {str(path.parent.relative_to(ROOT / "tests")) for path in (ROOT / "tests").rglob("*_test.cc")}
    folders = {folder for folder in folders if folder != "fuzz"}
    missing = {folder for folder in folders if folder not in {row[0] for row in rows}}
    check(not missing, "the table has every folder with tests", missing)
    return len(rows)


def check_format(work):
    if not shutil.which("clang-format"):
        print("clang-format is missing: script/format is not tried (script/bootstrap lint)")
        return
    file = work / "formatted.cc"  # below the repository, so that its .clang-format is the one
    script = ROOT / "script/format"
    file.write_text("int main( ) {return 0 ;}\n")
    done = subprocess.run([script, "--check", file], text=True, capture_output=True, check=False)
    check(done.returncode == 1 and str(file) in done.stdout, "a file that is not formatted is named", done)
    run(script, file)
    check(file.read_text() == "int main() { return 0; }\n", "it is formatted", file.read_text())
    run(script, "--check", file)


def test(args):
    rows = check_table(args.bin_dir.parent)
    check_format(args.work_dir)
    done = subprocess.run([ROOT / "script/dev", "nowhere"], text=True, capture_output=True, check=False)
    check(done.returncode == 2 and "no folder nowhere" in done.stderr, "script/dev names a folder that is not there", done)
    print(f"script/dev knows {rows} pairs of a folder and a test")


if __name__ == "__main__":
    run_test(__doc__, test)
