// The column families of the log database, in one table. Order and names are part of the format: add rows at
// the end, never change or reuse one.
// The decisions database has two families: the default one, with key EncodeDecisionKey and the sealed flat
// decision, and `times`, with key EncodeTimeKey and the sealed WaitingDecision.
// Threads: constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pointsman::storage {

// The format that this build writes. A folder of a newer format is refused; one of an older format is
// migrated when it is opened (storage/folder/migrations.h).
constexpr uint32_t kFormatVersion = 4;

enum class Family : uint8_t {
  kMeta = 0,
  kPools = 1,
  kEvents = 2,
  kFeedback = 3,
  kExperience = 4,
  kSnapshots = 5,
  kProgress = 6,
};

struct FamilyRow {
  Family family;
  const char* name;
  const char* key;
  const char* value;  // each sealed (storage/codec/sealed.h)
  int64_t write_buffer_bytes;
};

inline constexpr std::array<FamilyRow, 7> kFamilies = {{
    {Family::kMeta, "meta", "name",
     "format version, secret, next pool id, how far a shared log was folded", 256 << 10},
    {Family::kPools, "pools", "pool", "Pool", 256 << 10},
    {Family::kEvents, "events", "pool, sequence", "Event", 8 << 20},
    {Family::kFeedback, "feedback", "pool, decision id, arm", "time, FeedbackRecord", 4 << 20},
    {Family::kExperience, "experience", "pool, sequence", "Experience", 4 << 20},
    {Family::kSnapshots, "snapshots", "pool, sequence", "learned state (format 1)", 256 << 10},
    {Family::kProgress, "progress", "pool", "PoolProgress", 256 << 10},
}};

constexpr std::size_t Index(Family family) { return static_cast<std::size_t>(family); }

// The second family of the decisions database.
inline constexpr char kTimesFamily[] = "times";

// The names in `meta`.
inline constexpr char kMetaFormat[] = "format";
inline constexpr char kMetaSecret[] = "secret";
inline constexpr char kMetaNextPool[] = "next_pool_id";
inline constexpr char kMetaApplied[] = "applied";  // only in a folder that follows a shared log

}  // namespace pointsman::storage
