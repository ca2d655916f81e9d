#include "service/access/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::service {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using File = std::unique_ptr<FILE, Deleter<&std::fclose>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;

absl::StatusOr<File> Open(const std::string& what, const std::string& path) {
  File file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return NotFound(what, ": ", path, " cannot be read");
  return file;
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& what, const std::string& path) {
  ASSIGN_OR_RETURN(const File file, Open(what, path));
  Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) {
    return InvalidArgument(what, ": ", path, " contains no PEM certificate");
  }
  return certificate;
}

absl::StatusOr<Key> ReadKey(const std::string& path) {
  ASSIGN_OR_RETURN(const File file, Open("tls.key_file", path));
  // Without a callback, OpenSSL asks on the terminal for the passphrase of an encrypted key.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_PrivateKey(file.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return InvalidArgument("tls.key_file: ", path,
                           " contains no PEM key, or its key has a passphrase");
  }
  return key;
}

}  // namespace

absl::StatusOr<CertificateInfo> CheckCertificate(const TlsSettings& tls) {
  ASSIGN_OR_RETURN(const Certificate certificate,
                   ReadCertificate("tls.certificate_file", tls.certificate_file));
  ASSIGN_OR_RETURN(const Key key, ReadKey(tls.key_file));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return InvalidArgument("tls: the key in ", tls.key_file, " does not match the certificate in ",
                           tls.certificate_file);
  }
  if (!tls.client_ca_file.empty()) {
    RETURN_IF_ERROR(ReadCertificate("tls.client_ca_file", tls.client_ca_file).status());
  }
  CertificateInfo info;
  std::array<char, 256> subject{};
  X509_NAME_oneline(X509_get_subject_name(certificate.get()), subject.data(), subject.size());
  info.subject = subject.data();
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) {
    info.expires = static_cast<Micros>(timegm(&end)) * kMicrosPerSecond;
  }
  return info;
}

}  // namespace pointsman::service
