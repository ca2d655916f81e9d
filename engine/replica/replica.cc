#include "engine/replica/replica.h"

#include <algorithm>

#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/errors.h"
#include "engine/replica/staged.h"
#include "engine/route/decision_ids.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kProposalsMax = 256, kMessageBytes = 900 << 10;
constexpr int kTriesMax = 16;
constexpr std::size_t kStagedAtOnce = 64;
// Decisions of other replicas come within a hundredth of a second, if nothing is wrong.
constexpr Micros kDecisionsComeWithin = 2 * kMicrosPerSecond;

absl::Status NotConfirmed() {
  return WithReason(
      absl::UnavailableError(
          "the shared log did not confirm this in time, so it may be stored or not; send the same "
          "again: what is stored already is not learned twice"),
      reason::kNotConfirmed);
}

bool ChangesArmsOrPools(const Proposal& proposal) {
  return proposal.changed.has_value() || proposal.deleted.has_value();
}

}  // namespace

Replica::Replica(const ReplicaOptions& options, const storage::AppliedMark& mark, Parts parts)
    : options_(options),
      run_(static_cast<uint64_t>(parts.clock.Now())),
      parts_(std::move(parts)),
      mark_(mark) {
  MutexLock lock(mutex_);
  figures_.position = mark.position;
}

void Replica::Propose(Command command) {
  if (waiting_.size() + postponed_.size() >= parts_.waiting_max && command.refuse) {
    return command.refuse(
        WithReason(absl::ResourceExhaustedError("too much waits for the shared log already "
                                                "(queue_items_max); send it again a little later"),
                   reason::kQueueFull));
  }
  auto waiting = std::make_shared<Waiting>();
  waiting->command = std::move(command);
  waiting->give_up_at = parts_.clock.Now() + options_.confirm_within;
  Stage(waiting);
}

void Replica::Stage(const WaitingPtr& waiting) {
  ++waiting->tries;
  const Micros now = parts_.clock.Now();
  Turn turn(parts_.log, now, now - parts_.records_kept);
  waiting->complete = waiting->command.stage(turn);
  if (!turn.status().ok()) return Answer(waiting, {turn.status()});
  if (turn.empty()) {
    const Micros waited = now + options_.confirm_within - waiting->give_up_at;
    const Micros patience = std::min(kDecisionsComeWithin, options_.confirm_within / 2);
    if (!turn.misses_decision() || waited >= patience) return Answer(waiting, {});
    postponed_.push_back(waiting);
    return;
  }
  Turn::Gathered gathered = turn.gathered();
  waiting->first = gathered.events.empty() ? 0 : gathered.events.front().second.front().sequence;
  auto proposal = ProposalOf(std::move(gathered), parts_.log, mark_);
  if (!proposal.ok()) return Answer(waiting, {proposal.status()});
  Send(*std::move(proposal), waiting);
}

void Replica::ProposeDelete(PoolId pool, std::function<void(const absl::Status&)> done) {
  auto waiting = std::make_shared<Waiting>();
  waiting->complete = [done = std::move(done)](const Written& written) { done(written.status); };
  waiting->give_up_at = parts_.clock.Now() + options_.confirm_within;
  waiting->tries = kTriesMax;  // the caller decides whether it still wants it
  Proposal proposal;
  proposal.deleted = pool;
  proposal.changed = mark_.changed;
  Send(std::move(proposal), waiting);
}

void Replica::Send(Proposal proposal, const WaitingPtr& waiting) {
  proposal.number = next_number_++;
  waiting_[proposal.number] = waiting;
  outgoing_.push_back(std::move(proposal));
  MutexLock lock(mutex_);
  ++figures_.proposed;
  figures_.waiting = waiting_.size();
}

PoolId Replica::NextPool() const {
  uint32_t last = mark_.pools_made;
  const auto pools = parts_.pools.all();
  for (const auto& [name, pool] : *pools) last = std::max(last, Index(pool->id()));
  return PoolId{last + 1};
}

void Replica::Flush() {
  std::vector<std::string> message;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (message.empty()) return;
    // An error is no answer: the message may be in the log. Tick decides.
    options_.log->Append(JoinProposals(options_.name, run_, message),
                         [](const absl::StatusOr<uint64_t>&) {});
    message.clear();
    bytes = 0;
  };
  for (const Proposal& proposal : std::exchange(outgoing_, {})) {
    // A change of arms or pools is alone, so that no other proposal of its message was staged before it.
    const bool is_alone = ChangesArmsOrPools(proposal);
    if (is_alone) send();
    std::string encoded = Encode(proposal);
    if (encoded.size() > kMessageBytes) {
      Resolve(proposal.number, {InvalidArgument("this makes a message of ", encoded.size(),
                                                " bytes, and the shared log takes ", kMessageBytes,
                                                "; send it in smaller parts")});
      continue;
    }
    if (bytes + encoded.size() > kMessageBytes) send();
    bytes += encoded.size();
    message.push_back(std::move(encoded));
    if (is_alone || message.size() >= kProposalsMax) send();
  }
  send();
}

