"""The version stands in one place, CMake's project(); what repeats it for others says the same.

usage: version_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed.
"""
import re

from common import ROOT, check, run, run_test

# A file, and a pattern whose group is the version; each occurrence counts.
PLACES = {
    "deploy/docker/Dockerfile": r"pointsman:(\d[\w.]*)",
    "deploy/kubernetes/README.md": r"(?:pointsman:|newTag: )(\d+\.[\w.]*)",
    "deploy/kubernetes/overlays/production/kustomization.yaml": r"newTag: (\S+?)}",
    "docs/guide/operations.md": r"pointsman_(\d[\w.]*)_amd64\.deb",
    "deploy/helm/pointsman/Chart.yaml": r"^(?:version|appVersion): (\S+)$",
}


def project_version():
    return re.search(r"^project\(pointsman VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


def check_changelog(version):
    """Releases from the newest to the oldest, each with its date; this version is the newest."""
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    check(headings[0] == "[Unreleased]", "the changelog begins with what is not released", headings)
    releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in headings[1:]]
    check(all(releases), "each release has a version and a date", headings)
    versions = [tuple(map(int, found.group(1).split("."))) for found in releases]
    check(versions == sorted(versions, reverse=True), "the newest release is the first", versions)
    check(releases[0].group(1) == version, "the newest release is this version", headings)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    check(kinds <= known, "the changelog's sections are those of Keep a Changelog", kinds - known)


def test(args):
    version = project_version()
    for program in ("pointsmand", "pointsman", "pointsman-load"):
        said = run(args.bin_dir / program, "--version").strip()
        check(said == f"{program} {version}", f"{program} --version says the version of CMake's project", said)
    for file, pattern in PLACES.items():
        found = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
        check(found and set(found) == {version}, f"{file} says version {version}", found)
    check_changelog(version)
    print(f"version {version}: three programs, {len(PLACES)} files of deploy/ and the changelog")


if __name__ == "__main__":
    run_test(__doc__, test)
