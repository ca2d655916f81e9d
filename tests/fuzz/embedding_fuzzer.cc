// Any bytes, as a text to embed and as a lexicon file to open: no crash, and each vector of unit
// norm or zero.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/siphash.h"
#include "retrieval/embed/hashing_embedder.h"
#include "retrieval/embed/lexicon_embedder.h"

namespace pointsman::tests {
namespace {

void CheckUnitOrZero(const retrieval::Embedder& embedder, std::string_view text) {
  std::vector<float> out(embedder.dimension());
  embedder.Embed(text, out);
  double squares = 0;
  for (const float x : out) squares += double{x} * x;
  POINTSMAN_CHECK(squares == 0 || std::abs(squares - 1) < 1e-4);
}

// The bytes as they are, and with a checksum that fits, so that the fuzzer gets beyond it.
void TryLexicon(std::string_view bytes, bool is_resealed) {
  std::vector<uint64_t> words(bytes.size() / 8 + 1);  // 8-byte aligned
  auto* data = reinterpret_cast<char*>(words.data());
  std::memcpy(data, bytes.data(), bytes.size());
  if (is_resealed && bytes.size() >= 16) {
    const uint64_t checksum = Checksum(bytes.substr(16));
    std::memcpy(data + 8, &checksum, sizeof checksum);
  }
  const auto lexicon = retrieval::Lexicon::FromBytes({data, bytes.size()}, "fuzz");
  if (!lexicon.ok()) return;
  CheckUnitOrZero(retrieval::LexiconEmbedder(*lexicon, (*lexicon)->dimension(), 0.5),
                  "a text to embed");
}

}  // namespace
}  // namespace pointsman::tests

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pointsman::tests::CheckUnitOrZero(pointsman::retrieval::HashingEmbedder(32), bytes);
  pointsman::tests::TryLexicon(bytes, false);
  pointsman::tests::TryLexicon(bytes, true);
  return 0;
}
