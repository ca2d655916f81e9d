// The client's end of a stream of items: sends requests, and gives each answer to whoever waits for it. What is sent
// while a message is on its way, or between Hold and Release, goes in the next message, together.
// Threads: Send from any; the callbacks run on gRPC's, one at a time.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_set>
#include <utility>

#include "base/mutex.h"

namespace pointsman::bench {

template <class Outgoing, class Incoming>
class ItemStream final : public grpc::ClientBidiReactor<Outgoing, Incoming> {
 public:
  using Asked = typename Outgoing::Item;
  using Answered = typename Incoming::Item;

  struct Callbacks {
    std::function<void(grpc::ClientContext*, ItemStream*)> begin;  // the stub's method
    std::function<void(Incoming&)> answered;
    std::function<void(uint64_t id, const grpc::Status&)>
        failed;  // the stream ended before its answer
  };

  explicit ItemStream(Callbacks callbacks) : callbacks_(std::move(callbacks)) {
    callbacks_.begin(&context_, this);
    this->StartRead(&read_);
    this->StartCall();
  }
  // Ends the stream. Nobody may wait for an answer any more.
  ~ItemStream() override {
    MutexLock lock(mutex_);
    is_ending_ = true;
    if (!is_writing_ && !is_over_) this->StartWritesDone();
    while (!is_over_) over_.Wait(mutex_);
  }

  void Send(Asked item) {
    MutexLock lock(mutex_);
    open_.insert(item.id());
    waiting_.push_back(std::move(item));
    WriteNext();
  }

  void Hold() {
    MutexLock lock(mutex_);
    ++holds_;
  }
  void Release() {
    MutexLock lock(mutex_);
    --holds_;
    WriteNext();
  }

  void OnReadDone(bool is_message) override {
    if (!is_message) return;
    {
      MutexLock lock(mutex_);
      for (const Answered& item : read_.items()) open_.erase(item.id());
    }
    callbacks_.answered(read_);
    this->StartRead(&read_);
  }
  void OnWriteDone(bool is_sent) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
    if (!is_sent) return;
    WriteNext();
    if (!is_writing_ && is_ending_) this->StartWritesDone();
  }
  void OnDone(const grpc::Status& status) override {
    std::unordered_set<uint64_t> open;
    {
      MutexLock lock(mutex_);
      open.swap(open_);
    }
    for (const uint64_t id : open) callbacks_.failed(id, status);
    MutexLock lock(mutex_);
    is_over_ = true;
    over_.NotifyAll();
  }

 private:
  static constexpr int kTogetherMax = 64;  // items of a message

  void WriteNext() REQUIRES_LOCK(mutex_) {
    if (is_writing_ || holds_ > 0 || waiting_.empty()) return;
    is_writing_ = true;
    written_.clear_items();
    while (!waiting_.empty() && written_.items_size() < kTogetherMax) {
      *written_.add_items() = std::move(waiting_.front());
      waiting_.pop_front();
    }
    this->StartWrite(&written_);
  }

  grpc::ClientContext context_;
  const Callbacks callbacks_;
  Incoming read_;
  Mutex mutex_;
  CondVar over_;
  std::unordered_set<uint64_t> open_ GUARDED_BY(mutex_);  // sent or waiting, and not answered
  std::deque<Asked> waiting_ GUARDED_BY(mutex_);
  Outgoing written_ GUARDED_BY(mutex_);  // the message that is on its way
  bool is_writing_ GUARDED_BY(mutex_) = false;
  int holds_ GUARDED_BY(mutex_) = 0;
  bool is_ending_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman::bench
