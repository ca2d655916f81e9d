// Queries on their way to a decision. One that finds nobody deciding is decided at once by the
// thread that brought it; those that come meanwhile are gathered, and decided together: one write
// records them all, and their answers leave in few packets. So a lone query waits for nobody, and the
// busier the server, the less a query costs.
// Operation: one thread decides; another joins it when what waits would keep one busy for longer than
//   half a millisecond, up to as many as the machine has. Whoever brought a query never decides others'
//   (the threads of a server have other work queued behind them): a thread of this queue does.
// Errors: those of the decisions, each to its own query.
// Threads: Add from any thread; the destructor waits for what was added.
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
  // The same, from a thread that must not be held up: another one decides.
  void AddAside(PreparedQuery query, Done done);
  // Runs it on a thread of this queue.
  void Run(std::function<void()> task);

 private:
  struct Item {
    PreparedQuery query;
    Done done;
  };
  void Work();
  bool IsThreadWanted() const REQUIRES_LOCK(mutex_);
  std::vector<Item> TakeSome() REQUIRES_LOCK(mutex_);
  // The seconds that each took.
  double Decide(std::vector<Item> items);
  void Note(double seconds_each) REQUIRES_LOCK(mutex_);

  Routing& routing_;
  const std::size_t deciding_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Item> waiting_ GUARDED_BY(mutex_);
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  std::size_t deciding_ GUARDED_BY(mutex_) = 0;
  double seconds_each_ GUARDED_BY(mutex_) = 1e-4;  // of a decision, a moving average
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace pointsman::engine
