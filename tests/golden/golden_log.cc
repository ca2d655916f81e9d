#include "golden_log.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/route/recompute.h"
#include "learners/state/learned_state.h"
#include "storage/codec/records.h"
#include "storage/codec/sealed.h"

namespace pointsman::tests {
namespace {

constexpr std::string_view kMagic = "PMGOLD01";

void AppendFigures(const learners::LearnedState& state, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < state.arm_count(); ++i) {
    const learners::ArmFigures f = state.Figures(static_cast<ArmId>(i), state.time());
    const learners::TrackerFigures& t = f.tracker;
    lines.push_back(absl::StrFormat(
        "arm %d outcomes %d level %.17g +- %.17g quality %.17g of %.17g latency_ms %.17g p95 %.17g "
        "cost %.17g tokens %.17g errors %.17g",
        i, f.outcomes, f.level.mean, f.level.stddev, t.quality, t.quality_weight,
        f.expected.latency_ms, t.latency_p95_ms, f.expected.cost_usd, t.output_tokens,
        t.error_rate));
  }
}

std::string DecisionLine(const Decision& d) {
  std::string line = absl::StrFormat("%s version %d", d.id, d.snapshot_version);
  for (const ChosenArm& chosen : d.chosen) {
    line += absl::StrFormat(" chose %d p %.17g", Index(chosen.arm), chosen.propensity);
  }
  return line;
}

}  // namespace

absl::Status WriteGoldenLog(const GoldenLog& log, const std::string& path) {
  ByteWriter out;
  for (const char c : kMagic) out.Put(c);
  out.Put(log.secret);
  out.Put(static_cast<uint64_t>(log.events.size()));
  for (const Event& event : log.events) out.PutString(storage::EncodeEvent(event));
  out.Put(static_cast<uint64_t>(log.decisions.size()));
  for (const Decision& decision : log.decisions) {
    out.PutString(
        storage::Seal(storage::RecordKind::kDecision, storage::EncodeDecisionPayload(decision)));
  }
  gzFile file = gzopen(path.c_str(), "wb9");
  if (file == nullptr) return absl::UnavailableError(Cat("cannot write ", path));
  const std::string& bytes = out.bytes();
  const bool is_written = gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) ==
                          static_cast<int>(bytes.size());
  const bool is_closed = gzclose(file) == Z_OK;
  return is_written && is_closed ? absl::OkStatus()
                                 : absl::UnavailableError(Cat("cannot write ", path));
}

absl::StatusOr<GoldenLog> ReadGoldenLog(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::UnavailableError(Cat("cannot read ", path));
  std::string bytes;
  std::array<char, 65536> part{};
  int size = 0;
  while ((size = gzread(file, part.data(), part.size())) > 0) {
    bytes.append(part.data(), static_cast<std::size_t>(size));
  }
  gzclose(file);
  if (size < 0 || bytes.substr(0, kMagic.size()) != kMagic) return DataLoss(path, " is damaged");
  ByteReader in(std::string_view(bytes).substr(kMagic.size()));
  GoldenLog log;
  log.secret = in.Get<SipKey>();
  for (uint64_t n = in.GetCount(8); n > 0; --n) {
    Event event;
    ASSIGN_OR_RETURN(event, storage::DecodeEvent(in.GetString()));
    log.events.push_back(std::move(event));
  }
  for (uint64_t n = in.GetCount(8); n > 0; --n) {
    Decision decision;
    ASSIGN_OR_RETURN(decision, storage::DecodeDecision(in.GetString()));
    log.decisions.push_back(std::move(decision));
  }
  if (!in.AtEnd()) return DataLoss(path, " is damaged");
  return log;
}

absl::StatusOr<Replayed> Replay(const GoldenLog& log) {
  Replayed replayed;
  const auto* made = std::get_if<PoolEvent>(&log.events.front().body);
  if (made == nullptr) return DataLoss("the log does not begin with its pool");
  auto state = learners::LearnedState::Empty(made->pool);
  RETURN_IF_ERROR(state.status());
  std::size_t next = 0;
  const auto decide = [&]() -> absl::Status {
    for (; next < log.decisions.size() && log.decisions[next].snapshot_version == state->version();
         ++next) {
      Decision again;
      ASSIGN_OR_RETURN(again, engine::Recompute(*state, log.decisions[next], log.secret));
      replayed.transcript.push_back(DecisionLine(again));
      replayed.decisions.push_back(std::move(again));
    }
    return absl::OkStatus();
  };
  for (const Event& event : log.events) {
    RETURN_IF_ERROR(decide());
    RETURN_IF_ERROR(state->Learn({&event, 1}));
  }
  RETURN_IF_ERROR(decide());
  if (next != log.decisions.size()) return DataLoss("a decision is of no version of this log");
  AppendFigures(*state, replayed.transcript);
  replayed.transcript.push_back(absl::StrFormat("state %016x", learners::StateChecksum(*state)));
  return replayed;
}

}  // namespace pointsman::tests
