#include "storage/folder/migrations.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <limits>
#include <memory>

#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/keys.h"
#include "storage/codec/sealed.h"
#include "storage/folder/snapshot_files.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"

namespace pointsman::storage {
namespace {

absl::Status MoveSnapshotsIntoFiles(LogFolder& folder, SnapshotFiles& snapshots,
                                    rocksdb::WriteBatch& end) {
  auto* family = folder.families[Index(Family::kSnapshots)];
  const std::unique_ptr<rocksdb::Iterator> it(
      folder.db->NewIterator(rocksdb::ReadOptions(), family));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const auto key = DecodeSequenceKey(it->key().ToStringView());
    const auto bytes = Unseal(RecordKind::kSnapshot, it->value().ToStringView());
    // An unreadable snapshot was useless before the migration, too.
    if (key && bytes.ok()) {
      RETURN_IF_ERROR(
          snapshots.Put(key->first, key->second, *bytes, std::numeric_limits<int64_t>::max()));
    }
    RETURN_IF_ERROR(ToStatus(end.Delete(family, it->key()), "migration: batch"));
  }
  return ToStatus(it->status(), "migration: read the snapshots");
}

}  // namespace

absl::Status Migrate(LogFolder& folder, SnapshotFiles& snapshots) {
  if (folder.format == kFormatVersion) return absl::OkStatus();
  rocksdb::WriteBatch end;
  if (folder.format == 1) RETURN_IF_ERROR(MoveSnapshotsIntoFiles(folder, snapshots, end));
  RETURN_IF_ERROR(ToStatus(
      end.Put(folder.families[Index(Family::kMeta)], kMetaFormat, EncodeMetaNumber(kFormatVersion)),
      "migration: batch"));
  const rocksdb::Status written = folder.db->Write(WriteOptionsFor(Durability::kDisk), &end);
  folder.is_broken = !written.ok();
  RETURN_IF_ERROR(ToStatus(written, "migration: end"));
  folder.format = kFormatVersion;
  return absl::OkStatus();
}

}  // namespace pointsman::storage
