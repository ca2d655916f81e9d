#include "retrieval/index/experience_index.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "base/published.h"
#include "retrieval/index/builder_thread.h"
#include "retrieval/index/experience_segment.h"

namespace pointsman::retrieval {

class ExperienceIndex::Impl {
 public:
  using Segment = ExperienceSegment;

  Impl(uint32_t dimension, std::size_t entries_max, Building building)
      : dimension_(dimension),
        entries_max_(entries_max),
        joined_max_(std::max<std::size_t>(2 * (entries_max / 3), kTileSpan)),
        building_(building),
        builder_([this] { return JoinOnce(); }) {
    POINTSMAN_CHECK(dimension >= 1);
  }

  std::vector<Sequence> Add(const Experience& experience);
  void Search(std::span<const float> query, std::size_t k, bool is_exact,
              std::vector<Neighbour>& out) const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  // What searches read: segments in order of sequence, so their rows are too. The last one is fresh.
  struct View {
    std::vector<std::shared_ptr<const Segment>> segments;
  };

  bool Correct(const Experience& experience) REQUIRES_LOCK(mutex_);
  void StartTile() REQUIRES_LOCK(mutex_);
  Sequence ForgetOldest() REQUIRES_LOCK(mutex_);
  void Publish() REQUIRES_LOCK(mutex_);
  bool JoinOnce();
  std::vector<std::shared_ptr<Segment>> ChooseParts();
  void Install(const std::vector<std::shared_ptr<Segment>>& parts, std::shared_ptr<Segment> joined);
  static bool Scan(const View& view, Sequence first_kept, const CodedQuery& query, std::size_t k,
                   bool is_exact, std::vector<uint32_t>& first_keys, TopHits& hits);

  const uint32_t dimension_;
  const std::size_t entries_max_;
  const std::size_t joined_max_;
  const Building building_;

  Published<View> view_{std::make_shared<const View>()};
  std::atomic<Sequence> first_kept_ = 0;  // entries before it are gone
  std::atomic<std::size_t> size_ = 0;

  Mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_ GUARDED_BY(mutex_);  // the last one is fresh
  Sequence newest_ GUARDED_BY(mutex_) = 0;
  bool is_joining_ GUARDED_BY(mutex_) = false;
  // Corrections made while a join copies qualities; they are repeated in the result of the join.
  std::vector<std::pair<Sequence, float>> corrections_ GUARDED_BY(mutex_);

  BuilderThread builder_;  // last, so that it stops before the members it uses are destroyed
};

std::vector<Sequence> ExperienceIndex::Impl::Add(const Experience& experience) {
  POINTSMAN_CHECK(experience.context.size() == dimension_ && experience.sequence >= 1);
  if (entries_max_ == 0) return {experience.sequence};
  std::vector<Sequence> forgotten;
  bool is_new_tile = false;
  {
    MutexLock lock(mutex_);
    if (experience.sequence <= newest_) {
      if (!Correct(experience)) forgotten.push_back(experience.sequence);
      return forgotten;
    }
    if (size() == entries_max_) forgotten.push_back(ForgetOldest());
    is_new_tile = segments_.empty() || experience.sequence >> kTileBits != newest_ >> kTileBits;
    if (is_new_tile) StartTile();
    segments_.back()->Append(experience);
    newest_ = experience.sequence;
    size_.store(size() + 1, std::memory_order_relaxed);
  }
  if (is_new_tile && building_ == Building::kBackground) builder_.Wake();
  if (is_new_tile && building_ == Building::kInline) {
    while (JoinOnce()) {
    }
  }
  return forgotten;
}

bool ExperienceIndex::Impl::Correct(const Experience& experience) {
  if (experience.sequence < first_kept_.load(std::memory_order_relaxed)) return false;
  // The segment of a sequence is the last one that starts at or before it.
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), experience.sequence,
      [](Sequence s, const std::shared_ptr<Segment>& segment) { return s < segment->sequence(0); });
  if (after == segments_.begin()) return false;
  if (!(*std::prev(after))->Correct(experience.sequence, experience.quality)) return false;
  if (is_joining_) corrections_.emplace_back(experience.sequence, experience.quality);
  return true;
}

void ExperienceIndex::Impl::StartTile() {
  if (size() == 0) segments_.clear();  // a fresh segment may hold only dropped entries
  segments_.push_back(std::make_shared<Segment>(dimension_, kTileSpan));
  Publish();
}

Sequence ExperienceIndex::Impl::ForgetOldest() {
  const Segment& oldest = *segments_.front();
  const std::size_t count = oldest.count();
  const std::size_t row = oldest.LowerBound(first_kept_.load(std::memory_order_relaxed), count);
  const Sequence forgotten = oldest.sequence(row);
  first_kept_.store(forgotten + 1, std::memory_order_relaxed);
  size_.store(size() - 1, std::memory_order_relaxed);
  if (row + 1 == count && segments_.size() > 1) {
    segments_.erase(segments_.begin());
    Publish();
  }
  return forgotten;
}

