"""Runs the commands that README.md, CONTRIBUTING.md, docs/ and deploy/ show, page by page and in order, against a real pointsmand.

A command is run unchanged, except for the replacements in SUBSTITUTED: addresses, ids, and sizes that would take
minutes. A command that cannot be run here is in LISTED with the reason; if it is one of this project, its flags are
checked. If a page shows a command's output, the words of that must be in the real output. Flags in backquotes must exist.

usage: page_commands_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import dataclasses
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time

from common import ROOT, Failed, check, run_test
import pages
from page_prose import check_index, check_prose, check_reasons
from certificates import Authority
from pointsmand import Pointsmand

LONGEST_S = 60  # of one command, on a busy machine

# A regular expression, and why its matches are not run.
LISTED = {
    r"^script/(server|test|demo|bootstrap|dev|package)\b": "installs packages and builds",
    r"^script/(bench|growth|bench-embedder|bench-http)\b": "measures for minutes",
    r"^script/lexicon-corpus\b": "fetches the repositories of a corpus",
    r"^script/(format|lint)\b": "reads or writes the sources",
    r"^GTEST_FILTER=": "builds",
    r"^cmake --preset": "builds",
    r"^sudo |^cmake --install": "installs on this machine; package_test installs on another",
    r"^ctest --preset": "is this test's own runner",
    r"^(docker|helm|kubectl)\b": "needs a registry or a cluster",
    r"^rsync -a": "needs another machine",
    r"^(CPUPROFILE=|google-pprof\b)": "needs google-perftools",
    r"^(cd tests/system/clients/node|npm ci|node app\.js)": "client_node_test runs it",
}

# Exit codes that are not 0, as the pages say.
ENDS_WITH = {"pointsmand --config bad.yaml": 2, "pointsman --json stats --pool nobody": 3,
             "pointsman arm set gtp-4o --usd-per-1m-input 2.5": 3}

# Replacements in the commands of each page. A folder with few queries stands for data sets, few rounds for
#   many.
FEW = [(r"\bFOLDER\b", "few"), (r"--seeds \d+", "--seeds 1")]
LOADED = [(r"--outcomes 100000", "--outcomes 200"), (r"--arms 100000", "--arms 100"),
          (r"^(pointsman-load --.*)$", r"\1 --duration 0.4 --slice 0.1 --warm-up 0"),
          (r" --slice 60 --duration 600", ""), (r"--recall 300", "--recall 5")]
POOLED = [(r"DECISION_ID", "DECISION")]
SUBSTITUTED = {
    "README.md": [(r"\b[0-9a-f]{32}\b", "DECISION")],
    "docs/guide/clients.md": [(r"^(PYTHONPATH=.*)$", r"echo 'ask What is 2 + 2?' | \1 --server SERVER")],
    "docs/guide/cost-limits.md": POOLED + [(r"\bdeploy/sample\b", "few")],
    "docs/guide/embedders.md": [
        (r"pool create pool\.yaml --fit", "pool create deploy/pool.example.yaml --name fitted --fit"),
        (r"/srv/lexicons/ours\.lexicon", "WORK/ours.lexicon")],
    "docs/guide/fallbacks.md": POOLED,
    "docs/guide/feedback.md": POOLED,
    "docs/guide/http.md": [(r"\b[0-9a-f]{32}\b", "DECISION")],
    "docs/guide/operations.md": [(r"(pointsmand --config pointsmand\.yaml)", r"\1 --check-config")],
    "docs/guide/quickstart.md": [(r"\b[0-9a-f]{32}\b", "DECISION"), (r"--rounds 1000", "--rounds 40")],
    "docs/guide/security.md": [(r"router\.example\.org:7717", "TLS_SERVER --tls-ca ca/ca.crt")],
    "docs/guide/warm-start.md": FEW + [(r"--strength S\b", "--strength 10"), (r"--splits \d+", "--splits 1"),
                                       (r"--rounds \d+", "--rounds 40"), (r"--import 500", "--import 20"),
                                       (r"--train-queries 500", "--train-queries 40")],
    "docs/lab/evaluation.md": FEW + [(r"\[|\]", ""), (r"\bdeploy/sample\b", "few"), (r"--pool NAME", "--pool chat12"),
                                     (r"A,B,\.\.\.", "hybrid,ema"), (r"W,\.\.\.", "0,0.2"), (r"--seeds N", "--seeds 1"),
                                     (r"--cost-weights [0-9.,]+", "--cost-weights 0,0.2")],
    "docs/lab/performance.md": LOADED + [(r"\$\(pidof pointsmand\)", "PID")],
}
# Words in a page's output that may differ: names of drawn arms.
FREE_WORDS = re.compile(r"(gpt|gemini|llama|mixtral|mathstral|deepseek|claude)[\w.-]*")


@dataclasses.dataclass
class Place:
    """Where one page's commands run: a folder that looks like the repository, and a server."""
    bin_dir: object
    folder: object
    env: dict
    words: dict  # what SUBSTITUTED writes in capitals
    stops: list
    data: str = "no server"  # its folder, which pages call ./data
    http: str = "no server"  # the address of its HTTP port

    def run(self, text, code=0):
        command = text
        for name, value in self.words.items():
            command = re.sub(rf"\b{name}\b", str(value), command)
        command = command.replace("127.0.0.1:7718", self.http)
        try:
            done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.env, text=True, timeout=LONGEST_S,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{command}\nran for {LONGEST_S} s and said:\n{late.stdout}") from late
        if done.returncode != code:
            raise Failed(f"{command}\nended with {done.returncode} instead of {code}:\n{done.stdout}")
        found = re.search(r"(?:^decision |\"decisionId\":\")([0-9a-f]{32})\b", done.stdout, re.M)
        if found:
            self.words["DECISION"] = found.group(1)
        return done.stdout.replace(self.data, "./data")

    def serve(self, *words):
        server = Pointsmand(self.bin_dir, *words, http_listen="127.0.0.1:0")
        self.stops.append(server.stop)
        return server

    def use(self, server):
        self.words.update(SERVER=server.address, PID=server.process.pid)
        self.http = f"127.0.0.1:{server.http_port}"
        self.env["POINTSMAN_SERVER"] = server.address
        data = self.folder / "data"
        if data.is_symlink():
            data.unlink()
        data.symlink_to(server.folder.name)
        self.data = server.folder.name


