#include "retrieval/index/arm_index.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "base/published.h"
#include "retrieval/index/builder_thread.h"
#include "retrieval/index/inverted_file.h"
#include "retrieval/index/row_codes.h"
#include "retrieval/index/top_hits.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kListedRowsMin = 16384;
constexpr std::size_t kProbes = 24;
constexpr uint32_t kBlockRows = 256;
constexpr uint32_t kChangesMin = 1024;
constexpr uint32_t kNever = UINT32_MAX;

// Changes of a generation are numbered from 0. A row is valid for the searches that see its own change but
// not the one that ended it. So every search sees the arms as they were after some change.
using Change = std::atomic<uint32_t>;

struct CodedRows {
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

// The arms as of the last build.
struct Base {
  Base(uint32_t dimension, std::vector<ArmId> ids, CodedRows vectors)
      : arms(std::move(ids)), ended_at(std::make_unique<Change[]>(arms.size())) {
    for (std::size_t i = 0; i < arms.size(); ++i) ended_at[i].store(kNever);
    if (arms.size() >= kListedRowsMin) {
      auto built = InvertedFile::Build(dimension, vectors.codes, vectors.scales);
      // Without lists the index still answers, exactly and more slowly.
      if (built.ok()) lists = std::move(built).value();
    }
    if (lists == nullptr) rows = std::move(vectors);
  }

  std::vector<ArmId> arms;  // ascending
  std::unique_ptr<Change[]> ended_at;
  std::unique_ptr<const InvertedFile> lists;
  CodedRows rows;      // empty if `lists` has them
  Change changes = 0;  // how many changes of this generation are visible
};

// A piece of the overlay: one row per change. A removal is a row without a valid vector.
struct Block {
  explicit Block(uint32_t dimension)
      : codes(std::make_unique<int8_t[]>(kBlockRows * CodeStride(dimension))) {}

  ArmId arms[kBlockRows] = {};
  bool is_removal[kBlockRows] = {};
  Change ended_at[kBlockRows] = {};
  std::unique_ptr<int8_t[]> codes;
  float scales[kBlockRows] = {};
};

struct Generation {
  std::shared_ptr<Base> base;
  std::vector<std::shared_ptr<Block>> blocks;

  uint32_t VisibleChanges() const {
    const auto room = static_cast<uint32_t>(blocks.size()) * kBlockRows;
    return std::min(base->changes.load(std::memory_order_acquire), room);
  }
};

}  // namespace

class ArmIndex::Impl {
 public:
  Impl(uint32_t dimension, Building building)
      : dimension_(dimension),
        stride_(CodeStride(dimension)),
        building_(building),
        current_{std::make_shared<Base>(dimension, std::vector<ArmId>(), CodedRows()), {}},
        builder_([this] { return RebuildOnce(); }) {
    POINTSMAN_CHECK(dimension >= 1);
    published_.Set(std::make_shared<const Generation>(current_));
  }

  void Change(ArmId arm, std::span<const float> vector);  // empty: removes
  std::vector<ArmHit> Search(std::span<const float> query, std::size_t k, bool is_exact) const;
  std::size_t size() const {
    MutexLock lock(mutex_);
    return where_.size();
  }
  uint32_t dimension() const { return dimension_; }

 private:
  // Where the valid vector of an arm is: a row of the base, or past those a row of the overlay.
  using Where = std::unordered_map<uint32_t, uint32_t>;

  bool IsRebuildDue() const REQUIRES_LOCK(mutex_);
  // Visible to searches that hold the block it is added to. A caller that adds a block publishes it
  // afterwards. Without codes it removes the arm.
  void Append(ArmId arm, const int8_t* codes, float scale) REQUIRES_LOCK(mutex_);
  bool RebuildOnce();
  std::shared_ptr<Base> Rebuild(const Generation& from, uint32_t changes) const;
  void Install(std::shared_ptr<Base> base, Where where, uint32_t changes);
  bool Scan(const Generation& generation, const CodedQuery& query, std::size_t k, bool is_exact,
            TopHits& hits) const;
  bool ScanBase(const Base& base, uint32_t changes, const CodedQuery& query, std::size_t k,
                bool is_exact, TopHits& hits) const;

  const uint32_t dimension_;
  const std::size_t stride_;
  const Building building_;

  Published<Generation> published_;

  mutable Mutex mutex_;
  Generation current_ GUARDED_BY(mutex_);
  Where where_ GUARDED_BY(mutex_);

  BuilderThread builder_;  // last, so that it stops before the members it uses are destroyed
};

