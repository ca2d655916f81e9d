#include "retrieval/remote/remote_embedder.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/rng.h"
#include "retrieval/remote/embeddings_call.h"
#include "retrieval/remote/http_transfers.h"
#include "retrieval/remote/remote_batch.h"
#include "retrieval/remote/text_batches.h"

namespace pointsman::retrieval {
namespace {

using Time = PendingText::Time;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kPatientRest{1000};
constexpr milliseconds kTrialTimeout{30000};
constexpr milliseconds kIdleWait{60000};
constexpr int kRefusedInARow = 16;

}  // namespace

class RemoteEmbedder::Impl {
 public:
  Impl(RemoteEndpoint endpoint, SipKey key, uint64_t seed)
      : endpoint_(std::move(endpoint)),
        key_(key),
        rng_(seed),
        transfers_(endpoint_.concurrency_max),
        batches_({static_cast<std::size_t>(endpoint_.batch_items_max),
                  microseconds(endpoint_.batch_wait_us),
                  static_cast<std::size_t>(endpoint_.concurrency_max)}),
        cache_(static_cast<std::size_t>(endpoint_.cache_bytes_max)),
        breaker_({endpoint_.breaker_failures, milliseconds(endpoint_.breaker_open_ms),
                  milliseconds(endpoint_.breaker_open_ms_max)},
                 ~seed) {
    statistics_.endpoint = endpoint_.name;
    statistics_.model = endpoint_.model;
    thread_ = std::thread([this] { Run(); });
  }

  const RemoteEndpoint& endpoint() const { return endpoint_; }
  void Expect(uint32_t dimension) { expected_ = dimension; }

  void Embed(std::string text, uint32_t dimension, Patience patience, Done done) {
    const Time now = std::chrono::steady_clock::now();
    PendingText pending{
        std::move(text), {}, dimension, patience == Patience::kForever, now, Time::max(),
        std::move(done)};
    pending.key = KeyOf(key_, pending.text);
    if (!pending.is_patient) pending.deadline = now + milliseconds(endpoint_.deadline_ms);
    Embedding cached;
    absl::Status refused;
    {
      MutexLock lock(mutex_);
      if (!pending.is_patient) cached = Remembered(pending.key);
      if (cached == nullptr) refused = WhyNot(pending);
      if (cached == nullptr && refused.ok()) {
        waiting_ += !pending.is_patient;
        inbox_.push_back(std::move(pending));
        return transfers_.Wake();
      }
    }
    if (cached != nullptr) return Answer(pending, cached);
    pending.done(refused);
  }

  void Try(std::vector<std::string> texts, std::function<void(absl::StatusOr<Trial>)> done) {
    Batch batch;
    batch.errand = Errand::kTrial;
    for (std::string& text : texts) {
      batch.texts.push_back({std::move(text), {}, 0, false, {}, Time::max(), nullptr});
    }
    batch.trial = std::move(done);
    {
      MutexLock lock(mutex_);
      if (!is_stopping_) {
        trials_.push_back(std::move(batch));
        transfers_.Wake();
        return;
      }
    }
    batch.trial(Stopping(endpoint_));
  }

  RemoteStatistics statistics() const {
    MutexLock lock(mutex_);
    RemoteStatistics statistics = statistics_;
    statistics.waiting = waiting_;
    statistics.breaker = breaker_.state();
    return statistics;
  }

  void Stop() {
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
    }
    transfers_.Wake();
    MutexLock lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  Embedding Remembered(TextKey key) REQUIRES_LOCK(mutex_) {
    Embedding embedding = cache_.Find(key);
    statistics_.cached += embedding != nullptr;
    return embedding;
  }
  absl::Status WhyNot(const PendingText& text) const REQUIRES_LOCK(mutex_) {
    if (is_stopping_) return Stopping(endpoint_);
    if (text.is_patient) return absl::OkStatus();
    if (!breaker_.is_closed()) return NotCalled(endpoint_, statistics_.last_fault);
    if (waiting_ >= static_cast<uint64_t>(endpoint_.waiting_items_max)) {
      return TooManyWait(endpoint_, waiting_);
    }
    return absl::OkStatus();
  }

  void Run() {
    Probe();  // so that a fault is known from the start
    while (TakeInbox()) {
      for (auto& [number, answer] : transfers_.Finished()) {
        const auto it = under_way_.find(number);
        Batch batch = std::move(it->second);
        under_way_.erase(it);
        End(std::move(batch), answer);
      }
      const Time now = std::chrono::steady_clock::now();
      FailAll(batches_.TakeExpired(now), TimedOut(endpoint_));
      SendDue(now);
      CountWaiting();
      transfers_.Wait(UntilNext(std::chrono::steady_clock::now()));
    }
    for (auto& [number, batch] : under_way_) {
      transfers_.Cancel(number);
      FailBatch(batch, Stopping(endpoint_));
    }
    for (Batch& batch : resting_) FailBatch(batch, Stopping(endpoint_));
    FailAll(batches_.TakeAll(), Stopping(endpoint_));
  }

