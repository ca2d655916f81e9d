#include "retrieval/remote/remote_embedders.h"

#include "base/strings.h"

namespace pointsman::retrieval {

RemoteEmbedders::RemoteEmbedders(std::span<const RemoteEndpoint> endpoints, SipKey secret) {
  for (const RemoteEndpoint& endpoint : endpoints) {
    const uint64_t seed = SipHash(secret, endpoint.name);
    embedders_[endpoint.name] =
        std::make_unique<RemoteEmbedder>(endpoint, SipKey{secret.k1 ^ seed, secret.k0}, seed);
  }
}

RemoteEmbedder* RemoteEmbedders::Find(std::string_view name) const {
  const auto it = embedders_.find(name);
  return it == embedders_.end() ? nullptr : it->second.get();
}

std::string RemoteEmbedders::Names() const {
  std::string names;
  for (const auto& [name, unused] : embedders_) names += Cat(names.empty() ? "" : ", ", name);
  return names.empty() ? "none" : names;
}

std::vector<RemoteStatistics> RemoteEmbedders::statistics() const {
  std::vector<RemoteStatistics> statistics;
  for (const auto& [name, embedder] : embedders_) statistics.push_back(embedder->statistics());
  return statistics;
}

void RemoteEmbedders::Stop() {
  for (const auto& [name, embedder] : embedders_) embedder->Stop();
}

}  // namespace pointsman::retrieval
