#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "evaluation/replay/probe.h"

namespace pointsman::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json FiguresJson(const ProbeFigures& figures) {
  return {{"ridge", figures.ridge},
          {"knn", figures.knn},
          {"random", figures.random},
          {"best_single", figures.best_single},
          {"oracle", figures.oracle}};
}

}  // namespace

std::string ProbeJson(const ProbeReport& report) {
  const EmbedderSettings& embedder = report.options.embedder;
  Json json = FiguresJson(report.mean);
  json["stderr"] = FiguresJson(report.standard_errors);
  json["data"] = report.dataset;
  json["pool"] = report.pool;
  json["queries"] = report.queries;
  json["queries_left_out"] = report.queries_left_out;
  json["arms_left_out"] = report.arms_left_out;
  json["arms"] = report.arms;
  json["embedder"] = embedder.name;
  json["dim"] = embedder.dimension;
  json["sketch_weight"] = embedder.name == "lexicon" ? embedder.sketch_weight : 0;
  json["vector_entries"] = report.dimension;
  json["train_share"] = report.options.train_share;
  json["train_queries"] = report.options.train_queries;
  json["seed"] = report.options.seed;
  json["splits"] = Json::array();
  for (const ProbeSplit& split : report.splits) {
    Json object = FiguresJson(split.figures);
    object["alpha"] = split.alpha;
    object["k"] = split.k;
    json["splits"].push_back(std::move(object));
  }
  return json.dump(2) + "\n";
}

std::string ProbeTable(const ProbeReport& report) {
  const ProbeOptions& options = report.options;
  const std::string trained = options.train_queries > 0
                                  ? absl::StrFormat("%d queries", options.train_queries)
                                  : absl::StrFormat("%.0f%%", 100 * options.train_share);
  std::string text = absl::StrFormat(
      "%s, pool %s: %d arms, %d queries\nembedder %s, vectors of %d entries; %d splits, trained on "
      "%s with all outcomes, scored on the rest\n\n",
      report.dataset, report.pool, report.arms, report.queries, options.embedder.name,
      report.dimension, report.splits.size(), trained);
  const auto row = [&](const char* name, double ProbeFigures::*figure) {
    text += absl::StrFormat("%-18s %.4f +- %.4f\n", name, report.mean.*figure,
                            report.standard_errors.*figure);
  };
  row("ridge", &ProbeFigures::ridge);
  row("k nearest", &ProbeFigures::knn);
  row("uniform random", &ProbeFigures::random);
  row("best single arm", &ProbeFigures::best_single);
  row("per-query oracle", &ProbeFigures::oracle);
  return text;
}

}  // namespace pointsman::evaluation
