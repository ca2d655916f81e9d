#include "storage/rocks/rocks_log_folder.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/keys.h"
#include "storage/codec/records.h"
#include "storage/codec/sealed.h"
#include "storage/rocks/rocks_common.h"

namespace pointsman::storage {
namespace {

// The families to open: the default one, which RocksDB requires and we leave empty; ours; and any that only a
// newer version knows, so that its format version can be read before it is refused.
absl::StatusOr<std::vector<rocksdb::ColumnFamilyDescriptor>> Descriptors(
    const std::string& path, const rocksdb::DBOptions& options,
    const rocksdb::CompactionFilter* filter) {
  const std::shared_ptr<rocksdb::Cache> cache = NewLogCache();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const FamilyRow& row : kFamilies) {
    descriptors.emplace_back(row.name, LogFamilyOptions(row, cache, filter));
  }
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                           LogFamilyOptions(kFamilies[Index(Family::kMeta)], cache, nullptr));
  if (!options.env->FileExists(path + "/CURRENT").ok()) return descriptors;
  std::vector<std::string> names;
  RETURN_IF_ERROR(ToStatus(rocksdb::DB::ListColumnFamilies(options, path, &names),
                           Cat("log: open ", Quoted(path, 1024))));
  for (const std::string& name : names) {
    if (std::none_of(descriptors.begin(), descriptors.end(),
                     [&](const auto& d) { return d.name == name; })) {
      descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
  }
  return descriptors;
}

// Nullopt: there is none. The caller checks the form of the value.
absl::StatusOr<std::optional<std::string>> ReadMeta(const LogFolder& folder, const char* name) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      folder.db->Get(rocksdb::ReadOptions(), folder.families[Index(Family::kMeta)], name, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ToStatus(status, Cat("log: read ", name));
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kMeta, value.ToStringView()));
  return std::optional(std::string(payload));
}

absl::StatusOr<uint32_t> MetaNumber(const std::optional<std::string>& payload, const char* name) {
  ByteReader in(payload ? std::string_view(*payload) : std::string_view());
  const auto number = in.Get<uint32_t>();
  if (!in.AtEnd()) return DataLoss("log: its ", name, " is missing or malformed");
  return number;
}

bool IsEmpty(const LogFolder& folder) {
  return std::all_of(folder.families.begin(), folder.families.end(), [&](auto* family) {
    const std::unique_ptr<rocksdb::Iterator> it(
        folder.db->NewIterator(rocksdb::ReadOptions(), family));
    it->SeekToFirst();
    return !it->Valid() && it->status().ok();
  });
}

// The first write to a new folder: all of it or nothing.
absl::Status MakeMeta(LogFolder& folder) {
  std::array<uint64_t, 2> random{};
  if (getentropy(random.data(), sizeof(random)) != 0) {
    return absl::UnavailableError("log: the kernel returned no random bytes for a new secret");
  }
  folder.secret = {random[0], random[1]};
  auto* meta = folder.families[Index(Family::kMeta)];
  rocksdb::WriteBatch batch;
  for (const auto& [name, value] : {std::pair{kMetaFormat, EncodeMetaNumber(kFormatVersion)},
                                    std::pair{kMetaSecret, EncodeMetaSecret(folder.secret)},
                                    std::pair{kMetaNextPool, EncodeMetaNumber(folder.next_pool)}}) {
    RETURN_IF_ERROR(ToStatus(batch.Put(meta, name, value), "log: batch"));
  }
  const rocksdb::Status made = folder.db->Write(WriteOptionsFor(Durability::kDisk), &batch);
  folder.is_broken = !made.ok();
  return ToStatus(made, "log: make");
}

absl::Status CheckFormat(const std::string& path, uint32_t version, bool has_unknown_family) {
  if (version > kFormatVersion || (has_unknown_family && version == kFormatVersion)) {
    return FailedPrecondition(
        "log: ", Quoted(path, 1024), " has format ", version,
        has_unknown_family ? " with families that this version does not know" : "",
        ", and this version reads up to format ", kFormatVersion,
        "; start the version that wrote it, or a newer one");
  }
  if (version == 0)
    return DataLoss("log: ", Quoted(path, 1024), " has format 0, which does not exist");
  return absl::OkStatus();
}

absl::Status ReadMetaInto(LogFolder& folder, const std::string& path, bool has_unknown_family,
                          bool is_read_only) {
  ASSIGN_OR_RETURN(const auto format, ReadMeta(folder, kMetaFormat));
  if (!format) {
    if (is_read_only || has_unknown_family || !IsEmpty(folder)) {
      return DataLoss("log: ", Quoted(path, 1024),
                      " holds records but no format version; restore "
                      "it from a backup");
    }
    return MakeMeta(folder);
  }
  ASSIGN_OR_RETURN(const uint32_t version, MetaNumber(format, kMetaFormat));
  RETURN_IF_ERROR(CheckFormat(path, version, has_unknown_family));
  folder.format = version;
  ASSIGN_OR_RETURN(const auto next_pool, ReadMeta(folder, kMetaNextPool));
  ASSIGN_OR_RETURN(folder.next_pool, MetaNumber(next_pool, kMetaNextPool));
  ASSIGN_OR_RETURN(const auto secret, ReadMeta(folder, kMetaSecret));
  ByteReader in(secret ? std::string_view(*secret) : std::string_view());
  folder.secret.k0 = in.Get<uint64_t>();
  folder.secret.k1 = in.Get<uint64_t>();
  if (!in.AtEnd()) return DataLoss("log: its secret is missing or malformed");
  return absl::OkStatus();
}

