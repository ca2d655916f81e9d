// Route calls on their way to the engine. A call that finds nobody deciding is decided at once by the
// thread that brought it; those that come meanwhile are gathered, and decided together: one write
// records them all, and their answers leave in few packets. So a lone call waits for nobody, and the
// busier the server, the less a call costs.
// Operation: one thread decides; another joins it when what waits would keep one busy for longer than
//   half a millisecond, up to as many as the machine has. Whoever brought a call never decides others'
//   (gRPC's threads have other work queued behind them): a thread of this queue does.
// Errors: those of Engine::Route, each to its own call.
// Threads: Add from any thread; the destructor waits for what was added.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "pointsman/v1/router.pb.h"
#include "service/rpc/engine_slot.h"
#include "service/rpc/call.h"

namespace pointsman {

class RouteQueue {
 public:
  RouteQueue(const EngineSlot& engine, Metrics& metrics);
  ~RouteQueue();
  RouteQueue(const RouteQueue&) = delete;
  RouteQueue& operator=(const RouteQueue&) = delete;

  // The call is finished once, perhaps before this returns. `response` and `call` live until then.
  void Add(std::unique_ptr<Call> call, RouteInput input, v1::RouteResponse& response);
  // The same, from a thread that must not be held up: another one decides.
  void AddAside(std::unique_ptr<Call> call, RouteInput input, v1::RouteResponse& response);
  // Runs it on a thread of this queue.
  void Run(std::function<void()> task);

 private:
  struct Item {
    std::unique_ptr<Call> call;
    RouteInput input;
    v1::RouteResponse* response = nullptr;
  };
  void Work();
  bool IsThreadWanted() const REQUIRES_LOCK(mutex_);
  std::vector<Item> TakeSome() REQUIRES_LOCK(mutex_);
  // The seconds that each took.
  double Decide(std::vector<Item> items);
  void Note(double seconds_each) REQUIRES_LOCK(mutex_);

  const EngineSlot& engine_;
  Metrics& metrics_;
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

}  // namespace pointsman
