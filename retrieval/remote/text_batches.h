// Texts that wait to be sent, and when they are sent together.
// Operation: while no call is in flight, a text is sent at once, so a single text never waits for
//   others. While calls are in flight, texts gather until there are batch_items_max of them or the
//   oldest has waited batch_wait. Patient texts (descriptions of arms) are sent only when no other text
//   waits, one call at a time.
// Threads: one owner. The caller passes the time in.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "retrieval/remote/embedding_cache.h"

namespace pointsman::retrieval {

struct PendingText {
  using Time = std::chrono::steady_clock::time_point;
  std::string text;
  TextKey key;
  uint32_t dimension = 0;  // that its vector must have; 0: any
  bool is_patient = false;
  Time since;                                           // waiting since
  Time deadline;                                        // max(): none
  std::function<void(absl::StatusOr<Embedding>)> done;  // called once
};

// Gives the text its vector, or kFailedPrecondition if the vector does not have the text's dimension.
void Answer(const PendingText& text, const Embedding& embedding);
void FailAll(const std::vector<PendingText>& texts, const absl::Status& status);

class TextBatches {
 public:
  using Time = PendingText::Time;
  struct Options {
    std::size_t items_max = 32;
    std::chrono::microseconds wait{0};
    std::size_t calls_max = 8;
  };
  explicit TextBatches(Options options) : options_(options) {}

  void Add(PendingText text);
  // The texts of the next call, if one is due; empty: none is.
  std::vector<PendingText> Take(Time now, std::size_t calls);
  std::vector<PendingText> TakePatient(Time now, std::size_t calls);
  // Puts patient texts back after a failure. They rest until `not_before`.
  void PutBack(std::vector<PendingText> texts, Time not_before);
  // When Take could return something or a text expires, if nothing else happens; nullopt: never.
  std::optional<Time> NextAt(std::size_t calls, bool may_patient) const;
  // The texts whose deadline has passed.
  std::vector<PendingText> TakeExpired(Time now);
  // TakeHurried: all that are not patient. TakeAll: all.
  std::vector<PendingText> TakeHurried();
  std::vector<PendingText> TakeAll();
  std::size_t hurried() const { return hurried_.size(); }

 private:
  const Options options_;
  std::deque<PendingText> hurried_;  // by deadline, since all have the same time
  std::deque<PendingText> patient_;
  Time patient_at_{};
};

}  // namespace pointsman::retrieval
