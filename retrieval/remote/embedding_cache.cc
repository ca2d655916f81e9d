#include "retrieval/remote/embedding_cache.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kEntryBytes = 150;

}  // namespace

TextKey KeyOf(SipKey key, std::string_view text) {
  return {SipHash(key, text), SipHash({~key.k0, ~key.k1}, text)};
}

std::size_t EmbeddingCache::BytesOf(const Embedding& embedding) {
  return kEntryBytes + embedding->size() * sizeof(float);
}

Embedding EmbeddingCache::Find(TextKey key) {
  const auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, it->second);
  return it->second->second;
}

void EmbeddingCache::Put(TextKey key, Embedding embedding) {
  if (BytesOf(embedding) > bytes_max_ || entries_.count(key) > 0) return;
  bytes_ += BytesOf(embedding);
  order_.emplace_front(key, std::move(embedding));
  entries_[key] = order_.begin();
  while (bytes_ > bytes_max_) {
    bytes_ -= BytesOf(order_.back().second);
    entries_.erase(order_.back().first);
    order_.pop_back();
  }
}

}  // namespace pointsman::retrieval
