// The TLS settings of an HTTP server. The files are read again when they change, as gRPC does for its port:
// connections from then on get the new certificate.
// Errors: kInvalidArgument naming the file that cannot be used. A file that becomes bad later changes nothing.
// Threads: any.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "service/access/certificate.h"
#include "service/access/watched_files.h"

namespace pointsman::service {

class HttpTls {
 public:
  static absl::StatusOr<std::unique_ptr<HttpTls>> Open(const TlsSettings& settings);
  // For a new connection.
  std::shared_ptr<boost::asio::ssl::context> Context();

 private:
  explicit HttpTls(const TlsSettings& settings);

  const TlsSettings settings_;
  Mutex mutex_;
  WatchedFiles files_ GUARDED_BY(mutex_);
  std::shared_ptr<boost::asio::ssl::context> context_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::service
