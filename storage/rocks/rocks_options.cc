// Every RocksDB option that matters here is set explicitly. So a later RocksDB package cannot change a
// default under a data folder.
#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <limits>

#include "storage/codec/records.h"
#include "storage/rocks/rocks_common.h"

namespace pointsman::storage {
namespace {

constexpr std::size_t kLogCacheBytes = 8 << 20;
constexpr std::size_t kDecisionCacheBytes = 16 << 20;
constexpr uint64_t kFeedbackRewriteSeconds = 86400;  // expired records are removed within this time

// A decision file holds 1/512 of the kept bytes, so this many files are open at once.
constexpr int64_t kDecisionFiles = 512;
constexpr int64_t kDecisionBufferBytesMin = 64 << 10;
constexpr int64_t kDecisionBufferBytesMax = 32 << 20;
constexpr std::size_t kTimesShare = 4;
// The small family is flushed this often. Otherwise it would keep every log file of the large one.
constexpr std::size_t kBuffersPerWal = 3;

class FeedbackFilter final : public rocksdb::CompactionFilter {
 public:
  explicit FeedbackFilter(const std::atomic<Micros>& horizon) : horizon_(horizon) {}
  const char* Name() const override { return "pointsman.FeedbackFilter"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const std::optional<Micros> changed_at = PeekFeedbackChangedAt(value.ToStringView());
    return changed_at && *changed_at < horizon_.load(std::memory_order_relaxed);
  }

 private:
  const std::atomic<Micros>& horizon_;
};

void SetCommon(rocksdb::DBOptions& o, rocksdb::Env* env) {
  o.env = env != nullptr ? env : rocksdb::Env::Default();
  // Compactions take whole seconds of a core; calls take precedence.
  o.env->LowerThreadPoolCPUPriority(rocksdb::Env::Priority::LOW, rocksdb::CpuPriority::kLow)
      .PermitUncheckedError();
  o.create_if_missing = true;
  o.paranoid_checks = true;
  o.manual_wal_flush = false;  // each write reaches the kernel before it returns
  o.unordered_write = false;
  o.enable_pipelined_write = false;
  o.two_write_queues = false;
  o.recycle_log_file_num = 0;
  o.max_background_jobs = 2;
  o.max_subcompactions = 1;
  o.max_file_opening_threads = 2;
  o.max_bgerror_resume_count = 0;  // an error lasts until the restart (WriteLatch)
  o.max_manifest_file_size = 16 << 20;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.info_log_level = rocksdb::WARN_LEVEL;
  o.max_log_file_size = 1 << 20;
  o.keep_log_file_num = 2;
}

rocksdb::BlockBasedTableOptions TableOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  table.pin_l0_filter_and_index_blocks_in_cache = false;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  return table;
}

}  // namespace

std::unique_ptr<rocksdb::CompactionFilter> NewFeedbackFilter(const std::atomic<Micros>& horizon) {
  return std::make_unique<FeedbackFilter>(horizon);
}

std::shared_ptr<rocksdb::Cache> NewLogCache() {
  return rocksdb::NewLRUCache(kLogCacheBytes, /*num_shard_bits=*/2);
}

rocksdb::DBOptions LogDbOptions(rocksdb::Env* env) {
  rocksdb::DBOptions o;
  SetCommon(o, env);
  o.create_missing_column_families = true;
  // A power loss may leave holes in what was not synced. Those bytes were never acknowledged, so recovery stops
  // before them.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  o.track_and_verify_wals_in_manifest = true;
  o.max_total_wal_size = 64 << 20;  // otherwise rarely written families would keep every log file
  o.db_write_buffer_size = 24 << 20;
  o.max_open_files = 256;
  return o;
}

rocksdb::ColumnFamilyOptions LogFamilyOptions(const FamilyRow& row,
                                              const std::shared_ptr<rocksdb::Cache>& cache,
                                              const rocksdb::CompactionFilter* filter) {
  rocksdb::ColumnFamilyOptions o;
  o.compaction_style = rocksdb::kCompactionStyleLevel;
  o.write_buffer_size = static_cast<std::size_t>(row.write_buffer_bytes);
  o.max_write_buffer_number = 2;
  o.level0_file_num_compaction_trigger = 4;
  o.target_file_size_base = 16 << 20;
  o.max_bytes_for_level_base = 64 << 20;
  o.level_compaction_dynamic_level_bytes = true;
  o.compression = rocksdb::kLZ4Compression;
  o.ttl = 0;
  o.periodic_compaction_seconds = 0;
  if (row.family == Family::kFeedback) {
    o.compaction_filter = filter;
    o.periodic_compaction_seconds = kFeedbackRewriteSeconds;
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(cache)));
  return o;
}

rocksdb::ColumnFamilyOptions DecisionTimesOptions(const rocksdb::Options& records) {
  rocksdb::ColumnFamilyOptions o(
      records);  // NOLINT(cppcoreguidelines-slicing): the part for a column family
  // An entry takes about a twentieth of its decision's bytes, so these expire by age, not by size.
  o.compaction_options_fifo.max_table_files_size /= kTimesShare;
  o.write_buffer_size = std::max<std::size_t>(o.write_buffer_size / kTimesShare,
                                              static_cast<std::size_t>(kDecisionBufferBytesMin));
  return o;
}

rocksdb::Options DecisionsOptions(const StorageOptions& options, rocksdb::Env* env) {
  rocksdb::Options o;
  SetCommon(o, env);
  // Decisions are written unsynced: a power loss costs the newest ones and never prevents a start.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  o.track_and_verify_wals_in_manifest = false;
  // Whole files expire, the oldest first, by age and by total size. FIFO knows a file's age only through its
  // open table, so the number of open files has no limit here; kDecisionFiles bounds it.
  o.compaction_style = rocksdb::kCompactionStyleFIFO;
  o.num_levels = 1;
  o.max_open_files = -1;
  o.compaction_options_fifo.max_table_files_size =
      static_cast<uint64_t>(options.decisions_bytes_max);
  o.compaction_options_fifo.allow_compaction = false;
  o.ttl = static_cast<uint64_t>(options.decision_ttl_s);
  o.periodic_compaction_seconds = 0;
  o.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  o.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  o.write_buffer_size =
      static_cast<std::size_t>(std::clamp(options.decisions_bytes_max / kDecisionFiles,
                                          kDecisionBufferBytesMin, kDecisionBufferBytesMax));
  o.max_total_wal_size = kBuffersPerWal * o.write_buffer_size;
  o.max_write_buffer_number = 2;
  o.create_missing_column_families = true;
  o.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table =
      TableOptions(rocksdb::NewLRUCache(kDecisionCacheBytes, /*num_shard_bits=*/2));
  table.block_size = 16 << 10;  // a quarter of the index of 4 KB blocks
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

}  // namespace pointsman::storage
