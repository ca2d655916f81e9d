"""The lists of packages in deploy/packages are the only ones, and the image's is what its binaries need.

usage: packages_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed.
"""
import pathlib
import re
import subprocess

from common import ROOT, check, run, run_test
from dockerfile import stages

LISTS = "deploy/packages"
# Every installation names a list; a package name beside it would be a second list.
INSTALLERS = {
    "script/bootstrap": {"build.txt", "test.txt"},
    "deploy/docker/Dockerfile": {"build.txt", "run.txt"},
}
IMAGE_BINARIES = ("pointsmand", "pointsman")


def packages(name):
    lines = (ROOT / LISTS / name).read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def check_lists():
    for path in sorted((ROOT / LISTS).glob("*.txt")):
        names = packages(path.name)
        check(names == sorted(set(names)), f"{path.name} is sorted, each package once", names)
        for name in names:
            check(re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", name), f"{path.name} holds only names", name)


def check_installers():
    for file, lists in INSTALLERS.items():
        text = (ROOT / file).read_text()
        check(lists == set(re.findall(rf"{LISTS}/(\w+\.txt)", text)), f"the lists of {file}", text)
        # What follows the options of the command: a variable, the end of the pipe, or nothing.
        commands = re.findall(r"apt-get install -y((?: -\S+)*(?: \S+)?)", text)
        check(commands, f"{file} installs with `apt-get install -y`", text)
        for rest in commands:
            named = [word for word in rest.split() if not word.startswith("-")]
            check(not named or named[0] in ("&&", "\\") or named[0].startswith(("$", '"$')),
                  f"{file} installs from the lists alone; put the package there", rest)


def check_build_stage():
    """The Dockerfile fetches what bootstrap fetches, and no file that .dockerignore takes away."""
    ignored = {line.strip("*/") for line in (ROOT / ".dockerignore").read_text().splitlines()
               if line and not line.startswith("#")}
    for stage in stages():
        for name, words in stage:
            if name == "COPY" and words[0] != "--from=build":
                for source in words[:-1]:
                    parts = set(pathlib.PurePath(source).parts)
                    check(not parts & ignored, "what is copied is not in .dockerignore", source)


def needed_libraries(bin_dir):
    """The libraries that the binaries link directly, without those that these link in turn."""
    found = set()
    for binary in IMAGE_BINARIES:
        named = set(re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", bin_dir / binary)))
        for soname, path in re.findall(r"(\S+) => (/\S+)", run("ldd", bin_dir / binary)):
            if soname in named:
                found.add(str(pathlib.Path(path).resolve()))  # through Debian's alternatives
    return found


def needed_packages(bin_dir):
    files = needed_libraries(bin_dir)
    # dpkg knows a file by its name before or after /lib became /usr/lib. One call: each reads it all.
    names = files | {file.removeprefix("/usr") for file in files}
    owners = subprocess.run(["dpkg", "-S", *sorted(names)], text=True, capture_output=True, check=False)
    of = {"/usr" + name.removeprefix("/usr"): package
          for package, name in re.findall(r"^([^:,\s]+)\S*: (\S+)$", owners.stdout, re.MULTILINE)}
    check(files <= set(of), "Debian brings every library, or the image would lack it", files - set(of))
    return {of[file] for file in files}


def test(args):
    check_lists()
    check_installers()
    check_build_stage()
    needed, listed = needed_packages(args.bin_dir), set(packages("run.txt"))
    check(needed == listed, "run.txt is what the binaries are linked to",
          {"add": sorted(needed - listed), "remove": sorted(listed - needed)})
    print(f"run.txt is the {len(needed)} packages that {' and '.join(IMAGE_BINARIES)} need")


if __name__ == "__main__":
    run_test(__doc__, test)
