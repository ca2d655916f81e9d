#include "service/app/secrets.h"

#include <spdlog/spdlog.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/access/certificate.h"
#include "service/access/tokens_file.h"

namespace pointsman::service {

Secrets::Secrets(const ServerConfig& config, spdlog::logger& log, Access& access, Metrics& metrics)
    : config_(config),
      log_(log),
      access_(access),
      metrics_(metrics),
      tokens_({config.tokens_file}),
      certificates_({config.tls.certificate_file, config.tls.key_file, config.tls.client_ca_file}) {
}

// Report faulty files now rather than to each client.
absl::Status Secrets::Read() {
  if (config_.tls.is_on()) {
    ASSIGN_OR_RETURN(const CertificateInfo certificate, CheckCertificate(config_.tls));
    metrics_.SetCertificateExpiry(certificate.expires);
  }
  if (!tokens_.Changed())
    return absl::OkStatus();  // there are none: the first look counts as a change
  const auto tokens = LoadTokens(config_.tokens_file);
  if (tokens.ok()) access_.SetTokens(*tokens);
  return tokens.status();
}

void Secrets::Look() {
  LookAtTokens();
  LookAtCertificate();
}

void Secrets::LookAtTokens() {
  if (!tokens_.Changed()) return;
  const auto tokens = LoadTokens(config_.tokens_file);
  if (!tokens.ok()) {
    log_.error("the tokens file cannot be read; the old tokens stay in force: {}",
               ToStd(tokens.status().message()));
    return;
  }
  access_.SetTokens(*tokens);
  log_.info("{} tokens read from {}", tokens->size(), config_.tokens_file);
}

// gRPC reads new files by itself; this logs whether they are usable, and when they expire.
void Secrets::LookAtCertificate() {
  if (!certificates_.Changed()) return;
  const auto certificate = CheckCertificate(config_.tls);
  if (certificate.ok()) {
    metrics_.SetCertificateExpiry(certificate->expires);
    log_.info("certificate of {}, valid until {}", certificate->subject,
              DayText(certificate->expires));
  } else {
    log_.error("new connections will fail until the TLS files are fixed: {}",
               ToStd(certificate.status().message()));
  }
}

}  // namespace pointsman::service
