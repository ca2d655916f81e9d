// A server, a valid message for each call that takes input, and every field of them to poison in turn.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "rpc_fixture.h"

namespace pointsman {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What a refusal said, as a client sees it.
struct Refusal {
  std::string reason;
  std::string field;
  std::size_t message_bytes_on_wire = 0;  // percent-encoded, as grpc-message carries it
  std::size_t details_bytes = 0;
};
Refusal RefusalOf(const grpc::Status& status);

// From a message down to one of its fields, through messages, elements of lists and entries of maps.
using Place = std::vector<const FieldDescriptor*>;
// Every place below this kind of message whose field is wanted.
std::vector<Place> PlacesOf(const google::protobuf::Descriptor& kind,
                            const std::function<bool(const FieldDescriptor&)>& is_wanted);
// The message that holds the place's field: what is on the way is made if it is not there, and of lists the
// first element is taken.
Message& HolderOf(Message& message, const Place& place);
// Of the field: `pointsman.v1.` left out, as in "RouteRequest.query".
std::string NameOf(const Place& place);

class PoisonFixture : public RpcFixture {
 protected:
  // Sends a message whose one field is poisoned, its call being that of its kind.
  grpc::Status Send(const Message& message);

  // Valid ones, with every field that a place leads through. The pool "poisoned" takes them.
  std::vector<std::unique_ptr<Message>> Templates();

  void SetUp() override;
  // Whether the server still decides soundly, for every pool it has: probabilities that are finite and
  // sum to 1, and after an outcome as well.
  void ExpectItDecides();
  void ExpectSoundDecision(const std::string& pool, const v1::RouteRequest& request);

  grpc::Status SendFeedback(const v1::FeedbackRequest& message);
  grpc::Status SendPool(const v1::PutPoolRequest& message);
  grpc::Status SendArm(const v1::PutArmRequest& message);
  grpc::Status SendImport(const std::vector<v1::ImportOutcomesRequest>& messages);
  void DeletePool(const std::string& name);  // if there is one

  int imports_ = 0;
};

}  // namespace pointsman
