"""TLS against a real pointsmand: by gRPC and by openssl s_client, with certificates and tokens that change
while it serves.

usage: tls_test.py --bin-dir BUILD/bin --work-dir FOLDER
"""
import pathlib
import shutil
import subprocess
import sys
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy"))
from calls import code_of  # noqa: E402
from certificates import Authority, s_client  # noqa: E402
from common import check, run, run_test  # noqa: E402
from pointsmand import DidNotStart, Pointsmand  # noqa: E402

LIST_POOLS = "/pointsman.v1.Admin/ListPools"
CHANGE_S = 60  # for a change that must be noticed


def code(channel, metadata=()):
    return code_of(channel, LIST_POOLS, metadata)


def tls_channel(server, authority, client=None):
    key, certificate = (client[1].read_bytes(), client[0].read_bytes()) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, certificate)
    # A new connection each time; otherwise an old one would be reused.
    return grpc.secure_channel(f"localhost:{server.port}", credentials,
                               (("grpc.use_local_subchannel_pool", 1),))


def wait_for(what, is_so):
    until = time.monotonic() + CHANGE_S
    while not is_so():
        check(time.monotonic() < until, f"{what} within {CHANGE_S} s", "not")
        time.sleep(0.2)


def refused_start(args, says, *words, **listen):
    try:
        with Pointsmand(args.bin_dir, *words, **listen):
            check(False, f"it does not start with {words} {listen}", "it did")
    except DidNotStart as why:
        check(says in str(why), "it says why it does not start", str(why))


def check_start(args, authority, config):
    """Serves beyond this machine only with TLS and client authentication, or with --insecure."""
    refused_start(args, "set `tls`", listen="0.0.0.0:0")
    refused_start(args, "admin_insecure", admin_listen="0.0.0.0:0")
    certificate, key = authority.vouch("server", args.work_dir / "server")
    config.write_text(f"tls: {{certificate_file: {certificate}, key_file: {key}}}\n")
    refused_start(args, "tokens_file", "--config", config, listen="0.0.0.0:0")
    config.write_text(f"tls: {{certificate_file: {certificate}, key_file: {authority.key}}}\n")
    refused_start(args, "does not match the certificate", "--config", config)
    config.write_text(f"tls: {{certificate_file: {certificate}}}\n")
    refused_start(args, "needs certificate_file and key_file", "--config", config)
    config.write_text("tokens_file: /nowhere/tokens.yaml\n")
    refused_start(args, "/nowhere/tokens.yaml", "--config", config)
    with Pointsmand(args.bin_dir, "--insecure", "--admin-insecure", listen="0.0.0.0:0",
                    admin_listen="0.0.0.0:0"):
        pass


def check_tls(args, authority, stranger, config):
    folder = args.work_dir / "server"
    certificate, key = authority.vouch("server", folder)
    config.write_text(f"tls: {{certificate_file: {certificate}, key_file: {key}}}\n")
    with Pointsmand(args.bin_dir, "--config", config) as server:
        check(code(tls_channel(server, authority)) == grpc.StatusCode.OK, "who trusts it is answered", "")
        check(code(tls_channel(server, stranger)) == grpc.StatusCode.UNAVAILABLE,
              "who does not trust it is not", "")
        check(code(grpc.insecure_channel(server.address)) == grpc.StatusCode.UNAVAILABLE,
              "nobody is answered without TLS", "")
        for version, is_taken in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            # Debian's openssl refuses the old versions at its default security level.
            was_taken, said = s_client(server.address, version, "-cipher", "ALL@SECLEVEL=0")
            check(was_taken == is_taken, f"{version} is {'taken' if is_taken else 'refused'}", said)
        taken, said = s_client(server.address, "-CAfile", authority.certificate, "-verify_return_error")
        check(taken and "Verify return code: 0 (ok)" in said, "openssl verifies its certificate", said)
        cli = run(args.bin_dir / "pointsman", "--server", f"localhost:{server.port}", "--tls-ca",
                  authority.certificate, "pool", "list")
        check(cli is not None, "the command line speaks TLS", cli)

        old = tls_channel(server, authority)
        check(code(old) == grpc.StatusCode.OK, "a connection is there", "")
        authority.vouch("renewed", folder)
        wait_for("the new certificate is shown",
                 lambda: "CN = renewed" in s_client(server.address)[1])
        check(code(old) == grpc.StatusCode.OK, "a connection from before goes on", "")
        check(code(tls_channel(server, authority)) == grpc.StatusCode.OK, "and a new one is made", "")
        # Half of a renewal: existing connections continue, and the log reports the error.
        key.write_text("nonsense")
        wait_for("the log reports a key that cannot be read",
                 lambda: any("until the TLS files are fixed" in line for line in server.said))
        check(code(old) == grpc.StatusCode.OK, "a connection from before goes on", "")
        authority.vouch("again", folder)
        wait_for("a whole pair is taken again", lambda: "CN = again" in s_client(server.address)[1])


