// How much of each client's feedback on each arm of one pool was counted within the last hour. Used for pools
// that bound it (PoolSettings::client_weight_per_hour).
// Operation: a sliding window. What was counted is summed by stretches of five minutes, and counts against the
//   client until the whole stretch is an hour old. So no hour, wherever it begins, has more than the bound, and
//   used weight becomes available again after 60 to 65 minutes. A leaky bucket would not do. A full one lets
//   its size and an hour's refill pass within one hour, which is twice the bound. And a flood of feedback would
//   get many tiny weights, each of which is an outcome for learners that count outcomes.
// Memory: at most `entries_max` pairs of client and arm, about 220 bytes each. Pairs whose hour is over are
//   dropped. If that is not enough, the pair that was counted longest ago is dropped, and its client has its
//   whole weight again. A client is identified by a hash of its name.
// Limitations: kept in memory alone; after a restart it is read again from the log, whose outcomes say what
//   each was counted for. Time is that of events. If the clock is set back by less than that hour, time stands
//   still until the clock has caught up. If it is set back further, all weight counts as unused.
// Threads: the log writer's alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>

#include "domain/types.h"

namespace pointsman::engine {

// A client's identity in tables and records: a hash of its name.
enum class ClientKey : uint64_t {};
ClientKey KeyOfClient(std::string_view name);

class ClientWeights {
 public:
  static constexpr std::size_t kEntriesMax = 65536;  // about 15 MB
  // No outcome counts for longer than this.
  static constexpr Micros kCountedFor = 3900 * kMicrosPerSecond;

  explicit ClientWeights(std::size_t entries_max = kEntriesMax) : entries_max_(entries_max) {}

  // How much of the client's feedback on the arm was counted within the hour before `now`.
  double Used(ClientKey client, ArmId arm, Micros now) const;
  void Count(ClientKey client, ArmId arm, double weight, Micros now);
  void Clear();

  std::size_t size() const { return entries_.size(); }

 private:
  static constexpr Micros kStretch = 300 * kMicrosPerSecond;
  // The stretches of an hour, and the one in which the hour began.
  static constexpr int64_t kStretches = 13;

  struct Key {
    ClientKey client{};
    ArmId arm{};
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct HashKey {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    int64_t newest = 0;                        // stretch; since the epoch
    std::array<double, kStretches> counted{};  // by stretch, modulo their number
  };

  static double& At(Entry& entry, int64_t stretch) {
    return entry.counted[static_cast<std::size_t>(stretch % kStretches)];
  }
  // The stretch that `now` belongs to, and whether the clock was set back too far to have one.
  int64_t StretchAt(Micros now) const;
  bool IsSetBack(Micros now) const;
  // Drops entries whose hour is over, and makes room for one more.
  void MakeRoom(int64_t stretch);

  const std::size_t entries_max_;
  std::list<Entry> entries_;  // in order of when they were last counted, the oldest first
  std::unordered_map<Key, std::list<Entry>::iterator, HashKey> by_key_;
  int64_t last_ = 0;  // the newest stretch so far
};

}  // namespace pointsman::engine
