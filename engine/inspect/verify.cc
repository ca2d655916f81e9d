#include "engine/inspect/verify.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/learn/fold.h"
#include "engine/learn/rebuilt.h"
#include "engine/maintain/recovery.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kEventsAtOnce = 4096;

// Checks one pool, step by step.
class Verifier {
 public:
  Verifier(const storage::EventLog& log, const Pool& pool, const VerifyOptions& options)
      : log_(log), pool_(pool), options_(options) {
    check_.pool = pool.name;
  }

  absl::StatusOr<PoolCheck> Run() {
    ASSIGN_OR_RETURN(check_.first, log_.FirstSequence(pool_.id));
    ASSIGN_OR_RETURN(check_.last, log_.LastSequence(pool_.id));
    if (options_.from_start && check_.first > 1) {
      return FailedPrecondition(
          "pool ", Quoted(pool_.name), ": its log begins with event ", check_.first,
          ", so it cannot be replayed from the start; leave out --from-start");
    }
    RETURN_IF_ERROR(ReadSnapshots());
    RETURN_IF_ERROR(ChooseBase());
    RETURN_IF_ERROR(Replay());
    if (fold_) {
      check_.replayed_to = fold_->learned()->version();
      check_.checksum = learners::StateChecksum(*fold_->learned());
    }
    if (fold_ && rebuilds_ && check_.fault.empty()) RETURN_IF_ERROR(CompareProjections());
    std::erase_if(check_.snapshots,
                  [this](const SnapshotCheck& s) { return gone_.contains(s.sequence); });
    return std::move(check_);
  }

 private:
  absl::Status ReadSnapshots() {
    std::vector<Sequence> kept;
    ASSIGN_OR_RETURN(kept, log_.ListSnapshots(pool_.id));
    std::sort(kept.begin(), kept.end());
    check_.snapshots.clear();
    // Snapshots that a server has made since the log was opened contain events that are not visible here.
    for (const Sequence sequence : kept) {
      if (sequence <= check_.last || kept.front() > check_.last)
        check_.snapshots.push_back({sequence, "", false});
    }
    return absl::OkStatus();
  }

  // The state in a snapshot. If the snapshot has no valid state of this pool: nothing, and the fault is noted.
  absl::StatusOr<std::optional<learners::LearnedState>> Load(SnapshotCheck& snapshot) {
    const auto bytes = log_.ReadSnapshot(pool_.id, snapshot.sequence);
    if (absl::IsUnavailable(bytes.status())) return bytes.status();
    if (absl::IsNotFound(bytes.status())) {  // a server deleted it meanwhile
      gone_.insert(snapshot.sequence);
      return std::optional<learners::LearnedState>();
    }
    absl::StatusOr<learners::LearnedState> state =
        bytes.ok() ? learners::LearnedState::Decode(*bytes)
                   : absl::StatusOr<learners::LearnedState>(bytes.status());
    if (state.ok() && (state->version() != snapshot.sequence || state->pool().id != pool_.id)) {
      state = DataLoss("the snapshot belongs to another pool or log position");
    }
    if (!state.ok()) {
      snapshot.fault = ToStd(state.status().message());
      return std::optional<learners::LearnedState>();
    }
    snapshot.is_older_format = !learners::LearnedState::IsPresentFormat(*bytes);
    return std::optional<learners::LearnedState>(*std::move(state));
  }

  absl::Status ChooseBase() {
    if (!options_.from_start) {
      for (SnapshotCheck& snapshot : check_.snapshots) {
        auto state = Load(snapshot);
        RETURN_IF_ERROR(state.status());
        if (!state->has_value()) continue;
        // A server that continued from an older format started from the newest snapshot of that format.
        if (snapshot.is_older_format && HasNewer(snapshot)) continue;
        snapshot.is_base = true;
        check_.replayed_from = snapshot.sequence;
        fold_.emplace(std::make_shared<const learners::LearnedState>(**std::move(state)));
        return absl::OkStatus();
      }
    }
    if (check_.first > 1 && !gone_.empty()) {
      return absl::UnavailableError(Cat(
          "pool ", Quoted(pool_.name),
          ": a server replaced its snapshots while they were read; run `pointsman verify` again"));
    }
    if (check_.first > 1) {
      check_.fault = Cat("no snapshot can be used and the log begins with event ", check_.first);
      return absl::OkStatus();
    }
    auto empty = EmptyState(log_, pool_);
    if (absl::IsUnavailable(empty.status())) return empty.status();
    if (!empty.ok()) {
      check_.fault = ToStd(empty.status().message());
      return absl::OkStatus();
    }
    rebuilds_ = options_.from_start;
    fold_.emplace(std::make_shared<const learners::LearnedState>(*std::move(empty)),
                  rebuilds_ ? rebuilt_.reader() : ReadRecord());
    return absl::OkStatus();
  }

  bool HasNewer(const SnapshotCheck& snapshot) const {
    return std::any_of(check_.snapshots.begin(), check_.snapshots.end(),
                       [&](const SnapshotCheck& s) { return s.sequence > snapshot.sequence; });
  }

