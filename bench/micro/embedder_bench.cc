// The cost of embedding a text, by length. The texts are real questions, joined to the wanted length.
// usage: embedder_bench [Google Benchmark's flags]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "evaluation/data/dataset.h"
#include "retrieval/embed/character_sketch.h"
#include "retrieval/embed/embedder.h"
#include "retrieval/embed/text_tokens.h"

namespace pointsman::bench {
namespace {

constexpr std::size_t kTexts = 64;

// kTexts different texts of exactly `length` bytes.
std::vector<std::string> Texts(std::size_t length) {
  const auto dataset = evaluation::LoadDataset(POINTSMAN_SOURCE_DIR "/deploy/sample", "");
  if (!dataset.ok()) {
    std::fprintf(stderr, "embedder_bench: %s\n", std::string(dataset.status().message()).c_str());
    std::exit(1);
  }
  std::vector<std::string> texts(kTexts);
  std::size_t query = 0;
  for (std::string& text : texts) {
    while (text.size() < length)
      text += dataset->queries[query++ % dataset->queries.size()].text + " ";
    text.resize(length);
  }
  return texts;
}

std::shared_ptr<const retrieval::Embedder> Make(const char* name, uint32_t dimension,
                                                double sketch_weight) {
  EmbedderSettings settings;
  settings.name = name;
  settings.dimension = dimension;
  settings.sketch_weight = sketch_weight;
  auto made = retrieval::MakeEmbedder(settings);
  if (!made.ok()) {
    std::fprintf(stderr, "embedder_bench: %s\n", std::string(made.status().message()).c_str());
    std::exit(1);
  }
  return *std::move(made);
}

void Embed(benchmark::State& state, const retrieval::Embedder& embedder) {
  const std::vector<std::string> texts = Texts(static_cast<std::size_t>(state.range(0)));
  std::vector<float> out(embedder.dimension());
  std::size_t next = 0;
  for (auto _ : state) {
    embedder.Embed(texts[next++ % kTexts], out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void LexiconWords(benchmark::State& state) { Embed(state, *Make("lexicon", 64, 0)); }
// The part of the cost that a batch could share between its texts: all that does not depend on the tokens.
void LexiconOneWord(benchmark::State& state) {
  const auto embedder = Make("lexicon", 64, 0.5);
  std::vector<float> out(embedder->dimension());
  for (auto _ : state) {
    embedder->Embed("energy", out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(LexiconOneWord)->Unit(benchmark::kMicrosecond);
void LexiconWordsAndSketch(benchmark::State& state) { Embed(state, *Make("lexicon", 64, 0.5)); }
void Hashing(benchmark::State& state) { Embed(state, *Make("hashing", 256, 0)); }
BENCHMARK(LexiconWords)->Arg(300)->Arg(4000)->Unit(benchmark::kMicrosecond);
BENCHMARK(LexiconWordsAndSketch)->Arg(300)->Arg(4000)->Unit(benchmark::kMicrosecond);
BENCHMARK(Hashing)->Arg(300)->Arg(4000)->Unit(benchmark::kMicrosecond);

void Tokens(benchmark::State& state) {
  const std::vector<std::string> texts = Texts(static_cast<std::size_t>(state.range(0)));
  std::vector<uint64_t> tokens;
  std::size_t next = 0;
  for (auto _ : state) {
    retrieval::Tokenize(texts[next++ % kTexts], tokens);
    benchmark::DoNotOptimize(tokens.data());
  }
}
BENCHMARK(Tokens)->Arg(300)->Arg(4000)->Unit(benchmark::kMicrosecond);

void Sketch(benchmark::State& state) {
  const std::vector<std::string> texts = Texts(static_cast<std::size_t>(state.range(0)));
  std::vector<float> out(64);
  std::size_t next = 0;
  for (auto _ : state) {
    retrieval::SketchCharacters(texts[next++ % kTexts], out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(Sketch)->Arg(300)->Arg(4000)->Unit(benchmark::kMicrosecond);

// Maps, checks and indexes the bundled file.
void OpenLexicon(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Make("lexicon", 64, 0));
}
BENCHMARK(OpenLexicon)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pointsman::bench
