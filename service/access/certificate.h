// A server's certificate and key, looked at before gRPC gets them: gRPC says nothing of files that do not
// fit, and refuses each handshake instead.
// Errors: kNotFound for a file that cannot be read, kInvalidArgument for one that is not PEM, or a key
//   that is not the certificate's; each names the file.
// Threads: pure functions, but for the files.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman {

struct TlsSettings {
  std::string certificate_file;  // PEM, the server's first, then those that vouch for it
  std::string key_file;          // PEM
  std::string client_ca_file;    // PEM; if given, clients need a certificate from one of these
  bool is_on() const { return !certificate_file.empty(); }
  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

struct CertificateInfo {
  std::string subject;
  Micros expires = 0;
};

absl::StatusOr<CertificateInfo> CheckCertificate(const TlsSettings& tls);

}  // namespace pointsman