absl::Status OlderFormat(const std::string& path) {
  return FailedPrecondition("log: ", Quoted(path, 1024),
                            " was written by an older version; start pointsmand on it once to "
                            "bring it to format ",
                            kFormatVersion);
}

LogFolder NewFolder() {
  LogFolder folder;
  folder.feedback_horizon =
      std::make_unique<std::atomic<Micros>>(std::numeric_limits<Micros>::min());
  folder.feedback_filter = NewFeedbackFilter(*folder.feedback_horizon);
  return folder;
}

}  // namespace

LogFolder::LogFolder() = default;
LogFolder::LogFolder(LogFolder&&) noexcept = default;

LogFolder::~LogFolder() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  CloseDb(std::move(db), is_broken);
}

std::string EncodeMetaSecret(SipKey secret) {
  ByteWriter out;
  out.Put(secret.k0);
  out.Put(secret.k1);
  return Seal(RecordKind::kMeta, out.bytes());
}

std::string EncodeMetaNumber(uint32_t number) {
  ByteWriter out;
  out.Put(number);
  return Seal(RecordKind::kMeta, out.bytes());
}

std::string EncodeApplied(const AppliedMark& mark) {
  ByteWriter out;
  out.Put(mark.position);
  out.Put(mark.hash);
  out.Put(mark.epoch);
  out.Put(mark.changed);
  out.Put(mark.decisions);
  out.Put(mark.pools_made);
  return Seal(RecordKind::kMeta, out.bytes());
}

absl::StatusOr<AppliedMark> ReadApplied(const LogFolder& folder) {
  ASSIGN_OR_RETURN(const auto payload, ReadMeta(folder, kMetaApplied));
  AppliedMark mark;
  if (!payload) return mark;
  ByteReader in(*payload);
  mark.position = in.Get<uint64_t>();
  mark.hash = in.Get<uint64_t>();
  mark.epoch = in.Get<uint64_t>();
  mark.changed = in.Get<uint64_t>();
  mark.decisions = in.Get<uint64_t>();
  mark.pools_made = in.Get<uint32_t>();
  if (!in.AtEnd()) return DataLoss("log: its ", kMetaApplied, " is malformed");
  return mark;
}

absl::StatusOr<LogFolder> OpenLogFolder(const std::string& path, rocksdb::Env* env) {
  LogFolder folder = NewFolder();
  const rocksdb::DBOptions options = LogDbOptions(env);
  ASSIGN_OR_RETURN(const auto descriptors,
                   Descriptors(path, options, folder.feedback_filter.get()));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path, descriptors, &folder.handles, &opened);
  folder.db.reset(opened);
  RETURN_IF_ERROR(ToStatus(status, Cat("log: open ", Quoted(path, 1024))));
  std::copy_n(folder.handles.begin(), kFamilies.size(), folder.families.begin());
  const bool has_unknown_family = descriptors.size() > kFamilies.size() + 1;
  RETURN_IF_ERROR(ReadMetaInto(folder, path, has_unknown_family, /*is_read_only=*/false));
  return folder;
}

absl::StatusOr<LogFolder> ReadLogFolder(const std::string& path, const std::string& scratch) {
  if (!IsDatabase(path)) {
    return NotFound("log: there is no database in ", Quoted(path, 1024),
                    "; name a data folder or a backup of one");
  }
  LogFolder folder = NewFolder();
  folder.is_broken = true;  // nothing to sync when it closes
  rocksdb::DBOptions options = LogDbOptions(nullptr);
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  options.max_open_files = -1;  // so that a file stays readable when its writer deletes it
  ASSIGN_OR_RETURN(const auto descriptors,
                   Descriptors(path, options, folder.feedback_filter.get()));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenAsSecondary(options, path, scratch, descriptors, &folder.handles, &opened);
  folder.db.reset(opened);
  if (status.IsInvalidArgument()) return OlderFormat(path);  // a family is missing
  RETURN_IF_ERROR(ToStatus(status, Cat("log: read ", Quoted(path, 1024))));
  std::copy_n(folder.handles.begin(), kFamilies.size(), folder.families.begin());
  const bool has_unknown_family = descriptors.size() > kFamilies.size() + 1;
  RETURN_IF_ERROR(ReadMetaInto(folder, path, has_unknown_family, /*is_read_only=*/true));
  if (folder.format != kFormatVersion) return OlderFormat(path);
  return folder;
}

absl::StatusOr<std::map<PoolId, PoolTail>> ReadTails(const LogFolder& folder) {
  std::map<PoolId, PoolTail> tails;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  const std::unique_ptr<rocksdb::Iterator> it(
      folder.db->NewIterator(options, folder.families[Index(Family::kEvents)]));
  for (it->SeekToLast(); it->Valid();) {
    const auto key = DecodeSequenceKey(it->key().ToStringView());
    if (!key) return DataLoss("log: an event's key is malformed");
    const auto [pool, sequence] = *key;
    const absl::StatusOr<Event> event = DecodeEvent(it->value().ToStringView());
    if (!event.ok()) {
      return DataLoss("log of pool ", Index(pool), ", event ", sequence,
                      " (its last): ", ToStd(event.status().message()));
    }
    tails[pool] = {sequence, event->time};
    it->SeekForPrev(EncodeSequenceKey(pool, 0));  // no event has sequence 0
  }
  RETURN_IF_ERROR(ToStatus(it->status(), "log: read the last events"));
  return tails;
}

}  // namespace pointsman::storage
