#include "storage/jetstream/jetstream_log.h"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::storage {
namespace {

constexpr int64_t kReconnectWaitMs = 250, kCallMs = 3000, kAcknowledgedWithinMs = 5000;
constexpr int64_t kNanosPerMicro = 1000;
constexpr std::chrono::milliseconds kSilence{1000};
constexpr int64_t kPublishesMax = 4096;  // not acknowledged yet

template <class T, void (*Destroy)(T*)>
struct Destroyer {
  void operator()(T* object) const { Destroy(object); }
};
using Options = std::unique_ptr<natsOptions, Destroyer<natsOptions, natsOptions_Destroy>>;
using Connection =
    std::unique_ptr<natsConnection, Destroyer<natsConnection, natsConnection_Destroy>>;
using Context = std::unique_ptr<jsCtx, Destroyer<jsCtx, jsCtx_Destroy>>;
using Subscription =
    std::unique_ptr<natsSubscription, Destroyer<natsSubscription, natsSubscription_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroyer<natsMsg, natsMsg_Destroy>>;
using StreamInfo = std::unique_ptr<jsStreamInfo, Destroyer<jsStreamInfo, jsStreamInfo_Destroy>>;
using MetaData = std::unique_ptr<jsMsgMetaData, Destroyer<jsMsgMetaData, jsMsgMetaData_Destroy>>;

absl::Status ToStatus(natsStatus status, std::string_view what, int code = 0) {
  if (status == NATS_OK) return absl::OkStatus();
  const std::string text = Cat("the shared log: ", what, ": ", natsStatus_GetText(status),
                               code == 0 ? "" : Cat(" (JetStream error ", code, ")"));
  switch (code) {
    case JSStorageResourcesExceededErr:
    case JSInsufficientResourcesErr:
    case JSAccountResourcesExceededErr:
    case JSStreamStoreFailedErr:
      return absl::ResourceExhaustedError(
          Cat(text, "; the stream is full: purge it or let it grow"));
    default:
      break;
  }
  if (status == NATS_INVALID_ARG) return absl::InvalidArgumentError(text);
  return absl::UnavailableError(text);
}

}  // namespace

class JetStreamConnection {
 public:
  static absl::StatusOr<std::shared_ptr<JetStreamConnection>> Open(
      const JetStreamServers& servers) {
    natsOptions* made = nullptr;
    RETURN_IF_ERROR(ToStatus(natsOptions_Create(&made), "options"));
    const Options options(made);
    std::vector<const char*> urls;
    for (const std::string& url : servers.urls) urls.push_back(url.c_str());
    natsStatus status = natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size()));
    const auto also = [&](natsStatus next) {
      if (status == NATS_OK) status = next;
    };
    also(natsOptions_SetName(made, servers.client.c_str()));
    also(natsOptions_SetSendAsap(made, true));
    also(natsOptions_SetMaxReconnect(made, -1));
    also(natsOptions_SetReconnectWait(made, kReconnectWaitMs));
    also(natsOptions_SetFailRequestsOnDisconnect(made, true));
    also(natsOptions_SetTimeout(made, kCallMs));
    if (!servers.credentials_file.empty()) {
      also(
          natsOptions_SetUserCredentialsFromFiles(made, servers.credentials_file.c_str(), nullptr));
    }
    if (!servers.ca_file.empty()) {
      also(natsOptions_LoadCATrustedCertificates(made, servers.ca_file.c_str()));
    }
    if (!servers.certificate_file.empty()) {
      also(natsOptions_LoadCertificatesChain(made, servers.certificate_file.c_str(),
                                             servers.key_file.c_str()));
    }
    RETURN_IF_ERROR(ToStatus(status, "options"));
    auto connection = std::make_shared<JetStreamConnection>();
    natsConnection* connected = nullptr;
    RETURN_IF_ERROR(ToStatus(natsConnection_Connect(&connected, made),
                             Cat("connect to ", servers.urls.front())));
    connection->connection_.reset(connected);
    return connection;
  }

  natsConnection* get() const { return connection_.get(); }

 private:
  Connection connection_;
};

namespace {

class JetStreamLog final : public SharedLog {
 public:
  JetStreamLog(std::shared_ptr<JetStreamConnection> connection, JetStreamOptions options)
      : connection_(std::move(connection)),
        options_(std::move(options)),
        subject_(Cat("pointsman.", options_.stream)) {}

