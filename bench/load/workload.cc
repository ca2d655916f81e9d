#include "bench/load/workload.h"

#include <algorithm>

#include "base/rng.h"
#include "base/siphash.h"
#include "base/status_macros.h"
#include "domain/outcome_fields.h"
#include "service/api/convert.h"

namespace pointsman::bench {
namespace {

constexpr std::size_t kDescriptionBytes = 200;

// Cuts the text to at most `bytes`, between characters.
void Cut(std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  text.resize(bytes);
}

}  // namespace

absl::StatusOr<Workload> Workload::Load(const std::string& folder, std::size_t characters,
                                        uint64_t seed) {
  ASSIGN_OR_RETURN(evaluation::Dataset dataset, evaluation::LoadDataset(folder, ""));
  return Workload(std::move(dataset), characters, seed);
}

std::size_t Workload::FirstQuery(std::size_t index) const {
  const std::size_t n = dataset_.queries.size();
  return index < n ? index : Rng(seed_ ^ index).Below(n);
}

std::string Workload::Text(std::size_t index) const {
  const std::size_t n = dataset_.queries.size();
  Rng rng(seed_ ^ index);
  static_cast<void>(rng.Below(n));  // FirstQuery's
  std::string text = dataset_.queries[FirstQuery(index)].text;
  if (index >= n) {
    Cut(text, std::min(text.size(), characters_ > 0 ? characters_ : text.size()) / 2);
    const std::string& other = dataset_.queries[rng.Below(n)].text;
    std::size_t middle = other.size() / 2;
    while (middle > 0 && (static_cast<unsigned char>(other[middle]) & 0xc0) == 0x80) --middle;
    text += ' ' + other.substr(middle);
  }
  while (text.size() < characters_) text += ' ' + dataset_.queries[rng.Below(n)].text;
  if (characters_ > 0) Cut(text, characters_);
  return text;
}

void Workload::FillFeedback(std::size_t index, const std::string& arm,
                            v1::FeedbackRequest& feedback) const {
  const auto known = std::find_if(dataset_.arms.begin(), dataset_.arms.end(),
                                  [&](const Arm& a) { return a.name == arm; });
  if (known != dataset_.arms.end()) {
    FillOutcome(
        dataset_.At(FirstQuery(index), static_cast<std::size_t>(known - dataset_.arms.begin())),
        feedback);
    return;
  }
  Rng rng(seed_ ^ SipHash(SipKey{}, arm) ^ index);
  feedback.set_quality(rng.Uniform());
  feedback.set_latency_ms(1000 * rng.Uniform());
  feedback.set_cost_usd(0.01 * rng.Uniform());
}

v1::Arm Workload::MakeArm(std::size_t index) const {
  if (index < dataset_.arms.size()) return service::ToProto(dataset_.arms[index]);
  v1::Arm arm;
  arm.set_name("tool-" + std::to_string(index));
  // From another part of the texts than the first queries.
  std::string description = Text(1000000 + index);
  Cut(description, kDescriptionBytes);
  arm.set_description(description);
  arm.set_usd_per_1m_input(1);
  arm.set_usd_per_1m_output(4);
  return arm;
}

}  // namespace pointsman::bench
