#include "retrieval/embed/lexicon.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/text_tokens.h"

namespace pointsman::retrieval {
namespace {

constexpr std::string_view kMagic = "PMLEXICN";
constexpr uint32_t kVersion = 1;
constexpr std::size_t kPathShown = 256;  // of a path in an error

// All little-endian. After it: keys, scales, means, codes, note; nothing between them.
struct Header {
  char magic[8];
  uint64_t checksum;  // of everything after this field
  uint32_t version;
  uint32_t token_rules;
  uint32_t dimension;
  uint32_t rows;
  uint64_t note_bytes;
};
static_assert(sizeof(Header) == 40 && std::endian::native == std::endian::little);
constexpr std::size_t kChecksummedFrom = 16;
constexpr float kScaleMax = 1e6f;  // so that no sum of rows overflows

std::size_t MeanEntries(std::size_t d) { return d * (d + 1) / 2; }

absl::Status Unusable(const std::string& name, std::string_view why) {
  return DataLoss("the lexicon ", Quoted(name, kPathShown), " cannot be used: ", why,
                  "; restore the file that shipped, or train one with `pointsman "
                  "train-lexicon`");
}

// False for NaN too.
bool AreWithin(std::span<const float> values, float least, float most) {
  return std::all_of(values.begin(), values.end(),
                     [=](float x) { return x >= least && x <= most; });
}

template <class T>
std::span<const T> Cut(std::string_view& rest, std::size_t count) {
  const auto* begin = reinterpret_cast<const T*>(rest.data());
  rest.remove_prefix(count * sizeof(T));
  return {begin, count};
}

}  // namespace

std::string EncodeLexicon(const LexiconContent& content) {
  const std::size_t n = content.keys.size(), d = content.dimension;
  POINTSMAN_CHECK(content.scales.size() == n && content.codes.size() == n * d &&
                  content.means.size() == MeanEntries(d));
  Header header{};
  std::memcpy(header.magic, kMagic.data(), kMagic.size());
  header.version = kVersion;
  header.token_rules = kTokenRules;
  header.dimension = content.dimension;
  header.rows = static_cast<uint32_t>(n);
  header.note_bytes = content.note.size();
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  const auto append = [&bytes](const auto& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()),
                 values.size() * sizeof(values.front()));
  };
  append(content.keys);
  append(content.scales);
  append(content.means);
  append(content.codes);
  bytes += content.note;
  const uint64_t checksum = Checksum(std::string_view(bytes).substr(kChecksummedFrom));
  std::memcpy(bytes.data() + offsetof(Header, checksum), &checksum, sizeof checksum);
  return bytes;
}

absl::StatusOr<std::shared_ptr<const Lexicon>> Lexicon::Open(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return NotFound("cannot open the lexicon ", Quoted(path, kPathShown), ": ",
                    std::string(std::strerror(errno)));
  }
  struct stat info {};
  const bool is_file = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  const auto size = is_file ? static_cast<std::size_t>(info.st_size) : 0;
  std::shared_ptr<Lexicon> lexicon(new Lexicon());
  if (size >= sizeof(Header)) {
    void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) {
      lexicon->mapped_ = mapped;
      lexicon->mapped_size_ = size;
    }
  }
  close(file);
  if (!is_file || size < sizeof(Header)) return Unusable(path, "it is too short to be one");
  if (lexicon->mapped_ == nullptr) return Unusable(path, "it cannot be mapped into memory");
  RETURN_IF_ERROR(lexicon->Read({static_cast<const char*>(lexicon->mapped_), size}, path));
  return lexicon;
}

absl::StatusOr<std::shared_ptr<const Lexicon>> Lexicon::FromBytes(std::string_view bytes,
                                                                  const std::string& name) {
  POINTSMAN_CHECK(reinterpret_cast<uintptr_t>(bytes.data()) % 8 == 0);
  std::shared_ptr<Lexicon> lexicon(new Lexicon());
  RETURN_IF_ERROR(lexicon->Read(bytes, name));
  return lexicon;
}

Lexicon::~Lexicon() {
  if (mapped_ != nullptr) munmap(mapped_, mapped_size_);
}

absl::Status Lexicon::Read(std::string_view bytes, const std::string& name) {
  Header header{};
  if (bytes.size() < sizeof header) return Unusable(name, "it is too short to be one");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string_view(header.magic, sizeof header.magic) != kMagic) {
    return Unusable(name, "it is not a lexicon");
  }
  if (header.version != kVersion || header.token_rules != kTokenRules) {
    return Unusable(name,
                    Cat("it has format ", header.version, " and token rules ", header.token_rules,
                        ", this program reads ", kVersion, " and ", kTokenRules));
  }
  const std::size_t d = header.dimension, n = header.rows;
  if (d < 1 || d > kDimensionMax || header.note_bytes > bytes.size()) {
    return Unusable(name, "its header makes no sense");
  }
  const std::size_t size = sizeof header + n * (sizeof(uint64_t) + sizeof(float) + d) +
                           MeanEntries(d) * sizeof(float) + header.note_bytes;
  if (size != bytes.size()) {
    return Unusable(name, Cat("it should have ", size, " bytes and has ", bytes.size()));
  }
  if (Checksum(bytes.substr(kChecksummedFrom)) != header.checksum) {
    return Unusable(name, "its checksum is wrong, so some of its bytes changed");
  }
  std::string_view rest = bytes.substr(sizeof header);
  keys_ = Cut<uint64_t>(rest, n);
  scales_ = Cut<float>(rest, n);
  means_ = Cut<float>(rest, MeanEntries(d));
  codes_ = Cut<int8_t>(rest, n * d);
  note_ = rest;
  dimension_ = header.dimension;
  checksum_ = header.checksum;
  // The checksum shows that the bytes did not change, not that we wrote them.
  if (std::adjacent_find(keys_.begin(), keys_.end(), std::greater_equal<>()) != keys_.end()) {
    return Unusable(name, "its keys are out of order");
  }
  if (!AreWithin(scales_, 0, kScaleMax) || !AreWithin(means_, -1, 1)) {
    return Unusable(name, "it holds numbers that no training gives");
  }
  MakeDirectory();
  return absl::OkStatus();
}

void Lexicon::MakeDirectory() {
  const int bits = std::clamp(static_cast<int>(std::bit_width(keys_.size())), 1, 24);
  shift_ = 64 - bits;
  starts_.assign((std::size_t{1} << bits) + 1, 0);
  for (const uint64_t key : keys_) ++starts_[(key >> shift_) + 1];
  for (std::size_t b = 1; b < starts_.size(); ++b) starts_[b] += starts_[b - 1];
}

std::optional<uint32_t> Lexicon::Find(uint64_t token) const {
  const std::size_t run = token >> shift_;
  for (uint32_t row = starts_[run]; row < starts_[run + 1]; ++row) {
    if (keys_[row] == token) return row;
  }
  return std::nullopt;
}

}  // namespace pointsman::retrieval
