#include "engine/maintain/scheduler.h"

#include <chrono>
#include <utility>

#include "base/background.h"

namespace pointsman::engine {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

}  // namespace

void Scheduler::Add(std::string name, Lane lane, Micros every, Job job) {
  Entry entry;
  entry.name = std::move(name);
  entry.lane = lane;
  entry.every = every;
  entry.job = std::move(job);
  jobs_.push_back(std::move(entry));
}

void Scheduler::Start() {
  if (writing_ == Writing::kThread) thread_ = std::thread([this] { Loop(); });
}

bool Scheduler::Run(Entry& entry, Micros now) {
  const auto begin = std::chrono::steady_clock::now();
  const bool wants_more = entry.job(now);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  MutexLock lock(mutex_);
  entry.ran_at = now;
  entry.wants_more = wants_more;
  ++entry.runs;
  entry.seconds += took.count();
  return wants_more;
}

bool Scheduler::RunDue(Lane lane) {
  const Micros now = clock_.Now();
  bool wants_more = false;
  for (Entry& entry : jobs_) {
    if (entry.lane != lane) continue;
    bool is_due = false;
    {
      MutexLock lock(mutex_);
      // A job stays due even if the clock was set back.
      is_due = entry.wants_more || entry.is_woken || now < entry.ran_at ||
               now - entry.ran_at >= entry.every;
      entry.is_woken = false;
    }
    if (is_due && Run(entry, now)) wants_more = true;
  }
  return wants_more;
}

void Scheduler::Wake(const std::string& name) {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return;
    for (Entry& entry : jobs_) entry.is_woken |= entry.name == name;
    if (writing_ == Writing::kThread) return wake_.NotifyAll();
  }
  RunDue(Lane::kAside);
}

bool Scheduler::RunOnce(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return false;
    if (writing_ == Writing::kThread) {
      tasks_.push_back(std::move(task));
      wake_.NotifyAll();
      return true;
    }
  }
  task();
  return true;
}

void Scheduler::Stop() {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Scheduler::Loop() {
  GiveWay();
  while (true) {
    bool wants_more = RunDue(Lane::kAside);
    std::vector<std::function<void()>> tasks;
    {
      MutexLock lock(mutex_);
      tasks.swap(tasks_);
      for (const Entry& entry : jobs_) wants_more |= entry.lane == Lane::kAside && entry.is_woken;
      if (tasks.empty() && !wants_more) {
        if (is_stopping_) return;
        wake_.WaitFor(mutex_, kLookEvery);
        continue;
      }
    }
    for (const auto& task : tasks) task();
  }
}

std::vector<Scheduler::Figures> Scheduler::figures() const {
  MutexLock lock(mutex_);
  std::vector<Figures> figures;
  for (const Entry& entry : jobs_) figures.push_back({entry.name, entry.runs, entry.seconds});
  return figures;
}

}  // namespace pointsman::engine
