#include "bench/load/load_run.h"

#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "bench/load/call.h"
#include "bench/load/phase.h"
#include "bench/load/process_figures.h"

namespace pointsman::bench {
namespace {

constexpr std::size_t kRequests = 4096;  // different requests, used in turn
constexpr std::chrono::seconds kDeadline{30};
constexpr std::size_t kFeedbackInFlightMax = 1024;
constexpr std::size_t kArmsAhead = 10;  // number of arms that are put but not yet removed

LoadTime Now() { return std::chrono::steady_clock::now(); }
LoadTime After(LoadTime time, double seconds) {
  return time + std::chrono::duration_cast<LoadTime::duration>(Seconds(seconds));
}

// Accurate to a few dozen microseconds; steady_clock is CLOCK_MONOTONIC.
void SleepUntil(LoadTime time) {
  const auto ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  const timespec until{.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

class LoadRun::Impl {
 public:
  Impl(const LoadOptions& options, const Workload& workload)
      : options_(options),
        workload_(workload),
        rng_(options.seed),
        connections_(options.server, options.connections) {
    prctl(PR_SET_TIMERSLACK, 1);
  }

  absl::Status MakeDecisions(const std::string& pool, std::size_t count,
                             const std::function<void(double)>& on_progress);
  absl::StatusOr<std::vector<PhaseResult>> Run(
      const std::vector<LoadPhase>& phases,
      const std::function<void(double, const LoadSlice&)>& on_progress);

 private:
  std::unique_ptr<Phase> MakePhase(const LoadPhase& plan) const;
  absl::Status RunSlice(Phase& phase, double seconds, bool counts);
  void SendUntil(Phase& phase, LoadTime end);
  void Issue(Phase& phase, LoadTime intended);
  void Answered(Phase& phase, Call& call);
  std::unique_ptr<Call> NewMainCall(Phase& phase);
  std::unique_ptr<Call> NewFeedbackCall(const Phase& phase, const DueFeedback& about) const;
  std::unique_ptr<Call> NewFeedbackBatch(const Phase& phase);
  void SendDueFeedback(Phase& phase, LoadTime now);
  void ChangeArm(Phase& phase);
  template <class Done>
  void Send(std::unique_ptr<Call> call, LoadTime intended, Done done) {
    call->intended = intended;
    call->done = std::move(done);
    connections_.Send(std::move(call));
  }

  const LoadOptions options_;
  const Workload& workload_;
  Rng rng_;
  std::vector<DueFeedback> decisions_;
  std::atomic<std::size_t> next_decision_ = 0;
  std::atomic<std::size_t> next_request_ = 0;
  std::atomic<bool> is_over_ =
      false;  // the slice is over: answers in a closed loop send no further call
  std::atomic<std::size_t> in_flight_ = 0, feedback_in_flight_ = 0;
  LoadTime slice_begin_;
  Connections connections_;  // last, so that its threads end before the data they write to
};

std::unique_ptr<Phase> LoadRun::Impl::MakePhase(const LoadPhase& plan) const {
  auto phase = std::make_unique<Phase>();
  phase->plan = plan;
  if (plan.kind == LoadKind::kRoute) {
    for (std::size_t i = 0; i < kRequests; ++i) {
      phase->routes.emplace_back();
      phase->routes.back().set_pool(plan.pool);
      phase->routes.back().set_query(workload_.Text(kFirstText + i));
    }
  }
  if (plan.kind == LoadKind::kBatch) {
    for (std::size_t i = 0; i < kRequests; ++i) {
      if (i % options_.batch == 0) {
        phase->batches.emplace_back();
        phase->batches.back().set_pool(plan.pool);
      }
      phase->batches.back().add_requests()->set_query(workload_.Text(kFirstText + i));
    }
    if (phase->batches.back().requests_size() != static_cast<int>(options_.batch) &&
        phase->batches.size() > 1) {
      phase->batches.pop_back();
    }
  }
  return phase;
}

std::unique_ptr<Call> LoadRun::Impl::NewMainCall(Phase& phase) {
  static const grpc::health::v1::HealthCheckRequest whole_server;
  const std::size_t at = next_request_.fetch_add(1, std::memory_order_relaxed);
  switch (phase.plan.kind) {
    case LoadKind::kEmpty:
      return std::make_unique<HealthCall>(&whole_server);
    case LoadKind::kRoute: {
      auto call = std::make_unique<RouteCall>(&phase.routes[at % phase.routes.size()]);
      call->query = at % phase.routes.size();
      call->is_streamed = phase.plan.is_streamed;
      return call;
    }
    case LoadKind::kBatch:
      return std::make_unique<BatchCall>(&phase.batches[at % phase.batches.size()]);
    case LoadKind::kFeedbackBatch:
      return NewFeedbackBatch(phase);
    case LoadKind::kFeedback:
      break;
  }
  const std::size_t decision = next_decision_.fetch_add(1, std::memory_order_relaxed);
  if (decision >= decisions_.size()) return nullptr;
  return NewFeedbackCall(phase, decisions_[decision]);
}

std::unique_ptr<Call> LoadRun::Impl::NewFeedbackCall(const Phase& phase,
                                                     const DueFeedback& about) const {
  auto call = std::make_unique<FeedbackCall>();
  call->is_streamed = phase.plan.is_streamed;
  call->own.set_pool(phase.plan.pool);
  call->own.set_decision_id(about.decision_id);
  workload_.FillFeedback(kFirstText + about.query, about.arm, call->own);
  return call;
}

std::unique_ptr<Call> LoadRun::Impl::NewFeedbackBatch(const Phase& phase) {
  auto call = std::make_unique<FeedbackBatchCall>();
  call->own.set_pool(phase.plan.pool);
  const std::size_t first = next_decision_.fetch_add(options_.batch, std::memory_order_relaxed);
  if (first + options_.batch > decisions_.size()) return nullptr;
  for (std::size_t i = first; i < first + options_.batch; ++i) {
    v1::FeedbackRequest& feedback = *call->own.add_requests();
    feedback.set_decision_id(decisions_[i].decision_id);
    workload_.FillFeedback(kFirstText + decisions_[i].query, decisions_[i].arm, feedback);
  }
  return call;
}

void LoadRun::Impl::Issue(Phase& phase, LoadTime intended) {
  std::unique_ptr<Call> call = NewMainCall(phase);
  if (call == nullptr) {
    --in_flight_;
    is_over_ = true;
    return;
  }
  Send(std::move(call), intended, [this, &phase](Call& answered) { Answered(phase, answered); });
}

void LoadRun::Impl::Answered(Phase& phase, Call& call) {
  const LoadTime now = Now();
  phase.calls.Record(call, now);
  if (!call.status.ok()) {
    phase.NoteError(call.status);
  } else if (phase.plan.has_feedback) {
    auto& route = static_cast<RouteCall&>(call);
    MutexLock lock(phase.mutex);
    const double delay_s = -options_.feedback_delay_s * std::log(1 - phase.delays.Uniform());
    phase.due.push({phase.time_s + Seconds(now - slice_begin_).count() + delay_s, route.query,
                    std::move(*route.response.mutable_decision_id()),
                    std::move(*route.response.mutable_arm())});
  }
  if (options_.rate == 0 && !is_over_) return Issue(phase, now);
  --in_flight_;
}

// Sends everything that is due by now; the rest waits for the next millisecond.
void LoadRun::Impl::SendDueFeedback(Phase& phase, LoadTime now) {
  const double phase_now = phase.time_s + Seconds(now - slice_begin_).count();
  while (true) {
    DueFeedback due;
    {
      MutexLock lock(phase.mutex);
      if (phase.due.empty() || phase.due.top().due_s > phase_now ||
          feedback_in_flight_ >= kFeedbackInFlightMax) {
        return;
      }
      due = phase.due.top();
      phase.due.pop();
    }
    ++feedback_in_flight_;
    Send(NewFeedbackCall(phase, due), After(slice_begin_, due.due_s - phase.time_s),
         [this, &phase](Call& answered) {
           phase.feedback.Record(answered, Now());
           if (!answered.status.ok()) phase.NoteError(answered.status);
           --feedback_in_flight_;
         });
  }
}

// Puts a new arm, and removes the one that was put kArmsAhead changes ago.
void LoadRun::Impl::ChangeArm(Phase& phase) {
  const std::size_t change = phase.arm_changes++;
  const auto name = [](std::size_t number) { return "passing-" + std::to_string(number); };
  const auto done = [this, &phase](Call& answered) {
    if (!answered.status.ok()) phase.NoteError(answered.status);
    --feedback_in_flight_;
  };
  if (change % 2 == 0 || change / 2 < kArmsAhead) {
    auto call = std::make_unique<PutArmCall>();
    call->own.set_pool(phase.plan.pool);
    *call->own.mutable_arm() = workload_.MakeArm(2000000 + change);
    call->own.mutable_arm()->set_name(name(change / 2));
    ++feedback_in_flight_;
    return Send(std::move(call), Now(), done);
  }
  auto call = std::make_unique<RemoveArmCall>();
  call->own.set_pool(phase.plan.pool);
  call->own.set_arm(name(change / 2 - kArmsAhead));
  ++feedback_in_flight_;
  Send(std::move(call), Now(), done);
}

void LoadRun::Impl::SendUntil(Phase& phase, LoadTime end) {
  const auto gap = [this] { return -std::log(1 - rng_.Uniform()) / options_.rate; };
  const bool is_open = options_.rate > 0;
  LoadTime arrival = is_open ? After(slice_begin_, gap()) : LoadTime::max();
  const double changes = phase.plan.arm_changes_per_s;
  LoadTime change = changes > 0 ? After(slice_begin_, 0.5 / changes) : LoadTime::max();
  for (std::size_t i = 0; !is_open && i < options_.concurrency; ++i) {
    ++in_flight_;
    Issue(phase, Now());
  }
  while (!is_over_) {
    const LoadTime now = Now();
    while (arrival <= std::min(now, end)) {
      phase.late.Add(static_cast<uint64_t>((Now() - arrival).count()));
      ++in_flight_;
      Issue(phase, arrival);
      arrival = After(arrival, gap());
    }
    if (phase.plan.has_feedback) SendDueFeedback(phase, now);
    const LoadTime next = std::min({arrival, change, end, now + std::chrono::milliseconds(1)});
    if (change <= now) {
      ChangeArm(phase);
      change = After(change, 1 / changes);
    }
    if (now >= end) break;
    SleepUntil(next);
  }
}

absl::Status LoadRun::Impl::RunSlice(Phase& phase, double seconds, bool counts) {
  const auto server = [this]() -> absl::StatusOr<ProcessFigures> {
    if (options_.pid == 0) return ProcessFigures{};
    return ReadProcess(options_.pid);
  };
  ASSIGN_OR_RETURN(const ProcessFigures before, server());
  ASSIGN_OR_RETURN(const ProcessFigures own_before, ReadProcess(getpid()));
  is_over_ = false;
  slice_begin_ = Now();
  SendUntil(phase, After(slice_begin_, seconds));
  is_over_ = true;
  while (in_flight_ > 0 || feedback_in_flight_ > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  LoadSlice slice;
  slice.seconds = Seconds(Now() - slice_begin_).count();
  ASSIGN_OR_RETURN(const ProcessFigures after, server());
  ASSIGN_OR_RETURN(const ProcessFigures own_after, ReadProcess(getpid()));
  phase.time_s += slice.seconds;
  slice.calls = phase.calls.Close(counts);
  slice.feedback = phase.feedback.Close(counts);
  slice.server_cpu_s = after.cpu_s - before.cpu_s;
  slice.own_cpu_s = own_after.cpu_s - own_before.cpu_s;
  slice.switches = after.switches - before.switches;
  slice.rss_bytes = after.rss_bytes;
  slice.late_us = phase.late.PercentileUs(0.99);
  phase.late.Clear();
  if (counts) phase.slices.push_back(slice);
  return absl::OkStatus();
}

absl::Status LoadRun::Impl::MakeDecisions(const std::string& pool, std::size_t count,
                                          const std::function<void(double)>& on_progress) {
  constexpr std::size_t kBatch = 256;
  while (decisions_.size() < count) {
    v1::RouteBatchRequest request;
    request.set_pool(pool);
    const std::size_t first = decisions_.size();
    for (std::size_t i = 0; i < kBatch; ++i) {
      request.add_requests()->set_query(workload_.Text(kFirstText + (first + i) % kRequests));
    }
    v1::RouteBatchResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    const grpc::Status status =
        connections_.first().router->RouteBatch(&context, request, &response);
    if (!status.ok()) return absl::UnavailableError(status.error_message());
    for (int i = 0; i < response.items_size(); ++i) {
      const auto& item = response.items(i);
      if (!item.has_response()) return absl::InternalError(item.error().message());
      decisions_.push_back({0, (first + static_cast<std::size_t>(i)) % kRequests,
                            item.response().decision_id(), item.response().arm()});
    }
    on_progress(static_cast<double>(decisions_.size()) / static_cast<double>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PhaseResult>> LoadRun::Impl::Run(
    const std::vector<LoadPhase>& plans,
    const std::function<void(double, const LoadSlice&)>& on_progress) {
  std::vector<std::unique_ptr<Phase>> phases;
  for (const LoadPhase& plan : plans) phases.push_back(MakePhase(plan));
  for (auto& phase : phases) {
    if (options_.warm_up_s > 0) RETURN_IF_ERROR(RunSlice(*phase, options_.warm_up_s, false));
  }
  for (std::size_t round = 0; round < options_.rounds; ++round) {
    for (auto& phase : phases) {
      RETURN_IF_ERROR(RunSlice(*phase, options_.slice_s, true));
      on_progress(static_cast<double>(round + 1) / static_cast<double>(options_.rounds),
                  phase->slices.back());
    }
  }
  std::vector<PhaseResult> results;
  for (auto& phase : phases) {
    MutexLock lock(phase->mutex);
    results.push_back({phase->plan, Series::FiguresOf(phase->calls.all, phase->calls.all_errors),
                       Series::FiguresOf(phase->feedback.all, phase->feedback.all_errors),
                       phase->slices, phase->first_error});
  }
  return results;
}

LoadRun::LoadRun(const LoadOptions& options, const Workload& workload)
    : impl_(std::make_unique<Impl>(options, workload)) {}
LoadRun::~LoadRun() = default;

absl::Status LoadRun::MakeDecisions(const std::string& pool, std::size_t count,
                                    const std::function<void(double)>& on_progress) {
  return impl_->MakeDecisions(pool, count, on_progress);
}

absl::StatusOr<std::vector<PhaseResult>> LoadRun::Run(
    const std::vector<LoadPhase>& phases,
    const std::function<void(double, const LoadSlice&)>& on_progress) {
  return impl_->Run(phases, on_progress);
}

}  // namespace pointsman::bench
