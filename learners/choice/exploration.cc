#include "learners/choice/exploration.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/settings.h"
#include "learners/choice/probability_of_largest.h"

namespace pointsman::learners {
namespace {

using Pmf = std::vector<double>;
using Numbers = std::span<const double>;

// Puts the mass `total` on the largest means. Ties share equally, so the order
// of the candidates never matters.
void AddToBest(Numbers means, double total, Pmf& pmf) {
  const double best = *std::max_element(means.begin(), means.end());
  const auto tied = static_cast<double>(std::count(means.begin(), means.end(), best));
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (means[i] == best) pmf[i] += total / tied;
  }
}

Pmf Greedy(const LearnerSettings&, Numbers means, Numbers) {
  Pmf pmf(means.size(), 0.0);
  AddToBest(means, 1, pmf);
  return pmf;
}

Pmf EpsilonGreedy(const LearnerSettings& settings, Numbers means, Numbers) {
  Pmf pmf(means.size(), settings.epsilon / static_cast<double>(means.size()));
  AddToBest(means, 1 - settings.epsilon, pmf);
  return pmf;
}

Pmf Softmax(const LearnerSettings& settings, Numbers means, Numbers) {
  const double best = *std::max_element(means.begin(), means.end());
  Pmf pmf(means.size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    pmf[i] = std::exp((means[i] - best) / settings.temperature);
  }
  return pmf;
}

// Foster and Rakhlin 2020, algorithm 1: 1 / (k + gamma * gap) for the others, the rest for the best.
Pmf SquareCb(const LearnerSettings& settings, Numbers means, Numbers) {
  const double best = *std::max_element(means.begin(), means.end());
  const auto k = static_cast<double>(means.size());
  Pmf pmf(means.size(), 0.0);
  double rest = 1;
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (means[i] == best) continue;
    pmf[i] = 1 / (k + settings.squarecb_gamma * (best - means[i]));
    rest -= pmf[i];
  }
  AddToBest(means, rest, pmf);
  return pmf;
}

Pmf Thompson(const LearnerSettings& settings, Numbers means, Numbers stddevs) {
  Pmf scaled(stddevs.begin(), stddevs.end());
  for (double& sd : scaled) sd = std::min(sd * settings.exploration_scale, DBL_MAX);
  return ProbabilityOfLargest(means, scaled);
}

struct Explorer {
  const char* name;
  Pmf (*distribution)(const LearnerSettings&, Numbers, Numbers);
};
constexpr std::array<Explorer, 5> kExplorers = {{{"thompson", Thompson},
                                                 {"squarecb", SquareCb},
                                                 {"epsilon_greedy", EpsilonGreedy},
                                                 {"softmax", Softmax},
                                                 {"greedy", Greedy}}};

const Explorer* FindExplorer(std::string_view name) {
  for (const Explorer& explorer : kExplorers) {
    if (name == explorer.name) return &explorer;
  }
  return nullptr;
}

// Scales to sum 1, then applies the floor. Sums in the given order.
void Finish(double floor, Pmf& pmf) {
  double sum = 0;
  for (const double p : pmf) sum += p;
  const auto k = static_cast<double>(pmf.size());
  const bool is_usable = sum > 0 && std::isfinite(sum);
  for (double& p : pmf) p = (is_usable ? (p / sum) * (1 - floor) : (1 - floor) / k) + floor / k;
}

// The settings that the algorithms compute with.
constexpr const char* kNumbers[] = {"learner.exploration_floor", "learner.exploration_scale",
                                    "learner.epsilon", "learner.temperature",
                                    "learner.squarecb_gamma"};

absl::Status CheckRange(const SettingRow& row, double value) {
  // The comparisons are false for NaN, which is then out of range too.
  if (value >= row.least && value <= row.most) return absl::OkStatus();
  return InvalidArgument(row.name, ": must be from ", row.least, " to ", row.most, ", got ", value);
}

}  // namespace

std::vector<double> Distribution(const LearnerSettings& settings, std::span<const double> means,
                                 std::span<const double> stddevs) {
  POINTSMAN_CHECK(!means.empty() && means.size() == stddevs.size());
  if (means.size() == 1) return {1.0};
  const Explorer* explorer = FindExplorer(settings.exploration);
  POINTSMAN_CHECK(explorer != nullptr);
  Pmf pmf = explorer->distribution(settings, means, stddevs);
  Finish(settings.exploration_floor, pmf);
  return pmf;
}

void LiftToFloors(std::span<const double> floors, std::span<double> pmf) {
  if (floors.empty()) return;
  POINTSMAN_CHECK(floors.size() == pmf.size());
  double lifted = 0, rest = 0;
  for (std::size_t i = 0; i < pmf.size(); ++i) {
    (pmf[i] < floors[i] ? lifted : rest) += std::max(pmf[i], floors[i]);
  }
  if (lifted == 0) return;
  const double scale = rest > 0 ? std::max(0.0, 1 - lifted) / rest : 1;
  double sum = 0;
  for (std::size_t i = 0; i < pmf.size(); ++i) {
    pmf[i] = pmf[i] < floors[i] ? floors[i] : pmf[i] * scale;
    sum += pmf[i];
  }
  for (double& p : pmf) p /= sum;
}

absl::Status ValidateExploration(const LearnerSettings& settings) {
  if (FindExplorer(settings.exploration) == nullptr) {
    std::string names;
    for (const Explorer& explorer : kExplorers) {
      names += Cat(names.empty() ? "" : ", ", explorer.name);
    }
    return InvalidArgument("learner.exploration: no algorithm is named ",
                           Quoted(settings.exploration), "; there are ", names);
  }
  for (const char* name : kNumbers) {
    const SettingRow& row = SettingNamed(name);
    RETURN_IF_ERROR(CheckRange(row, settings.*std::get<double LearnerSettings::*>(row.field)));
  }
  return absl::OkStatus();
}

std::size_t SampleIndex(std::span<const double> pmf, double u) {
  POINTSMAN_CHECK(!pmf.empty());
  double cumulated = 0;
  std::size_t last = 0;  // the last entry that can be drawn: gets the remainder of rounding
  for (std::size_t i = 0; i < pmf.size(); ++i) {
    if (!(pmf[i] > 0)) continue;
    cumulated += pmf[i];
    last = i;
    if (u < cumulated) return i;
  }
  return last;
}

}  // namespace pointsman::learners