absl::Status Replica::Fold(const storage::SharedMessage& message) {
  if (message.position <= mark_.position) return absl::OkStatus();
  if (message.position != mark_.position + 1) {
    return DataLoss("the shared log has no message ", mark_.position + 1, "; the next one is ",
                    message.position);
  }
  storage::AppliedMark next = mark_;
  next.position = message.position;
  next.hash = Checksum(message.bytes);
  auto decoded = DecodeProposals(message.bytes);
  if (absl::IsFailedPrecondition(decoded.status())) return decoded.status();
  if (decoded.ok()) RETURN_IF_ERROR(CheckMaker(decoded->replica));
  const bool is_own = decoded.ok() && decoded->replica == options_.name && decoded->run == run_;
  // A message that is none of ours means the same to every replica: nothing.
  std::vector<Proposal> proposals;
  if (decoded.ok()) proposals = std::move(decoded->proposals);
  RETURN_IF_ERROR(FoldProposals(std::move(proposals), is_own, message.time, next));
  folded_at_ = std::max(folded_at_, message.time);
  MutexLock lock(mutex_);
  figures_.position = message.position;
  figures_.folded_at = message.time;
  ++figures_.folded;
  return absl::OkStatus();
}

// The ids of the decisions of two makers with the same number could be the same.
absl::Status Replica::CheckMaker(const std::string& replica) const {
  if (replica == options_.name ||
      DecisionIds::MakerOf(replica) != DecisionIds::MakerOf(options_.name)) {
    return absl::OkStatus();
  }
  return FailedPrecondition("replicas ", Quoted(replica), " and ", Quoted(options_.name),
                            " have names with the same number; give this replica another name");
}

absl::Status Replica::FoldProposals(std::vector<Proposal> proposals, bool is_own, Micros time,
                                    const storage::AppliedMark& next) {
  Turn turn(parts_.log, time, time - parts_.records_kept);
  std::vector<std::shared_ptr<PoolRuntime>> made;
  std::vector<Folded> folded;
  storage::AppliedMark after = next;
  for (const Proposal& proposal : proposals) {
    folded.push_back(FoldOne(turn, proposal, made));
    // Skipping is decided by what was read, not by a failure of this replica.
    const absl::Status& status = folded.back().status;
    if (!status.ok() && !absl::IsAborted(status)) return status;
    if (status.ok() && ChangesArmsOrPools(proposal)) after.changed = next.position;
  }
  for (const auto& pool : made) after.pools_made = std::max(after.pools_made, Index(pool->id()));
  turn.NoteApplied(after);
  const absl::Status written = parts_.writer.Commit(
      turn, is_own ? storage::Durability::kDisk : storage::Durability::kProcess);
  if (absl::IsUnavailable(written)) return written;
  if (!written.ok()) {
    // A failure of this replica alone must not skip what the others fold.
    if (!absl::IsInvalidArgument(written) || turn.status().ok()) return written;
    // An event that no learner can follow fails alone, at every replica alike. Until the last one is folded, the
    // mark stays: after a crash all are checked again, and those that were folded have changed what they read.
    if (proposals.size() == 1) {
      Turn refused(parts_.log, time);
      refused.NoteApplied(next);
      RETURN_IF_ERROR(parts_.writer.Commit(refused));
      mark_ = next;
      if (is_own) Resolve(proposals.front().number, {written});
      return absl::OkStatus();
    }
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      const bool is_last = i + 1 == proposals.size();
      RETURN_IF_ERROR(FoldProposals({proposals[i]}, is_own, time, is_last ? next : mark_));
    }
    return absl::OkStatus();
  }
  Published(turn, proposals, made, after);
  if (!is_own) return absl::OkStatus();
  for (std::size_t i = 0; i < proposals.size(); ++i) Resolve(proposals[i].number, folded[i]);
  return absl::OkStatus();
}