  void FailBatch(const Batch& batch, const absl::Status& status) {
    if (batch.errand == Errand::kTexts) FailAll(batch.texts, status);
    if (batch.errand == Errand::kTrial) batch.trial(status);
  }

  // Returns false when it is time to stop.
  bool TakeInbox() {
    std::vector<PendingText> texts;
    std::vector<Batch> trials;
    {
      MutexLock lock(mutex_);
      texts.swap(inbox_);
      trials.swap(trials_);
      if (is_stopping_) {
        for (PendingText& text : texts) batches_.Add(std::move(text));
        for (Batch& trial : trials) resting_.push_back(std::move(trial));
        return false;
      }
    }
    for (PendingText& text : texts) Admit(std::move(text));
    for (Batch& trial : trials) Send(std::move(trial));
    return true;
  }

  // Patient texts are looked up here, because their caller may hold locks that `done` needs.
  void Admit(PendingText text) {
    Embedding cached;
    if (text.is_patient) {
      MutexLock lock(mutex_);
      cached = Remembered(text.key);
    }
    if (cached != nullptr) return Answer(text, cached);
    batches_.Add(std::move(text));
  }

  void SendDue(Time now) {
    bool is_closed = false, is_probe_due = false;
    {
      MutexLock lock(mutex_);
      is_closed = breaker_.is_closed();
      const auto probe_at = breaker_.ProbeAt();
      is_probe_due = probe_at && *probe_at <= now;
      if (is_probe_due) breaker_.BeginProbe();
    }
    if (is_probe_due) Probe();
    if (!is_closed) return FailWaiting();
    std::vector<Batch> rested;
    std::erase_if(resting_, [&](Batch& batch) {
      if (batch.not_before > now) return false;
      rested.push_back(std::move(batch));
      return true;
    });
    for (Batch& batch : rested) Send(std::move(batch));
    while (true) {
      Batch batch;
      batch.texts = batches_.Take(now, under_way_.size());
      if (batch.texts.empty()) break;
      Send(std::move(batch));
    }
    if (is_patient_under_way_) return;
    Batch patient;
    patient.texts = batches_.TakePatient(now, under_way_.size());
    if (patient.texts.empty()) return;
    is_patient_under_way_ = true;
    Send(std::move(patient));
  }

  void Probe() {
    Batch probe;
    probe.errand = Errand::kProbe;
    probe.texts.push_back({kProbeText, {}, expected_, false, {}, Time::max(), nullptr});
    Send(std::move(probe));
  }

  void Send(Batch batch) {
    std::vector<std::string_view> texts;
    Time deadline = Time::max();
    for (const PendingText& text : batch.texts) {
      texts.push_back(text.text);
      deadline = std::min(deadline, text.deadline);
    }
    milliseconds timeout(endpoint_.deadline_ms);
    if (batch.errand == Errand::kTrial) timeout = kTrialTimeout;
    if (deadline != Time::max()) {
      const auto left = deadline - std::chrono::steady_clock::now();
      timeout = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(left));
    }
    const uint64_t number = transfers_.Begin(EmbeddingsCall(endpoint_, texts, timeout));
    under_way_[number] = std::move(batch);
  }

  void End(Batch batch, const HttpAnswer& answer) {
    if (!batch.texts.empty() && batch.texts.front().is_patient) is_patient_under_way_ = false;
    std::vector<uint32_t> dimensions;
    for (const PendingText& text : batch.texts) dimensions.push_back(text.dimension);
    EmbeddingsAnswer parsed;
    const std::optional<Fault> fault = FaultOf(endpoint_, answer, dimensions, parsed);
    Note(batch, answer, fault, parsed);
    if (batch.errand == Errand::kProbe) return;
    if (fault) return Failed(std::move(batch), *fault);
    std::vector<Embedding> embeddings;
    for (auto& vector : parsed.vectors) {
      embeddings.push_back(std::make_shared<const std::vector<float>>(std::move(vector)));
    }
    if (batch.errand == Errand::kTrial) {
      return batch.trial(Trial{std::move(embeddings), parsed.tokens,
                               std::chrono::duration<double>(answer.took).count()});
    }
    {
      MutexLock lock(mutex_);
      for (std::size_t i = 0; i < embeddings.size(); ++i) {
        cache_.Put(batch.texts[i].key, embeddings[i]);
      }
    }
    for (std::size_t i = 0; i < embeddings.size(); ++i) Answer(batch.texts[i], embeddings[i]);
  }

  void Note(const Batch& batch, const HttpAnswer& answer, const std::optional<Fault>& fault,
            const EmbeddingsAnswer& parsed) {
    const Time now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    statistics_.CountCall(batch.texts.size(), std::chrono::duration<double>(answer.took).count(),
                          parsed.tokens, parsed.vectors.empty() ? 0 : parsed.vectors[0].size());
    if (fault) ++statistics_.faults[static_cast<std::size_t>(fault->kind)];
    if (batch.errand == Errand::kTrial) return;
    // While the breaker is not closed, only the probe shows the state of the server.
    const bool counts = breaker_.is_closed() || batch.errand == Errand::kProbe;
    if (!fault) {
      refused_in_a_row_ = 0;
      if (!counts) return;
      breaker_.Succeeded();
      statistics_.last_fault.clear();
      return;
    }
    // A refused text shows nothing about the server, unless every text is refused.
    // A refused probe shows everything.
    const bool is_of_text = fault->is_of_content && batch.errand == Errand::kTexts;
    if (is_of_text && ++refused_in_a_row_ < kRefusedInARow) return;
    statistics_.last_fault = fault->words;
    if (counts) breaker_.Failed(now);
  }