def make_place(args, page):
    folder = args.work_dir / re.sub(r"\W+", "_", page)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "build/release").mkdir(parents=True)
    (folder / "build/release/bin").symlink_to(args.bin_dir)
    for name in ("deploy", "docs", "proto"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "tests/system/clients", folder / "tests/system/clients", ignore=shutil.ignore_patterns("node_modules"))
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("POINTSMAN")}
    (folder / "path").mkdir()
    (folder / "path/python3").symlink_to(sys.executable)  # the one that has grpcio
    env["PATH"] = f"{folder / 'path'}:{args.bin_dir}:{env['PATH']}"
    place = Place(args.bin_dir, folder, env, {"WORK": folder}, [])
    make_data(folder)
    return place


def make_data(folder):
    """`few`, a data folder of 60 queries; `prompts.jsonl`; `corpus.txt.gz`."""
    few = folder / "few"
    few.mkdir()
    with gzip.open(ROOT / "deploy/sample/queries.jsonl.gz", "rt") as file:
        queries = file.readlines()[:400]
    (few / "queries.jsonl").write_text("".join(queries[:60]))
    ids = {json.loads(line)["id"] for line in queries[:60]}
    with gzip.open(ROOT / "deploy/sample/outcomes.tsv.gz", "rt") as file:
        rows = [row for row in file if row.split("\t")[0] in ids | {"id"}]
    (few / "outcomes.tsv").write_text("".join(rows))
    shutil.copy(ROOT / "deploy/sample/models.json", few / "models.json")
    models = [model["name"] for model in json.loads((few / "models.json").read_text())]
    (few / "pools.json").write_text(json.dumps({"chat12": models[:4]}))
    (folder / "prompts.jsonl").write_text("".join(queries))
    with gzip.open(folder / "corpus.txt.gz", "wt") as file:
        file.writelines(json.loads(line)["text"].replace("\n", " ") + "\n" for line in queries)


def with_pool(place, _):
    place.use(place.serve())
    place.run("pointsman pool create deploy/pool.example.yaml")


def with_decisions(place, path):
    """A new decision where the page starts a new example."""
    with_pool(place, path)
    new = ("--attempt gpt-4o", "--error-kind rate-limited", "--quality 1 --latency-ms 1800", "--quality 1 --input",
           "--quality 1\n")
    return dict.fromkeys(new, lambda: place.run('pointsman route "2 + 2?"'))


