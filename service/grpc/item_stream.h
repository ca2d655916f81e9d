// A stream of items in both directions. A message carries one item or more. Each item is a call of its own, with its
// own admission and result; the items of one message are handled together and answered in one message. Messages are
// answered as they become ready, in any order. While `kItemsMax` items are unanswered, or answered and not yet sent,
// nothing more is read, so gRPC's flow control slows down a client that sends faster than it reads.
// Errors: an item's error is in its answer, and never ends the stream.
// Threads: gRPC's and the engine's. Deletes itself once gRPC is done with it, and no item is left.
#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "domain/errors.h"
#include "service/api/call.h"
#include "service/api/status.h"
#include "service/grpc/call_info.h"

namespace pointsman::service {

// Incoming: items of {id, request}. Outgoing: items of {id, response or error}.
template <class Incoming, class Outgoing>
class ItemStream final : public grpc::ServerBidiReactor<Incoming, Outgoing> {
  using Asked = typename Incoming::Item;
  using Answered = typename Outgoing::Item;
  using Request = std::decay_t<decltype(std::declval<const Asked&>().request())>;
  using Response = std::decay_t<decltype(std::declval<const Answered&>().response())>;

 public:
  using Handler = std::function<void(std::vector<CallItem<Request, Response>>)>;

  // `handler`: of router_calls.h.
  ItemStream(const grpc::CallbackServerContext& context, Admission& admission, Handler handler)
      : info_(context), admission_(admission), handler_(std::move(handler)) {
    this->StartRead(&read_);
  }

  void OnReadDone(bool is_message) override {
    std::shared_ptr<Message> message;
    if (is_message) message = std::make_shared<Message>(*this, std::exchange(read_, Incoming()));
    Next next;
    {
      MutexLock lock(mutex_);
      is_reading_ = false;
      is_all_read_ = !is_message;  // the client has sent everything, or is gone
      if (message) open_ += message->weight();
      next = Decide();
    }
    Start(next);
    if (message) message->Serve();
  }

  void OnWriteDone(bool is_sent) override {
    Next next;
    {
      MutexLock lock(mutex_);
      is_writing_ = false;
      open_ -= ready_.front()->weight();
      ready_.pop_front();
      is_gone_ |= !is_sent;
      next = Decide();
    }
    Start(next);
  }

  void OnDone() override { delete this; }

 private:
  static constexpr int kItemsMax = 256;
  class Message;

  class Item final : public Call {
   public:
    Item(Message& message, Answered& answered)
        : Call(message.stream().admission_), message_(message), answered_(answered) {}

    Response& response() { return *answered_.mutable_response(); }

   private:
    const CallInfo& info() const override { return message_.stream().info_; }
    void Answer(const absl::Status& status) override {
      if (!status.ok()) *answered_.mutable_error() = ToItem(status);
      message_.NoteAnswer();
    }

    Message& message_;
    Answered& answered_;
  };

  // A message that was read, and its answer.
  class Message : public std::enable_shared_from_this<Message> {
   public:
    Message(ItemStream& stream, Incoming incoming)
        : stream_(stream), incoming_(std::move(incoming)), waiting_(size() + 1) {
      outgoing_.mutable_items()->Reserve(size());
      for (const Asked& asked : incoming_.items()) outgoing_.add_items()->set_id(asked.id());
    }

    int size() const { return incoming_.items_size(); }
    std::size_t weight() const { return static_cast<std::size_t>(std::max(1, size())); }
    const Outgoing& outgoing() const { return outgoing_; }
    ItemStream& stream() const { return stream_; }

    void Serve() {
      std::vector<CallItem<Request, Response>> admitted;
      for (int i = 0; i < size(); ++i) {
        Answered& answered = *outgoing_.mutable_items(i);
        if (i >= kItemsMax) {
          Refuse(answered);
          continue;
        }
        Item& item = items_.emplace_back(*this, answered);
        const Request& request = incoming_.items(i).request();
        if (!item.Enter(FactsOf(request))) continue;
        admitted.push_back({CallPtr(this->shared_from_this(), &item), request, item.response()});
      }
      if (!admitted.empty()) stream_.handler_(std::move(admitted));
      NoteAnswer();
    }

    // Of an item, or that all of them have been started. The last one sends the answer; the stream may end there.
    void NoteAnswer() {
      if (waiting_.fetch_sub(1) > 1) return;
      stream_.Send(this->shared_from_this());
    }

   private:
    void Refuse(Answered& answered) {
      *answered.mutable_error() =
          ToItem(WithReason(InvalidArgument("items: a message has more than ", kItemsMax, " items"),
                            reason::kLimit, "items"));
      NoteAnswer();
    }

    ItemStream& stream_;
    const Incoming incoming_;
    Outgoing outgoing_;
    std::deque<Item> items_;
    std::atomic<int> waiting_;
  };

  // What the state allows to be started. gRPC is called without the lock: it may call back at once.
  struct Next {
    bool reads = false;
    const Outgoing* writes = nullptr;  // stays in place until OnWriteDone
    bool finishes = false;
  };
  Next Decide() REQUIRES_LOCK(mutex_) {
    if (is_gone_) DropReady();
    Next next;
    next.reads = !is_reading_ && !is_all_read_ && open_ < kItemsMax;
    is_reading_ |= next.reads;
    if (!is_writing_ && !ready_.empty()) next.writes = &ready_.front()->outgoing();
    is_writing_ |= next.writes != nullptr;
    next.finishes = is_all_read_ && open_ == 0 && !is_finished_;
    is_finished_ |= next.finishes;
    return next;
  }
  // The stream may end in here.
  void Start(const Next& next) {
    if (next.reads) this->StartRead(&read_);
    if (next.writes != nullptr) this->StartWrite(next.writes);
    if (next.finishes) this->Finish(grpc::Status::OK);
  }
  void Send(std::shared_ptr<Message> message) {
    Next next;
    {
      MutexLock lock(mutex_);
      ready_.push_back(std::move(message));
      next = Decide();
    }
    Start(next);
  }

  // Nobody is there to read it; what is being written stays until that ends.
  void DropReady() REQUIRES_LOCK(mutex_) {
    const std::size_t kept = is_writing_ ? 1 : 0;
    while (ready_.size() > kept) {
      open_ -= ready_.back()->weight();
      ready_.pop_back();
    }
  }

  const GrpcCallInfo info_;
  Admission& admission_;
  const Handler handler_;
  Incoming read_;  // the one that is being read
  Mutex mutex_;
  std::deque<std::shared_ptr<Message>> ready_
      GUARDED_BY(mutex_);                    // answers to send; the first may be on its way
  std::size_t open_ GUARDED_BY(mutex_) = 0;  // items read, and not yet sent
  bool is_reading_ GUARDED_BY(mutex_) = true;
  bool is_writing_ GUARDED_BY(mutex_) = false;
  bool is_all_read_ GUARDED_BY(mutex_) = false;
  bool is_gone_ GUARDED_BY(mutex_) = false;  // a write failed
  bool is_finished_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman::service
