#include "engine/route/route_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pointsman::engine {
namespace {

// Enough to share one write, but few enough that the first query does not wait long for the last.
constexpr std::size_t kTogetherMax = 16;
constexpr double kPatienceSeconds = 5e-4;
constexpr double kNewShare = 0.05;  // weight of the newest decisions in the moving average

}  // namespace

RouteQueue::RouteQueue(Routing& routing)
    : routing_(routing),
      deciding_max_(std::max<std::size_t>(1, std::thread::hardware_concurrency())) {
  for (std::size_t i = 0; i < deciding_max_; ++i) threads_.emplace_back([this] { Work(); });
}

RouteQueue::~RouteQueue() {
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    changed_.NotifyAll();
  }
  for (auto& thread : threads_) thread.join();
}

// One thread decides at any time. More join only if there is much work, because each then shares less.
bool RouteQueue::IsThreadWanted() const {
  if (waiting_.empty() || deciding_ == deciding_max_) return false;
  const double waiting_s = static_cast<double>(waiting_.size()) * seconds_each_;
  return deciding_ == 0 || waiting_s > kPatienceSeconds;
}

void RouteQueue::Note(double seconds_each) {
  seconds_each_ += kNewShare * (seconds_each - seconds_each_);
}

void RouteQueue::Add(PreparedQuery query, Done done) {
  std::vector<Item> own;
  {
    MutexLock lock(mutex_);
    if (deciding_ > 0) {
      waiting_.push_back({std::move(query), std::move(done)});
      if (IsThreadWanted()) changed_.NotifyOne();
      return;
    }
    ++deciding_;
  }
  own.push_back({std::move(query), std::move(done)});
  const double seconds_each = Decide(std::move(own));
  MutexLock lock(mutex_);
  Note(seconds_each);
  --deciding_;
  if (IsThreadWanted()) changed_.NotifyOne();
}

void RouteQueue::AddAside(PreparedQuery query, Done done) {
  MutexLock lock(mutex_);
  waiting_.push_back({std::move(query), std::move(done)});
  if (IsThreadWanted()) changed_.NotifyOne();
}

void RouteQueue::Run(std::function<void()> task) {
  MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
}

std::vector<RouteQueue::Item> RouteQueue::TakeSome() {
  const std::size_t count = std::min(kTogetherMax, waiting_.size());
  std::vector<Item> items;
  items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return items;
}

void RouteQueue::Work() {
  while (true) {
    std::vector<Item> items;
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (!is_stopping_ && !IsThreadWanted() && tasks_.empty()) changed_.Wait(mutex_);
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      } else if (waiting_.empty()) {
        return;
      } else {
        items = TakeSome();
        ++deciding_;
      }
    }
    if (task) task();
    while (!items.empty()) {
      const double seconds_each = Decide(std::move(items));
      MutexLock lock(mutex_);
      Note(seconds_each);
      items = TakeSome();
      if (items.empty()) --deciding_;
    }
  }
}

double RouteQueue::Decide(std::vector<Item> items) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<PreparedQuery> queries;
  queries.reserve(items.size());
  for (Item& item : items) queries.push_back(std::move(item.query));
  auto outputs = routing_.Route(queries);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].done(std::move(outputs[i]));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(items.size());
}

}  // namespace pointsman::engine