def for_first_pool(place, path):
    place.use(place.serve())
    (place.folder / "support.yaml").write_text(page_block(path, "name: support", "yaml") + "\n")


def page_block(path, has, language=None):
    """The block of a page that contains a text, such as a config file."""
    for block in pages.blocks_of(path.read_text()):
        text = "\n".join(block.lines)
        if has in text and language in (None, block.language):
            return text
    raise Failed(f"{path} has no block with {has!r}")


def wait_for_snapshots(place, count):
    for _ in range(600):
        if len(list((place.folder / "data/snapshots").glob("*.state"))) >= count:
            return
        time.sleep(0.1)
    raise Failed(f"the server makes {count} snapshots; it did not within a minute")


def for_operations(place, path):
    """Two snapshots, for `pointsman verify`, and an outcome with its correction, for `pointsman log`."""
    (place.folder / "limits.yaml").write_text("limits: {snapshot_every_events: 1}\n")
    place.use(place.serve("--config", place.folder / "limits.yaml"))
    place.run("pointsman pool create deploy/pool.example.yaml")
    place.run('pointsman route "Is 91 a prime?"')
    place.run("pointsman feedback DECISION --quality 1 --cost-usd 0.0155")
    wait_for_snapshots(place, 1)
    place.run("pointsman feedback DECISION --quality 0")
    wait_for_snapshots(place, 2)
    write_config(place)


def for_config(place, path):
    with_pool(place, path)
    write_config(place)


def write_config(place):
    """The config that the reference shows, with the files that it names, and a bad one."""
    config = page_block(ROOT / "docs/reference/config.md", "data_dir: ./data", "yaml")
    (place.folder / "key").write_text("secret")
    Authority(place.folder).vouch("server")
    place.run("pointsman token create app --scopes route --pools default > app.token")
    (place.folder / "pointsmand.yaml").write_text(config.replace("/run/secrets/tei", str(place.folder / "key")))
    (place.folder / "bad.yaml").write_text("log: {level: info}\nlimits:\n  query_bytes_max: -5\n")


def for_embedders(place, path):
    command = [sys.executable, ROOT / "tests/support/embedder_server.py", "--dimension", "384", "--delay-ms", "10"]
    embedder = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    place.stops.append(lambda: (embedder.stdin.close(), embedder.wait()))
    port = int(re.search(r"\d+", embedder.stdout.readline()).group())
    config = page_block(path, "# pointsmand.yaml")
    for old, new in (("8080", str(port)), ("BAAI/bge-small-en-v1.5", "words"),
                     ("/run/secrets/tei", str(place.folder / "key"))):
        check(old in config, f"the config that {path.name} shows has {old}", config)
        config = config.replace(old, new)
    (place.folder / "key").write_text("secret")
    (place.folder / "pointsmand.yaml").write_text(config + "\n")
    (place.folder / "pool.yaml").write_text(page_block(path, "# pool.yaml") + "\n")
    place.use(place.serve("--config", place.folder / "pointsmand.yaml"))
    shutil.copy(next((ROOT / "deploy/lexicon").glob("*.lexicon")), place.folder / "ours.lexicon")
    example = (ROOT / "deploy/pool.example.yaml").read_text()
    (place.folder / "text.yaml").write_text(example.replace("settings:\n", "settings:\n  store_query_text: true\n"))
    place.run("pointsman pool create text.yaml")
    place.run('pointsman route "Is 91 a prime?"')
    place.run("pointsman feedback DECISION --quality 1")


def for_security(place, path):
    """The page's own config, with a certificate for this machine."""
    (place.folder / "pointsmand.yaml").write_text(page_block(path, "tokens_file: tokens.yaml", "yaml") + "\n")
    Authority(place.folder / "ca").vouch("server", into=place.folder)

    def serve_tls():
        folder = os.getcwd()
        os.chdir(place.folder)  # the config names files beside it
        try:
            server = place.serve("--config", "pointsmand.yaml", "--admin-insecure")
        finally:
            os.chdir(folder)
        place.words["TLS_SERVER"] = f"localhost:{server.port}"
        place.run("pointsman --server TLS_SERVER --tls-ca ca/ca.crt --token-file operator.token "
                  "pool create deploy/pool.example.yaml")
    return {"--tls --token-file app.token": serve_tls}