  void Failed(Batch batch, const Fault& fault) {
    const Time now = std::chrono::steady_clock::now();
    if (batch.errand == Errand::kTrial) return batch.trial(StatusOf(fault));
    if (fault.is_of_content && batch.texts.size() > 1) {
      for (PendingText& text : batch.texts) {
        Batch alone;
        alone.texts.push_back(std::move(text));
        resting_.push_back(std::move(alone));
      }
      return;
    }
    if (batch.texts.front().is_patient && !fault.is_of_content) {
      return batches_.PutBack(std::move(batch.texts), now + kPatientRest);
    }
    const auto again_at = RetryAt(batch, fault, endpoint_.retries_max, now, rng_.Uniform());
    bool may_retry = again_at.has_value();
    {
      MutexLock lock(mutex_);
      may_retry = may_retry && breaker_.is_closed();
      statistics_.retries += may_retry;
    }
    if (!may_retry) return FailAll(batch.texts, StatusOf(fault));
    batch.not_before = *again_at;
    ++batch.retries;
    resting_.push_back(std::move(batch));
  }

  // The breaker is open: texts must not wait for a call that will not be made.
  void FailWaiting() {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      status = NotCalled(endpoint_, statistics_.last_fault);
    }
    FailAll(batches_.TakeHurried(), status);
    for (Batch& batch : std::exchange(resting_, {})) {
      if (batch.texts.front().is_patient) {
        batches_.PutBack(std::move(batch.texts), std::chrono::steady_clock::now() + kPatientRest);
      } else {
        FailAll(batch.texts, status);
      }
    }
  }

  void CountWaiting() {
    MutexLock lock(mutex_);
    waiting_ = batches_.hurried();
    for (const PendingText& text : inbox_) waiting_ += !text.is_patient;
  }

  microseconds UntilNext(Time now) const {
    bool is_closed = false;
    Time next = now + kIdleWait;
    {
      MutexLock lock(mutex_);
      if (!inbox_.empty() || !trials_.empty()) return microseconds(0);
      is_closed = breaker_.is_closed();
      if (const auto at = breaker_.ProbeAt()) next = std::min(next, *at);
    }
    if (is_closed) {
      for (const Batch& batch : resting_) next = std::min(next, batch.not_before);
      const auto at = batches_.NextAt(under_way_.size(), /*may_patient=*/!is_patient_under_way_);
      if (at) next = std::min(next, *at);
    }
    return std::max(microseconds(0), std::chrono::ceil<microseconds>(next - now));
  }

  const RemoteEndpoint endpoint_;
  const SipKey key_;
  std::atomic<uint32_t> expected_{0};

  // Used by the thread alone.
  Rng rng_;
  HttpTransfers transfers_;
  TextBatches batches_;
  std::map<uint64_t, Batch> under_way_;
  std::vector<Batch> resting_;
  bool is_patient_under_way_ = false;
  int refused_in_a_row_ = 0;

  mutable Mutex mutex_;
  std::vector<PendingText> inbox_ GUARDED_BY(mutex_);
  std::vector<Batch> trials_ GUARDED_BY(mutex_);
  uint64_t waiting_ GUARDED_BY(mutex_) = 0;  // texts in a hurry, not sent
  EmbeddingCache cache_ GUARDED_BY(mutex_);
  CircuitBreaker breaker_ GUARDED_BY(mutex_);
  RemoteStatistics statistics_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  Mutex join_mutex_;
  std::thread thread_ GUARDED_BY(join_mutex_);
};

RemoteEmbedder::RemoteEmbedder(RemoteEndpoint endpoint, SipKey key, uint64_t seed)
    : impl_(std::make_unique<Impl>(std::move(endpoint), key, seed)) {}
RemoteEmbedder::~RemoteEmbedder() { Stop(); }
const RemoteEndpoint& RemoteEmbedder::endpoint() const { return impl_->endpoint(); }
void RemoteEmbedder::Embed(std::string text, uint32_t dimension, Patience patience, Done done) {
  impl_->Embed(std::move(text), dimension, patience, std::move(done));
}
void RemoteEmbedder::Expect(uint32_t dimension) { impl_->Expect(dimension); }
void RemoteEmbedder::Try(std::vector<std::string> texts,
                         std::function<void(absl::StatusOr<Trial>)> done) {
  impl_->Try(std::move(texts), std::move(done));
}
RemoteStatistics RemoteEmbedder::statistics() const { return impl_->statistics(); }
void RemoteEmbedder::Stop() { impl_->Stop(); }

}  // namespace pointsman::retrieval