  // Reads every stored event, and learns those after the base.
  absl::Status Replay() {
    Sequence next = check_.first;
    while (next != 0 && next <= check_.last) {
      const auto events = log_.ReadEvents(pool_.id, next, kEventsAtOnce);
      if (absl::IsUnavailable(events.status())) return events.status();
      if (!events.ok() || events->empty()) {
        NoteFault(events.ok() ? Cat("the log ends before event ", next)
                              : std::string(ToStd(events.status().message())));
        return absl::OkStatus();
      }
      RETURN_IF_ERROR(LearnAndCompare(*events));
      next = events->back().sequence + 1;
      if (options_.on_progress) options_.on_progress(pool_.name, next - 1, check_.last);
    }
    if (fold_ && fold_->learned()->version() > check_.last) {
      NoteFault(Cat("snapshot ", fold_->learned()->version(),
                    " is ahead of the log, which ends with event ", check_.last));
    }
    return absl::OkStatus();
  }

  absl::Status LearnAndCompare(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (!fold_ || event.sequence < fold_->next()) continue;
      RETURN_IF_ERROR(Fold(event));
      SnapshotCheck* const snapshot = SnapshotAt(event.sequence);
      if (snapshot == nullptr && &event != &events.back()) continue;
      if (const absl::Status learned = fold_->Learn(); !learned.ok()) {
        NoteFault(std::string(ToStd(learned.message())));
        fold_.reset();
        return absl::OkStatus();
      }
      fold_->DropEvents();
      if (snapshot != nullptr) RETURN_IF_ERROR(Compare(*snapshot));
    }
    return absl::OkStatus();
  }

  absl::Status Fold(const Event& event) {
    const auto* outcome = std::get_if<OutcomeEvent>(&event.body);
    // Logs before 0.2 lack some of what a record contains.
    if (outcome != nullptr && outcome->decision_time == 0) rebuilds_ = false;
    Applied applied;
    ASSIGN_OR_RETURN(applied, fold_->Apply(event));
    if (rebuilds_) rebuilt_.Take(event, std::move(applied.effects));
    return absl::OkStatus();
  }

  absl::Status CompareProjections() {
    std::optional<std::string> difference;
    ASSIGN_OR_RETURN(difference, rebuilt_.DifferenceFrom(log_, pool_.id));
    if (difference) NoteFault(*std::move(difference));
    check_.records_compared = rebuilt_.records();
    return absl::OkStatus();
  }

  absl::Status Compare(SnapshotCheck& snapshot) {
    if (!snapshot.fault.empty()) return absl::OkStatus();
    const auto bytes = log_.ReadSnapshot(pool_.id, snapshot.sequence);
    if (absl::IsUnavailable(bytes.status())) return bytes.status();
    if (absl::IsNotFound(bytes.status())) {
      gone_.insert(snapshot.sequence);
    } else if (!bytes.ok()) {
      snapshot.fault = ToStd(bytes.status().message());
    } else if (!learners::LearnedState::IsPresentFormat(*bytes)) {
      // The same state has other bytes in an older format. Later snapshots check what the log adds to it.
      snapshot.is_older_format = true;
    } else if (*bytes != fold_->learned()->Encode()) {
      snapshot.fault =
          Cat("it differs from a replay of the log from ",
              check_.replayed_from == 0 ? "the start" : Cat("snapshot ", check_.replayed_from),
              " (or another version of the learner wrote it)");
    }
    return absl::OkStatus();
  }

  SnapshotCheck* SnapshotAt(Sequence sequence) {
    const auto it = std::find_if(check_.snapshots.begin(), check_.snapshots.end(),
                                 [&](const SnapshotCheck& s) { return s.sequence == sequence; });
    return it == check_.snapshots.end() ? nullptr : &*it;
  }

  void NoteFault(std::string fault) {
    if (check_.fault.empty()) check_.fault = std::move(fault);
  }

  const storage::EventLog& log_;
  const Pool& pool_;
  const VerifyOptions& options_;
  PoolCheck check_;
  std::set<Sequence> gone_;
  RebuiltProjections rebuilt_;
  bool rebuilds_ = false;
  std::optional<PoolFold> fold_;
};

}  // namespace

bool PoolCheck::is_sound() const {
  return fault.empty() && std::all_of(snapshots.begin(), snapshots.end(),
                                      [](const SnapshotCheck& s) { return s.fault.empty(); });
}

absl::StatusOr<std::vector<PoolCheck>> VerifyLog(const storage::EventLog& log,
                                                 const VerifyOptions& options) {
  std::vector<Pool> pools;
  ASSIGN_OR_RETURN(pools, log.ReadPools());
  std::vector<PoolCheck> checks;
  for (const Pool& pool : pools) {
    PoolCheck check;
    ASSIGN_OR_RETURN(check, Verifier(log, pool, options).Run());
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace pointsman::engine
