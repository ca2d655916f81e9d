// A million seeded inputs: any bytes into the tokenizer and the embedders, any bytes into the
// loader of lexicon files. Nothing may crash, read outside of its input (the sanitizers watch) or
// give a vector that is neither of unit norm nor zero.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/rng.h"
#include "base/siphash.h"
#include "base/strings.h"
#include "retrieval/embed/character_sketch.h"
#include "retrieval/embed/hashing_embedder.h"
#include "retrieval/embed/lexicon_embedder.h"
#include "tiny_lexicon.h"

namespace pointsman::retrieval {
namespace {

// Sanitizers slow this down tenfold; a tenth of the inputs there keeps the test near a minute.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kTexts = 80'000;
constexpr uint64_t kFiles = 20'000;
#else
constexpr uint64_t kTexts = 800'000;
constexpr uint64_t kFiles = 200'000;
#endif

const std::vector<std::string> kWords = {"route", "query", "arm", "pool", "regret", "policy"};

void AppendUtf8(uint32_t code, std::string& text) {
  const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6), byte(0x80 | (code & 63));
  } else if (code < 0x10000) {  // surrogates too, which are broken
    byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
  } else {  // beyond Unicode too
    byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63));
    byte(0x80 | (code & 63));
  }
}

// One piece: a byte, a character of some plane, a known word, a long run, white space.
void AppendPiece(Rng& rng, std::string& text) {
  switch (rng.Below(8)) {
    case 0:
      text += static_cast<char>(rng.Below(256));
      break;
    case 1:
      AppendUtf8(static_cast<uint32_t>(rng.Below(0x250)), text);
      break;
    case 2:
      AppendUtf8(static_cast<uint32_t>(rng.Below(0x10000)), text);
      break;
    case 3:
      AppendUtf8(static_cast<uint32_t>(rng.Below(0x120000)), text);
      break;
    case 4:
      text += Cat(" ", kWords[rng.Below(kWords.size())], " ");
      break;
    case 5:
      text += std::string(rng.Below(50), static_cast<char>(rng.Below(256)));
      break;
    case 6:
      text += " \t\n\r\v\f"[rng.Below(6)];
      break;
    default:
      text += Cat(rng.Next());
  }
}

std::string AnyText(Rng& rng) {
  std::string text;
  const uint64_t pieces = rng.Below(1000) == 0 ? rng.Below(3000) : rng.Below(12);
  for (uint64_t n = 0; n < pieces; ++n) AppendPiece(rng, text);
  return text.substr(rng.Below(4) == 0 ? rng.Below(text.size() + 1) : 0);  // cut into a character
}

::testing::AssertionResult IsUnitOrZero(std::span<const float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  if (squares == 0 || std::abs(squares - 1) < 1e-4) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "squared norm " << squares;
}

TEST(AMillionInputs, OfTextGiveUnitOrZeroVectors) {
  const AlignedBytes bytes(EncodeLexicon(TinyContent(kWords, 16)));
  const auto lexicon = Lexicon::FromBytes(bytes.view(), "tiny").value();
  const LexiconEmbedder alone(lexicon, 16, 0), joined(lexicon, 5, 0.5);
  const HashingEmbedder hashing(32);
  const Embedder* const embedders[] = {&alone, &joined, &hashing};
  Rng rng(20240229);
  std::vector<float> out;
  for (uint64_t n = 0; n < kTexts; ++n) {
    const std::string text = AnyText(rng);
    const Embedder& embedder = *embedders[n % 3];
    out.assign(embedder.dimension(), std::nanf(""));
    embedder.Embed(text, out);
    ASSERT_TRUE(IsUnitOrZero(out)) << "input " << n << ": " << Quoted(text);
  }
}

// Any bytes, or a whole file with a few bytes changed, cut or added; half of them with a checksum
// that fits, as a forger would.
std::string AnyFile(Rng& rng, const std::string& whole) {
  std::string bytes = whole;
  if (rng.Below(20) == 0) {
    bytes.clear();
    for (uint64_t n = rng.Below(200); n > 0; --n) bytes += static_cast<char>(rng.Below(256));
  }
  for (uint64_t n = rng.Below(4); n > 0 && !bytes.empty(); --n) {
    // The header has the structure, so it is changed as often as all the rest.
    const uint64_t at =
        rng.Below(rng.Below(2) == 0 ? std::min<uint64_t>(40, bytes.size()) : bytes.size());
    bytes[at] =
        static_cast<char>(rng.Below(3) == 0 ? bytes[at] ^ (1 << rng.Below(8)) : rng.Below(256));
  }
  if (rng.Below(4) == 0) bytes.resize(rng.Below(2 * whole.size()));
  if (rng.Below(2) == 0 && bytes.size() >= 16) {
    const uint64_t checksum = Checksum(std::string_view(bytes).substr(16));
    std::memcpy(bytes.data() + 8, &checksum, sizeof checksum);
  }
  return bytes;
}

TEST(AMillionInputs, OfLexiconFilesAreRefusedOrUsable) {
  const std::string whole = EncodeLexicon(TinyContent(kWords, 4));
  Rng rng(7);
  uint64_t opened = 0;
  for (uint64_t n = 0; n < kFiles; ++n) {
    const AlignedBytes bytes(AnyFile(rng, whole));
    const auto lexicon = Lexicon::FromBytes(bytes.view(), "any");
    if (!lexicon.ok()) {
      ASSERT_TRUE(absl::IsDataLoss(lexicon.status())) << "input " << n << ": " << lexicon.status();
      continue;
    }
    ++opened;
    const LexiconEmbedder embedder(*lexicon, (*lexicon)->dimension(), 0);
    std::vector<float> out(embedder.dimension());
    embedder.Embed("route a query to an arm of the pool", out);
    ASSERT_TRUE(IsUnitOrZero(out)) << "input " << n;
  }
  // Both cases occur: changed codes and notes still make a lexicon when the checksum fits.
  EXPECT_GT(opened, kFiles / 20);
  EXPECT_LT(opened, kFiles / 2);
}

}  // namespace
}  // namespace pointsman::retrieval
