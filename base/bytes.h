// Writes and reads flat little-endian records (snapshots, projections, lexicon files). Reading never trusts
// its input: the first short or impossible read sets `ok()` to false for good, and every later read returns
// zero or empty. So a decoder checks once, at its end.
// Threads: values; one owner at a time.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pointsman {

class ByteWriter {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void Put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  void PutString(std::string_view text) {
    Put(static_cast<uint64_t>(text.size()));
    bytes_.append(text);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void PutArray(std::span<const T> values) {
    Put(static_cast<uint64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_trivially_copyable_v<T> T Get() {
    T value{};
    if (!Take(sizeof(T))) return value;
    std::memcpy(&value, bytes_.data() + at_ - sizeof(T), sizeof(T));
    return value;
  }
  bool GetBool();
  std::string GetString();
  template <class T>
  requires std::is_trivially_copyable_v<T> std::vector<T> GetArray() {
    const auto count = Get<uint64_t>();
    if (!is_ok_ || count > (bytes_.size() - at_) / sizeof(T)) {
      is_ok_ = false;
      return {};
    }
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
    return values;
  }
  // A count of items of at least `bytes_each` bytes each. Fails if the rest cannot hold that many.
  uint64_t GetCount(std::size_t bytes_each);

  bool ok() const { return is_ok_; }
  bool AtEnd() const { return is_ok_ && at_ == bytes_.size(); }
  // For a decoder that finds a value out of its range.
  void Fail() { is_ok_ = false; }

  // The format of the bytes, for decoders whose layout depends on it.
  int format() const { return format_; }
  void SetFormat(int format) { format_ = format; }

 private:
  bool Take(std::size_t count);

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool is_ok_ = true;
  int format_ = INT_MAX;  // the newest
};

}  // namespace pointsman
