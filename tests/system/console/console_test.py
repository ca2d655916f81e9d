"""The web console in Chromium against a real pointsmand under load, and that console/dist is what its sources build.

usage: console_test.py --bin-dir BUILD/bin --work-dir FOLDER [--shots FOLDER]
--shots: where screenshots of every page are written; without it they go to the work folder.
Exit codes: 0 passed, 1 failed, 77 skipped: node, npm, npm's registry or chromium is missing.
"""
import contextlib
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "deploy"))
from common import ROOT, Failed, Skipped, check, run, run_test  # noqa: E402
import npm  # noqa: E402
from pointsmand import Pointsmand  # noqa: E402

CONSOLE = ROOT / "console"
SOURCES = ("index.html", "package.json", "tsconfig.json", "vite.config.ts", "src")
NODE_LEAST = (18,)
NODE_OF_BUILD = (20, 19)  # for the packages that build the console
MANY_ARMS = 100_000
FED_S = 4          # of load before the browser looks; the load goes on while it looks
LOAD_S = 120
WAIT_S = 300       # for the browser, on a busy machine
# A proxy is only for npm, never for the test's own servers.
ENV = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
CALL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def node_version():
    return tuple(map(int, run("node", "--version").strip().lstrip("v").split(".")))


def need_programs():
    for program, package in (("node", "nodejs"), ("npm", "npm"), ("chromium", "chromium")):
        if not shutil.which(program):
            raise Skipped(f"{program} is missing: apt-get install {package}")
    if node_version() < NODE_LEAST:
        raise Skipped(f"node is {node_version()}, and the packages need {NODE_LEAST} or later")


def install(source, work, *flags):
    try:
        npm.install(source, work, *flags)
    except npm.NoNetwork as why:
        raise Skipped(f"npm cannot fetch the packages of {source / 'package.json'}, is there a network? npm says:\n"
                      f"{why}") from why
    except npm.NpmFailed as why:
        raise Failed(str(why)) from why


def files_of(folder):
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def check_dist(work):
    """The sources have no error of types, and building them gives console/dist byte for byte."""
    if node_version() < NODE_OF_BUILD:
        print(f"SKIPPED whether console/dist is up to date: node is {node_version()}, and its build needs {NODE_OF_BUILD}")
        return
    install(CONSOLE, work)
    for name in SOURCES:
        if (CONSOLE / name).is_dir():
            shutil.rmtree(work / name, ignore_errors=True)
            shutil.copytree(CONSOLE / name, work / name)
        else:
            shutil.copy(CONSOLE / name, work / name)
    shutil.rmtree(work / "dist", ignore_errors=True)
    run("npm", "run", "--silent", "check", cwd=work)
    run("npm", "run", "--silent", "build", cwd=work)
    built, kept = work / "dist", CONSOLE / "dist"
    remedy = "run `npm ci && npm run build` in console/"
    check(files_of(built) == files_of(kept), f"console/dist has the files that the sources build: {remedy}",
          files_of(built) ^ files_of(kept))
    for name in files_of(built):
        check(filecmp.cmp(built / name, kept / name, shallow=False), f"console/dist is up to date: {remedy}", name)


def call(url, method, message):
    request = urllib.request.Request(f"{url}/pointsman.v1.{method}", json.dumps(message).encode(),
                                     {"Content-Type": "application/json"})
    with CALL.open(request, timeout=60) as answer:
        return json.load(answer)


def make_tokens(args):
    file = args.work_dir / "tokens.yaml"
    file.unlink(missing_ok=True)
    tokens = {}
    for name, scopes in (("admin", "route,feedback,admin,read"), ("reader", "read"), ("router", "route")):
        out = run(args.bin_dir / "pointsman", "token", "create", name, "--scopes", scopes, "--pools", "*",
                  "--file", file)
        tokens[name] = next(line for line in out.splitlines() if line.startswith("pm1."))
    return file, tokens


