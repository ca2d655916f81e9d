"""The HTTP door of a real pointsmand: the Connect protocol, its errors, the OpenAI shape, imports, browsers, TLS, and
HTTP/1.1 as hostile clients speak it.

usage: http_door_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import gzip
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
sys.path.insert(0, str(HERE.parents[1] / "deploy"))
from common import ROOT, check, run, run_test  # noqa: E402
from pointsmand import Pointsmand  # noqa: E402
from raw import Raw, ask, post  # noqa: E402

ROUTE = "/pointsman.v1.Router/Route"
FEEDBACK = "/pointsman.v1.Router/Feedback"
STATS = "/pointsman.v1.Admin/GetStats"
IMPORT = "/pointsman.v1.Admin/ImportOutcomes"
CHAT = "/routing/v1/chat/completions"
BY_HTTP = "127.0.0.1:0"


def routed(port, query="what is this?"):
    answer = ask(port, post(ROUTE, {"query": query}))
    check(answer.status == 200 and answer.json["arm"], "a route is answered", answer)
    return answer.json


def check_calls(port):
    decision = routed(port)
    check(0 < decision["propensity"] <= 1 and decision["logged"], "with its propensity", decision)
    answer = ask(port, post(FEEDBACK, {"decisionId": decision["decisionId"], "quality": 1}))
    check(answer.status == 200 and answer.json["result"] == "APPLIED", "feedback is learned", answer)
    # As curl sends it: the names of the proto are read too.
    answer = ask(port, post("/routing/v1/feedback", {"decision_id": decision["decisionId"], "latency_ms": 9}))
    check(answer.status == 200 and answer.json["result"] == "MERGED", "its latency is added", answer)
    # In protobuf's bytes: field 2 is the query.
    answer = ask(port, post(ROUTE, b"\x12\x02hi", kind="application/proto"))
    check(answer.status == 200 and answer.headers["content-type"] == "application/proto" and
          decision["decisionId"][:8].encode() in answer.body, "bytes are answered by bytes", answer)
    answer = ask(port, post(ROUTE, {"query": "x"}, kind="application/json; charset=utf-8"))
    check(answer.status == 200, "a charset is no other type", answer)


def check_errors(port):
    """The table of the protocol: HTTP status, code, and what the message names."""
    for what, data, status, code, word in (
            ("an unknown pool", post(ROUTE, {"pool": "nowhere", "query": "x"}), 404, "not_found", "nowhere"),
            ("no query", post(ROUTE, {}), 400, "invalid_argument", "query"),
            ("a misspelt field", post(ROUTE, {"qery": "x"}), 400, "invalid_argument", "qery"),
            ("no JSON", post(ROUTE, b"{"), 400, "invalid_argument", "JSON"),
            ("JSON of another type", post(ROUTE, b"[]"), 400, "invalid_argument", "RouteRequest"),
            ("bytes that are no message", post(ROUTE, b"\xff", kind="application/proto"), 400, "invalid_argument",
             "bytes"),
            ("text that is not UTF-8", post(ROUTE, b'{"query":"\xff\xfe"}'), 400, "invalid_argument", ""),
            ("an unknown method", post("/pointsman.v1.Router/Nothing", {}), 404, "unimplemented", "method"),
            ("GET", post(ROUTE, b"", method="GET"), 405, "unimplemented", "POST"),
            ("no content type", post(ROUTE, {}, kind=None), 415, "unknown", "application/json"),
            ("another content type", post(ROUTE, {}, kind="text/plain"), 415, "unknown", "application/json"),
            ("another charset", post(ROUTE, {}, kind="application/json; charset=latin1"), 415, "unknown", ""),
            ("another version", post(ROUTE, {}, "Connect-Protocol-Version: 2"), 400, "invalid_argument", "version"),
            ("no number as a time", post(ROUTE, {}, "Connect-Timeout-Ms: soon"), 400, "invalid_argument", "timeout"),
            ("a compressed request", post(ROUTE, {}, "Content-Encoding: gzip"), 501, "unimplemented", "gzip"),
            ("a pool that is there", post("/pointsman.v1.Admin/PutPool", {"name": "default", "createOnly": True}), 409,
             "already_exists", "default"),
            ("an import that is no stream", post(IMPORT, {}), 415, "unknown", "connect+json")):
        answer = ask(port, data)
        check(answer is not None and answer.status == status and answer.json["code"] == code and
              word in answer.json["message"], f"{what} is {status} {code}", answer)
    answer = ask(port, post(ROUTE, {"pool": "nowhere", "query": "x"}))
    detail = answer.json["details"][0]
    check((detail["type"], detail["debug"]["reason"]) == ("google.rpc.ErrorInfo", "POOL_UNKNOWN") and
          "=" not in detail["value"], "details say the reason", answer)
    field = next(d for d in ask(port, post(ROUTE, {})).json["details"] if d["type"] == "google.rpc.BadRequest")
    check(field["debug"]["fieldViolations"][0]["field"] == "query", "and the field", field)


def envelope(text, flags=0):
    text = text.encode()
    return bytes([flags]) + len(text).to_bytes(4, "big") + text


def check_import(port):
    queries = [f'{{"query":"question {i}","outcomes":[{{"arm":"mathstral-7b","quality":1}}]}}' for i in range(40)]
    start = envelope('{"start":{"pool":"default","importId":"by-http","queries":"40","strength":5}}')
    body = start + b"".join(envelope('{"chunk":{"queries":[' + ",".join(queries[i:i + 8]) + ']}}')
                            for i in range(0, 40, 8))
    # In pieces that end anywhere, as a network delivers them.
    with Raw(port) as connection:
        head = post(IMPORT, b"", kind="application/connect+json").replace(b"Content-Length: 0",
                                                                          b"Transfer-Encoding: chunked")
        connection.send(head)
        for i in range(0, len(body), 97):
            piece = body[i:i + 97]
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n" + post(ROUTE, {"query": "and now?"}))
        answer = connection.answer()
        check(answer.status == 200 and b'"outcomesLearned":"40"' in answer.body and answer.body.endswith(envelope("{}", 2)),
              "an import in pieces is learned", answer)
        check(connection.answer().status == 200, "and the connection serves on", "")
    for what, stream, word in (("a chunk first", envelope('{"chunk":{}}'), b"start"),
                               ("nothing", b"", b"first message"),
                               ("half a message", start[:-3], b"within a message"),
                               ("an enormous message", b"\0\xff\xff\xff\xff", b"message_bytes_max"),
                               ("a compressed message", b"\1\0\0\0\2{}", b"decompressed"),
                               ("no JSON", envelope("{"), b"JSON")):
        answer = ask(port, post(IMPORT, stream, kind="application/connect+json"))
        check(answer.status == 200 and answer.body[:1] == b"\2" and word in answer.body and b'"error"' in answer.body,
              f"an import of {what} ends with an error", answer)


def check_late(port):
    """A client that goes on sending its stream after its time was over."""
    for _ in range(20):
        with Raw(port) as connection:
            connection.send(post(IMPORT, b"", "Connect-Timeout-Ms: 20", kind="application/connect+json").replace(
                b"Content-Length: 0", b"Transfer-Encoding: chunked"))
            answer = connection.answer()
            check(answer.status == 200 and b"deadline_exceeded" in answer.body, "the deadline ends a stream", answer)
            try:
                for _ in range(50):
                    connection.send(b"5\r\n\0\0\0\0\2\r\n2\r\n{}\r\n")
            except ConnectionError:
                pass
    routed(port, "after those")


def check_openai(port):
    body = {"model": "auto", "max_tokens": 100, "temperature": 0.5,
            "messages": [{"role": "system", "content": "You are a helpful assistant. " * 500},
                         {"role": "user", "content": "earlier"}, {"role": "assistant", "content": "yes"},
                         {"role": "tool", "content": "x" * 5000},
                         {"role": "user", "content": [{"type": "text", "text": "Prove that 2 is prime"},
                                                      {"type": "image_url", "image_url": {"url": "data:"}}]}]}
    answer = ask(port, post(CHAT, body, "X-Pointsman-Preference: 1, 0, 0", "X-Pointsman-Session: s"))
    said = answer.json
    check(answer.status == 200 and said["model"] in [c["model"] for c in said["candidates"]] and
          0 < said["propensity"] <= 1 and len(said["fallbacks"]) == 2, "an OpenAI request is decided", answer)
    check(any("not text" in note for note in said["notes"]) and any("Session" in note for note in said["notes"]),
          "and what was not used is said", said)
    answer = ask(port, post("/routing/v1/feedback", {"decisionId": said["decision_id"], "quality": 0.5}))
    check(answer.status == 200 and answer.json["result"] == "APPLIED", "and its feedback is learned", answer)
    last = {"messages": [{"role": "user", "content": "hi"}]}
    for what, wrong, headers, word in (
            ("another model", {**last, "model": "gpt-4o"}, (), "pointsman/POOL"),
            ("an unknown pool", {**last, "model": "pointsman/nowhere"}, (), "nowhere"),
            ("no messages", {}, (), "messages"), ("no user", {"messages": [{"role": "system"}]}, (), "user"),
            ("a message that is a number", {"messages": [7]}, (), "object"),
            ("negative tokens", {**last, "max_tokens": -1}, (), "max_tokens"),
            ("a preference of two", last, ("X-Pointsman-Preference: 1,0",), "QUALITY"),
            ("no turns", last, ("X-Pointsman-Turns: 0",), "Turns"), ("a list", [], (), "JSON object")):
        answer = ask(port, post(CHAT, wrong, *headers))
        check(answer.status in (400, 404) and word in answer.json["error"]["message"],
              f"{what} is refused, naming {word}", answer)


def check_console(port):
    """The files of the console: for browsers, compressed, and under a policy that lets a page load nothing else."""
    def get(path, *headers):
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
        return ask(port, "\r\n".join(lines).encode())

    plain = get("/")
    check(plain.headers["content-type"].startswith("text/plain") and b"the console" in plain.body, "curl gets a list", plain)
    page = get("/", "Accept: text/html,*/*;q=0.8")
    files = re.findall(rb'(?:src|href)="\.?(/assets/[^"]+)"', page.body)
    check(page.status == 200 and page.headers["content-type"].startswith("text/html") and len(files) >= 2, "a browser the page", page)
    for path, answer in [("/", page)] + [(f.decode(), get(f.decode())) for f in files]:
        policy = answer.headers["content-security-policy"]
        check(answer.status == 200 and "default-src 'none'" in policy and "unsafe" not in policy, f"{path} has its policy", policy)
        check(answer.headers["x-content-type-options"] == "nosniff", f"{path} is what it says it is", answer.headers)
    packed = get(files[0].decode(), "Accept-Encoding: br, gzip")
    check(packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == get(files[0].decode()).body,
          "files are compressed for those who take it", packed.headers)
    check("immutable" in packed.headers["cache-control"] and page.headers["cache-control"] == "no-cache", "and cached by name", "")
    for path in ("/assets/", "/assets/../index.html", "/assets/nothing.js", "/index.html/"):
        check(get(path).status == 404, f"{path} is nothing", path)


def check_http(port):
    """What one connection may do, and what ends it."""
    with Raw(port) as connection:
        connection.send(post(ROUTE, {"query": "one"}) + post(ROUTE, {"query": "two"}) + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".replace(b"Host: a", b"Host: localhost"))
        answers = [connection.answer() for _ in range(3)]
        check([a.status for a in answers] == [200] * 3 and answers[2].body == b"ok\n",
              "requests that arrive together are answered in order", answers)
        connection.send(post(ROUTE, b"", method="HEAD"))
        check(connection.answer(is_head=True).status == 405, "HEAD of a method is refused", "")
        connection.send(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(connection.answer(is_head=True).headers["content-length"] == "3" and connection.answer().body == b"ok\n",
              "HEAD has no body", "")
        body = b'{"query":"in chunks"}'
        connection.send(post(ROUTE, b"", "Expect: 100-continue").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        check(connection.answer().status == 100, "a client that waits is told to go on", "")
        connection.send(b"5\r\n" + body[:5] + b"\r\n%x\r\n" % (len(body) - 5) + body[5:] + b"\r\n0\r\n\r\n")
        check(connection.answer().status == 200, "chunks are joined", "")
    for what, data, status in (
            ("both lengths", post(ROUTE, b"{}", "Transfer-Encoding: chunked"), 400),
            ("two lengths", post(ROUTE, b"{}", "Content-Length: 40"), 400),
            ("another coding", post(ROUTE, b"{}", "Transfer-Encoding: gzip, chunked").replace(b"Content-Length: 2\r\n", b""), 400),
            ("no host", post(ROUTE, b"{}").replace(b"Host: 127.0.0.1\r\n", b""), 400),
            ("two hosts", post(ROUTE, b"{}", "Host: other"), 400),
            ("a negative length", post(ROUTE, b"{}").replace(b"Length: 2", b"Length: -2"), 400),
            ("an absolute target", post("http://127.0.0.1" + ROUTE, b"{}"), 400),
            ("a space in a name", post(ROUTE, b"{}", "Content-Length : 3"), 400),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400), ("garbage", b"\x16\x03\x01\x02\0garbage\r\n\r\n", 400),
            ("huge headers", post(ROUTE, b"{}", "X: " + "y" * 20000), 431),
            ("a huge body", post(ROUTE, b"").replace(b"Length: 0", b"Length: 99999999999"), 413),
            ("huge chunks", post(ROUTE, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") +
             b"fffffff\r\n" + b" " * (5 << 20), 413),
            ("a body for a page", b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".replace(b"Host: a", b"Host: localhost"), 413)):
        with Raw(port) as connection:
            try:
                connection.send(data)
            except ConnectionError:
                pass
            answer = connection.answer()
            check(answer is not None and answer.status == status, f"{what} is {status}", answer)
            check(connection.is_ended(), f"and ends the connection ({what})", "")


def check_browsers(port, other_port):
    answer = ask(port, post(ROUTE, {"query": "x"}, host="evil.example"))
    check(answer.status == 403 and "localhost" in answer.json["message"], "a name that points here gets nothing", answer)
    preflight = post(ROUTE, b"", "Origin: https://app.example.com", "Access-Control-Request-Method: POST", method="OPTIONS")
    check(ask(port, preflight).status == 403, "no site may call, unless it is named", "")
    answer = ask(port, post(ROUTE, {"query": "x"}, "Origin: https://app.example.com"))
    check("access-control-allow-origin" not in answer.headers, "or read an answer", answer)
    answer = ask(other_port, preflight)
    check(answer.status == 204 and answer.headers["access-control-allow-origin"] == "https://app.example.com",
          "a site that is named may call", answer)
    for data in (post(ROUTE, {"query": "x"}, "Origin: https://app.example.com"),
                 post(ROUTE, {}, "Origin: https://app.example.com"), post(ROUTE, {}, "Origin: https://app.example.com", kind=None)):
        answer = ask(other_port, data)
        check(answer.headers.get("access-control-allow-origin") == "https://app.example.com", "and read answers and errors", answer)
    answer = ask(other_port, post(ROUTE, {"query": "x"}, "Origin: https://app.example.com.evil.example"))
    check("access-control-allow-origin" not in answer.headers, "but no other", answer)


def check_slow(port):
    """More slow connections than there is room for do not keep others out."""
    slow = []
    try:
        for i in range(1100):
            connection = Raw(port)
            connection.send(b"POST " if i % 2 else post(ROUTE, b"").replace(b"Length: 0", b"Length: 20") + b"{")
            slow.append(connection)
            if i % 100 == 0:
                began = time.monotonic()
                routed(port, "beside slow ones")
                check(time.monotonic() - began < 10, "others are answered beside them", time.monotonic() - began)
        check(slow[0].is_ended(), "the oldest of them made room", "")
    finally:
        for connection in slow:
            connection.close()
    routed(port)


def check_crowd(port):
    """Many clients at once, each with a connection that it keeps."""
    failed = []

    def work(number):
        try:
            with Raw(port) as connection:
                for i in range(40):
                    connection.send(post(ROUTE, {"query": f"question {i} of {number}"}))
                    decision = connection.answer().json
                    connection.send(post(FEEDBACK, {"decisionId": decision["decisionId"], "quality": 0.5}))
                    if connection.answer().json["result"] != "APPLIED":
                        failed.append(decision)
        except Exception as error:  # whatever it is, the test fails with it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not failed, "1,000 decisions and their feedback by 25 clients", failed[:3])


def check_origin_of_errors(port):
    """Errors that the server itself gives can be read by pages that may call it."""
    origin = "Origin: https://app.example.com"
    for data, status in ((post(ROUTE, b"", origin).replace(b"Length: 0", b"Length: 99999999999"), 413),
                         (post(ROUTE, b"{}", origin, "Host: other"), 400)):
        answer = ask(port, data)
        check(answer.status == status and answer.headers.get("access-control-allow-origin") == "https://app.example.com",
              f"{status} names the origin", answer)


def check_tls(args):
    certificate, key = args.work_dir / "cert.pem", args.work_dir / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    tokens = args.work_dir / "tokens.yaml"
    tokens.unlink(missing_ok=True)
    out = run(args.bin_dir / "pointsman", "token", "create", "app", "--scopes", "route", "--pools", "*", "--file", tokens)
    token = next(line for line in out.splitlines() if line.startswith("pm1."))
    config = args.work_dir / "tls.yaml"
    config.write_text(f"tls: {{certificate_file: {certificate}, key_file: {key}}}\ntokens_file: {tokens}\n")
    with Pointsmand(args.bin_dir, "--config", config, http_listen=BY_HTTP) as server:
        tls = ssl.create_default_context(cafile=certificate)
        data = post(ROUTE, {"query": "x"}, f"Authorization: Bearer {token}", host="localhost")
        answer = ask(server.http_port, data, tls=tls)
        check(answer.status == 404 and "default" in answer.json["message"], "HTTPS with a token: there is no pool yet", answer)
        answer = ask(server.http_port, post(ROUTE, {"query": "x"}, host="localhost"), tls=tls)
        check(answer.status == 401 and answer.headers["www-authenticate"] == "Bearer", "HTTPS without one", answer)
        try:
            plain = ask(server.http_port, data)
        except OSError:
            plain = None
        check(plain is None, "plain HTTP gets no answer there", plain)
        check(server.process.poll() is None, "and the server lives", "")


def check_stop(args):
    server = Pointsmand(args.bin_dir, http_listen=BY_HTTP)
    with Raw(server.http_port) as idle, Raw(server.http_port) as half:
        half.send(b"POST ")
        idle.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(idle.answer().status == 200, "it serves", "")
        began = time.monotonic()
        code = server.stop()
        check(code == 0 and time.monotonic() - began < 20, "open connections do not keep it from stopping", code)


def test(args):
    origins = args.work_dir / "origins.yaml"
    origins.write_text("http_origins: [https://app.example.com]\n")
    with Pointsmand(args.bin_dir, http_listen=BY_HTTP) as server, \
            Pointsmand(args.bin_dir, "--config", origins, http_listen=BY_HTTP) as other:
        for one in (server, other):
            run(args.bin_dir / "pointsman", "--server", one.address, "pool", "create", ROOT / "deploy/pool.example.yaml")
        port = server.http_port
        for step in (check_calls, check_errors, check_import, check_late, check_openai, check_console, check_http, check_crowd, check_slow):
            step(port)
            print(f"{step.__name__[6:]}: passed", flush=True)
        check_browsers(port, other.http_port)
        check_origin_of_errors(other.http_port)
        check(server.process.poll() is None, "the server lives", server.said[-5:])
        check(server.stop() == 0, "and stops", server.said[-5:])
    check_tls(args)
    check_stop(args)


if __name__ == "__main__":
    run_test(__doc__, test)
