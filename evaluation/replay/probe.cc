#include "evaluation/replay/probe.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/embed/projection.h"

namespace pointsman::evaluation {
namespace {

constexpr std::array<double, 9> kAlphas = {0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};
constexpr std::array<uint32_t, 6> kNeighbourCounts = {10, 20, 30, 50, 100, 200};
constexpr double kInnerShare = 0.8;
constexpr std::size_t kQueriesLeast = 20;
constexpr Eigen::Index kBlock = 256;  // queries compared at a time

using Matrix = Eigen::MatrixXd;
using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = std::span<const Eigen::Index>;

// The data shared by all splits.
struct Table {
  Floats x;  // queries * D
  Matrix y;  // queries * arms: quality
};

absl::StatusOr<Floats> EmbedAll(const Dataset& dataset, const EmbedderSettings& settings,
                                const std::function<void(double)>& show) {
  std::shared_ptr<const retrieval::Embedder> embedder;
  ASSIGN_OR_RETURN(embedder, retrieval::MakeEmbedder(settings));
  if (embedder == nullptr) {
    return FailedPrecondition(
        "the embedder \"caller\" makes no vectors; choose another one to probe");
  }
  const uint32_t dimension = embedder->dimension();
  const uint32_t projected = settings.projected == 0 ? dimension : settings.projected;
  auto projection = retrieval::Projection::Make(dimension, projected, settings.projection_seed);
  RETURN_IF_ERROR(projection.status());
  Floats x(dataset.queries.size(), projected);
  std::vector<float> vector(dimension);
  for (std::size_t i = 0; i < dataset.queries.size(); ++i) {
    embedder->Embed(dataset.queries[i].text, vector);
    projection->Apply(vector, {x.row(static_cast<Eigen::Index>(i)).data(), projected});
    if (i % 1024 == 0) show(static_cast<double>(i) / static_cast<double>(dataset.queries.size()));
  }
  return x;
}

Matrix Qualities(const Dataset& dataset) {
  Matrix y(dataset.queries.size(), dataset.arms.size());
  for (std::size_t q = 0; q < dataset.queries.size(); ++q) {
    for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
      y(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)) = *dataset.At(q, a).quality;
    }
  }
  return y;
}

template <class M>
M Taken(const M& from, Rows rows) {
  M out(rows.size(), from.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.row(static_cast<Eigen::Index>(i)) = from.row(rows[i]);
  return out;
}

// The mean quality of the arm that `predicted` ranks first, ties to the earlier arm.
double Scored(const Matrix& predicted, const Matrix& y) {
  double sum = 0;
  for (Eigen::Index i = 0; i < y.rows(); ++i) {
    Eigen::Index arm = 0;
    predicted.row(i).maxCoeff(&arm);
    sum += y(i, arm);
  }
  return sum / static_cast<double>(y.rows());
}

// Predictions for the rows of `at`, one matrix per alpha.
std::vector<Matrix> Ridge(const Table& table, Rows train, Rows at, std::span<const double> alphas) {
  Matrix x = Taken(table.x, train).cast<double>();
  Matrix y = Taken(table.y, train);
  const Eigen::RowVectorXd x_mean = x.colwise().mean(), y_mean = y.colwise().mean();
  x.rowwise() -= x_mean;
  y.rowwise() -= y_mean;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(x.transpose() * x);
  const Matrix moments = eigen.eigenvectors().transpose() * (x.transpose() * y);
  Matrix rotated = Taken(table.x, at).cast<double>();
  rotated.rowwise() -= x_mean;
  rotated = rotated * eigen.eigenvectors();
  std::vector<Matrix> predictions;
  for (const double alpha : alphas) {
    const Eigen::VectorXd shrunk = (eigen.eigenvalues().array().max(0) + alpha).inverse();
    Matrix predicted = rotated * (shrunk.asDiagonal() * moments);
    predicted.rowwise() += y_mean;
    predictions.push_back(std::move(predicted));
  }
  return predictions;
}

// Predictions for the rows of `at`, one matrix per k (ascending); with fewer neighbours if fewer exist.
std::vector<Matrix> Neighbours(const Table& table, Rows train, Rows at,
                               std::span<const uint32_t> counts) {
  const Floats x = Taken(table.x, train), queries = Taken(table.x, at);
  const Matrix y = Taken(table.y, train);
  const std::size_t k_max = std::min<std::size_t>(counts.back(), train.size());
  std::vector<Matrix> predictions(counts.size(), Matrix(queries.rows(), y.cols()));
  std::vector<std::size_t> order(train.size());
  for (Eigen::Index first = 0; first < queries.rows(); first += kBlock) {
    const Eigen::Index rows = std::min(kBlock, queries.rows() - first);
    const Floats similarity = queries.middleRows(first, rows) * x.transpose();
    for (Eigen::Index i = 0; i < rows; ++i) {
      const float* row = similarity.row(i).data();
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k_max),
                        order.end(), [row](std::size_t a, std::size_t b) {
                          return row[a] != row[b] ? row[a] > row[b] : a < b;
                        });
      Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(y.cols());
      std::size_t taken = 0;
      for (std::size_t c = 0; c < counts.size(); ++c) {
        const std::size_t k = std::min<std::size_t>(counts[c], k_max);
        while (taken < k) sum += y.row(static_cast<Eigen::Index>(order[taken++]));
        predictions[c].row(first + i) = sum / static_cast<double>(k);
      }
    }
  }
  return predictions;
}

