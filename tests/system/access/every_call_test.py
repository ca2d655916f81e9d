"""Tries every call of a server, found by reflection, through both doors, gRPC and HTTP: without a token, with a wrong
one, with one of every other scope, one of another pool and one that has expired: so a new call cannot be forgotten.

usage: every_call_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import http.client
import json
import pathlib
import sys

import grpc
from google.protobuf import json_format

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy"))
from common import check, run, run_test  # noqa: E402
from pointsmand import Pointsmand  # noqa: E402
from reflected import Reflected, call, name_pool  # noqa: E402

SCOPES = ("route", "feedback", "admin", "metrics", "read")
# Other calls need `admin`: a new call is closed until it is opened here and in service/access/access.cc.
NEEDS = {
    "pointsman.v1.Router/Route": "route",
    "pointsman.v1.Router/RouteBatch": "route",
    "pointsman.v1.Router/Feedback": "feedback",
    "pointsman.v1.Router/FeedbackBatch": "feedback",
    "pointsman.v1.Router/RouteStream": "route",
    "pointsman.v1.Router/FeedbackStream": "feedback",
} | {f"pointsman.v1.Admin/{name}": "read" for name in
     ("GetPool", "ListPools", "ListArms", "ListOutcomes", "GetStats", "Explain", "MeasureRecall")
} | {f"pointsman.v1.Insight/{name}": "read" for name in
     ("GetServer", "GetHistory", "ListDecisions", "TryPreferences", "TryQuery", "ListQueryGroups",
      "ComparePolicies", "RecomputeDecision")}
TWO_WAYS = ("pointsman.v1.Router/RouteStream", "pointsman.v1.Router/FeedbackStream")  # not by HTTP/1.1
ADMIN, INSIGHT = "pointsman.v1.Admin", "pointsman.v1.Insight"
HEALTH = "grpc.health.v1.Health"
# Calls that name no pool, and that an admin of some pools may make: one answers only for these pools, the
# other lists the calls.
OF_NO_POOL = ("pointsman.v1.Admin/ListPools", "pointsman.v1.Insight/GetServer",
              "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
NO_TOKEN = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED


class Tokens:
    def __init__(self, bin_dir, file):
        self.bin_dir, self.file = bin_dir, file
        file.unlink(missing_ok=True)

    def create(self, name, scopes, pools="*"):
        out = run(self.bin_dir / "pointsman", "token", "create", name, "--scopes", ",".join(scopes),
                  "--pools", pools, "--file", self.file)
        return next(line for line in out.splitlines() if line.startswith("pm1."))


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


def make_tokens(args):
    tokens = Tokens(args.bin_dir, args.work_dir / "tokens.yaml")
    made = {"all": tokens.create("all", SCOPES),
            "elsewhere": tokens.create("elsewhere", SCOPES, "another"),
            "old": tokens.create("old", SCOPES)}
    for left_out in SCOPES:
        others = [s for s in SCOPES if s != left_out and (left_out, s) != ("read", "admin")]  # admin covers read
        made[f"no-{left_out}"] = tokens.create(f"no-{left_out}", others)
    text = tokens.file.read_text()
    # The clock cannot be advanced, but the file can contain a day in the past.
    at = text.index("name: old")
    end = text.index("pools:", at)
    end = text.index("\n", end)
    tokens.file.write_text(text[:end] + "\n    expires: 2026-01-01" + text[end:])
    for secret in (made["all"].rsplit(".", 1)[1], made["elsewhere"].rsplit(".", 1)[1]):
        check(secret not in tokens.file.read_text(), "the file holds no secret", secret)
    return tokens, made


def wrong(made):
    right = made["all"]
    name, secret = right.rsplit(".", 1)
    flipped = ("A" if secret[-2] != "A" else "B")
    yield "no metadata", ()
    yield "another secret", bearer(name + "." + secret[:-2] + flipped + secret[-1])
    yield "a shorter secret", bearer(right[:-1])
    yield "a longer secret", bearer(right + "A")
    yield "no secret", bearer(name + ".")
    yield "a name that is not there", bearer("pm1.nobody." + secret)
    yield "no name", bearer("pm1.." + secret)
    yield "a secret of another token", bearer(name + "." + made["elsewhere"].rsplit(".", 1)[1])
    yield "not a token", bearer("hello")
    yield "another scheme", (("authorization", f"Basic {right}"),)
    yield "no scheme", (("authorization", right),)
    yield "an expired one", bearer(made["old"])
    yield "64 KiB less a little", bearer("pm1.all." + "A" * 8000)


class Grpc:
    name = "gRPC"

    def __init__(self, channel):
        self.channel = channel

    def call(self, service, method, request, metadata):
        """The code, and the message."""
        return call(self.channel, service, method, [request], metadata)


def last_envelope(body):
    """The message of the last envelope: a byte of flags, four of length."""
    at = 0
    while True:
        end = at + 5 + int.from_bytes(body[at + 1:at + 5], "big")
        if end >= len(body):
            return body[at + 5:end]
        at = end


class Http:
    """By the Connect protocol, in JSON."""
    name = "HTTP"

    def __init__(self, port):
        self.port = port

    def post(self, path, body, metadata, kind="application/json"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": kind, **dict(metadata)})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def call(self, service, method, request, metadata):
        text = json_format.MessageToJson(request).encode()
        is_stream = method.name == "ImportOutcomes"
        if is_stream:
            text = b"\0" + len(text).to_bytes(4, "big") + text
        status, answer = self.post(f"/{service}/{method.name}", text, metadata,
                                   "application/connect+json" if is_stream else "application/json")
        if is_stream:
            check(status == 200, "a stream's error is in its last envelope", (status, answer))
            error = json.loads(last_envelope(answer)).get("error")
        else:
            error = None if status == 200 else json.loads(answer)
        if error is None:
            return grpc.StatusCode.OK, ""
        # As many letters more as JSON has, and an HTTP status that fits.
        code = next(c for c in grpc.StatusCode if c.value[1].replace("cancelled", "canceled").replace(" ", "_") == error["code"])
        if not is_stream:
            check({NO_TOKEN: 401, DENIED: 403}.get(code, status) == status, "the HTTP status is the code's", (status, error))
        return code, error["message"]


def try_call(door, reflected, service, method, made):
    path = f"{service}/{method.name}"
    needs = NEEDS.get(path, "admin")
    request = reflected.request(method.input_type)
    names_pool = name_pool(request, "default")

    def code(metadata):
        return door.call(service, method, request, metadata)

    tried = 0
    for what, metadata in wrong(made):
        got = code(metadata)
        check(got[0] == NO_TOKEN, f"{path} by {door.name} with {what} is refused", got)
        tried += 1
    got = code(bearer(made[f"no-{needs}"]))
    check(got[0] == DENIED and needs in got[1], f"{path} by {door.name} without the scope {needs} is refused", got)
    got = code(bearer(made["elsewhere"]))
    if path in OF_NO_POOL:
        check(got[0] not in (NO_TOKEN, DENIED), f"{path} by {door.name} is for admins of any pool", got)
    else:
        check(got[0] == DENIED, f"{path} by {door.name} with a token of another pool is refused"
              f"{'' if names_pool else ', since it names no pool'}", got)
    # Last, since the call may succeed.
    if path != "pointsman.v1.Admin/DeletePool":
        got = code(bearer(made["all"]))
        check(got[0] not in (NO_TOKEN, DENIED), f"{path} by {door.name} with a good token is let in", got)
        check(got[0] != grpc.StatusCode.UNIMPLEMENTED, f"{path} by {door.name} has a handler", got)
    return tried + 3


def check_audit(server, admin_calls):
    """There is an audit line for each admitted admin call, and for some refused ones."""
    lines = [json.loads(line) for line in server.said if line.startswith("{")]
    audits = [line["audit"] for line in lines if "audit" in line]
    let_in = {audit["rpc"] for audit in audits if audit["who"] == "all@127.0.0.1"}
    check(let_in == admin_calls, "each admin call has its audit line", sorted(admin_calls ^ let_in))
    refused = [audit for audit in audits if audit["result"] in (NO_TOKEN.name, DENIED.name)]
    check({"no token", "no-admin@unknown", "elsewhere@127.0.0.1"} <= {a["who"] for a in refused},
          "calls that are refused have audit lines, with who tried", refused)


def test(args):
    tokens, made = make_tokens(args)
    config = args.work_dir / "config.yaml"
    config.write_text(f"tokens_file: {tokens.file}\nlog: {{format: json, level: debug}}\n")
    with Pointsmand(args.bin_dir, "--config", config, http_listen="127.0.0.1:0") as server:
        channel = grpc.insecure_channel(server.address)
        reflected = Reflected(channel, bearer(made["all"]))
        methods = list(reflected.methods())
        tried = sum(try_call(Grpc(channel), reflected, service, method, made)
                    for service, method in methods)
        web = Http(server.http_port)
        tried += sum(try_call(web, reflected, service, method, made)
                     for service, method in methods
                     if service.startswith("pointsman.") and f"{service}/{method.name}" not in TWO_WAYS)
        for path in TWO_WAYS:
            check(web.post("/" + path, b"{}", ())[0] == 401, f"{path} by HTTP is closed", path)
            check(web.post("/" + path, b"{}", bearer(made["all"]))[0] == 501, f"{path} is not there by HTTP", path)
        paths = {f"{service}/{method.name}" for service, method in methods}
        check(set(NEEDS) <= paths, "the table names calls that there are", set(NEEDS) - paths)
        check(len(paths) >= 21, "reflection told of every service", sorted(paths))
        check(reflected.unknown == [HEALTH], "reflection tells of all but gRPC's own", reflected.unknown)
        for channel_call in (channel.unary_unary(f"/{HEALTH}/Check")(b"", timeout=30),
                             next(channel.unary_stream(f"/{HEALTH}/Watch")(b"", timeout=30))):
            check(channel_call == b"\x08\x01", "health is open: SERVING", channel_call)
        # Unknown calls are closed, too: a client without a token does not learn which calls exist.
        forget = next(m for s, m in methods if m.name == "DeletePool")
        request = reflected.request(forget.input_type)
        name_pool(request, "default")
        call(channel, "pointsman.v1.Admin", forget, [request], bearer(made["all"]))
        got = channel.unary_unary("/pointsman.v1.Router/Nothing")
        try:
            got(b"", timeout=30)
            check(False, "a call that is not there fails", "OK")
        except grpc.RpcError as error:
            check(error.code() == NO_TOKEN, "a call that is not there is closed", error.code())
        for path in ("/pointsman.v1.Router/Nothing", "/routing/v1/chat/completions", "/routing/v1/feedback"):
            status, answer = web.post(path, b"{}", ())
            check(status == 401, f"{path} without a token is closed", (status, answer))
    check_audit(server, {method.name for service, method in methods if service in (ADMIN, INSIGHT)})
    print(f"{len(paths)} calls, {tried} tries")


if __name__ == "__main__":
    run_test(__doc__, test)
