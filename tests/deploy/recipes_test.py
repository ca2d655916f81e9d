"""The functions that docs/guide/fallbacks.md links to, which try several arms in turn, in Python and in Node, against a real
pointsmand.

usage: recipes_test.py --bin-dir BUILD/bin --work-dir FOLDER
Skipped if npm cannot fetch the packages of the Node client; the Python part has then passed.
"""
import json
import os
import shutil
import sys

from common import ROOT, Failed, Skipped, check, run, run_test
import npm
from pointsmand import Pointsmand

CLIENTS = ROOT / "tests/system/clients"
FAILING = {"first": "TIMEOUT", "second": "PROVIDER"}  # how the calls of a decision end, by place; the third answers
# Calls `answer` of fallbacks.js with calls that fail like this, and prints the result.
NODE_DRIVER = """
const { answer } = require("./fallbacks.js");
const grpc = require("@grpc/grpc-js");
const definition = require("@grpc/proto-loader").loadSync("pointsman/v1/router.proto", {
  includeDirs: [process.argv[2]], keepCase: true, enums: String, longs: Number, defaults: true });
const { Router } = grpc.loadPackageDefinition(definition).pointsman.v1;
const stub = new Router(process.argv[3], grpc.credentials.createInsecure());
const ends = process.argv.slice(4);
const arms = [];
const call = async (arm) => {
  arms.push(arm);
  const end = ends.shift();
  if (end === "TIMEOUT") throw Object.assign(new Error("late"), { name: "TimeoutError" });
  if (end === "PROVIDER") throw new Error("down");
  return "4";
};
// Connecting takes longer than the recipe's deadline on a busy machine.
stub.waitForReady(Date.now() + 30000, async (error) => {
  if (error) throw error;
  console.log(JSON.stringify([...(await answer(stub, "What is 2 + 2?", call)), arms]));
  stub.close();
});
"""


def by_python(server, stubs, ends):
    sys.path[:0] = [str(stubs), str(CLIENTS / "python")]
    import grpc
    from pointsman.v1 import router_pb2_grpc
    import fallbacks
    left, arms = list(ends), []

    def call(arm, _):
        arms.append(arm)
        end = left.pop(0) if left else None
        if end == "TIMEOUT":
            raise TimeoutError
        if end == "PROVIDER":
            raise OSError
        return "4"

    with grpc.insecure_channel(server.address) as channel:
        decision_id, text = fallbacks.answer(router_pb2_grpc.RouterStub(channel), "What is 2 + 2?", call)
    return decision_id, text, arms


def by_node(server, folder, ends):
    script = folder / "recipe.js"
    script.write_text(NODE_DRIVER)
    shutil.copy(CLIENTS / "node/fallbacks.js", folder)
    return json.loads(run("node", script, ROOT / "proto", server.address, *ends))


def figures(args, server):
    said = run(args.bin_dir / "pointsman", "--server", server.address, "--json", "stats")
    return {arm["name"]: arm for arm in json.loads(said)["arms"]}


def check_recipe(args, answer):
    """`answer(server, ends)` plays the recipe."""
    with Pointsmand(args.bin_dir) as server:
        pointsman = [args.bin_dir / "pointsman", "--server", server.address]
        run(*pointsman, "pool", "create", ROOT / "deploy/pool.example.yaml")
        decision_id, text, arms = answer(server, FAILING.values())
        check(text == "4" and len(set(arms)) == 3, "the third arm of the answer is asked and answers", (text, arms))
        known = figures(args, server)
        for arm, fails in zip(arms, (True, True, False)):
            check(known[arm]["outcomes"] == 1 and (known[arm]["error_rate"] > 0) == fails,
                  f"{arm} learned how its call ended", known[arm])
        check(sum(arm["outcomes"] for arm in known.values()) == 3, "the others learned nothing", known)
        run(*pointsman, "feedback", decision_id, "--quality", "0.75")
        known = figures(args, server)
        check([round(known[arm].get("quality", -1), 9) for arm in arms] == [-1, -1, 0.75],
              "a later rating is about the arm that answered", known)
        _, text, arms = answer(server, ["PROVIDER"] * 3)
        check(text is None and len(arms) == 3, "when all fail there is no answer", (text, arms))
        for arm in arms:
            check(figures(args, server)[arm]["error_rate"] > 0, f"{arm} learned that it failed", arm)


def make_stubs(folder):
    stubs = folder / "stubs"
    shutil.rmtree(stubs, ignore_errors=True)
    stubs.mkdir(parents=True)
    run("protoc", "-I", ROOT / "proto", f"--python_out={stubs}", f"--grpc_out={stubs}",
        f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}", "pointsman/v1/router.proto")
    return stubs


def test(args):
    # A proxy is only for npm, never for the test's own server.
    proxies = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    stubs = make_stubs(args.work_dir)
    check_recipe(args, lambda server, ends: by_python(server, stubs, ends))
    print("the recipe in Python: passed", flush=True)
    os.environ.update(proxies)
    try:
        npm.install(CLIENTS / "node", args.work_dir / "node")
    except npm.NoNetwork as why:
        raise Skipped(f"npm cannot fetch the packages of the Node client: {why}") from why
    except npm.NpmFailed as why:
        raise Failed(str(why)) from why
    for name in proxies:
        del os.environ[name]
    check_recipe(args, lambda server, ends: by_node(server, args.work_dir / "node", ends))
    print("the recipe in Node: passed")


if __name__ == "__main__":
    run_test(__doc__, test)
