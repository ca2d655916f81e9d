#include "service/http/connect_import.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "service/api/import_call.h"
#include "service/http/connect_codec.h"
#include "service/http/connect_error.h"
#include "service/http/http_call.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kHeadBytes = 5;
constexpr char kCompressed = 1;
constexpr char kEndOfStream = 2;
constexpr std::string_view kJsonStream = "application/connect+json";
constexpr std::string_view kProtoStream = "application/connect+proto";

std::string Envelope(char flags, const std::string& message) {
  std::string envelope(1, flags);
  for (int shift = 24; shift >= 0; shift -= 8) {
    envelope += static_cast<char>(message.size() >> shift & 0xff);
  }
  return envelope + message;
}

Codec CodecOf(const HttpRequest& request) {
  return request.header("content-type") == kJsonStream ? Codec::kJson : Codec::kProto;
}

// The envelope with an error, if there is one, that ends a stream.
HttpResponse EndOfStream(Codec codec, std::string body, const absl::Status& status) {
  const std::string end = status.ok() ? "{}" : Cat(R"({"error":)", ErrorResponse(status).body, "}");
  body += Envelope(kEndOfStream, end);
  return {.type = std::string(codec == Codec::kJson ? kJsonStream : kProtoStream),
          .body = std::move(body)};
}

class ConnectImport final : public ImportCall, public std::enable_shared_from_this<ConnectImport> {
 public:
  ConnectImport(std::shared_ptr<HttpExchange> exchange, const EngineSlot& engine,
                Admission& admission, std::size_t message_bytes_max)
      : ImportCall(engine, admission, response_),
        exchange_(std::move(exchange)),
        info_(exchange_),
        codec_(CodecOf(exchange_->request())),
        message_bytes_max_(message_bytes_max) {}

  void Run() { Begin(); }

 private:
  const CallInfo& info() const override { return info_; }
  std::shared_ptr<const void> KeptAlive() override { return shared_from_this(); }

  // On the connection's thread, so that an import of many small messages does not nest its calls.
  void ReadNext() override {
    exchange_->Later([self = shared_from_this()] { self->TakeOrRead(); });
  }

  void TakeOrRead() {
    if (unread_.size() < kHeadBytes) return ReadMore();
    std::size_t length = 0;
    for (std::size_t i = 1; i < kHeadBytes; ++i) {
      length = length << 8 | static_cast<unsigned char>(unread_[i]);
    }
    if ((unread_[0] & kCompressed) != 0) {
      return End(absl::UnimplementedError("messages are not decompressed: send them as they are"));
    }
    if (length > message_bytes_max_) {
      return End(absl::ResourceExhaustedError(
          Cat("a message has ", length, " bytes; message_bytes_max is ", message_bytes_max_)));
    }
    if (unread_.size() < kHeadBytes + length) return ReadMore();
    const std::string text = unread_.substr(kHeadBytes, length);
    unread_.erase(0, kHeadBytes + length);
    v1::ImportOutcomesRequest message;
    if (const absl::Status status = DecodeMessage(text, codec_, message); !status.ok()) {
      return End(status);
    }
    Take(message);
  }

  void ReadMore() {
    exchange_->ReadPart([self = shared_from_this()](HttpExchange::Part part) {
      if (!part.ok()) return self->End(part.status());
      if (!part->empty()) {
        self->unread_ += *part;
        return self->TakeOrRead();
      }
      if (self->unread_.empty()) return self->TakeEnd();
      self->End(InvalidArgument("the stream ended within a message"));
    });
  }

  void Answer(const absl::Status& status) override {
    absl::StatusOr<std::string> text = status.ok() ? EncodeMessage(response_, codec_) : status;
    exchange_->Respond(
        EndOfStream(codec_, text.ok() ? Envelope(0, *text) : std::string(), text.status()));
  }

  v1::ImportOutcomesResponse response_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpCallInfo info_;
  const Codec codec_;
  const std::size_t message_bytes_max_;
  std::string unread_;
};

}  // namespace

bool IsConnectStream(const HttpRequest& request) {
  const std::string_view type = request.header("content-type");
  return type == kJsonStream || type == kProtoStream;
}

HttpResponse StreamError(const HttpRequest& request, const absl::Status& status) {
  return EndOfStream(CodecOf(request), "", status);
}

void ServeConnectImport(const std::shared_ptr<HttpExchange>& exchange, const EngineSlot& engine,
                        Admission& admission, std::size_t message_bytes_max) {
  std::make_shared<ConnectImport>(exchange, engine, admission, message_bytes_max)->Run();
}

}  // namespace pointsman::service
