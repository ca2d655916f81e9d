"""Checks what the production overlay leaves open to strangers, with openssl s_client and with gRPC
clients without credentials, against a pointsmand with the overlay's config.

usage: closed_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import shutil
import urllib.error
import urllib.request

import grpc

from common import ROOT, check, run, run_test
from calls import code_of  # of tests/support
from certificates import Authority, s_client  # of tests/support
from pointsmand import Pointsmand

CONFIG = ROOT / "deploy/kubernetes/base/pointsmand.yaml"
FOLDERS = ("/etc/pointsman-tls", "/etc/pointsman-tokens")
CALLS = ("/pointsman.v1.Router/Route", "/pointsman.v1.Router/Feedback", "/pointsman.v1.Admin/ListPools",
         "/pointsman.v1.Admin/DeletePool", "/pointsman.v1.Admin/Backup", "/no.such.Service/Call",
         "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")


def settings(work):
    """The overlay's config, with its folders below `work`."""
    others = list((ROOT / "deploy/kubernetes/overlays/production").rglob("pointsmand.yaml"))
    check(not others, "production takes base's config as it is", others)
    text = CONFIG.read_text()
    for folder in FOLDERS:
        check(folder in text, f"the config reads {folder}", text)
        text = text.replace(folder, f"{work}{folder}")
    config = work / "pointsmand.yaml"
    config.write_text(text)
    return config


def http(server, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{server.admin_port}{path}", headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def check_handshakes(server, authority):
    for version in ("-tls1_2", "-tls1_3"):
        _, said = s_client(server.address, version, "-CAfile", authority.certificate, "-verify_return_error",
                           "-servername", "localhost")
        check("Verify return code: 0 (ok)" in said and "ALPN protocol: h2" in said, f"{version}: verified, HTTP/2",
              said)
        cipher = next(line for line in said.splitlines() if "Cipher is" in line)
        print(f"openssl s_client {version}: {cipher.strip()}")
        check(any(word in cipher for word in ("GCM", "CHACHA20")), f"{version}: a cipher of today", cipher)
    for version in ("-tls1", "-tls1_1"):
        _, said = s_client(server.address, version, "-cipher", "ALL@SECLEVEL=0")
        check("Cipher is (NONE)" in said, f"{version} is refused", said)
        print(f"openssl s_client {version}: refused")
    _, said = s_client(server.address, "-tls1_2", "-cipher", "NULL:eNULL:aNULL:RC4:3DES:MD5@SECLEVEL=0")
    check("Cipher is (NONE)" in said, "no weak cipher is taken", said)


def test(args):
    work = args.work_dir
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    authority = Authority(work / "authority")
    authority.vouch("pointsman", work / FOLDERS[0].lstrip("/"))
    (work / FOLDERS[1].lstrip("/")).mkdir(parents=True)
    tokens = {}
    for name, scopes, pools in (("app", "route,feedback", "default"), ("operator", "admin", "*"),
                                ("prometheus", "metrics", "*")):
        tokens[name] = run(args.bin_dir / "pointsman", "token", "create", name, "--scopes", scopes, "--pools", pools,
                           "--file", work / FOLDERS[1].lstrip("/") / "tokens.yaml").splitlines()[0]
    with Pointsmand(args.bin_dir, "--config", settings(work), listen="0.0.0.0:0",
                    admin_listen="0.0.0.0:0") as server:
        check_handshakes(server, authority)
        plain = grpc.insecure_channel(server.address)
        for path in CALLS + ("/grpc.health.v1.Health/Check",):
            check(code_of(plain, path) == grpc.StatusCode.UNAVAILABLE, f"{path} without TLS", "answered")
        print(f"gRPC without TLS: {len(CALLS) + 1} calls, UNAVAILABLE each")
        channel = grpc.secure_channel(f"localhost:{server.port}",
                                      grpc.ssl_channel_credentials(authority.certificate.read_bytes()))
        for path in CALLS:
            got = code_of(channel, path)
            check(got == grpc.StatusCode.UNAUTHENTICATED, f"{path} with TLS and no token", got)
        print(f"gRPC with TLS and no token: {len(CALLS)} calls, UNAUTHENTICATED each")
        check(code_of(channel, "/grpc.health.v1.Health/Check") == grpc.StatusCode.OK, "health is open", "not")
        got = code_of(channel, "/pointsman.v1.Admin/ListPools", (("authorization", f"Bearer {tokens['operator']}"),))
        check(got == grpc.StatusCode.OK, "with its token the operator is let in", got)
        for path, wanted in (("/healthz", 200), ("/readyz", 200), ("/metrics", 401), ("/", 404)):
            got = http(server, path)
            check(got[0] == wanted, f"{path} of the admin port without a token", got)
            print(f"admin port without a token: {path} {got[0]}")
        check(http(server, "/metrics", tokens["app"])[0] == 401, "an app's token reads no metrics", "it does")
        got = http(server, "/metrics", tokens["prometheus"])
        check(got[0] == 200 and "pointsman_refused_total" in got[1], "Prometheus' token reads them", got)


if __name__ == "__main__":
    run_test(__doc__, test)