void ArmIndex::Impl::Change(ArmId arm, std::span<const float> vector) {
  bool is_due = false;
  std::vector<int8_t> codes(stride_);
  const float scale = EncodeRow(vector, codes.data());
  {
    MutexLock lock(mutex_);
    if (vector.empty() && !where_.contains(Index(arm))) return;
    const std::size_t blocks = current_.blocks.size();
    Append(arm, vector.empty() ? nullptr : codes.data(), scale);
    if (current_.blocks.size() > blocks) {
      published_.Set(std::make_shared<const Generation>(current_));
    }
    is_due = IsRebuildDue();
  }
  if (is_due && building_ == Building::kBackground) builder_.Wake();
  if (is_due && building_ == Building::kInline) RebuildOnce();
}

bool ArmIndex::Impl::IsRebuildDue() const {
  const auto rows = static_cast<uint32_t>(current_.base->arms.size());
  return current_.base->changes.load(std::memory_order_relaxed) >= std::max(kChangesMin, rows / 8);
}

void ArmIndex::Impl::Append(ArmId arm, const int8_t* codes, float scale) {
  Base& base = *current_.base;
  const uint32_t change = base.changes.load(std::memory_order_relaxed);
  const auto base_rows = static_cast<uint32_t>(base.arms.size());
  if (change == current_.blocks.size() * kBlockRows) {
    current_.blocks.push_back(std::make_shared<Block>(dimension_));
  }
  if (const auto found = where_.find(Index(arm)); found != where_.end()) {
    const uint32_t row = found->second;
    std::atomic<uint32_t>& ended_at = row < base_rows
                                          ? base.ended_at[row]
                                          : current_.blocks[(row - base_rows) / kBlockRows]
                                                ->ended_at[(row - base_rows) % kBlockRows];
    ended_at.store(change, std::memory_order_relaxed);
    where_.erase(found);
  }
  Block& block = *current_.blocks[change / kBlockRows];
  const uint32_t slot = change % kBlockRows;
  block.arms[slot] = arm;
  block.is_removal[slot] = codes == nullptr;
  block.ended_at[slot].store(codes == nullptr ? change : kNever, std::memory_order_relaxed);
  if (codes != nullptr) {
    std::copy_n(codes, stride_, block.codes.get() + slot * stride_);
    block.scales[slot] = scale;
    where_.emplace(Index(arm), base_rows + change);
  }
  base.changes.store(change + 1, std::memory_order_release);
}

bool ArmIndex::Impl::RebuildOnce() {
  Generation from;
  uint32_t changes = 0;
  {
    MutexLock lock(mutex_);
    if (!IsRebuildDue()) return false;
    from = current_;
    changes = from.VisibleChanges();
  }
  std::shared_ptr<Base> base = Rebuild(from, changes);
  Where where;
  where.reserve(base->arms.size());
  for (uint32_t row = 0; row < base->arms.size(); ++row) where.emplace(Index(base->arms[row]), row);
  Install(std::move(base), std::move(where), changes);
  return true;
}

// The arms that are valid after `changes` changes, in order of their ids.
std::shared_ptr<Base> ArmIndex::Impl::Rebuild(const Generation& from, uint32_t changes) const {
  const Base& old = *from.base;
  CodedRows old_rows;
  if (old.lists != nullptr) {
    old_rows.codes.resize(old.arms.size() * stride_);
    old_rows.scales.resize(old.arms.size());
    old.lists->CopyRows(old_rows.codes, old_rows.scales);
  } else {
    old_rows = old.rows;
  }
  struct Row {
    ArmId arm{};
    const int8_t* codes = nullptr;
    float scale = 0;
  };
  std::vector<Row> valid;
  for (std::size_t row = 0; row < old.arms.size(); ++row) {
    if (old.ended_at[row].load(std::memory_order_relaxed) < changes) continue;
    valid.push_back({old.arms[row], old_rows.codes.data() + row * stride_, old_rows.scales[row]});
  }
  for (uint32_t change = 0; change < changes; ++change) {
    const Block& block = *from.blocks[change / kBlockRows];
    const uint32_t slot = change % kBlockRows;
    if (block.ended_at[slot].load(std::memory_order_relaxed) < changes) continue;
    valid.push_back({block.arms[slot], block.codes.get() + slot * stride_, block.scales[slot]});
  }
  std::sort(valid.begin(), valid.end(), [](const Row& a, const Row& b) { return a.arm < b.arm; });
  std::vector<ArmId> arms;
  CodedRows rows;
  arms.reserve(valid.size());
  rows.codes.reserve(valid.size() * stride_);
  rows.scales.reserve(valid.size());
  for (const Row& row : valid) {
    arms.push_back(row.arm);
    rows.codes.insert(rows.codes.end(), row.codes, row.codes + stride_);
    rows.scales.push_back(row.scale);
  }
  return std::make_shared<Base>(dimension_, std::move(arms), std::move(rows));
}