Replica::Folded Replica::FoldOne(Turn& turn, const Proposal& proposal,
                                 std::vector<std::shared_ptr<PoolRuntime>>& made) {
  Folded folded;
  folded.status = Check(turn, parts_.pools, parts_.log, mark_, proposal);
  if (!folded.status.ok()) return folded;
  if (proposal.deleted) {
    // Before the mark is written: after a crash in between there is nothing left to delete.
    const auto pool = FindPool(parts_.pools, *proposal.deleted);
    if (pool == nullptr) return folded;
    folded.status = parts_.log.DropPool(pool->id());
    if (folded.status.ok()) parts_.pools.Remove(pool->name());
    return folded;
  }
  for (const auto& [key, record] : proposal.split) turn.SplitFeedback(key, record);
  for (const Proposal::Events& events : proposal.events) {
    auto pool = FindPool(parts_.pools, events.pool);
    if (pool == nullptr) {
      auto runtime = parts_.make_runtime(std::get<PoolEvent>(events.bodies.front()).pool);
      if (!runtime.ok()) {
        folded.status = runtime.status();
        return folded;
      }
      pool = *std::move(runtime);
      made.push_back(pool);
    }
    for (const EventBody& body : events.bodies) {
      const Sequence sequence = turn.Append(pool, body);
      if (folded.first == 0) folded.first = sequence;
      if (const auto* put = std::get_if<PoolEvent>(&body)) turn.PutPool(put->pool);
    }
  }
  return folded;
}

void Replica::Published(const Turn& turn, const std::vector<Proposal>& proposals,
                        const std::vector<std::shared_ptr<PoolRuntime>>& made,
                        const storage::AppliedMark& next) {
  mark_ = next;
  for (const auto& pool : made) {
    parts_.pools.Put(pool);
    pool->AskDescriptions();
  }
  for (const Proposal& proposal : proposals) {
    for (const Proposal::Events& events : proposal.events) {
      const auto* silence = std::get_if<SilenceEvent>(&events.bodies.back());
      if (silence == nullptr) continue;
      const auto pool = FindPool(parts_.pools, events.pool);
      if (pool != nullptr) pool->counters().SetMissing(silence->missing);
    }
  }
  parts_.on_folded(turn.touched());
}

void Replica::Resolve(uint64_t number, const Folded& folded) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  const WaitingPtr waiting = found->second;
  waiting_.erase(found);
  if (waiting->is_done) return;
  if (absl::IsAborted(folded.status) && waiting->tries < kTriesMax) {
    {
      MutexLock lock(mutex_);
      ++figures_.proposed_again;
    }
    return Stage(waiting);
  }
  // The caller may try again as long as it likes.
  Written written{
      absl::IsAborted(folded.status)
          ? WithReason(absl::UnavailableError(folded.status.message()), reason::kNotConfirmed)
          : folded.status};
  if (folded.first > 0) {
    written.moved = static_cast<int64_t>(folded.first) - static_cast<int64_t>(waiting->first);
  }
  Answer(waiting, written);
}

void Replica::Answer(const WaitingPtr& waiting, const Written& written) {
  if (std::exchange(waiting->is_done, true)) return;
  waiting->complete(written);
  MutexLock lock(mutex_);
  figures_.waiting = waiting_.size();
}

void Replica::NoteDecisions(uint64_t position) {
  mark_.decisions = std::max(mark_.decisions, position);
  // With many, most wait for decisions that do not exist.
  if (postponed_.size() <= kStagedAtOnce) StagePostponed();
}

void Replica::StagePostponed() {
  for (const WaitingPtr& waiting : std::exchange(postponed_, {})) {
    --waiting->tries;
    Stage(waiting);
  }
}

void Replica::Tick(Micros now) {
  StagePostponed();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const WaitingPtr waiting = it->second;
    if (waiting->give_up_at > now && !waiting->is_done) {
      ++it;
      continue;
    }
    it = waiting_.erase(it);
    if (waiting->is_done) continue;
    {
      MutexLock lock(mutex_);
      ++figures_.timed_out;
    }
    Answer(waiting, {NotConfirmed()});
  }
}

void Replica::GiveUp(const absl::Status& why) {
  for (const auto& [number, waiting] : std::exchange(waiting_, {})) Answer(waiting, {why});
  for (const WaitingPtr& waiting : std::exchange(postponed_, {})) Answer(waiting, {why});
  outgoing_.clear();
}

void Replica::NoteStatus(const absl::Status& status) {
  MutexLock lock(mutex_);
  figures_.status = status;
}

ReplicaFigures Replica::figures() const {
  MutexLock lock(mutex_);
  return figures_;
}

}  // namespace pointsman::engine