  ~JetStreamLog() override {
    subscription_.reset();
    if (context_ != nullptr) {
      // So that no acknowledgement comes any more.
      jsPubOptions wait;
      jsPubOptions_Init(&wait);
      wait.MaxWait = kCallMs;
      js_PublishAsyncComplete(context_.get(), &wait);
    }
    context_.reset();
    Fail(absl::UnavailableError("the shared log was closed"));
  }

  absl::Status Open() {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = kCallMs;
    options.PublishAsync.MaxPending = kPublishesMax;
    options.PublishAsync.AckHandler = &JetStreamLog::OnAcknowledged;
    options.PublishAsync.AckHandlerClosure = this;
    jsCtx* made = nullptr;
    RETURN_IF_ERROR(
        ToStatus(natsConnection_JetStream(&made, connection_->get(), &options), "JetStream"));
    context_.reset(made);
    return MakeStream();
  }

  void Append(std::string bytes, Appended done) override {
    const std::string id = Cat(run_, ".", next_id_.fetch_add(1));
    {
      MutexLock lock(mutex_);
      pending_[id] = std::move(done);
    }
    natsMsg* made = nullptr;
    natsStatus status = natsMsg_Create(&made, subject_.c_str(), nullptr, bytes.data(),
                                       static_cast<int>(bytes.size()));
    if (status == NATS_OK) {
      jsPubOptions options;
      jsPubOptions_Init(&options);
      options.MsgId = id.c_str();
      options.MaxWait = kAcknowledgedWithinMs;
      status = js_PublishMsgAsync(context_.get(), &made, &options);
    }
    natsMsg_Destroy(made);
    if (status != NATS_OK) Answer(id, ToStatus(status, "publish"));
  }

  absl::StatusOr<std::vector<SharedMessage>> Read(uint64_t after, std::size_t count_max,
                                                  std::chrono::milliseconds wait) override {
    if (subscription_ == nullptr || read_ != after) RETURN_IF_ERROR(Subscribe(after));
    std::vector<SharedMessage> messages;
    int64_t wait_ms = std::max<int64_t>(1, wait.count());
    while (messages.size() < count_max) {
      natsMsg* got = nullptr;
      const natsStatus status = natsSubscription_NextMsg(&got, subscription_.get(), wait_ms);
      if (status == NATS_TIMEOUT) break;
      if (status != NATS_OK) {
        subscription_.reset();
        if (!messages.empty()) break;
        return ToStatus(status, "read");
      }
      const Message message(got);
      jsMsgMetaData* found = nullptr;
      RETURN_IF_ERROR(ToStatus(natsMsg_GetMetaData(&found, got), "read"));
      const MetaData data(found);
      const uint64_t position = data->Sequence.Stream;
      if (position <= read_) continue;
      if (position != read_ + 1) {
        subscription_.reset();
        if (!messages.empty()) break;
        return absl::OutOfRangeError(Cat("the shared log has no message ", read_ + 1,
                                         " any more; the next one is ", position));
      }
      messages.push_back({position, data->Timestamp / kNanosPerMicro,
                          std::string(natsMsg_GetData(got),
                                      static_cast<std::size_t>(natsMsg_GetDataLength(got)))});
      read_ = position;
      int waiting = 0, bytes = 0;
      if (natsSubscription_GetPending(subscription_.get(), &waiting, &bytes) != NATS_OK) break;
      if (waiting == 0) break;
      wait_ms = 1;
    }
    if (!messages.empty()) {
      silent_for_ = {};
      return messages;
    }
    silent_for_ += wait;
    if (silent_for_ >= kSilence) RETURN_IF_ERROR(CheckSilence());
    return messages;
  }

  absl::StatusOr<SharedRange> Range() override {
    jsStreamInfo* got = nullptr;
    jsErrCode code{};
    RETURN_IF_ERROR(
        ToStatus(js_GetStreamInfo(&got, context_.get(), options_.stream.c_str(), nullptr, &code),
                 "ask for its ends", code));
    const StreamInfo info(got);
    SharedRange range{info->State.FirstSeq, info->State.LastSeq};
    if (info->State.Msgs == 0) range.first = range.last + 1;
    return range;
  }

  absl::Status DropBefore(uint64_t first_kept) override {
    jsOptions options;
    jsOptions_Init(&options);
    options.Stream.Purge.Sequence = first_kept;
    jsErrCode code{};
    return ToStatus(js_PurgeStream(context_.get(), options_.stream.c_str(), &options, &code),
                    "purge", code);
  }