// The index of the best-scoring prediction, the first of equals.
std::size_t Best(const std::vector<Matrix>& predictions, const Matrix& y) {
  std::vector<double> scores;
  for (const Matrix& predicted : predictions) scores.push_back(Scored(predicted, y));
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

std::size_t Share(std::size_t count, double share) {
  const auto part = static_cast<std::size_t>(share * static_cast<double>(count));
  return std::clamp<std::size_t>(part, 1, count - 1);
}

ProbeSplit RunSplit(const Table& table, const ProbeOptions& options, uint64_t seed) {
  const auto count = static_cast<std::size_t>(table.x.rows());
  const std::vector<std::size_t> shuffled = Shuffled(count, count, seed);
  const std::vector<Eigen::Index> order(shuffled.begin(), shuffled.end());
  const Rows all(order);
  const Rows train = all.first(
      options.train_queries > 0 ? options.train_queries : Share(order.size(), options.train_share));
  const Rows scored = all.subspan(train.size());
  const Rows fitted = train.first(Share(train.size(), kInnerShare));
  const Rows checked = train.subspan(fitted.size());
  const Matrix checked_y = Taken(table.y, checked), y = Taken(table.y, scored);

  ProbeSplit split;
  split.alpha = kAlphas[Best(Ridge(table, fitted, checked, kAlphas), checked_y)];
  split.k = kNeighbourCounts[Best(Neighbours(table, fitted, checked, kNeighbourCounts), checked_y)];
  split.figures = {.ridge = Scored(Ridge(table, train, scored, {&split.alpha, 1}).front(), y),
                   .knn = Scored(Neighbours(table, train, scored, {&split.k, 1}).front(), y),
                   .random = y.mean(),
                   .best_single = y.colwise().mean().maxCoeff(),
                   .oracle = y.rowwise().maxCoeff().mean()};
  return split;
}

constexpr std::array<double ProbeFigures::*, 5> kFigures = {
    &ProbeFigures::ridge, &ProbeFigures::knn, &ProbeFigures::random, &ProbeFigures::best_single,
    &ProbeFigures::oracle};

void Summarise(ProbeReport& report) {
  const auto n = static_cast<double>(report.splits.size());
  for (const auto figure : kFigures) {
    double sum = 0, squares = 0;
    for (const ProbeSplit& split : report.splits) sum += split.figures.*figure;
    report.mean.*figure = sum / n;
    for (const ProbeSplit& split : report.splits) {
      const double off = split.figures.*figure - sum / n;
      squares += off * off;
    }
    report.standard_errors.*figure = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  }
}

}  // namespace

absl::StatusOr<ProbeReport> RunProbe(const Dataset& dataset, const ProbeOptions& options,
                                     const std::function<void(double)>& show) {
  if (options.splits < 1 || options.splits > 1000) {
    return InvalidArgument("splits is ", options.splits, "; it must be from 1 to 1000");
  }
  if (!(options.train_share > 0 && options.train_share < 1)) {
    return InvalidArgument("the training share is ", options.train_share,
                           "; it must be between 0 and 1");
  }
  const std::size_t trained = options.train_queries;
  if (trained > 0 && (trained < kQueriesLeast || trained >= dataset.queries.size())) {
    return InvalidArgument("the number of training queries is ", trained, "; it must be from ",
                           kQueriesLeast, " to ", dataset.queries.size() - 1,
                           ", one less than the set contains");
  }
  if (dataset.queries.size() < kQueriesLeast) {
    return InvalidArgument("the set has ", dataset.queries.size(), " queries; a probe needs ",
                           kQueriesLeast);
  }
  Table table;
  const double split_share =
      1.0 / (options.splits + 0.2);  // embedding takes about a fifth of one split
  ASSIGN_OR_RETURN(table.x, EmbedAll(dataset, options.embedder,
                                     [&](double share) { show(0.2 * split_share * share); }));
  table.y = Qualities(dataset);
  ProbeReport report;
  report.dataset = dataset.name;
  report.pool = dataset.pool;
  report.queries = dataset.queries.size();
  report.queries_left_out = dataset.queries_left_out;
  report.arms_left_out = dataset.arms_left_out;
  report.arms = dataset.arms.size();
  report.dimension = static_cast<uint32_t>(table.x.cols());
  report.options = options;
  for (uint32_t i = 0; i < options.splits; ++i) {
    report.splits.push_back(RunSplit(table, options, options.seed + i));
    show(split_share * (0.2 + i + 1));
  }
  Summarise(report);
  return report;
}

}  // namespace pointsman::evaluation
