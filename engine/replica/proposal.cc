#include "engine/replica/proposal.h"

#include "base/bytes.h"
#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/records.h"
#include "storage/codec/sealed.h"

namespace pointsman::engine {
namespace {

constexpr uint16_t kProposals = 1, kDecisions = 2, kEpoch = 3;  // kinds of messages
constexpr uint16_t kFormat = 1;

void PutHeader(uint16_t kind, const std::string& replica, uint64_t run, ByteWriter& out) {
  out.Put(kind);
  out.Put(kFormat);
  out.PutString(replica);
  out.Put(run);
}

absl::Status GetHeader(uint16_t kind, std::string& replica, uint64_t& run, ByteReader& in) {
  const auto found = in.Get<uint16_t>(), format = in.Get<uint16_t>();
  replica = in.GetString();
  run = in.Get<uint64_t>();
  if (!in.ok() || found != kind) return DataLoss("a message of the shared log is not one of ours");
  if (format != kFormat) {
    return FailedPrecondition("a message of the shared log has format ", format,
                              ", and this version reads format ", kFormat,
                              "; start the newer version on this replica");
  }
  return absl::OkStatus();
}

void PutKey(const storage::FeedbackKey& key, ByteWriter& out) {
  out.Put(Index(key.pool));
  out.PutString(key.decision_id);
  out.Put(Index(key.arm));
}

storage::FeedbackKey GetKey(ByteReader& in) {
  storage::FeedbackKey key;
  key.pool = PoolId{in.Get<uint32_t>()};
  key.decision_id = in.GetString();
  key.arm = ArmId{in.Get<uint32_t>()};
  return key;
}

template <class T>
void PutOptional(const std::optional<T>& value, ByteWriter& out) {
  out.Put(static_cast<uint8_t>(value.has_value()));
  if (value) out.Put(*value);
}

template <class T>
std::optional<T> GetOptional(ByteReader& in) {
  return in.GetBool() ? std::optional<T>(in.Get<T>()) : std::nullopt;
}

// An event's body is stored as an event, whose sequence and time the fold gives.
std::string EncodeBody(PoolId pool, const EventBody& body) {
  return storage::EncodeEvent({.sequence = 1, .time = 1, .pool = pool, .body = body});
}

void Put(const Proposal& proposal, ByteWriter& out) {
  out.Put(proposal.number);
  out.Put(static_cast<uint64_t>(proposal.seen.size()));
  for (const Proposal::Seen& seen : proposal.seen) {
    PutKey(seen.key, out);
    out.Put(seen.hash);
  }
  out.Put(static_cast<uint64_t>(proposal.events.size()));
  for (const Proposal::Events& events : proposal.events) {
    out.Put(Index(events.pool));
    out.Put(static_cast<uint64_t>(events.bodies.size()));
    for (const EventBody& body : events.bodies) out.PutString(EncodeBody(events.pool, body));
    out.Put(static_cast<uint8_t>(events.judged.has_value()));
    if (events.judged) out.PutString(storage::EncodeProgress(*events.judged));
  }
  out.Put(static_cast<uint64_t>(proposal.split.size()));
  for (const auto& [key, record] : proposal.split) {
    PutKey(key, out);
    out.PutString(storage::EncodeFeedback(record, 0));
  }
  PutOptional(proposal.deleted, out);
  PutOptional(proposal.changed, out);
}

absl::StatusOr<Proposal::Events> GetEvents(ByteReader& in) {
  Proposal::Events events;
  events.pool = PoolId{in.Get<uint32_t>()};
  const uint64_t bodies = in.GetCount(sizeof(uint64_t));
  if (bodies == 0) in.Fail();
  for (uint64_t i = 0; i < bodies && in.ok(); ++i) {
    ASSIGN_OR_RETURN(Event event, storage::DecodeEvent(in.GetString()));
    events.bodies.push_back(std::move(event.body));
  }
  if (in.GetBool()) {
    ASSIGN_OR_RETURN(events.judged, storage::DecodeProgress(in.GetString()));
  }
  return events;
}

absl::StatusOr<Proposal> GetProposal(ByteReader& in) {
  Proposal proposal;
  proposal.number = in.Get<uint64_t>();
  const uint64_t seen = in.GetCount(sizeof(uint64_t));
  for (uint64_t i = 0; i < seen && in.ok(); ++i) {
    storage::FeedbackKey key = GetKey(in);
    proposal.seen.push_back({std::move(key), in.Get<uint64_t>()});
  }
  const uint64_t pools = in.GetCount(sizeof(uint64_t));
  for (uint64_t i = 0; i < pools && in.ok(); ++i) {
    ASSIGN_OR_RETURN(Proposal::Events events, GetEvents(in));
    proposal.events.push_back(std::move(events));
  }
  const uint64_t split = in.GetCount(sizeof(uint64_t));
  for (uint64_t i = 0; i < split && in.ok(); ++i) {
    storage::FeedbackKey key = GetKey(in);
    ASSIGN_OR_RETURN(storage::FeedbackRecord record, storage::DecodeFeedback(in.GetString()));
    proposal.split.emplace_back(std::move(key), std::move(record));
  }
  proposal.deleted = GetOptional<PoolId>(in);
  proposal.changed = GetOptional<uint64_t>(in);
  return proposal;
}

absl::Status Malformed() { return DataLoss("a message of the shared log is malformed"); }

}  // namespace

std::string Encode(const Proposal& proposal) {
  ByteWriter out;
  Put(proposal, out);
  return out.Take();
}

std::string JoinProposals(const std::string& replica, uint64_t run,
                          std::span<const std::string> proposals) {
  ByteWriter out;
  PutHeader(kProposals, replica, run, out);
  out.Put(static_cast<uint64_t>(proposals.size()));
  std::string bytes = out.Take();
  for (const std::string& proposal : proposals) bytes += proposal;
  return bytes;
}

absl::StatusOr<ProposalMessage> DecodeProposals(std::string_view bytes) {
  ByteReader in(bytes);
  ProposalMessage message;
  RETURN_IF_ERROR(GetHeader(kProposals, message.replica, message.run, in));
  const uint64_t count = in.GetCount(sizeof(uint64_t));
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    auto proposal = GetProposal(in);
    if (!in.ok()) return Malformed();
    RETURN_IF_ERROR(proposal.status());
    message.proposals.push_back(*std::move(proposal));
  }
  if (!in.AtEnd()) return Malformed();
  return message;
}

