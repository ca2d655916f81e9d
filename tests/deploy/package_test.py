"""Installs with cmake below a prefix; makes the Debian package with cpack, installs it on a Debian 12 with nothing else, and runs what it installed.

usage: package_test.py --bin-dir BUILD/bin --work-dir FOLDER
The Debian is the root file system of image_test (in the folder `image` beside FOLDER), copied, without what the
Dockerfile put there but the packages of deploy/packages/run.txt. The service runs as its unit says: its user, its
folder, its command. systemd itself does not run here; systemd_test reads the unit.
Exit codes: 0 passed, 1 failed, 77 skipped: not root, no mmdebstrap, no cpack, or no network.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from common import ROOT, Failed, Skipped, check, run, run_test
from dockerfile import last_stage
from image_root import NAMESPACES, make_root, need_what_it_takes, raise_loopback, wait_until_ready

STATE, CONFIG = "var/lib/pointsman", "etc/pointsman/pointsmand.yaml"
# Files that must be in the package; for each a part of what is in it, if it is text.
FILES = {
    "usr/bin/pointsmand": "", "usr/bin/pointsman": "",
    "usr/share/pointsman/general-1.lexicon": "",
    "usr/share/pointsman/alerts.yaml": "alert: PointsmanAbsent",
    "lib/systemd/system/pointsmand.service": "ExecStart=/usr/bin/pointsmand --config /etc/pointsman/pointsmand.yaml",
    CONFIG: "data_dir: /var/lib/pointsman",
    "usr/share/pointsman/pool.example.yaml": "arms:",
    "usr/share/doc/pointsman/copyright": "Apache-2.0",
    "usr/share/doc/pointsman/changelog.gz": "",
    "usr/share/man/man1/pointsman.1.gz": "", "usr/share/man/man8/pointsmand.8.gz": "",
    "usr/share/bash-completion/completions/pointsman": "complete -o default -F _pointsman pointsman",
    "usr/share/bash-completion/completions/pointsmand": "complete",
    "usr/share/zsh/vendor-completions/_pointsman": "#compdef pointsman",
    "usr/share/zsh/vendor-completions/_pointsmand": "#compdef pointsmand",
    "usr/share/fish/vendor_completions.d/pointsman.fish": "complete -c pointsman",
    "usr/share/fish/vendor_completions.d/pointsmand.fish": "complete -c pointsmand",
}


def listed(name):
    return {line for line in (ROOT / "deploy/packages" / name).read_text().split("\n") if line and line[0] != "#"}


def make_package(args):
    if not shutil.which("cpack"):
        raise Skipped("cpack is missing: apt-get install cmake")
    for old in args.work_dir.glob("*.deb"):
        old.unlink()
    run("cpack", "--config", args.bin_dir.parent / "CPackConfig.cmake", "-B", args.work_dir)
    made = list(args.work_dir.glob("*.deb"))
    check(len(made) == 1, "cpack makes one package", made)
    return made[0]


def check_package(args, package):
    field = lambda name: run("dpkg-deb", "--field", package, name).strip()  # noqa: E731
    version = run(args.bin_dir / "pointsmand", "--version").split()[-1]
    check(field("Version") == version, "the package has pointsmand's version", field("Version"))
    depends = set(re.split(r",\s*", field("Depends")))
    check(depends == listed("run.txt") | {"adduser"}, "it depends on what run.txt lists, and on adduser", depends)
    unpacked = args.work_dir / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    run("dpkg-deb", "--raw-extract", package, unpacked)
    found = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    in_package = {name for name in found if not name.startswith(("DEBIAN/", "usr/share/doc/pointsman/docs/"))}
    allowed = set(FILES) | {"usr/share/doc/pointsman/README.md", "usr/share/pointsman/pointsman.json",
                            "usr/share/pointsman/pointsmand.yaml"}
    check(set(FILES) <= in_package <= allowed, "the package has these files", in_package ^ allowed)
    for name, part in FILES.items():
        check(not part or part in (unpacked / name).read_text(), f"{name} says {part!r}", name)
    unit = (unpacked / "lib/systemd/system/pointsmand.service").read_text()
    check("\nUser=pointsman\n" in unit and "DynamicUser" not in unit, "the unit names the package's user", unit)
    check("/usr/local" not in unit, "the unit names the package's folders", unit)
    check((unpacked / "DEBIAN/conffiles").read_text() == f"/{CONFIG}\n", "the config is a conffile", "")
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", unpacked / "DEBIAN" / script)
    if shutil.which("systemd-analyze"):
        here = args.work_dir / "pointsmand.service"
        here.write_text(unit.replace("/usr/bin/pointsmand", str(args.bin_dir / "pointsmand")))
        said = run("systemd-analyze", "verify", here)
        check(here.name not in said, "systemd finds nothing wrong with the unit", said)


def check_install(args):
    """`cmake --install` below a prefix: a unit that names it, and what belongs to a package alone is not there."""
    prefix = args.work_dir / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    run("cmake", "--install", args.bin_dir.parent, "--prefix", prefix)
    unit = (prefix / "lib/systemd/system/pointsmand.service").read_text()
    started = re.search(r"^ExecStart=(\S+)", unit, re.M).group(1)
    check(started == str(prefix / "bin/pointsmand"), "the unit starts what is installed", started)
    check("\nDynamicUser=yes\n" in unit, "the unit needs no user that somebody makes", unit)
    for name in ("share/man/man1/pointsman.1", "share/man/man8/pointsmand.8", "share/pointsman/general-1.lexicon",
                 "share/pointsman/pointsmand.yaml", "share/doc/pointsman/LICENSE", "share/zsh/site-functions/_pointsman"):
        check((prefix / name).stat().st_size > 0, f"{name} is installed", name)
    check(not list(prefix.rglob("*.gz")) and not (prefix / "etc").exists(), "and nothing of the package alone", "")
    run(started, "--check-config", "--config", prefix / "share/pointsman/pointsmand.yaml")


def make_debian(args):
    """The image's root file system without what the Dockerfile put there beside Debian's packages."""
    base, _ = make_root(args.work_dir.parent / "image", args.bin_dir, last_stage())
    root = args.work_dir / "root"
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", base, root)
    for path in [*(root / "usr/local/bin").glob("pointsman*"), root / "usr/local/share/pointsman", root / STATE]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("chroot", root, "userdel", "pointsman")
    return root


class Debian:
    """Commands inside the root file system, which is this process's own."""

    def __init__(self, root):
        self.root = root
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}

    def run(self, *command):
        return run("/usr/sbin/chroot", self.root, *command, env=self.env)

    def as_service(self, *command):
        return ["/usr/sbin/chroot", str(self.root), "setpriv", "--reuid=pointsman", "--regid=pointsman", "--clear-groups",
                "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *command]

    def start(self):
        """As the unit says, which is read here and not repeated."""
        unit = (self.root / "lib/systemd/system/pointsmand.service").read_text()
        self.run(*re.search(r"^ExecStartPre=(.*)$", unit, re.M).group(1).split())
        words = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
        server = subprocess.Popen(self.as_service(*words), env=self.env, cwd=self.root / STATE)
        wait_until_ready(server)
        return server


def check_state_folder(root):
    status = (root / STATE).stat()
    check(status.st_mode & 0o777 == 0o750, "the state folder is closed to others", oct(status.st_mode))
    passwd = dict(line.split(":", 1) for line in (root / "etc/passwd").read_text().splitlines())
    check("pointsman" in passwd, "the package makes the user pointsman", sorted(passwd))
    uid = int(passwd["pointsman"].split(":")[1])
    check(status.st_uid == uid and uid < 1000, "the state folder is the system user's", (status.st_uid, uid))


def serve_once(debian):
    server = debian.start()
    try:
        debian.run("pointsman", "pool", "create", "/usr/share/pointsman/pool.example.yaml")
        decision = json.loads(debian.run("pointsman", "--json", "route", "What is 2 times 3?"))
        debian.run("pointsman", "feedback", decision["decision_id"], "--quality", "1")
        server.terminate()
        check(server.wait(60) == 0, "SIGTERM ends it with 0", server.returncode)
    finally:
        server.kill()
    verified = run(*debian.as_service("pointsman", "verify", f"/{STATE}"), env=debian.env)
    check("1" in verified, "its user can verify the folder", verified)


def inside(root, package):
    """In namespaces of our own: nothing of this outlives the process."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", root / "proc")
    raise_loopback()
    debian = Debian(root)
    shutil.copy(package, root / "tmp/pointsman.deb")
    debian.run("dpkg", "--install", "/tmp/pointsman.deb")
    check_state_folder(root)
    serve_once(debian)
    config = root / CONFIG
    config.write_text(config.read_text() + "# ours\n")
    debian.run("dpkg", "--install", "/tmp/pointsman.deb")  # an update
    check(config.read_text().endswith("# ours\n"), "an update keeps the changed config", config.read_text())
    server = debian.start()
    stats = json.loads(debian.run("pointsman", "--json", "stats"))
    check(int(stats["outcomes"]) == 1, "what was learned is there after an update", stats)
    server.terminate()
    server.wait(60)
    debian.run("dpkg", "--remove", "pointsman")
    check(config.exists() and not (root / "usr/bin/pointsmand").exists(), "removing keeps the config alone", "")
    said = debian.run("dpkg", "--purge", "pointsman")
    check(not config.exists() and (root / STATE / "log").is_dir(), "purging keeps what was learned", said)
    check("rm -r /var/lib/pointsman" in said, "and says how to delete it", said)
    print("installed, served, updated with its config kept, removed, purged with what was learned kept")


def test(args):
    if args.inside:
        inside(args.work_dir / "root", next(args.work_dir.glob("*.deb")))
        return
    package = make_package(args)
    check_package(args, package)
    print(f"{package.name}: {package.stat().st_size // 1024} KB, {len(FILES)} files as they should be")
    check_install(args)
    need_what_it_takes()
    make_debian(args)
    done = subprocess.run([*NAMESPACES, sys.executable, __file__, *sys.argv[1:], "--inside"], check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    run_test(__doc__, test, "--inside")
