// How often an embedder allocates: a constant number of times per text, never per token. It is an executable
// of its own because it replaces operator new.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "retrieval/embed/embedder.h"

namespace {
// Counted by the operator new below.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
thread_local std::size_t allocations = 0;

void* Allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace pointsman::retrieval {
namespace {

// Distinct words, known and unknown, so that no table stays small.
std::string TextOf(std::size_t words) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) {
    text += i % 2 == 0 ? "energy of reaction " + std::to_string(i * 7919) + "x " : "market law ";
  }
  return text;
}

std::size_t AllocationsOf(const Embedder& embedder, const std::string& text) {
  std::vector<float> out(embedder.dimension());
  const std::size_t before = allocations;
  embedder.Embed(text, out);
  return allocations - before;
}

TEST(AnEmbedder, AllocatesPerTextAndNotPerToken) {
  for (const char* name : {"lexicon", "hashing"}) {
    for (const double sketch_weight : {0.0, 0.5}) {
      EmbedderSettings settings;
      settings.name = name;
      settings.sketch_weight = name == std::string("lexicon") ? sketch_weight : 0;
      const auto embedder = MakeEmbedder(settings);
      ASSERT_TRUE(embedder.ok()) << embedder.status();
      const std::size_t few = AllocationsOf(**embedder, TextOf(60));
      EXPECT_EQ(AllocationsOf(**embedder, TextOf(6000)), few) << name << " " << sketch_weight;
      EXPECT_LE(few, 5u) << name << " " << sketch_weight;
    }
  }
}

}  // namespace
}  // namespace pointsman::retrieval
