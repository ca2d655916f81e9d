#include "engine/pool/client_weights.h"

#include <algorithm>

#include "base/siphash.h"

namespace pointsman::engine {

ClientKey KeyOfClient(std::string_view name) { return ClientKey{Checksum(name)}; }

std::size_t ClientWeights::HashKey::operator()(const Key& key) const {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: arms are small numbers
  return static_cast<std::size_t>(static_cast<uint64_t>(key.client) ^
                                  (uint64_t{Index(key.arm)} + 1) * kSpread);
}

bool ClientWeights::IsSetBack(Micros now) const { return now / kStretch + kStretches <= last_; }

int64_t ClientWeights::StretchAt(Micros now) const { return std::max(now / kStretch, last_); }

double ClientWeights::Used(ClientKey client, ArmId arm, Micros now) const {
  const auto found = by_key_.find({client, arm});
  if (found == by_key_.end() || IsSetBack(now)) return 0;
  const Entry& entry = *found->second;
  double used = 0;
  const int64_t oldest = std::max<int64_t>(0, StretchAt(now) - kStretches + 1);
  for (int64_t s = oldest; s <= entry.newest; ++s) {
    used += entry.counted[static_cast<std::size_t>(s % kStretches)];
  }
  return used;
}

void ClientWeights::Count(ClientKey client, ArmId arm, double weight, Micros now) {
  if (IsSetBack(now)) Clear();
  const int64_t stretch = last_ = StretchAt(now);
  const Key key{client, arm};
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    MakeRoom(stretch);
    entries_.push_back({.key = key, .newest = stretch});
    found = by_key_.emplace(key, std::prev(entries_.end())).first;
  } else {
    entries_.splice(entries_.end(), entries_, found->second);
  }
  Entry& entry = *found->second;
  // The slots of these stretches still hold what was counted a full round earlier.
  const int64_t stale = std::max(entry.newest + 1, stretch - kStretches + 1);
  for (int64_t s = stale; s <= stretch; ++s) At(entry, s) = 0;
  entry.newest = stretch;
  At(entry, stretch) += weight;
}

void ClientWeights::MakeRoom(int64_t stretch) {
  const auto is_over = [&](const Entry& entry) { return entry.newest + kStretches <= stretch; };
  while (!entries_.empty() && (is_over(entries_.front()) || entries_.size() >= entries_max_)) {
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
  }
}

void ClientWeights::Clear() {
  by_key_.clear();
  entries_.clear();
  last_ = 0;
}

}  // namespace pointsman::engine
