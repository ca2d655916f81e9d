// A shared log in memory that does whatever a real one may do, by a seed: it answers late or not at all for what it
// took, takes a message twice, takes it much later, lets a reader stall, and its time steps back. It keeps what it
// promises: one order, the same for every reader, and nothing lost that it acknowledged.
// Threads: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/rng.h"
#include "storage/api/shared_log.h"

namespace pointsman::tests {

class AdversarialLog final : public storage::SharedLog {
 public:
  AdversarialLog(uint64_t seed, Micros start) : rng_(seed), now_(start) {}

  void Append(std::string bytes, Appended done) override {
    const double chance = is_calm_ ? 1 : rng_.Uniform();
    if (chance < 0.05) return done(absl::UnavailableError("lost"));  // never there
    if (chance < 0.12) {
      held_.push_back(std::move(bytes));
      return done(absl::UnavailableError("no answer"));  // there later
    }
    Take(bytes);
    if (chance < 0.17) Take(bytes);  // sent again by a client that saw no answer
    if (chance < 0.25) return done(absl::UnavailableError("no answer"));
    done(messages_.back().position);
  }

  absl::StatusOr<std::vector<storage::SharedMessage>> Read(uint64_t after, std::size_t count_max,
                                                           std::chrono::milliseconds) override {
    if (!is_calm_ && rng_.Below(10) == 0) return absl::UnavailableError("no leader");
    if (!is_calm_ && rng_.Below(5) == 0) return std::vector<storage::SharedMessage>();
    const std::size_t from = std::min<std::size_t>(after, messages_.size());
    const std::size_t count = std::min(count_max, messages_.size() - from);
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(from);
    return std::vector<storage::SharedMessage>(begin, begin + static_cast<std::ptrdiff_t>(count));
  }

  absl::StatusOr<storage::SharedRange> Range() override {
    return storage::SharedRange{1, messages_.size()};
  }
  absl::Status DropBefore(uint64_t) override { return absl::UnimplementedError("not here"); }

  // From now on everything is taken at once and read at once; what was held comes now.
  void CalmDown() {
    is_calm_ = true;
    Release();
  }
  // What was held comes in any order.
  void Release() {
    while (!held_.empty()) {
      const auto at = static_cast<std::ptrdiff_t>(rng_.Below(held_.size()));
      Take(held_[static_cast<std::size_t>(at)]);
      held_.erase(held_.begin() + at);
    }
  }
  void Advance(Micros by) { now_ += by; }
  const std::vector<storage::SharedMessage>& messages() const { return messages_; }

 private:
  void Take(const std::string& bytes) {
    const auto jitter = static_cast<Micros>(rng_.Below(2000)) - 1000;  // the leaders' clocks differ
    messages_.push_back({messages_.size() + 1, now_ + jitter, bytes});
  }

  Rng rng_;
  Micros now_;
  bool is_calm_ = false;
  std::vector<storage::SharedMessage> messages_;
  std::vector<std::string> held_;
};

}  // namespace pointsman::tests
