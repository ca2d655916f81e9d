// The client's end of a stream of items: sends requests, and gives each answer to whoever waits for it.
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
  struct Callbacks {
    std::function<void(grpc::ClientContext*, ItemStream*)> begin;  // the stub's method
    std::function<void(Incoming&)> answered;
    std::function<void(uint64_t item, const grpc::Status&)>
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

  void Send(Outgoing item) {
    MutexLock lock(mutex_);
    open_.insert(item.item());
    waiting_.push_back(std::move(item));
    WriteNext();
  }

  void OnReadDone(bool is_message) override {
    if (!is_message) return;
    {
      MutexLock lock(mutex_);
      open_.erase(read_.item());
    }
    callbacks_.answered(read_);
    this->StartRead(&read_);
  }
  void OnWriteDone(bool is_sent) override {
    MutexLock lock(mutex_);
    waiting_.pop_front();
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
    for (const uint64_t item : open) callbacks_.failed(item, status);
    MutexLock lock(mutex_);
    is_over_ = true;
    over_.NotifyAll();
  }

 private:
  void WriteNext() REQUIRES_LOCK(mutex_) {
    if (is_writing_ || waiting_.empty()) return;
    is_writing_ = true;
    this->StartWrite(&waiting_.front());
  }

  grpc::ClientContext context_;
  const Callbacks callbacks_;
  Incoming read_;
  Mutex mutex_;
  CondVar over_;
  std::unordered_set<uint64_t> open_ GUARDED_BY(mutex_);  // sent or waiting, and not answered
  std::deque<Outgoing> waiting_ GUARDED_BY(mutex_);       // the first may be on its way
  bool is_writing_ GUARDED_BY(mutex_) = false;
  bool is_ending_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman::bench