std::string Encode(const DecisionMessage& message) {
  ByteWriter out;
  PutHeader(kDecisions, message.replica, message.run, out);
  out.Put(static_cast<uint64_t>(message.decisions.size()));
  for (const Decision& decision : message.decisions) {
    out.PutString(
        storage::Seal(storage::RecordKind::kDecision, storage::EncodeDecisionPayload(decision)));
  }
  return out.Take();
}

absl::StatusOr<DecisionMessage> DecodeDecisions(std::string_view bytes) {
  ByteReader in(bytes);
  DecisionMessage message;
  RETURN_IF_ERROR(GetHeader(kDecisions, message.replica, message.run, in));
  const uint64_t count = in.GetCount(sizeof(uint64_t));
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    ASSIGN_OR_RETURN(Decision decision, storage::DecodeDecision(in.GetString()));
    message.decisions.push_back(std::move(decision));
  }
  if (!in.AtEnd()) return Malformed();
  return message;
}

std::string Encode(const EpochMessage& message) {
  ByteWriter out;
  PutHeader(kEpoch, message.replica, message.run, out);
  out.Put(message.secret.k0);
  out.Put(message.secret.k1);
  return out.Take();
}

absl::StatusOr<EpochMessage> DecodeEpoch(std::string_view bytes) {
  ByteReader in(bytes);
  EpochMessage message;
  RETURN_IF_ERROR(GetHeader(kEpoch, message.replica, message.run, in));
  message.secret.k0 = in.Get<uint64_t>();
  message.secret.k1 = in.Get<uint64_t>();
  if (!in.AtEnd()) return Malformed();
  return message;
}

uint64_t HashOf(const std::optional<storage::FeedbackRecord>& record) {
  if (!record) return 0;
  const uint64_t hash = Checksum(storage::EncodeFeedback(*record, 0));
  return hash == 0 ? 1 : hash;
}

}  // namespace pointsman::engine
