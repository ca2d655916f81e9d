#include "service/http/http_connections.h"

#include <utility>

namespace pointsman::service {

HttpConnections::Key HttpConnections::Enter(std::function<void()> close) {
  MutexLock lock(mutex_);
  places_.push_back({std::move(close)});
  const Key key = std::prev(places_.end());
  if (places_.size() > connections_max_) {
    for (Place& place : places_) {
      if (!place.is_reading || place.close == nullptr) continue;
      std::exchange(place.close, nullptr)();
      break;
    }
  }
  return key;
}

void HttpConnections::Leave(Key key) {
  MutexLock lock(mutex_);
  places_.erase(key);
}

void HttpConnections::SetReading(Key key) {
  MutexLock lock(mutex_);
  key->is_reading = true;
  places_.splice(places_.end(), places_, key);
}

void HttpConnections::SetAnswering(Key key) {
  MutexLock lock(mutex_);
  key->is_reading = false;
}

bool HttpConnections::TakeBytes(std::size_t bytes) {
  MutexLock lock(mutex_);
  if (bytes > bodies_bytes_free_) return false;
  bodies_bytes_free_ -= bytes;
  return true;
}

void HttpConnections::ReturnBytes(std::size_t bytes) {
  MutexLock lock(mutex_);
  bodies_bytes_free_ += bytes;
}

void HttpConnections::CloseAll() {
  MutexLock lock(mutex_);
  for (Place& place : places_) {
    if (place.close != nullptr) std::exchange(place.close, nullptr)();
  }
}

}  // namespace pointsman::service
