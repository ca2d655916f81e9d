"""The HTTP door by real clients: Connect-ES in Node and in Chromium, and validators of OpenAPI.

usage: connect_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed, 77 skipped: node, npm, protoc or npm's registry is missing. Without chromium the rest is
tested.
"""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "deploy"))
from common import ROOT, Failed, Skipped, check, run, run_test  # noqa: E402
import npm  # noqa: E402
from pointsmand import Pointsmand  # noqa: E402

NODE_LEAST = 18
SCRIPTS = ("calls.mjs", "contract.mjs", "imported.mjs", "node.mjs", "openapi.mjs", "browser.mjs", "page.mjs")
PROTOS = ("pointsman/v1/router.proto", "pointsman/v1/admin.proto", "pointsman/v1/insight.proto",
          "google/rpc/error_details.proto")
MESSAGE_BYTES_MAX = 1 << 20  # smaller than the default, so that too large is still small
WAIT_S = 120  # for a script, on a busy machine
# A proxy is only for npm, never for the test's own servers.
ENV = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


def need_programs():
    for program, package in (("node", "nodejs"), ("npm", "npm"), ("protoc", "protobuf-compiler")):
        if not shutil.which(program):
            raise Skipped(f"{program} is missing: apt-get install {package}")
    version = run("node", "--version").strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_LEAST:
        raise Skipped(f"node is {version}, and the packages need {NODE_LEAST} or later")


def prepare(work):
    """The packages, the scripts beside them and the contract, all in the work folder."""
    need_programs()
    try:
        npm.install(HERE, work)
    except npm.NoNetwork as why:
        raise Skipped(f"npm cannot fetch the packages of {HERE / 'package.json'}, is there a network? npm says:\n"
                      f"{why}") from why
    except npm.NpmFailed as why:
        raise Failed(str(why)) from why
    for name in SCRIPTS:
        shutil.copy(HERE / name, work / name)
    contract = work / "contract.binpb"
    run("protoc", "-I", ROOT / "proto", "--include_imports", "--include_source_info",
        f"--descriptor_set_out={contract}", *PROTOS)
    return contract


class Quiet(http.server.SimpleHTTPRequestHandler):
    # Debian's mime.types decides otherwise, and a browser runs no module of another type.
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript",
                      ".mjs": "text/javascript"}

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve_files(folder):
    """The site whose page calls the servers. Yields its origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextlib.contextmanager
def embedder(*words):
    """tests/support/embedder_server.py. Yields its port."""
    with subprocess.Popen([sys.executable, ROOT / "tests/support/embedder_server.py", *words], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def make_tokens(args):
    file = args.work_dir / "tokens.yaml"
    file.unlink(missing_ok=True)
    tokens = {}
    for name, scopes in (("all", "route,feedback,admin"), ("route", "route")):
        out = run(args.bin_dir / "pointsman", "token", "create", name, "--scopes", scopes, "--pools", "*",
                  "--file", file)
        tokens[name] = next(line for line in out.splitlines() if line.startswith("pm1."))
    return file, tokens


def start(stack, args, name, config, token=""):
    """A server with the example pool, and its URL."""
    file = args.work_dir / f"{name}.yaml"
    file.write_text(json.dumps(config | {"limits": {"message_bytes_max": MESSAGE_BYTES_MAX}}))  # JSON is YAML
    server = stack.enter_context(Pointsmand(args.bin_dir, "--config", file, http_listen="127.0.0.1:0"))
    (args.work_dir / "token").write_text(token)
    words = ["--token-file", args.work_dir / "token"] if token else []
    run(args.bin_dir / "pointsman", "--server", server.address, *words, "pool", "create",
        ROOT / "deploy/pool.example.yaml")
    return server, f"http://127.0.0.1:{server.http_port}"


def node(work, script, given):
    """Runs a script. Returns why it failed; empty: it passed."""
    began = time.monotonic()
    try:
        done = subprocess.run(["node", work / script, json.dumps(given)], cwd=work, env=ENV, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT_S)
    except subprocess.TimeoutExpired as late:
        return f"{script} did not end within {WAIT_S} s:\n{(late.stdout or b'').decode(errors='replace')}"
    print(done.stdout, end="")
    print(f"{script}: {'passed' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - began:.1f} s", flush=True)
    return "" if done.returncode == 0 else f"{script} ended with {done.returncode}, see above"


def test(args):
    contract = prepare(args.work_dir)
    tokens_file, tokens = make_tokens(args)
    chromium = shutil.which("chromium")
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(serve_files(args.work_dir))
        embedders = {name: {"url": f"http://127.0.0.1:{stack.enter_context(embedder(*words))}/v1", "model": "words"}
                     for name, words in (("quick", ()), ("hanging", ("--mode", "hang")))}
        servers, urls = zip(
            start(stack, args, "open", {"embedders": embedders, "http_origins": [origin]}),
            start(stack, args, "locked", {"embedders": embedders, "http_origins": [origin],
                                          "tokens_file": str(tokens_file)}, tokens["all"]),
            start(stack, args, "strange", {"http_origins": ["http://127.0.0.1:1"]}))
        given = {"contract": str(contract), "url": urls[0], "lockedUrl": urls[1], "strangeUrl": urls[2],
                 "tokens": tokens, "page": origin, "chromium": chromium, "messageBytesMax": MESSAGE_BYTES_MAX}
        scripts = ["openapi.mjs"] + (["browser.mjs"] if chromium else []) + ["node.mjs"]
        failures = [why for why in (node(args.work_dir, script, given) for script in scripts) if why]
        for server in servers:
            check(server.process.poll() is None, "the server lives", server.said[-5:])
            # Calls of the embedder that never answers are still running.
            check(server.stop() == 0, "and stops", server.said[-5:])
    if failures:
        raise Failed("; ".join(failures))
    if not chromium:
        print("SKIPPED the browser alone: chromium is missing: apt-get install chromium")


if __name__ == "__main__":
    run_test(__doc__, test)