SET_UP = {"docs/guide/cost-limits.md": with_decisions, "docs/guide/embedders.md": for_embedders,
          "docs/guide/fallbacks.md": with_decisions, "docs/guide/feedback.md": with_decisions,
          "docs/guide/first-pool.md": for_first_pool, "docs/guide/operations.md": for_operations,
          "docs/guide/security.md": for_security, "docs/reference/config.md": for_config}


def shown_words(lines):
    text = FREE_WORDS.sub(" ", "\n".join(lines))
    return set(re.findall(r"[A-Za-z_]{4,}", text))


def check_words(helps, command):
    """Checks a command without running it: its flags, its files, the test that it names."""
    fault = helps.fault_of(command.text)
    check(fault is None, f"{command}\nis a command of ours", fault)
    for word in command.text.split():
        if word.startswith(("deploy/", "docs/", "proto/", "script/", "tests/")):
            check((ROOT / word).exists(), f"{command}\nnames a file of the repository", word)
    for name in re.findall(r"^ctest .*-R (\w+)", command.text):
        lists = (path.read_text() for path in (ROOT / "tests").rglob("CMakeLists.txt"))
        check(any(f"({name}" in text for text in lists), f"{command}\nnames a test", name)


def run_page(args, helps, path, used):
    page = str(path.relative_to(ROOT))
    commands = pages.commands_of(path)
    for command in commands:
        check_words(helps, command)
    ours = [c for c in commands if not any(re.search(pattern, c.text) for pattern in LISTED)]
    for command in commands:
        used.update(pattern for pattern in LISTED if re.search(pattern, command.text))
    if not ours:
        return len(commands), 0
    place = make_place(args, page)
    try:
        before = SET_UP.get(page, with_pool)(place, path) or {}
        for command in ours:
            run_command(place, page, command, before, used)
    finally:
        for stop in reversed(place.stops):
            stop()
    return len(commands), len(ours)


def run_command(place, page, command, before, used):
    for part, act in before.items():
        if part in command.text + "\n":
            act()
    text = command.text
    for pattern, instead in SUBSTITUTED.get(page, []):
        text, times = re.subn(pattern, instead, text)
        if times:
            used.add((page, pattern))
    code = ENDS_WITH.get(command.text, 0)
    used.update({command.text} & set(ENDS_WITH))
    try:
        said = place.run(text, code)
    except Failed as failure:
        raise Failed(f"{command}\n{failure}") from failure
    missing = shown_words(command.shown) - set(re.findall(r"[A-Za-z_]+", said))
    check(not missing, f"{command}\nprints the words that the page shows; {sorted(missing)} are not there", said)


def check_that_it_notices(helps):
    """This test must find a flag that no program has, in a command and after a subcommand."""
    for text in ("pointsman route --bogus x", "pointsmand --bogus", "script/bench --bogus", "pointsman bogus",
                 "pointsman arm bogus x", "FOO=1 build/release/bin/pointsman pool put --bogus x.yaml", "script/bogus"):
        check(helps.fault_of(text) is not None, f"{text!r} is found out", None)
    block = pages.Block(1, "", ["$ pointsman stats", "an output", "$ other \\", "  words"])
    found = pages.commands_in("page", block)
    check([(c.text, c.shown) for c in found] == [("pointsman stats", ["an output"]), ("other words", [])],
          "commands and what they print are told apart", found)


def test(args):
    helps = pages.Helps(args.bin_dir)
    check_that_it_notices(helps)
    spans = check_prose(helps)
    check_index()
    check_reasons()
    used, shown, ran = set(), 0, 0
    for path in pages.pages():
        of_page, run_here = run_page(args, helps, path, used)
        shown += of_page
        ran += run_here
        if of_page:
            print(f"{path.relative_to(ROOT)}: {of_page} commands, {run_here} run", flush=True)
    stale = [key for key in (*LISTED, *ENDS_WITH, *((page, pattern) for page in SUBSTITUTED
                                                    for pattern, _ in SUBSTITUTED[page])) if key not in used]
    check(not stale, "each entry of LISTED, ENDS_WITH and SUBSTITUTED is used", stale)
    print(f"{shown} commands, {ran} run; {spans} spans in backquotes")


if __name__ == "__main__":
    run_test(__doc__, test)
