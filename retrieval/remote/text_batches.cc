#include "retrieval/remote/text_batches.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

std::vector<PendingText> TakeFront(std::deque<PendingText>& texts, std::size_t count) {
  const auto end = texts.begin() + static_cast<std::ptrdiff_t>(std::min(count, texts.size()));
  std::vector<PendingText> taken(std::make_move_iterator(texts.begin()),
                                 std::make_move_iterator(end));
  texts.erase(texts.begin(), end);
  return taken;
}

}  // namespace

void Answer(const PendingText& text, const Embedding& embedding) {
  if (text.dimension == 0 || text.dimension == embedding->size()) return text.done(embedding);
  text.done(
      FailedPrecondition("the vector has ", embedding->size(), " entries, not ", text.dimension));
}

void FailAll(const std::vector<PendingText>& texts, const absl::Status& status) {
  for (const PendingText& text : texts) text.done(status);
}

void TextBatches::Add(PendingText text) {
  (text.is_patient ? patient_ : hurried_).push_back(std::move(text));
}

std::vector<PendingText> TextBatches::Take(Time now, std::size_t calls) {
  if (hurried_.empty() || calls >= options_.calls_max) return {};
  const bool is_due = calls == 0 || hurried_.size() >= options_.items_max ||
                      hurried_.front().since + options_.wait <= now;
  return is_due ? TakeFront(hurried_, options_.items_max) : std::vector<PendingText>();
}

std::vector<PendingText> TextBatches::TakePatient(Time now, std::size_t calls) {
  if (!hurried_.empty() || patient_.empty() || calls >= options_.calls_max || now < patient_at_) {
    return {};
  }
  return TakeFront(patient_, options_.items_max);
}

void TextBatches::PutBack(std::vector<PendingText> texts, Time not_before) {
  patient_at_ = not_before;
  for (PendingText& text : texts) patient_.push_back(std::move(text));
}

std::optional<PendingText::Time> TextBatches::NextAt(std::size_t calls, bool may_patient) const {
  std::optional<Time> next;
  const auto at = [&](Time time) { next = std::min(next.value_or(time), time); };
  if (!hurried_.empty()) {
    at(hurried_.front().deadline);
    if (calls < options_.calls_max) at(hurried_.front().since + options_.wait);
  } else if (may_patient && !patient_.empty() && calls < options_.calls_max) {
    at(patient_at_);
  }
  return next;
}

std::vector<PendingText> TextBatches::TakeExpired(Time now) {
  std::size_t count = 0;
  while (count < hurried_.size() && hurried_[count].deadline <= now) ++count;
  return TakeFront(hurried_, count);
}

std::vector<PendingText> TextBatches::TakeHurried() { return TakeFront(hurried_, hurried_.size()); }

std::vector<PendingText> TextBatches::TakeAll() {
  std::vector<PendingText> all = TakeHurried();
  for (PendingText& text : TakeFront(patient_, patient_.size())) all.push_back(std::move(text));
  return all;
}

}  // namespace pointsman::retrieval
