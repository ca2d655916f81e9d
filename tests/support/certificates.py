"""Certificates for tests, made with the openssl command: a CA, and certificates that it issues."""
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


def s_client(address, *words):
    """The output of `openssl s_client`, and whether the handshake succeeded."""
    done = subprocess.run(["openssl", "s_client", "-connect", address, "-alpn", "h2", *map(str, words)],
                          input=b"", capture_output=True, timeout=30, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    return done.returncode == 0 and "Cipher is (NONE)" not in said, said


class Authority:
    """A CA: ca.crt in `folder`, and NAME.crt with NAME.key for each issued certificate."""

    def __init__(self, folder, name="test authority"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = folder / "ca.crt", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def vouch(self, name, into=None, file="tls"):
        """A certificate for localhost with this name, as `file`.crt and `file`.key."""
        folder = into or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", folder / f"{file}.key.new", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", 2, "-extfile", extensions, "-out", folder / f"{file}.crt.new")
        for ending in ("key", "crt"):
            (folder / f"{file}.{ending}.new").rename(folder / f"{file}.{ending}")
        return folder / f"{file}.crt", folder / f"{file}.key"
