#include "bench/load/load_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "tools/output.h"

namespace pointsman::bench {
namespace {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Per(double sum, uint64_t count) { return count == 0 ? 0 : sum / static_cast<double>(count); }

double CpuUs(const LoadSlice& slice) { return Per(1e6 * slice.server_cpu_s, slice.calls.calls); }
double Throughput(const LoadSlice& slice) {
  return static_cast<double>(slice.calls.calls - slice.calls.errors) / slice.seconds;
}

// The median over the rounds of a figure of a phase's slice divided by that of the first phase's.
template <class Figure>
double Ratio(const PhaseResult& phase, const PhaseResult& first, Figure figure) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(phase.slices.size(), first.slices.size()); ++i) {
    const double below = figure(first.slices[i]);
    if (below > 0) ratios.push_back(figure(phase.slices[i]) / below);
  }
  return Median(ratios);
}

struct Ratios {
  double cpu, p50, p99, throughput;
};
Ratios RatiosOf(const PhaseResult& phase, const PhaseResult& first) {
  return {Ratio(phase, first, CpuUs),
          Ratio(phase, first, [](const LoadSlice& s) { return s.calls.p50_us; }),
          Ratio(phase, first, [](const LoadSlice& s) { return s.calls.p99_us; }),
          Ratio(phase, first, Throughput)};
}

struct Totals {
  double seconds = 0, cpu_us = 0, own_cpu_us = 0, switches = 0, throughput = 0, late_us = 0;
  double feedback_throughput = 0;
};
Totals TotalsOf(const PhaseResult& phase) {
  Totals totals;
  double switches = 0;
  for (const LoadSlice& slice : phase.slices) {
    totals.seconds += slice.seconds;
    totals.cpu_us += 1e6 * slice.server_cpu_s;
    totals.own_cpu_us += 1e6 * slice.own_cpu_s;
    switches += static_cast<double>(slice.switches);
    totals.late_us = std::max(totals.late_us, slice.late_us);
  }
  if (totals.seconds > 0) {
    totals.throughput =
        static_cast<double>(phase.calls.calls - phase.calls.errors) / totals.seconds;
    totals.feedback_throughput =
        static_cast<double>(phase.feedback.calls - phase.feedback.errors) / totals.seconds;
  }
  totals.cpu_us = Per(totals.cpu_us, phase.calls.calls);
  totals.own_cpu_us = Per(totals.own_cpu_us, phase.calls.calls);
  totals.switches = Per(switches, phase.calls.calls);
  return totals;
}

nlohmann::json JsonOf(const LoadFigures& figures) {
  return {{"calls", figures.calls},   {"errors", figures.errors}, {"p50_us", figures.p50_us},
          {"p90_us", figures.p90_us}, {"p99_us", figures.p99_us}, {"p999_us", figures.p999_us},
          {"max_us", figures.max_us}};
}

nlohmann::json JsonOf(const PhaseResult& phase) {
  const Totals totals = TotalsOf(phase);
  nlohmann::json out = JsonOf(phase.calls);
  out["throughput"] = totals.throughput;
  out["server_cpu_us"] = totals.cpu_us;
  out["own_cpu_us"] = totals.own_cpu_us;
  out["switches"] = totals.switches;
  out["late_us"] = totals.late_us;
  if (phase.phase.has_feedback) {
    out["feedback"] = JsonOf(phase.feedback);
    out["feedback"]["throughput"] = totals.feedback_throughput;
  }
  for (const LoadSlice& slice : phase.slices) {
    out["slices"].push_back({{"throughput", Throughput(slice)},
                             {"p50_us", slice.calls.p50_us},
                             {"p99_us", slice.calls.p99_us},
                             {"errors", slice.calls.errors + slice.feedback.errors},
                             {"server_cpu_us", CpuUs(slice)},
                             {"rss_mb", static_cast<double>(slice.rss_bytes) / (1 << 20)}});
  }
  if (!phase.first_error.empty()) out["first_error"] = phase.first_error;
  return out;
}