def start(stack, args, name, config):
    file = args.work_dir / f"{name}.yaml"
    file.write_text(json.dumps(config))  # JSON is YAML
    server = stack.enter_context(Pointsmand(args.bin_dir, "--config", file, http_listen="127.0.0.1:0"))
    return server, f"http://127.0.0.1:{server.http_port}"


def pool_file(args):
    """The example pool, with the texts of queries: the pages show them."""
    file = args.work_dir / "pool.yaml"
    text = (ROOT / "deploy/pool.example.yaml").read_text()
    file.write_text(text.replace("settings:\n", "settings:\n  store_query_text: true\n", 1))
    return file


def feed(stack, args, server, url):
    """Pools with a history of their own, and a load that goes on."""
    run(args.bin_dir / "pointsman", "--server", server.address, "pool", "create", pool_file(args))
    # Pools and arms that there is something to say of: one fails, one has no price, one pool has no arm.
    call(url, "Admin/PutPool", {"name": "failing", "arms": [{"name": "broken"}]})
    for pool, arm in (("default", "mathstral-7b"), ("failing", "broken")):
        for i in range(20):
            request = {"pool": pool, "query": f"a hard question {i}", "constraints": {"allowArms": [arm]}}
            made = call(url, "Router/Route", request)
            call(url, "Router/Feedback", {"pool": pool, "decisionId": made["decisionId"], "errorKind": "PROVIDER",
                                          "latencyMs": 900})
    call(url, "Router/RouteBatch", {"pool": "failing", "requests": [{"query": f"unanswered {i}"} for i in range(60)]})
    call(url, "Admin/PutArm", {"arm": {"name": "unpriced", "description": "an arm without a price"}})
    call(url, "Admin/PutPool", {"name": "hollow"})
    call(url, "Admin/PutPool", {"name": "many", "settings": {"embedder": {"name": "caller", "dimension": 2}},
                                "arms": [{"name": f"arm-{i:06d}"} for i in range(MANY_ARMS)]})
    load = subprocess.Popen([args.bin_dir / "pointsman-load", "--server", server.address, "--data", ROOT / "deploy/sample",
                             "--mode", "mixed", "--rate", "60", "--duration", str(LOAD_S), "--warm-up", "0",
                             "--feedback-delay", "0.3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(load.wait)
    stack.callback(load.kill)
    time.sleep(FED_S)


def look(work, given):
    try:
        done = subprocess.run(["node", work / "main.mjs", json.dumps(given)], cwd=work, env=ENV, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT_S)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"the browser was not done within {WAIT_S} s:\n{(late.stdout or b'').decode(errors='replace')}") from late
    print(done.stdout, end="", flush=True)
    check(done.returncode == 0, "the pages do what they should, see above", done.returncode)


def test(args, shots):
    need_programs()
    work = args.work_dir
    check_dist(work / "build")
    browser = work / "browser"
    install(HERE, browser)
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, browser / script.name)
    shots.mkdir(parents=True, exist_ok=True)
    tokens_file, tokens = make_tokens(args)
    backups = work / "backups"
    shutil.rmtree(backups, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        servers, urls = zip(start(stack, args, "open", {"backup_dir": str(backups)}), start(stack, args, "empty", {}),
                            start(stack, args, "locked", {"tokens_file": str(tokens_file)}))
        feed(stack, args, servers[0], urls[0])
        (work / "token").write_text(tokens["admin"])
        run(args.bin_dir / "pointsman", "--server", servers[2].address, "--token-file", work / "token", "pool", "create",
            pool_file(args))
        look(browser, {"open": urls[0], "empty": urls[1], "locked": urls[2], "tokens": tokens, "shots": str(shots),
                       "chromium": shutil.which("chromium"), "manyArms": MANY_ARMS})
        for server in servers:
            check(server.process.poll() is None, "the server lives", server.said[-5:])


def main():
    shots = None
    if "--shots" in sys.argv:
        at = sys.argv.index("--shots")
        shots = pathlib.Path(sys.argv[at + 1]).resolve()
        del sys.argv[at:at + 2]
    run_test(__doc__, lambda args: test(args, shots or args.work_dir / "shots"))


if __name__ == "__main__":
    main()
