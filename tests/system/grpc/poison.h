// A server, and a valid message for each call that takes input. Tests poison each of their fields in turn.
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

namespace pointsman::tests {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A refusal as a client sees it.
struct Refusal {
  std::string reason;
  std::string field;
  std::size_t message_bytes_on_wire = 0;  // percent-encoded, as grpc-message carries it
  std::size_t details_bytes = 0;
};
Refusal RefusalOf(const grpc::Status& status);

// From a message down to one of its fields, through messages, elements of lists and entries of maps.
using Place = std::vector<const FieldDescriptor*>;
// Every place below this type of message whose field is wanted.
std::vector<Place> PlacesOf(const google::protobuf::Descriptor& kind,
                            const std::function<bool(const FieldDescriptor&)>& is_wanted);
// The message that contains the place's field. Missing messages on the way are created; in lists the first
// element is used.
Message& HolderOf(Message& message, const Place& place);
// The field's name without `pointsman.v1.`, as in "RouteRequest.query".
std::string NameOf(const Place& place);

class PoisonFixture : public RpcFixture {
 protected:
  // Sends a message with one poisoned field by the call for its type.
  grpc::Status Send(const Message& message);

  // Valid messages, with every field that a place leads through. The pool "poisoned" accepts them.
  std::vector<std::unique_ptr<Message>> Templates();

  void SetUp() override;
  // Whether the server still decides correctly for every pool: probabilities are finite and sum to 1, also
  // after an outcome.
  void ExpectItDecides();
  void ExpectSoundDecision(const std::string& pool, const v1::RouteRequest& request);

  grpc::Status SendFeedback(const v1::FeedbackRequest& message);
  grpc::Status SendPool(const v1::PutPoolRequest& message);
  grpc::Status SendArm(const v1::PutArmRequest& message);
  grpc::Status SendImport(const std::vector<v1::ImportOutcomesRequest>& messages);
  void DeletePool(const std::string& name);  // if it exists

  int imports_ = 0;
};

}  // namespace pointsman::tests
