// RouteStream and FeedbackStream: many items over one stream, each with its own answer.
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rpc_fixture.h"

namespace pointsman::tests {
namespace {

class Stream : public RpcFixture {
 protected:
  using Routes = grpc::ClientReaderWriter<v1::RouteStreamRequest, v1::RouteStreamResponse>;
  using Feedbacks = grpc::ClientReaderWriter<v1::FeedbackStreamRequest, v1::FeedbackStreamResponse>;

  static v1::RouteStreamRequest Asked(uint64_t item, const std::string& query) {
    v1::RouteStreamRequest asked;
    asked.set_item(item);
    asked.mutable_request()->set_query(query);
    return asked;
  }

  // Sends `count` routes while another thread reads, and returns the answers by item.
  std::map<uint64_t, v1::RouteStreamResponse> RouteMany(uint64_t count) {
    grpc::ClientContext context;
    const auto stream = router_->RouteStream(&context);
    std::map<uint64_t, v1::RouteStreamResponse> answers;
    std::thread reader([&] {
      v1::RouteStreamResponse answer;
      while (stream->Read(&answer)) answers[answer.item()] = answer;
    });
    for (uint64_t i = 0; i < count; ++i) {
      EXPECT_TRUE(stream->Write(Asked(i, "question " + std::to_string(i))));
    }
    stream->WritesDone();
    reader.join();
    EXPECT_TRUE(stream->Finish().ok());
    return answers;
  }
};

TEST_F(Stream, AnswersEachItemOnce) {
  constexpr uint64_t kCount = 2000;  // more than the server reads ahead
  const auto answers = RouteMany(kCount);
  ASSERT_EQ(answers.size(), kCount);
  std::set<std::string> ids;
  for (const auto& [item, answer] : answers) {
    ASSERT_TRUE(answer.has_response()) << answer.DebugString();
    EXPECT_GT(answer.response().propensity(), 0);
    ids.insert(answer.response().decision_id());
  }
  EXPECT_EQ(ids.size(), kCount);
}

TEST_F(Stream, LearnsFromEachFeedbackOnce) {
  const auto answers = RouteMany(300);
  grpc::ClientContext context;
  const auto stream = router_->FeedbackStream(&context);
  for (const auto& [item, answer] : answers) {
    v1::FeedbackStreamRequest told;
    told.set_item(item);
    told.mutable_request()->set_decision_id(answer.response().decision_id());
    told.mutable_request()->set_quality(0.5);
    ASSERT_TRUE(stream->Write(told));
  }
  stream->WritesDone();
  std::size_t applied = 0;
  v1::FeedbackStreamResponse verdict;
  while (stream->Read(&verdict)) applied += verdict.response().result() == v1::APPLIED ? 1 : 0;
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(applied, answers.size());
}

TEST_F(Stream, AnswersABadItemWithItsErrorAndGoesOn) {
  grpc::ClientContext context;
  const auto stream = router_->RouteStream(&context);
  ASSERT_TRUE(stream->Write(Asked(7, "")));
  v1::RouteStreamRequest elsewhere = Asked(8, "x");
  elsewhere.mutable_request()->set_pool("nowhere");
  ASSERT_TRUE(stream->Write(elsewhere));
  v1::RouteStreamRequest empty;
  empty.set_item(9);
  ASSERT_TRUE(stream->Write(empty));
  ASSERT_TRUE(stream->Write(Asked(10, "a good one")));
  stream->WritesDone();
  std::map<uint64_t, v1::RouteStreamResponse> answers;
  v1::RouteStreamResponse answer;
  while (stream->Read(&answer)) answers[answer.item()] = answer;
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers[7].error().code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(answers[8].error().code(), grpc::NOT_FOUND);
  EXPECT_EQ(answers[8].error().reason(), "POOL_UNKNOWN");
  EXPECT_EQ(answers[9].error().code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(answers[10].has_response());
}

TEST_F(Stream, AnswersBeforeTheClientHasSentEverything) {
  grpc::ClientContext context;
  const auto stream = router_->RouteStream(&context);
  for (uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Write(Asked(i, "one after the other")));
    v1::RouteStreamResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.item(), i);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// A client that sends and never reads is not read from any more, and harms nobody.
TEST_F(Stream, OutlivesClientsThatNeverReadOrGoAway) {
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    const auto stream = router_->RouteStream(&context);
    for (uint64_t item = 0; item < 100; ++item) {
      if (!stream->Write(Asked(item, "gone soon"))) break;
    }
    if (i % 2 == 0) context.TryCancel();
  }
  v1::RouteRequest request;
  request.set_query("and the others?");
  v1::RouteResponse response;
  EXPECT_TRUE(Route(request, &response).ok());
}

TEST_F(Stream, EndsWhenTheServerStops) {
  grpc::ClientContext context;
  const auto stream = router_->RouteStream(&context);
  ASSERT_TRUE(stream->Write(Asked(1, "before")));
  v1::RouteStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  server_->Stop();
  while (stream->Read(&answer)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace pointsman::tests
