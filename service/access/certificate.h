// Checks a server's certificate and key before gRPC gets them. gRPC itself does not report unusable files; it
// refuses each handshake instead.
// Errors: kNotFound for a file that cannot be read, kInvalidArgument for one that is not PEM, or a key that
//   does not match the certificate; each names the file.
// Threads: pure functions, but for the files.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::service {

struct TlsSettings {
  std::string certificate_file;  // PEM: the server's certificate first, then its issuers
  std::string key_file;          // PEM
  std::string
      client_ca_file;  // PEM; if given, clients need a certificate issued by one of these CAs
  bool is_on() const { return !certificate_file.empty(); }
  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

struct CertificateInfo {
  std::string subject;
  Micros expires = 0;
};

absl::StatusOr<CertificateInfo> CheckCertificate(const TlsSettings& tls);

}  // namespace pointsman::service
