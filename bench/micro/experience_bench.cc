// The cost and the recall of the index of past queries, on real texts embedded with the lexicon:
//   BM_Search/N  searches among N entries: time, and recall@64 against exact search over floats
//   BM_Add/N     the cost of an outcome, joins included
// Run it in the repository, alone on the machine.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/check.h"
#include "bench/load/workload.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/index/experience_index.h"

namespace pointsman::bench {
namespace {

constexpr std::size_t kDimension = 64;
constexpr std::size_t kNeighbours = 64;
constexpr std::size_t kQueries = 200;

struct Vectors {
  std::vector<float> entries, queries;
};

const Vectors& RealVectors(std::size_t entries) {
  static Vectors vectors;
  static const Workload workload =
      Workload::Load(POINTSMAN_SOURCE_DIR "/deploy/sample", 300, 1).value();
  static const auto embedder =
      retrieval::MakeEmbedder(retrieval::ResolveEmbedder(EmbedderSettings{}).value()).value();
  POINTSMAN_CHECK(embedder->dimension() == kDimension);
  const auto embed = [](std::size_t text, std::vector<float>& out) {
    out.resize(out.size() + kDimension);
    embedder->Embed(workload.Text(text), std::span(out).last(kDimension));
  };
  for (std::size_t i = vectors.entries.size() / kDimension; i < entries; ++i) {
    embed(i, vectors.entries);
  }
  for (std::size_t i = vectors.queries.size() / kDimension; i < kQueries; ++i) {
    embed(500000000 + i, vectors.queries);
  }
  return vectors;
}

std::span<const float> Row(const std::vector<float>& rows, std::size_t i) {
  return std::span(rows).subspan(i * kDimension, kDimension);
}

void AddAll(retrieval::ExperienceIndex& index, const Vectors& vectors, std::size_t entries) {
  for (std::size_t i = 0; i < entries; ++i) {
    const auto row = Row(vectors.entries, i);
    Experience experience;
    experience.sequence = i + 1;
    experience.arm = ArmId{static_cast<uint32_t>(i % 8)};
    experience.context.assign(row.begin(), row.end());
    index.Add(experience);
  }
}

// The share of results that are among the exact nearest by floats, or as near as the last of them.
double Recall(const retrieval::ExperienceIndex& index, const Vectors& vectors,
              std::size_t entries) {
  std::vector<Neighbour> found;
  std::vector<float> all(entries);
  double sum = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto query = Row(vectors.queries, q);
    const auto similarity = [&](std::size_t i) {
      double dot = 0;
      for (std::size_t j = 0; j < kDimension; ++j) {
        dot += double{vectors.entries[i * kDimension + j]} * query[j];
      }
      return static_cast<float>(dot);
    };
    for (std::size_t i = 0; i < entries; ++i) all[i] = similarity(i);
    const std::size_t k = std::min(kNeighbours, entries);
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k - 1), all.end(),
                     std::greater<>());
    const float last = all[k - 1];
    index.Search(query, kNeighbours, found);
    const auto right = std::count_if(found.begin(), found.end(), [&](const Neighbour& n) {
      return similarity(n.sequence - 1) >= last;
    });
    sum += static_cast<double>(right) / static_cast<double>(k);
  }
  return sum / kQueries;
}

void BM_Search(benchmark::State& bench) {
  const auto entries = static_cast<std::size_t>(bench.range(0));
  const Vectors& vectors = RealVectors(entries);
  retrieval::ExperienceIndex index(kDimension, std::max<std::size_t>(100000, entries),
                                   retrieval::Building::kInline);
  AddAll(index, vectors, entries);
  std::vector<Neighbour> found;
  std::size_t query = 0;
  for (auto _ : bench) {
    index.Search(Row(vectors.queries, query++ % kQueries), kNeighbours, found);
    benchmark::DoNotOptimize(found.data());
  }
  bench.counters["recall"] = Recall(index, vectors, entries);
}
BENCHMARK(BM_Search)->Arg(1000)->Arg(5000)->Arg(20000)->Arg(100000)->Arg(300000);

void BM_Add(benchmark::State& bench) {
  const auto entries = static_cast<std::size_t>(bench.range(0));
  const Vectors& vectors = RealVectors(entries);
  for (auto _ : bench) {
    retrieval::ExperienceIndex index(kDimension, entries, retrieval::Building::kInline);
    AddAll(index, vectors, entries);
  }
  bench.SetItemsProcessed(static_cast<int64_t>(bench.iterations() * entries));
}
BENCHMARK(BM_Add)->Arg(5000)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pointsman::bench
