// Vectors as int8 codes with one scale per row: a quarter of the memory of floats, and memory is what a scan
// of many rows waits for. Inner products of codes are integers, so they have the same bits on every machine,
// whatever the width of its registers. Only the two scales are floats.
// Shapes: a row of d codes takes CodeStride(d) bytes, the rest 0; code = x / scale, scale = max|x| / 127. A
//   query keeps 12 bits per entry, so precision is lost on the rows' side alone: for unit vectors with d = 64
//   the similarity is off by about 0.001.
// Cost: CodeSimilarities about 3 ns per row of 64 with AVX2, which is detected at run
//   time, and 25 ns without.
// Threads: pure functions.
// Source: symmetric scalar quantisation, as in FAISS' 8-bit scalar quantizer, with one scale per vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pointsman::retrieval {

inline std::size_t CodeStride(std::size_t d) { return (d + 15) & ~std::size_t{15}; }

// Writes CodeStride(d) codes and returns the scale; 0 for a row of zeros.
float EncodeRow(std::span<const float> row, int8_t* codes);
void DecodeRow(const int8_t* codes, float scale, std::span<float> row);

struct CodedQuery {
  std::vector<int16_t> codes;  // CodeStride(d)
  float scale = 0;
};
CodedQuery EncodeQuery(std::span<const float> query);
// A row as a query, exactly.
CodedQuery QueryOfRow(const int8_t* codes, float scale, std::size_t d);

// The inner products of the query with `count` consecutive rows.
void CodeSimilarities(const CodedQuery& query, const int8_t* rows, const float* scales,
                      std::size_t count, float* similarities);

}  // namespace pointsman::retrieval