 private:
  absl::Status MakeStream() {
    jsStreamInfo* got = nullptr;
    jsErrCode code{};
    natsStatus status =
        js_GetStreamInfo(&got, context_.get(), options_.stream.c_str(), nullptr, &code);
    if (status == NATS_NOT_FOUND) {
      jsStreamConfig config;
      jsStreamConfig_Init(&config);
      config.Name = options_.stream.c_str();
      const char* subjects[] = {subject_.c_str()};
      config.Subjects = subjects;
      config.SubjectsLen = 1;
      config.Storage = js_FileStorage;
      config.Discard = js_DiscardNew;
      config.Replicas = options_.copies;
      config.MaxAge = options_.kept_for * kNanosPerMicro;
      if (options_.bytes_max > 0) config.MaxBytes = options_.bytes_max;
      status = js_AddStream(&got, context_.get(), &config, nullptr, &code);
      // Another replica may have made it just now.
      if (status != NATS_OK) {
        status = js_GetStreamInfo(&got, context_.get(), options_.stream.c_str(), nullptr, nullptr);
      }
    }
    const StreamInfo info(got);
    return ToStatus(status, Cat("open the stream ", options_.stream), code);
  }

  absl::Status Subscribe(uint64_t after) {
    subscription_.reset();
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = options_.stream.c_str();
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = after + 1;
    natsSubscription* made = nullptr;
    jsErrCode code{};
    RETURN_IF_ERROR(ToStatus(
        js_SubscribeSync(&made, context_.get(), subject_.c_str(), nullptr, &options, &code),
        "subscribe", code));
    subscription_.reset(made);
    natsSubscription_SetPendingLimits(made, -1, -1);
    read_ = after;
    silent_for_ = {};
    return absl::OkStatus();
  }

  absl::Status CheckSilence() {
    ASSIGN_OR_RETURN(const SharedRange range, Range());
    silent_for_ = {};  // not after an error: then the next silent read asks again
    if (range.last < read_) {
      subscription_.reset();
      return DataLoss("the shared log ends with message ", range.last,
                      ", and this replica has read message ", read_,
                      ": it lost messages, or it is another log");
    }
    if (range.last > read_) subscription_.reset();
    if (range.last >= read_ + 1 && range.first > read_ + 1) {
      return absl::OutOfRangeError(Cat("the shared log has no message ", read_ + 1,
                                       " any more; the next one is ", range.first));
    }
    return absl::OkStatus();
  }

  void Answer(const std::string& id, const absl::StatusOr<uint64_t>& result) {
    Appended done;
    {
      MutexLock lock(mutex_);
      const auto found = pending_.find(id);
      if (found == pending_.end()) return;
      done = std::move(found->second);
      pending_.erase(found);
    }
    done(result);
  }

  void Fail(const absl::Status& why) {
    std::map<std::string, Appended> pending;
    {
      MutexLock lock(mutex_);
      pending.swap(pending_);
    }
    for (const auto& [id, done] : pending) done(why);
  }

  static void OnAcknowledged(jsCtx*, natsMsg* message, jsPubAck* acknowledged, jsPubAckErr* error,
                             void* closure) {
    const Message owned(message);
    auto* const log = static_cast<JetStreamLog*>(closure);
    const char* id = nullptr;
    if (natsMsgHeader_Get(message, "Nats-Msg-Id", &id) != NATS_OK || id == nullptr) return;
    if (acknowledged != nullptr) return log->Answer(id, acknowledged->Sequence);
    log->Answer(id, ToStatus(error->Err, "publish", error->ErrCode));
  }

  const std::shared_ptr<JetStreamConnection> connection_;
  const JetStreamOptions options_;
  const std::string subject_;
  const int64_t run_ = nats_NowInNanoSeconds();  // so that ids of another run are other ids
  std::atomic<uint64_t> next_id_{1};
  Context context_;
  Subscription subscription_;  // the reader's, like the next two
  uint64_t read_ = 0;
  std::chrono::milliseconds silent_for_{0};
  Mutex mutex_;
  std::map<std::string, Appended> pending_ GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<JetStreamConnection>> ConnectJetStream(
    const JetStreamServers& servers) {
  return JetStreamConnection::Open(servers);
}

absl::StatusOr<std::shared_ptr<SharedLog>> OpenJetStreamLog(
    std::shared_ptr<JetStreamConnection> connection, const JetStreamOptions& options) {
  auto log = std::make_shared<JetStreamLog>(std::move(connection), options);
  RETURN_IF_ERROR(log->Open());
  return std::shared_ptr<SharedLog>(std::move(log));
}

}  // namespace pointsman::storage
