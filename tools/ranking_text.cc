#include "tools/ranking_text.h"

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "tools/output.h"

namespace pointsman::tools {
namespace {

constexpr char kUnknown[] = "unknown";

}  // namespace

std::string DollarsOr(bool is_known, double usd) { return is_known ? Dollars(usd) : kUnknown; }

std::string MillisOr(bool is_known, double ms) {
  return is_known ? absl::StrFormat("%.0f ms", ms) : kUnknown;
}

std::string RankingTable(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking,
                         const char* head) {
  TextTable table({head, "chance", "utility", "quality", "cost", "latency", "errors"});
  for (const v1::RankedArm& arm : ranking) {
    const v1::Expected& expected = arm.expected();
    table.Add({OneLine(arm.arm()), absl::StrFormat("%.2f%%", 100 * arm.probability()),
               absl::StrFormat("%.4f", arm.utility()),
               absl::StrFormat("%.3f +- %.3f", expected.quality(), expected.quality_stddev()),
               DollarsOr(expected.has_cost_usd(), expected.cost_usd()),
               MillisOr(expected.has_latency_ms(), expected.latency_ms()),
               absl::StrFormat("%.1f%%", 100 * expected.error_rate())});
  }
  return table.Text();
}

std::string Reasons(const google::protobuf::RepeatedPtrField<v1::RankedArm>& ranking) {
  std::string text;
  for (const v1::RankedArm& arm : ranking) {
    if (!arm.reason().empty()) text += Cat(OneLine(arm.arm()), ": ", OneLine(arm.reason()), "\n");
  }
  return text;
}

}  // namespace pointsman::tools
