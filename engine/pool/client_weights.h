// How much of each client's feedback on each arm of one pool was counted within the last hour, for
// pools that bound it (PoolSettings::client_weight_per_hour).
// Operation: a sliding window. What was counted is kept by stretches of five minutes, and stands
//   against the client until all of its stretch is an hour old. So no hour, wherever it begins, holds
//   more than the bound, and what was used comes back after 60 to 65 minutes. Not a leaky bucket: one
//   that is full lets its size and an hour's refill pass, twice the bound, within one hour; and it
//   gives a flood of feedback a flood of crumbs of weight, each an outcome for those learners that
//   count outcomes.
// Memory: at most `entries_max` pairs of client and arm, about 220 bytes each. Those whose hour is
//   over are dropped; if that does not do, the one that was counted longest ago goes, and its client
//   has its whole weight back. Clients are known by a hash of their names.
// Limitations: in memory; after a restart it is read again from the log, whose outcomes say what each was counted
//   for. Time is that of events. A clock set back by less than that hour stands still until it has caught up; one
//   set back further finds nothing used.
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

// A client as tables and records know it.
enum class ClientKey : uint64_t {};
ClientKey KeyOfClient(std::string_view name);

class ClientWeights {
 public:
  static constexpr std::size_t kEntriesMax = 65536;  // about 15 MB
  // No outcome counts for longer.
  static constexpr Micros kCountedFor = 3900 * kMicrosPerSecond;

  explicit ClientWeights(std::size_t entries_max = kEntriesMax) : entries_max_(entries_max) {}

  // What was counted of the client's feedback on the arm within the hour before `now`.
  double Used(ClientKey client, ArmId arm, Micros now) const;
  void Count(ClientKey client, ArmId arm, double weight, Micros now);
  void Clear();

  std::size_t size() const { return entries_.size(); }

 private:
  static constexpr Micros kStretch = 300 * kMicrosPerSecond;
  // Of an hour, and the one that the hour began in.
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
  // The stretch that `now` counts as, and whether the clock was set back too far for that.
  int64_t StretchAt(Micros now) const;
  bool IsSetBack(Micros now) const;
  // Lets go of what is over, and makes room for one more.
  void MakeRoom(int64_t stretch);

  const std::size_t entries_max_;
  std::list<Entry> entries_;  // in order of when they were last counted, the oldest first
  std::unordered_map<Key, std::list<Entry>::iterator, HashKey> by_key_;
  int64_t last_ = 0;  // the newest stretch so far
};

}  // namespace pointsman::engine