void ExperienceIndex::Impl::Publish() {
  auto view = std::make_shared<View>();
  view->segments.assign(segments_.begin(), segments_.end());
  view_.Set(std::move(view));
}

bool ExperienceIndex::Impl::JoinOnce() {
  const std::vector<std::shared_ptr<Segment>> parts = ChooseParts();
  if (parts.empty()) return false;
  const Sequence first = first_kept_.load(std::memory_order_relaxed);
  Install(parts, Segment::Join(dimension_, parts, first));
  return true;
}

std::vector<std::shared_ptr<ExperienceSegment>> ExperienceIndex::Impl::ChooseParts() {
  MutexLock lock(mutex_);
  std::vector<SegmentSpan> spans;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    spans.push_back({segments_[i]->sequence(0), segments_[i]->count()});
  }
  const Sequence now = newest_ >> kTileBits << kTileBits;
  const auto [begin, end] = NextJoin(spans, now, joined_max_);
  is_joining_ = end > begin;
  return {segments_.begin() + static_cast<std::ptrdiff_t>(begin),
          segments_.begin() + static_cast<std::ptrdiff_t>(end)};
}

void ExperienceIndex::Impl::Install(const std::vector<std::shared_ptr<Segment>>& parts,
                                    std::shared_ptr<Segment> joined) {
  MutexLock lock(mutex_);
  is_joining_ = false;
  for (const auto& [sequence, quality] : corrections_) joined->Correct(sequence, quality);
  corrections_.clear();
  // Parts may have been dropped from the front meanwhile. The rest is contiguous.
  const auto last = std::find(segments_.begin(), segments_.end(), parts.back());
  if (last == segments_.end()) return;
  auto first = last;
  while (first != segments_.begin() &&
         std::find(parts.begin(), parts.end(), *std::prev(first)) != parts.end()) {
    --first;
  }
  *first = std::move(joined);
  segments_.erase(std::next(first), std::next(last));
  Publish();
}

bool ExperienceIndex::Impl::Scan(const View& view, Sequence first_kept, const CodedQuery& query,
                                 std::size_t k, bool is_exact, std::vector<uint32_t>& first_keys,
                                 TopHits& hits) {
  InvertedFile::Ranking scratch;
  first_keys.clear();
  uint32_t first_key = 0;
  bool is_complete = true;
  for (const auto& held : view.segments) {
    const Segment& segment = *held;
    const std::size_t count = segment.count();
    first_keys.push_back(first_key);
    const std::size_t first_row = segment.LowerBound(first_kept, count);
    if (first_row < count) {
      is_complete &= segment.Scan(query, first_row, count, is_exact, k, first_key, scratch, hits);
    }
    first_key += static_cast<uint32_t>(count);
  }
  return is_complete;
}

void ExperienceIndex::Impl::Search(std::span<const float> query, std::size_t k, bool is_exact,
                                   std::vector<Neighbour>& out) const {
  POINTSMAN_CHECK(query.size() == dimension_);
  out.clear();
  // Read once, and before the view: read later, it might exclude everything in an old view. A search that the
  // writer overtakes sees some entries that have just been dropped instead.
  const Sequence first_kept = first_kept_.load(std::memory_order_relaxed);
  const std::shared_ptr<const View> view = view_.Get();
  const CodedQuery coded = EncodeQuery(query);
  std::vector<uint32_t> first_keys;        // by segment; a row's key is its index in the whole view
  TopHits hits(k, Ties::kLargerKeyFirst);  // keys ascend with sequences
  if (!Scan(*view, first_kept, coded, k, is_exact, first_keys, hits) && hits.size() < k) {
    hits.Clear();
    Scan(*view, first_kept, coded, k, /*is_exact=*/true, first_keys, hits);
  }
  for (const Hit& hit : hits.Sorted()) {
    const auto after = std::upper_bound(first_keys.begin(), first_keys.end(), hit.key);
    const auto segment = static_cast<std::size_t>(after - first_keys.begin()) - 1;
    out.push_back(view->segments[segment]->Get(hit.key - first_keys[segment], hit.similarity));
  }
}

ExperienceIndex::ExperienceIndex(uint32_t dimension, std::size_t entries_max, Building building)
    : impl_(std::make_unique<Impl>(dimension, entries_max, building)) {}
ExperienceIndex::~ExperienceIndex() = default;

std::vector<Sequence> ExperienceIndex::Add(const Experience& experience) {
  return impl_->Add(experience);
}

void ExperienceIndex::Search(std::span<const float> query, std::size_t k,
                             std::vector<Neighbour>& out) const {
  impl_->Search(query, k, /*is_exact=*/false, out);
}

void ExperienceIndex::SearchExactly(std::span<const float> query, std::size_t k,
                                    std::vector<Neighbour>& out) const {
  impl_->Search(query, k, /*is_exact=*/true, out);
}

std::size_t ExperienceIndex::size() const { return impl_->size(); }

}  // namespace pointsman::retrieval
