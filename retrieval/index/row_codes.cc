#include "retrieval/index/row_codes.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pointsman::retrieval {
namespace {

// The largest code of a query: 12 bits, or fewer where a sum of d products could exceed 31 bits.
int32_t QueryCodeMax(std::size_t d) {
  return static_cast<int32_t>(std::clamp<std::size_t>(
      (std::size_t{1} << 30) / (127 * std::max<std::size_t>(d, 1)), 1, 2047));
}

float LargestOf(std::span<const float> x) {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::fabs(value));
  return largest;
}

using Function = void (*)(const CodedQuery& query, const int8_t* rows, const float* scales,
                          std::size_t count, float* similarities);

void SimilaritiesPortable(const CodedQuery& query, const int8_t* rows, const float* scales,
                          std::size_t count, float* similarities) {
  const std::size_t stride = query.codes.size();
  for (std::size_t row = 0; row < count; ++row, rows += stride) {
    int32_t sum = 0;
    for (std::size_t i = 0; i < stride; ++i) sum += int32_t{query.codes[i]} * rows[i];
    similarities[row] = static_cast<float>(sum) * (query.scale * scales[row]);
  }
}

#if defined(__x86_64__)
constexpr std::size_t kAhead = 1024;  // bytes to fetch before they are needed

// Sixteen products at a time, added in pairs.
__attribute__((target("avx2"))) inline __m256i Products(const int16_t* query, const int8_t* row) {
  const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
  const __m256i wide = _mm256_cvtepi8_epi16(codes);
  return _mm256_madd_epi16(wide, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query)));
}

// The similarities of four rows, which share the loads of the query and the steps of the sums.
__attribute__((target("avx2"))) inline __m128 FourSimilarities(const CodedQuery& query,
                                                               const int8_t* const rows[4],
                                                               __m128 scales) {
  const int16_t* codes = query.codes.data();
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (std::size_t i = 0; i < query.codes.size(); i += 16) {
    a = _mm256_add_epi32(a, Products(codes + i, rows[0] + i));
    b = _mm256_add_epi32(b, Products(codes + i, rows[1] + i));
    c = _mm256_add_epi32(c, Products(codes + i, rows[2] + i));
    d = _mm256_add_epi32(d, Products(codes + i, rows[3] + i));
  }
  const __m256i sums = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  const __m128i dots =
      _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return _mm_mul_ps(_mm_cvtepi32_ps(dots), _mm_mul_ps(_mm_set1_ps(query.scale), scales));
}

__attribute__((target("avx2"))) void SimilaritiesAvx2(const CodedQuery& query, const int8_t* rows,
                                                      const float* scales, std::size_t count,
                                                      float* similarities) {
  const std::size_t stride = query.codes.size();
  std::size_t row = 0;
  for (; row + 4 <= count; row += 4, rows += 4 * stride) {
    // A hint, which may point past the end: each list begins where no hardware expects it.
    for (std::size_t line = 0; line < 4 * stride; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(rows) + kAhead + line, _MM_HINT_T0);
    }
    const int8_t* const four[4] = {rows, rows + stride, rows + 2 * stride, rows + 3 * stride};
    _mm_storeu_ps(similarities + row, FourSimilarities(query, four, _mm_loadu_ps(scales + row)));
  }
  if (row == count) return;
  // The remaining rows; the last one fills the unused places.
  const std::size_t left = count - row;
  const int8_t* four[4];
  float four_scales[4], four_similarities[4];
  for (std::size_t i = 0; i < 4; ++i) {
    four[i] = rows + std::min(i, left - 1) * stride;
    four_scales[i] = scales[row + std::min(i, left - 1)];
  }
  _mm_storeu_ps(four_similarities, FourSimilarities(query, four, _mm_loadu_ps(four_scales)));
  std::copy_n(four_similarities, left, similarities + row);
}
#endif

Function Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return SimilaritiesAvx2;
#endif
  return SimilaritiesPortable;
}

}  // namespace

float EncodeRow(std::span<const float> row, int8_t* codes) {
  std::fill_n(codes, CodeStride(row.size()), int8_t{0});
  const float scale = LargestOf(row) / 127;
  if (!(scale > 0)) return 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    codes[i] = static_cast<int8_t>(std::clamp(std::lrint(row[i] / scale), -127L, 127L));
  }
  return scale;
}

void DecodeRow(const int8_t* codes, float scale, std::span<float> row) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = scale * static_cast<float>(codes[i]);
}

CodedQuery EncodeQuery(std::span<const float> query) {
  CodedQuery coded;
  coded.codes.assign(CodeStride(query.size()), 0);
  const long most = QueryCodeMax(query.size());
  coded.scale = LargestOf(query) / static_cast<float>(most);
  if (!(coded.scale > 0)) {
    coded.scale = 0;
    return coded;
  }
  for (std::size_t i = 0; i < query.size(); ++i) {
    coded.codes[i] =
        static_cast<int16_t>(std::clamp(std::lrint(query[i] / coded.scale), -most, most));
  }
  return coded;
}

CodedQuery QueryOfRow(const int8_t* codes, float scale, std::size_t d) {
  return {{codes, codes + CodeStride(d)}, scale};
}

void CodeSimilarities(const CodedQuery& query, const int8_t* rows, const float* scales,
                      std::size_t count, float* similarities) {
  static const Function function = Choose();
  function(query, rows, scales, count, similarities);
}

}  // namespace pointsman::retrieval
