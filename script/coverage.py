"""Adds up gcov's results for all object files and prints the share of lines that ran, per folder.

usage: coverage.py BUILD_FOLDER [FOLDER]    FOLDER: also list its lines that never ran
"""
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile

FOLDERS = ("base", "domain", "learners", "retrieval", "storage", "engine", "service", "evaluation",
           "tools")


def folder_of(file):
    return next((f for f in FOLDERS if file.startswith(f + "/")), None)


def lines_that_ran(build, root):
    """{file: {line: times}}, a line of a header counted once however many objects hold it."""
    counters = [os.path.join(place, name) for place, _, names in os.walk(os.path.abspath(build))
                for name in names if name.endswith(".gcda")]
    if not counters:
        sys.exit(f"{build}: no test ran here")
    ran = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as scratch:
        for counter in counters:
            subprocess.run(["gcov", "--json-format", counter], cwd=scratch, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in os.listdir(scratch):
                path = os.path.join(scratch, name)
                with gzip.open(path) as report:
                    data = json.load(report)
                os.remove(path)
                for entry in data["files"]:
                    place = os.path.join(data["current_working_directory"], entry["file"])
                    file = os.path.relpath(os.path.realpath(place), root)
                    if folder_of(file):
                        for line in entry["lines"]:
                            ran[file][line["line_number"]] += line["count"]
    return ran


def main():
    root = os.path.realpath(".")
    ran = lines_that_ran(sys.argv[1], root)
    lines, hit = collections.Counter(), collections.Counter()
    for file, counts in ran.items():
        lines[folder_of(file)] += len(counts)
        hit[folder_of(file)] += sum(1 for count in counts.values() if count)
    for folder in FOLDERS:
        if lines[folder]:
            print(f"{folder:16}{100 * hit[folder] / lines[folder]:6.1f}% of {lines[folder]} lines")
    total = sum(lines.values())
    print(f"{'all':16}{100 * sum(hit.values()) / total:6.1f}% of {total} lines")
    for wanted in sys.argv[2:]:
        for file, counts in sorted(ran.items()):
            if folder_of(file) == wanted:
                missed = sorted(line for line, count in counts.items() if not count)
                if missed:
                    print(f"{file}: {', '.join(map(str, missed))}")


if __name__ == "__main__":
    main()
