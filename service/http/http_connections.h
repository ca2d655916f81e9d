// The open connections of an HTTP server, and the bodies that are being read, both bounded.
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <list>

#include "base/mutex.h"

namespace pointsman::service {

class HttpConnections {
 public:
  // A connection's place. `close` is called from any thread, at most once, and only until Leave returns.
  struct Place {
    std::function<void()> close;
    bool is_reading = true;  // false: its request is being answered
  };
  using Key = std::list<Place>::iterator;

  HttpConnections(std::size_t connections_max, std::size_t bodies_bytes_max)
      : connections_max_(connections_max), bodies_bytes_free_(bodies_bytes_max) {}

  // A new connection. If there are too many, the one that has been reading for longest is closed: this one, if
  // all others are being answered.
  Key Enter(std::function<void()> close);
  void Leave(Key key);
  // It waits for a request, or reads one, from now on.
  void SetReading(Key key);
  void SetAnswering(Key key);

  // Memory for a body. False: there is none.
  bool TakeBytes(std::size_t bytes);
  void ReturnBytes(std::size_t bytes);

  void CloseAll();

 private:
  const std::size_t connections_max_;
  Mutex mutex_;
  std::list<Place> places_
      GUARDED_BY(mutex_);  // those that read, by when they began; others anywhere
  std::size_t bodies_bytes_free_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::service
