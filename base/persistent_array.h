// PersistentArray<T>: a growing array of shared immutable items that is cheap to copy. A copy shares every
// chunk. A write copies the one chunk and the one item that it touches, once per edit. So publishing a state
// of 100,000 arms after changing one costs one chunk, not one pointer per arm.
// Shapes: index in [0, size()); an item may be missing (an arm that never had state of its own).
// Operation: copy, BeginEdit, any number of Set and Mutable, EndEdit, publish. Outside an edit it is frozen.
//   Copying during an edit is a programmer's error.
// Cost: Get O(1); the first write of a chunk in an edit O(256), later ones O(1); a copy O(n/256).
// Threads: a value; const methods from any thread.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace pointsman {

template <class T>
class PersistentArray {
 public:
  PersistentArray() = default;
  PersistentArray(const PersistentArray& other) : size_(other.size_), chunks_(other.chunks_) {
    POINTSMAN_CHECK(other.edit_ == nullptr);
  }
  PersistentArray& operator=(const PersistentArray& other) {
    POINTSMAN_CHECK(other.edit_ == nullptr);
    if (this == &other) return *this;
    size_ = other.size_;
    chunks_ = other.chunks_;
    edit_ = nullptr;
    return *this;
  }
  PersistentArray(PersistentArray&&) noexcept = default;
  PersistentArray& operator=(PersistentArray&&) noexcept = default;

  std::size_t size() const { return size_; }

  // Null if the item is missing or the index is past the end.
  const T* Get(std::size_t index) const {
    if (index >= size_) return nullptr;
    const auto& chunk = chunks_[index / kChunk];
    return chunk == nullptr ? nullptr : chunk->items[index % kChunk].get();
  }

  std::shared_ptr<const T> Share(std::size_t index) const {
    if (index >= size_ || chunks_[index / kChunk] == nullptr) return nullptr;
    return chunks_[index / kChunk]->items[index % kChunk];
  }

  void BeginEdit() { edit_ = std::make_shared<char>(); }
  void EndEdit() { edit_ = nullptr; }

  // Puts an item (null: removes it). Grows the array if needed.
  void Set(std::size_t index, std::shared_ptr<const T> item) {
    Chunk& chunk = OwnChunk(index);
    chunk.items[index % kChunk] = std::move(item);
    chunk.is_fresh[index % kChunk] = false;
  }

  // The item for writing: copied the first time in an edit, then changed in place. A missing item is
  // made by T's default constructor.
  T& Mutable(std::size_t index) {
    Chunk& chunk = OwnChunk(index);
    std::shared_ptr<const T>& slot = chunk.items[index % kChunk];
    if (slot == nullptr || !chunk.is_fresh[index % kChunk]) {
      slot = slot == nullptr ? std::make_shared<T>() : std::make_shared<T>(*slot);
      chunk.is_fresh[index % kChunk] = true;
    }
    return const_cast<T&>(*slot);  // this edit made it, as a non-const T
  }

 private:
  static constexpr std::size_t kChunk = 256;
  struct Chunk {
    std::array<std::shared_ptr<const T>, kChunk> items;
    std::shared_ptr<const char> owner;  // the edit that made this chunk
    std::bitset<kChunk> is_fresh;       // items made by that edit
  };

  Chunk& OwnChunk(std::size_t index) {
    POINTSMAN_CHECK(edit_ != nullptr);
    if (index >= size_) {
      size_ = index + 1;
      chunks_.resize((size_ + kChunk - 1) / kChunk);
    }
    std::shared_ptr<Chunk>& chunk = chunks_[index / kChunk];
    if (chunk == nullptr || chunk->owner != edit_) {
      chunk = chunk == nullptr ? std::make_shared<Chunk>() : std::make_shared<Chunk>(*chunk);
      chunk->owner = edit_;
      chunk->is_fresh.reset();
    }
    return *chunk;
  }

  std::size_t size_ = 0;
  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::shared_ptr<const char> edit_;  // set while an edit is open
};

}  // namespace pointsman
