#include "service/grpc/credentials.h"

#include <grpc/grpc_security.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <string>

#include "base/strings.h"

namespace pointsman::service {
namespace {

constexpr unsigned kReadAgainSeconds = 5;

std::string_view View(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

// Passes gRPC's question about one RPC to admission (grpc_auth_metadata_processor). It uses gRPC's C API,
// because the C++ API supports this only for TLS, and copies all metadata.
void AskAdmission(void* state, grpc_auth_context* context, const grpc_metadata* metadata,
                  size_t count, grpc_process_auth_metadata_done_cb done, void* done_data) {
  std::string_view path, authorization;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view key = View(metadata[i].key);
    if (key == ":path") path = View(metadata[i].value);
    if (key == "authorization") authorization = View(metadata[i].value);
  }
  // gRPC creates one context per connection, so its address identifies the connection.
  // NOLINTNEXTLINE(bugprone-sizeof-expression): the bytes of the pointer itself
  const std::string_view connection(reinterpret_cast<const char*>(&context), sizeof context);
  const absl::Status status =
      static_cast<Admission*>(state)->AtArrival(path, authorization, connection);
  const std::string message(ToStd(status.message()));
  done(done_data, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.code()),
       status.ok() ? nullptr : message.c_str());
}

grpc_server_credentials* MakeTls(const TlsSettings& tls) {
  grpc_tls_credentials_options* options = grpc_tls_credentials_options_create();
  const bool wants_client_certificates = !tls.client_ca_file.empty();
  grpc_tls_certificate_provider* files = grpc_tls_certificate_provider_file_watcher_create(
      tls.key_file.c_str(), tls.certificate_file.c_str(),
      wants_client_certificates ? tls.client_ca_file.c_str() : nullptr, kReadAgainSeconds);
  grpc_tls_credentials_options_set_certificate_provider(options, files);
  grpc_tls_certificate_provider_release(files);
  grpc_tls_credentials_options_watch_identity_key_cert_pairs(options);
  if (wants_client_certificates) {
    grpc_tls_credentials_options_watch_root_certs(options);
    grpc_tls_credentials_options_set_cert_request_type(
        options, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc_tls_server_credentials_create(options);  // takes ownership of the options
}

// grpc::ServerCredentials defines how gRPC opens a port. There is no public way to create one from C
// credentials, hence this subclass.
class AdmissionCredentials final : public grpc::ServerCredentials {
 public:
  AdmissionCredentials(TlsSettings tls, Admission& admission)
      : tls_(std::move(tls)), admission_(admission) {}
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    grpc_server_credentials* credentials =
        tls_.is_on() ? MakeTls(tls_) : grpc_insecure_server_credentials_create();
    grpc_server_credentials_set_auth_metadata_processor(credentials,
                                                        {AskAdmission, nullptr, &admission_});
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  const TlsSettings tls_;
  Admission& admission_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsSettings& tls,
                                                         Admission& admission) {
  return std::make_shared<AdmissionCredentials>(tls, admission);
}

}  // namespace pointsman::service
