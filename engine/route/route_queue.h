// Queries that wait for a decision. If no thread is deciding, a query is decided at once by the thread that
// brought it. Queries that arrive meanwhile are gathered and decided together: one write records them all, and
// their answers leave in few packets. So a single query waits for no other, and a query costs less the busier
// the server is.
// Operation: one thread decides. Another one joins if the waiting queries would keep a thread busy for more
//   than half a millisecond, up to the number of the machine's cores. A thread that brought a query never
//   decides the queries of others, because a server's threads have other work queued. The queue's own threads
//   decide those.
// Errors: those of the decisions, each to its own query.
// Threads: Add from any thread; the destructor waits for the queries that were added.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "engine/route/routing.h"

namespace pointsman::engine {

class RouteQueue {
 public:
  using Done = std::function<void(absl::StatusOr<RouteOutput>)>;

  explicit RouteQueue(Routing& routing);
  ~RouteQueue();
  RouteQueue(const RouteQueue&) = delete;
  RouteQueue& operator=(const RouteQueue&) = delete;

  // `done` is called once, perhaps before this returns.
  void Add(PreparedQuery query, Done done);
  // The same, for a thread that must not be delayed: one of the queue's threads decides.
  void AddAside(PreparedQuery query, Done done);
  // Runs the task on one of the queue's threads.
  void Run(std::function<void()> task);

 private:
  struct Item {
    PreparedQuery query;
    Done done;
  };
  void Work();
  bool IsThreadWanted() const REQUIRES_LOCK(mutex_);
  std::vector<Item> TakeSome() REQUIRES_LOCK(mutex_);
  // Returns the seconds that each decision took.
  double Decide(std::vector<Item> items);
  void Note(double seconds_each) REQUIRES_LOCK(mutex_);

  Routing& routing_;
  const std::size_t deciding_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Item> waiting_ GUARDED_BY(mutex_);
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  std::size_t deciding_ GUARDED_BY(mutex_) = 0;
  double seconds_each_ GUARDED_BY(mutex_) = 1e-4;  // per decision, a moving average
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace pointsman::engine
