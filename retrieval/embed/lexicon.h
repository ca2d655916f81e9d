// A lexicon: a table from token to vector, trained by LexiconTrainer and quantised. It is one file that is
// mapped into memory and checked when it is opened.
// Shapes: n rows of D entries. A row is D int8 codes times one float scale. The first d entries of each row
//   are the row of the d-dimensional lexicon.
// Errors: kNotFound if there is no such file; kDataLoss, naming the file and what is wrong, for one that is
//   truncated, changed, of another version or not a lexicon.
// Cost: Open reads the file once (6 MB: 4 ms); Find is one probe of a directory and a short scan.
// Threads: const; any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::retrieval {

// The content of a lexicon file, before it is packed.
struct LexiconContent {
  uint32_t dimension = 0;
  std::string note;            // corpus, recipe and licence, for people
  std::vector<uint64_t> keys;  // ascending: one per row
  std::vector<float> scales;   // size n, from 0 to 1e6
  std::vector<int8_t> codes;   // size n * D, row-major
  // For each d from 1 to D, d entries: the mean of the unit vectors of texts in d dimensions.
  std::vector<float> means;
};

// The file's bytes. Same content, same bytes.
std::string EncodeLexicon(const LexiconContent& content);

class Lexicon {
 public:
  static constexpr uint32_t kDimensionMax = 1024;

  static absl::StatusOr<std::shared_ptr<const Lexicon>> Open(const std::string& path);
  // A lexicon in bytes that outlive it, 8-byte aligned; `name` is for messages.
  static absl::StatusOr<std::shared_ptr<const Lexicon>> FromBytes(std::string_view bytes,
                                                                  const std::string& name);
  ~Lexicon();
  Lexicon(const Lexicon&) = delete;
  Lexicon& operator=(const Lexicon&) = delete;

  uint32_t dimension() const { return dimension_; }
  std::size_t rows() const { return keys_.size(); }
  // The checksum of the whole content: two lexicons with the same checksum give the same vectors.
  uint64_t checksum() const { return checksum_; }
  std::string_view note() const { return note_; }

  // Looking up the row of a token. A lexicon is larger than near caches. Give each hint for all tokens of a
  // text before the step that needs it, so that memory answers all of them at once.
  void HintDirectory(uint64_t token) const { __builtin_prefetch(&starts_[token >> shift_]); }
  void HintKeys(uint64_t token) const { __builtin_prefetch(&keys_[starts_[token >> shift_]]); }
  void HintRow(uint32_t row) const {
    __builtin_prefetch(codes(row));
    __builtin_prefetch(&scales_[row]);
  }
  std::optional<uint32_t> Find(uint64_t token) const;
  const int8_t* codes(uint32_t row) const { return codes_.data() + std::size_t{row} * dimension_; }
  float scale(uint32_t row) const { return scales_[row]; }
  // The mean unit vector in d dimensions, 1 <= d <= D.
  std::span<const float> mean(uint32_t d) const {
    return means_.subspan(std::size_t{d} * (d - 1) / 2, d);
  }

 private:
  Lexicon() = default;
  absl::Status Read(std::string_view bytes, const std::string& name);
  void MakeDirectory();

  void* mapped_ = nullptr;  // null: the bytes belong to the caller
  std::size_t mapped_size_ = 0;
  uint32_t dimension_ = 0;
  uint64_t checksum_ = 0;
  std::span<const uint64_t> keys_;
  std::span<const float> scales_;
  std::span<const int8_t> codes_;
  std::span<const float> means_;
  std::string_view note_;
  // Keys are hashes, so their upper bits divide them into short runs. Run b is [starts[b], starts[b+1]).
  std::vector<uint32_t> starts_;
  int shift_ = 63;
};

}  // namespace pointsman::retrieval
