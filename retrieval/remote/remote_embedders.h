// The remote embedders of one server, by their names in its config.
// Threads: any; the set never changes.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/siphash.h"
#include "retrieval/remote/remote_embedder.h"

namespace pointsman::retrieval {

class RemoteEmbedders {
 public:
  // `secret` gives the keys of caches and the seeds of jitter. Endpoints must be valid, with unique names.
  RemoteEmbedders(std::span<const RemoteEndpoint> endpoints, SipKey secret);

  RemoteEmbedder* Find(std::string_view name) const;  // null: there is none
  std::string Names() const;                          // for messages: `a, b`, or `none`
  std::vector<RemoteStatistics> statistics() const;
  void Stop();

 private:
  std::map<std::string, std::unique_ptr<RemoteEmbedder>, std::less<>> embedders_;
};

}  // namespace pointsman::retrieval
