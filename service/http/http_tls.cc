#include "service/http/http_tls.h"

#include <openssl/ssl.h>

#include "base/strings.h"

namespace pointsman::service {
namespace {

namespace ssl = boost::asio::ssl;

absl::StatusOr<std::shared_ptr<ssl::context>> Make(const TlsSettings& settings) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  const auto fault = [&](const std::string& file) {
    return InvalidArgument("cannot use ", Quoted(file), " for HTTPS: ", error.message());
  };
  if (context->use_certificate_chain_file(settings.certificate_file, error); error) {
    return fault(settings.certificate_file);
  }
  if (context->use_private_key_file(settings.key_file, ssl::context::pem, error); error) {
    return fault(settings.key_file);
  }
  if (!settings.client_ca_file.empty()) {
    if (context->load_verify_file(settings.client_ca_file, error); error) {
      return fault(settings.client_ca_file);
    }
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    // A session of before would be resumed without a look at its certificate's context.
    SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_TICKET);
  }
  return context;
}

}  // namespace

HttpTls::HttpTls(const TlsSettings& settings)
    : settings_(settings),
      files_({settings.certificate_file, settings.key_file, settings.client_ca_file}) {}

absl::StatusOr<std::unique_ptr<HttpTls>> HttpTls::Open(const TlsSettings& settings) {
  std::unique_ptr<HttpTls> tls(new HttpTls(settings));
  MutexLock lock(tls->mutex_);
  tls->files_.Changed();
  auto context = Make(settings);
  if (!context.ok()) return context.status();
  tls->context_ = *std::move(context);
  return tls;
}

std::shared_ptr<ssl::context> HttpTls::Context() {
  MutexLock lock(mutex_);
  if (files_.Changed()) {
    if (auto context = Make(settings_); context.ok()) context_ = *std::move(context);
  }
  return context_;
}

}  // namespace pointsman::service
