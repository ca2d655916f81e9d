"""Checks the pages of docs/reference against the protos, the binaries and a real pointsmand.

- api.md, cli.md and metrics.md are what script/reference writes; metrics.md has each metric of metrics.txt, and of the
  sources: also one that a server shows only after something rare.
- settings.md has every field of the contract; its defaults, ranges and whether a setting changes are those of a server.
- config.md has every key that pointsmand knows; a reload changes at once what it says, and nothing else.

usage: reference_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import json
import pathlib
import re
import signal
import subprocess
import time

from common import ROOT, Failed, check, run, run_test
from pointsmand import Pointsmand

HERE = pathlib.Path(__file__).resolve().parent
PAGES = ROOT / "docs/reference"
# Settings that a pool file cannot contain: they belong to a call or to the server.
HIDDEN = {"embedder.projection_rows", "embedder.projection_is_fitted"}
# Ranges that depend on another setting are checked together with it.
ALONG = {"missing_quality": {"missing_feedback": "DEFAULT_QUALITY"}}
# Another legal value of settings without a range.
OTHERS = {
    "default_preference": {"quality": 0.5, "cost": 0.5}, "latency_kind": "FIRST_TOKEN", "store_query_text": True,
    "strict_names": True, "learner.quality_model": "knn", "learner.exploration": "greedy", "embedder.name": "hashing",
    "embedder.projection_seed": 7, "embedder.lexicon_file": "/nowhere", "embedder.lexicon_checksum": 7,
    "arm.aliases": ["other"], "arm.description": "other", "arm.tags": ["other"], "arm.status": "PAUSED", "arm.version": "other",
    "arm.prior_strength": 5, "arm.price_tiers": [{"above_input_tokens": 5, "usd_per_1m_input": 1}],
}


def rows_of(page, heads):
    """The rows of all tables of a page that begin with these heads, as lists of cells."""
    rows, inside = [], False
    for line in (PAGES / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:len(heads)] == heads:
            inside = True
        elif not cells:
            inside = False
        elif inside and not line.startswith("|---"):
            rows.append([cells[0].strip("`"), *cells[1:]])
    return rows


def check_generated(args):
    done = subprocess.run([ROOT / "script/reference", "--check", "--bin-dir", args.bin_dir], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(done.returncode == 0, "script/reference would write what is there", done.stdout)
    listed = (HERE / "metrics.txt").read_text().split()
    shown = [row[0] for row in rows_of("metrics.md", ["metric", "type"])]
    check(shown == listed, "metrics.md has the metrics of metrics.txt", sorted(set(shown) ^ set(listed)))
    sources = "".join(file.read_text() for file in sorted((ROOT / "service").rglob("*.cc")))
    named = set(re.findall(r'"(pointsman_\w+)"', sources))
    check(named == set(shown), "metrics.md has the metrics that the sources name", sorted(named ^ set(shown)))


def fields_of(message):
    """Names of the fields of a message, from the generated page."""
    text = (PAGES / "api.md").read_text().partition(f"\n### {message}\n")[2].partition("\n### ")[0]
    return re.findall(r"^\| `(\w+)` \|", text, re.M)


def check_names(rows):
    wanted = {name for name in fields_of("PoolSettings") if name not in ("embedder", "features", "learner")}
    for part, message in (("embedder", "EmbedderSettings"), ("features", "FeatureSpec"), ("learner", "LearnerSettings"),
                          ("arm", "Arm")):
        wanted |= {f"{part}.{name}" for name in fields_of(message)}
    shown = {row[0] for row in rows}
    check(shown == wanted - HIDDEN, "settings.md has each setting of the contract", sorted(shown ^ (wanted - HIDDEN)))


class Pool:
    """A pool named `reference`, and dry runs of changes to it."""

    def __init__(self, args, server):
        self.args, self.server = args, server
        self.file = args.work_dir / "pool.yaml"
        self.call("create", {"name": "reference", "arms": [{"name": "a"}],
                             "settings": {"features": [{"name": "f"}]}}, dry=False)
        said = run(args.bin_dir / "pointsman", "--server", server.address, "--json", "pool", "get", "reference")
        self.settings = json.loads(said)["pool"]["settings"]

    def call(self, command, content, dry=True):
        self.file.write_text(json.dumps(content))  # JSON is YAML
        done = subprocess.run([self.args.bin_dir / "pointsman", "--server", self.server.address, "--json", "pool", command,
                               self.file, *(["--dry-run"] if dry else [])], text=True, capture_output=True, check=False)
        error = json.loads(done.stderr)["error"] if done.returncode else {}
        return error.get("reason"), error.get("message", "")

    def put(self, name, value):
        """The machine code and message of the refusal of a value; None if it is accepted."""
        part, _, field = name.rpartition(".")
        if part == "arm":
            more = {"prior_quality": 0.5} if field == "prior_strength" else {}
            return self.call("put", {"name": "reference", "arms": [{"name": "a", field: value, **more}]})
        settings = {field: value, **ALONG.get(name, {})}
        if part == "features":
            settings = {"features": [{"name": "f", **settings}]}
        elif part:
            settings = {part: settings}
        return self.call("put", {"name": "reference", "settings": settings})

    def default(self, name):
        part, _, field = name.rpartition(".")
        if part == "features":
            return self.settings["features"][0].get(field)
        return (self.settings[part] if part else self.settings).get(field)


def check_range(pool, name, least, most):
    beyond = [least - 1, most + 1] if least <= 0 else [least / 2 if least < 1 else least - 1, most + 1]
    is_unsigned = any(f"| `{name.rpartition('.')[2]}` | {kind} |" in (PAGES / "api.md").read_text()
                      for kind in ("optional uint32", "uint32"))
    if is_unsigned and least <= 0:
        beyond = beyond[1:]
    for value in beyond:
        value = int(value) if float(value).is_integer() else value
        reason, message = pool.put(name, value)
        found = re.search(r"from (-?[\d.e+-]+) to (-?[\d.e+-]+)", message)
        check(reason in ("BAD_FIELD", "LIMIT") and found, f"{name} of {value} is refused with its range", (reason, message))
        bound, shown = (found.group(1), least) if value < least else (found.group(2), most)
        check(float(bound) == shown, f"settings.md has {name}'s range", message)


def check_settings(args):
    rows = rows_of("settings.md", ["setting", "default"])
    check_names(rows)
    with Pointsmand(args.bin_dir) as server:
        pool = Pool(args, server)
        for name, default, least, most, changes, _ in rows:
            if default and not name.startswith("arm.") and name not in ("default_preference", "embedder.lexicon_checksum"):
                got = pool.default(name)
                is_same = float(default) == float(got) if re.match(r"[\d.]", default) else default == str(got).replace(
                    "True", "true").replace("False", "false")
                check(is_same, f"settings.md has {name}'s default", (default, got))
            if least:
                check_range(pool, name, float(least), float(most))
            other = OTHERS.get(name) if not least else float(least) + (float(most) - float(least)) / 3
            if other is None:
                continue  # a name, and what belongs to a remote embedder
            other = int(other) if isinstance(other, float) and other > 2 else other
            reason, message = pool.put(name, other)
            if changes == "yes":
                check(reason is None, f"{name} changes", message)
            else:
                check(reason in ("SETTING_FIXED", "EMBEDDER_UNUSABLE", "BAD_FIELD"), f"{name} does not change",
                      (reason, message))
    return len(rows)


def known_keys(args, text):
    file = args.work_dir / "keys.yaml"
    file.write_text(text)
    done = subprocess.run([args.bin_dir / "pointsmand", "--config", file, "--check-config"], text=True, capture_output=True,
                          check=False)
    found = re.search(r"unknown key .*; the keys are (.*)", done.stderr)
    check(found, "pointsmand names the keys that it knows", done.stderr)
    return set(found.group(1).split(", "))


def check_config(args):
    page_keys = [row[0] for row in rows_of("config.md", ["key", "default", "meaning"])]
    limits = rows_of("config.md", ["limit", "default"])
    wanted = known_keys(args, "bogus: 1\n")
    for part in ("tls", "log", "replicas"):
        wanted |= {f"{part}.{key}" for key in known_keys(args, f"{part}: {{bogus: 1}}\n")}
    wanted |= known_keys(args, "embedders: {e: {bogus: 1}}\n")
    check(set(page_keys) == wanted, "config.md has each key of the config", sorted(set(page_keys) ^ wanted))
    known = known_keys(args, "limits: {bogus: 1}\n")
    check({row[0] for row in limits} == known, "config.md has each limit", sorted({row[0] for row in limits} ^ known))
    return len(wanted) + len(known), limits


def wait_for(server, text):
    for _ in range(600):
        for line in list(server.said):
            if text in line:
                return line
        time.sleep(0.1)
    raise Failed(f"no line of the log with {text!r} within a minute:\n{''.join(server.said)}")


def check_reload(args, limits):
    """Changes every limit in the file; the log names those that wait for a restart."""
    config = args.work_dir / "limits.yaml"
    config.write_text("limits: {}\n")
    with Pointsmand(args.bin_dir, "--config", config) as server:
        others = {name: int(least if default != least else most) for name, default, least, most, *_ in limits}
        config.write_text(json.dumps({"limits": others}))
        server.process.send_signal(signal.SIGHUP)
        line = wait_for(server, "the config was reloaded in part")
    waits = set(re.findall(r"limits\.(\w+)", line))
    shown = {name for name, *_, at_once in limits if at_once != "yes"}
    check(waits == shown, 'config.md says "at once" of the limits that change without a restart', sorted(waits ^ shown))


def test(args):
    check_generated(args)
    settings = check_settings(args)
    keys, limits = check_config(args)
    check_reload(args, limits)
    print(f"generated pages are current; {settings} settings and {keys} keys of the config are as the pages say")


if __name__ == "__main__":
    run_test(__doc__, test)
