#include "retrieval/remote/circuit_breaker.h"

#include <algorithm>

namespace pointsman::retrieval {

std::optional<CircuitBreaker::Time> CircuitBreaker::ProbeAt() const {
  return state_ == State::kOpen ? std::optional<Time>(probe_at_) : std::nullopt;
}

void CircuitBreaker::Succeeded() {
  // A call from before the breaker opened does not show the present; the probe does.
  if (state_ == State::kOpen) return;
  state_ = State::kClosed;
  failed_ = 0;
}

void CircuitBreaker::Failed(Time now) {
  if (state_ == State::kOpen) return;
  if (state_ == State::kClosed) {
    if (++failed_ < options_.failures) return;
    open_for_ = options_.open_for;
  } else {
    open_for_ = std::min(2 * open_for_, options_.open_for_max);
  }
  state_ = State::kOpen;
  failed_ = 0;
  const auto jitter =
      static_cast<Duration::rep>(static_cast<double>(open_for_.count()) * 0.5 * rng_.Uniform());
  probe_at_ = now + open_for_ + Duration(jitter);
}

}  // namespace pointsman::retrieval