def check_mutual(args, authority, stranger, config):
    certificate, key = authority.vouch("server", args.work_dir / "server")
    clients = Authority(args.work_dir / "clients", "clients")
    config.write_text(f"tls: {{certificate_file: {certificate}, key_file: {key}, "
                      f"client_ca_file: {clients.certificate}}}\n")
    good = clients.vouch("app", file="app")
    bad = stranger.vouch("app", file="app")
    with Pointsmand(args.bin_dir, "--config", config) as server:
        check(code(tls_channel(server, authority, good)) == grpc.StatusCode.OK, "a client with a certificate", "")
        for what, client in (("without a certificate", None), ("with a stranger's", bad)):
            got = code(tls_channel(server, authority, client))
            check(got == grpc.StatusCode.UNAVAILABLE, f"a client {what} is not let in", got)
        run(args.bin_dir / "pointsman", "--server", f"localhost:{server.port}", "--tls-ca",
            authority.certificate, "--tls-cert", good[0], "--tls-key", good[1], "pool", "list")


def check_tokens_change(args, authority, config):
    certificate, key = authority.vouch("server", args.work_dir / "server")
    file = args.work_dir / "tokens.yaml"
    file.unlink(missing_ok=True)

    def token(*words):
        return run(args.bin_dir / "pointsman", "token", *words, "--file", file).splitlines()[0]

    def pointsman(token_file, *words):
        return subprocess.run([args.bin_dir / "pointsman", "--server", f"localhost:{server.port}", "--tls-ca",
                               authority.certificate, "--token-file", token_file, *words], text=True,
                              capture_output=True, check=False)
    first = token("create", "first", "--scopes", "admin", "--pools", "*")
    config.write_text(f"tokens_file: {file}\n"
                      f"tls: {{certificate_file: {certificate}, key_file: {key}}}\n")
    with Pointsmand(args.bin_dir, "--config", config) as server:
        channel = tls_channel(server, authority)

        def code_of(text):
            return code(channel, (("authorization", f"Bearer {text}"),))
        check(code_of(first) == grpc.StatusCode.OK, "a token is known", "")
        second = token("create", "second", "--scopes", "admin", "--pools", "*")
        wait_for("a new token is known", lambda: code_of(second) == grpc.StatusCode.OK)
        token("revoke", "first")
        wait_for("a revoked token is refused", lambda: code_of(first) == grpc.StatusCode.UNAUTHENTICATED)
        kept = file.read_text()
        file.write_text("tokens: [nonsense")
        wait_for("the log reports a file that cannot be read",
                 lambda: any("tokens file cannot be read" in line for line in server.said))
        check(code_of(second) == grpc.StatusCode.OK, "the old tokens stay in force", "")
        file.unlink()
        check(code_of(second) == grpc.StatusCode.OK, "also when the file is gone", "")
        file.write_text(kept)
        word = args.work_dir / "token"
        word.write_text(second + "\n")
        done = pointsman(word, "pool", "list")
        check(done.returncode == 0, "the command line shows a token", done)
        word.write_text(first + "\n")
        done = pointsman(word, "pool", "list")
        check(done.returncode == 8 and "reason: TOKEN" in done.stderr, "and says when it is refused", done)
        for secret in (first, second):
            said = "".join(server.said)
            check(secret.rsplit(".", 1)[1] not in said, "no token gets into the log", said)


def test(args):
    shutil.rmtree(args.work_dir, ignore_errors=True)
    args.work_dir.mkdir(parents=True)
    authority, stranger = (Authority(args.work_dir / name, name) for name in ("authority", "stranger"))
    config = args.work_dir / "config.yaml"
    check_start(args, authority, config)
    check_tls(args, authority, stranger, config)
    check_mutual(args, authority, stranger, config)
    check_tokens_change(args, authority, config)
    print("TLS, mutual TLS, and tokens, with what changes while it serves")


if __name__ == "__main__":
    run_test(__doc__, test)
