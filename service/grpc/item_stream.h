// A stream of calls in both directions. Each item is a call of its own, with its own admission and answer; answers are
// sent as they become ready. While `kItemsMax` items are unanswered, or answered and not yet sent, nothing more is
// read, so gRPC's flow control slows down a client that sends faster than it reads.
// Errors: an item's error is in its answer, and never ends the stream.
// Threads: gRPC's and the engine's. Deletes itself once gRPC is done with it, and no item is left.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "service/api/call.h"
#include "service/api/status.h"
#include "service/grpc/call_info.h"

namespace pointsman::service {

// Incoming: {item, request}. Outgoing: {item, response or error}.
template <class Incoming, class Outgoing, class Calls, class Request, class Response>
class ItemStream final : public grpc::ServerBidiReactor<Incoming, Outgoing> {
 public:
  using Handler = void (Calls::*)(const CallPtr&, const Request&, Response&);

  ItemStream(const grpc::CallbackServerContext& context, Admission& admission, Calls& calls,
             Handler handler)
      : info_(context), admission_(admission), calls_(calls), handler_(handler) {
    this->StartRead(&read_);
  }

  void OnReadDone(bool is_message) override {
    if (!is_message) {  // the client has sent everything, or is gone
      Change([this] { is_all_read_ = true; });
      return;
    }
    const auto item = std::make_shared<Item>(*this, std::move(read_));
    read_ = Incoming();
    Change([this] {
      ++open_;
      is_reading_ = false;
    });
    item->Serve(item);
  }

  void OnWriteDone(bool is_sent) override {
    Change([this, is_sent] {
      is_writing_ = false;
      --open_;
      ready_.pop_front();
      is_gone_ |= !is_sent;
    });
  }

  void OnDone() override { delete this; }

 private:
  static constexpr std::size_t kItemsMax = 256;

  class Item final : public Call {
   public:
    Item(ItemStream& stream, Incoming incoming)
        : Call(stream.admission_), stream_(stream), incoming_(std::move(incoming)) {}

    void Serve(const CallPtr& self) {
      if (Enter(FactsOf(incoming_.request()))) {
        (stream_.calls_.*stream_.handler_)(self, incoming_.request(), response_);
      }
    }

   private:
    const CallInfo& info() const override { return stream_.info_; }
    void Answer(const absl::Status& status) override {
      Outgoing outgoing;
      outgoing.set_item(incoming_.item());
      if (status.ok()) {
        *outgoing.mutable_response() = std::move(response_);
      } else {
        *outgoing.mutable_error() = ToItem(status);
      }
      ItemStream& stream = stream_;
      stream.Change(
          [&] { stream.ready_.push_back(std::move(outgoing)); });  // the stream may end here
    }

    ItemStream& stream_;
    const Incoming incoming_;
    Response response_;
  };

  // Changes the state, and then starts what it allows. gRPC is called without the lock: it may call back at once.
  template <class Body>
  void Change(Body body) {
    bool reads = false, writes = false, finishes = false;
    {
      MutexLock lock(mutex_);
      body();
      if (is_gone_) DropReady();
      reads = !is_reading_ && !is_all_read_ && open_ < kItemsMax;
      is_reading_ |= reads;
      writes = !is_writing_ && !ready_.empty();
      is_writing_ |= writes;
      finishes = is_all_read_ && open_ == 0 && !is_finished_;
      is_finished_ |= finishes;
    }
    if (reads) this->StartRead(&read_);
    if (writes) this->StartWrite(&ready_.front());  // stays in place until OnWriteDone
    if (finishes) this->Finish(grpc::Status::OK);
  }

  // Nobody is there to read it; what is being written stays until that ends.
  void DropReady() REQUIRES_LOCK(mutex_) {
    const std::size_t kept = is_writing_ ? 1 : 0;
    while (ready_.size() > kept) {
      ready_.pop_back();
      --open_;
    }
  }

  const GrpcCallInfo info_;
  Admission& admission_;
  Calls& calls_;
  const Handler handler_;
  Incoming read_;  // the one that is being read
  Mutex mutex_;
  std::deque<Outgoing> ready_ GUARDED_BY(mutex_);  // answers to send; the first may be on its way
  std::size_t open_ GUARDED_BY(mutex_) = 0;        // items read, and not yet sent
  bool is_reading_ GUARDED_BY(mutex_) = true;
  bool is_writing_ GUARDED_BY(mutex_) = false;
  bool is_all_read_ GUARDED_BY(mutex_) = false;
  bool is_gone_ GUARDED_BY(mutex_) = false;  // a write failed
  bool is_finished_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman::service