// Changes from `changes` on were made during the build and are repeated on top of it.
void ArmIndex::Impl::Install(std::shared_ptr<Base> base, Where where, uint32_t changes) {
  Generation old;  // destroyed after the lock, because it may be large
  MutexLock lock(mutex_);
  old = std::move(current_);
  const uint32_t all_changes = old.base->changes.load(std::memory_order_relaxed);
  current_ = Generation{std::move(base), {}};
  where_ = std::move(where);
  for (uint32_t change = changes; change < all_changes; ++change) {
    const Block& block = *old.blocks[change / kBlockRows];
    const uint32_t slot = change % kBlockRows;
    Append(block.arms[slot], block.is_removal[slot] ? nullptr : block.codes.get() + slot * stride_,
           block.scales[slot]);
  }
  published_.Set(std::make_shared<const Generation>(current_));
}

bool ArmIndex::Impl::ScanBase(const Base& base, uint32_t changes, const CodedQuery& query,
                              std::size_t k, bool is_exact, TopHits& hits) const {
  float similarities[kBlockRows];
  // `ids` null: the rows from `first` on.
  const auto offer = [&](const int8_t* codes, const float* scales, const uint32_t* ids,
                         std::size_t first, std::size_t count) {
    CodeSimilarities(query, codes, scales, count, similarities);
    for (std::size_t i = 0; i < count; ++i) {
      if (!hits.Wants(similarities[i])) continue;
      const std::size_t row = ids == nullptr ? first + i : ids[i];
      if (base.ended_at[row].load(std::memory_order_relaxed) < changes) continue;
      hits.Add({.similarity = similarities[i], .key = Index(base.arms[row])});
    }
  };
  if (base.lists == nullptr) {
    for (std::size_t row = 0; row < base.arms.size(); row += kBlockRows) {
      offer(base.rows.codes.data() + row * stride_, base.rows.scales.data() + row, nullptr, row,
            std::min<std::size_t>(kBlockRows, base.arms.size() - row));
    }
    return true;
  }
  const InvertedFile& lists = *base.lists;
  const std::size_t probes =
      is_exact ? lists.lists() : std::max(kProbes, 4 * k * lists.lists() / lists.rows());
  InvertedFile::Ranking ranking;
  lists.NearestLists(query, probes, ranking);
  for (const auto& ranked : ranking) {
    const InvertedFile::List list = lists.list(ranked.second);
    for (std::size_t i = 0; i < list.size; i += kBlockRows) {
      offer(list.codes + i * stride_, list.scales + i, list.ids + i, 0,
            std::min<std::size_t>(kBlockRows, list.size - i));
    }
  }
  return probes >= lists.lists();
}

bool ArmIndex::Impl::Scan(const Generation& generation, const CodedQuery& query, std::size_t k,
                          bool is_exact, TopHits& hits) const {
  const uint32_t changes = generation.VisibleChanges();
  float similarities[kBlockRows];
  for (uint32_t first = 0; first < changes; first += kBlockRows) {
    const Block& block = *generation.blocks[first / kBlockRows];
    const uint32_t count = std::min(kBlockRows, changes - first);
    CodeSimilarities(query, block.codes.get(), block.scales, count, similarities);
    for (uint32_t slot = 0; slot < count; ++slot) {
      if (block.ended_at[slot].load(std::memory_order_relaxed) < changes) continue;
      hits.Add({.similarity = similarities[slot], .key = Index(block.arms[slot])});
    }
  }
  return ScanBase(*generation.base, changes, query, k, is_exact, hits);
}

std::vector<ArmHit> ArmIndex::Impl::Search(std::span<const float> query, std::size_t k,
                                           bool is_exact) const {
  const std::shared_ptr<const Generation> generation = published_.Get();
  const CodedQuery coded = EncodeQuery(query);
  TopHits hits(k);
  if (!Scan(*generation, coded, k, is_exact, hits) && hits.size() < k) {
    hits.Clear();
    Scan(*generation, coded, k, /*is_exact=*/true, hits);
  }
  std::vector<ArmHit> found;
  for (const Hit& hit : hits.Sorted()) {
    found.push_back({ArmId{hit.key}, hit.similarity});
  }
  return found;
}

ArmIndex::ArmIndex(uint32_t dimension, Building building)
    : impl_(std::make_unique<Impl>(dimension, building)) {}
ArmIndex::~ArmIndex() = default;

void ArmIndex::Put(ArmId arm, std::span<const float> vector) {
  POINTSMAN_CHECK(vector.size() == impl_->dimension());
  impl_->Change(arm, vector);
}

void ArmIndex::Remove(ArmId arm) { impl_->Change(arm, {}); }

std::vector<ArmHit> ArmIndex::Search(std::span<const float> query, std::size_t k) const {
  POINTSMAN_CHECK(query.size() == impl_->dimension());
  return impl_->Search(query, k, /*is_exact=*/false);
}

std::vector<ArmHit> ArmIndex::SearchExactly(std::span<const float> query, std::size_t k) const {
  POINTSMAN_CHECK(query.size() == impl_->dimension());
  return impl_->Search(query, k, /*is_exact=*/true);
}

std::size_t ArmIndex::size() const { return impl_->size(); }

}  // namespace pointsman::retrieval