// Least squares over the slices of all phases in the order in which they ran, in MB per minute.
struct Rss {
  double first_mb = 0, last_mb = 0, per_minute = 0;
};
Rss RssOf(const std::vector<PhaseResult>& phases) {
  Rss rss;
  if (phases.empty() || phases.front().slices.empty()) return rss;
  std::vector<std::pair<double, double>> points;
  double minutes = 0;
  for (std::size_t round = 0; round < phases.front().slices.size(); ++round) {
    for (const PhaseResult& phase : phases) {
      const LoadSlice& slice = phase.slices[round];
      minutes += slice.seconds / 60;
      points.emplace_back(minutes, static_cast<double>(slice.rss_bytes) / (1 << 20));
    }
  }
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / static_cast<double>(points.size());
    mean_y += y / static_cast<double>(points.size());
  }
  for (const auto& [x, y] : points) {
    xx += (x - mean_x) * (x - mean_x);
    xy += (x - mean_x) * (y - mean_y);
  }
  return {points.front().second, points.back().second, xx > 0 ? xy / xx : 0};
}

std::string Us(double us) {
  return us < 10000 ? absl::StrFormat("%.0f us", us) : absl::StrFormat("%.1f ms", us / 1000);
}

std::vector<std::string> Row(const std::string& name, const LoadFigures& f, double throughput,
                             const std::string& cpu) {
  return {name,
          absl::StrFormat("%.0f", throughput),
          Us(f.p50_us),
          Us(f.p90_us),
          Us(f.p99_us),
          Us(f.p999_us),
          Us(f.max_us),
          cpu,
          absl::StrFormat("%d", f.errors)};
}

}  // namespace

std::string JsonTextOf(const LoadReport& report) {
  nlohmann::json out;
  for (const PhaseResult& phase : report.phases) {
    out["phases"][phase.phase.name] = JsonOf(phase);
    if (&phase == &report.phases.front()) continue;
    const Ratios ratios = RatiosOf(phase, report.phases.front());
    out["ratio"][phase.phase.name] = {{"cpu", ratios.cpu},
                                      {"p50", ratios.p50},
                                      {"p99", ratios.p99},
                                      {"throughput", ratios.throughput}};
  }
  const Rss rss = RssOf(report.phases);
  out["rss_mb"] = {{"first", rss.first_mb}, {"last", rss.last_mb}, {"per_minute", rss.per_minute}};
  if (report.recall.queries() > 0) {
    out["recall"] = {{"queries", report.recall.queries()},
                     {"neighbours", report.recall.neighbour_recall()},
                     {"neighbours_k", report.recall.neighbours()},
                     {"shortlist", report.recall.shortlist_recall()},
                     {"shortlist_k", report.recall.shortlist()}};
  }
  return out.dump(1) + "\n";
}

std::string TextOf(const LoadReport& report) {
  tools::TextTable table(
      {"", "calls/s", "p50", "p90", "p99", "p99.9", "max", "server CPU", "errors"});
  std::string notes;
  for (const PhaseResult& phase : report.phases) {
    const Totals totals = TotalsOf(phase);
    table.Add(Row(phase.phase.name, phase.calls, totals.throughput, Us(totals.cpu_us)));
    if (phase.phase.has_feedback) {
      table.Add(Row("  its feedback", phase.feedback, totals.feedback_throughput, ""));
    }
    if (!phase.first_error.empty()) {
      notes += phase.phase.name + ": first error: " + phase.first_error + "\n";
    }
    if (totals.late_us > 1000) {
      notes += absl::StrFormat(
          "%s: the load generator started calls late (p99 %s): the rate is too high for this "
          "machine, or the machine is busy\n",
          phase.phase.name, Us(totals.late_us));
    }
  }
  std::string text = table.Text();
  for (const PhaseResult& phase : report.phases) {
    if (&phase == &report.phases.front()) continue;
    const Ratios r = RatiosOf(phase, report.phases.front());
    text += absl::StrFormat("%s / %s: CPU %.2f, p50 %.2f, p99 %.2f, throughput %.2f\n",
                            phase.phase.name, report.phases.front().phase.name, r.cpu, r.p50, r.p99,
                            r.throughput);
  }
  if (const Rss rss = RssOf(report.phases); rss.last_mb > 0) {
    text += absl::StrFormat("server RSS %.1f MB (%.1f at first, %+.2f MB per minute)\n",
                            rss.last_mb, rss.first_mb, rss.per_minute);
  }
  if (report.recall.queries() > 0) {
    text += absl::StrFormat(
        "recall against exact search, %d queries: %.3f of %d neighbours, %.3f of %d arms\n",
        report.recall.queries(), report.recall.neighbour_recall(), report.recall.neighbours(),
        report.recall.shortlist_recall(), report.recall.shortlist());
  }
  return text + notes;
}

}  // namespace pointsman::bench
