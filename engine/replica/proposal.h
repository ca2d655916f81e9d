// What a replica proposes to the shared log: the events of a command, and what the command read when it was staged.
// Every replica folds the proposals in the order of the log. A proposal is folded if what it read is still so;
// otherwise every replica skips it alike, and its proposer stages the command again. So a verdict is a result of the
// fold, and a proposal that arrives twice is folded once: the first one has changed what the second one read.
// Errors: every Decode returns kDataLoss for bytes that no Encode wrote, and kFailedPrecondition for those that a
//   newer version wrote.
// Threads: values and pure functions.
// Source: optimistic transactions on a shared log, Balakrishnan et al. 2013 (Tango), section 3.2; proposals and
//   folds as in Balakrishnan et al. 2020 (Delos), section 3.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "domain/event.h"
#include "storage/api/projections.h"

namespace pointsman::engine {

struct Proposal {
  // A feedback record that was read, as its hash; 0: there was none.
  struct Seen {
    storage::FeedbackKey key;
    uint64_t hash = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  struct Events {
    PoolId pool{};
    std::vector<EventBody> bodies;  // not empty
    // How far silence was judged, if the events say how far it is judged now.
    std::optional<storage::PoolProgress> judged = {};
    friend bool operator==(const Events&, const Events&) = default;
  };

  uint64_t number = 0;  // the proposer's own
  std::vector<Seen> seen;
  std::vector<Events> events;
  // Records from before format 3 that are written in the present form.
  std::vector<std::pair<storage::FeedbackKey, storage::FeedbackRecord>> split;
  std::optional<PoolId> deleted = {};
  // Of a proposal that changes arms or pools: the position of the last message that did, as the proposer knew it.
  std::optional<uint64_t> changed = {};
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

// One message: what one replica proposes at once.
struct ProposalMessage {
  std::string replica;  // who proposes
  uint64_t run = 0;     // its numbers begin again with each run
  std::vector<Proposal> proposals;
  friend bool operator==(const ProposalMessage&, const ProposalMessage&) = default;
};

// The bytes of one proposal, and the message made of such bytes: so that each is encoded once, and its size known.
std::string Encode(const Proposal& proposal);
std::string JoinProposals(const std::string& replica, uint64_t run,
                          std::span<const std::string> proposals);
absl::StatusOr<ProposalMessage> DecodeProposals(std::string_view bytes);

// Decisions, for the replicas that did not make them.
struct DecisionMessage {
  std::string replica;
  uint64_t run = 0;
  std::vector<Decision> decisions;
};
std::string Encode(const DecisionMessage& message);
absl::StatusOr<DecisionMessage> DecodeDecisions(std::string_view bytes);

// The first message: it makes the log what it is. All replicas draw by its secret, so that each can recompute what
// another one decided.
struct EpochMessage {
  std::string replica;  // who began the log
  uint64_t run = 0;
  SipKey secret;
};
std::string Encode(const EpochMessage& message);
absl::StatusOr<EpochMessage> DecodeEpoch(std::string_view bytes);

// The hash of a record in Proposal::Seen.
uint64_t HashOf(const std::optional<storage::FeedbackRecord>& record);

}  // namespace pointsman::engine
