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

  using Answers = std::map<uint64_t, v1::RouteStreamResponse::Item>;  // by id

  static void Ask(v1::RouteStreamRequest& asked, uint64_t id, const std::string& query) {
    auto* item = asked.add_items();
    item->set_id(id);
    item->mutable_request()->set_query(query);
  }
  static v1::RouteStreamRequest Asked(uint64_t id, const std::string& query) {
    v1::RouteStreamRequest asked;
    Ask(asked, id, query);
    return asked;
  }

  static Answers ReadAll(Routes& stream) {
    Answers answers;
    v1::RouteStreamResponse answer;
    while (stream.Read(&answer)) {
      for (const auto& item : answer.items()) {
        EXPECT_TRUE(answers.emplace(item.id(), item).second) << "answered twice: " << item.id();
      }
    }
    return answers;
  }

  // Sends `count` routes, `together` in each message, while another thread reads.
  Answers RouteMany(uint64_t count, uint64_t together = 1) {
    grpc::ClientContext context;
    const auto stream = router_->RouteStream(&context);
    Answers answers;
    std::thread reader([&] { answers = ReadAll(*stream); });
    v1::RouteStreamRequest asked;
    for (uint64_t i = 0; i < count; ++i) {
      Ask(asked, i, "question " + std::to_string(i));
      if ((i + 1) % together > 0 && i + 1 < count) continue;
      EXPECT_TRUE(stream->Write(asked));
      asked.clear_items();
    }
    stream->WritesDone();
    reader.join();
    EXPECT_TRUE(stream->Finish().ok());
    return answers;
  }
};

TEST_F(Stream, AnswersEachItemOnce) {
  constexpr uint64_t kCount = 2000;  // more than the server reads ahead
  std::set<std::string> ids;
  for (const uint64_t together : {1, 7, 256}) {
    const Answers answers = RouteMany(kCount, together);
    ASSERT_EQ(answers.size(), kCount);
    for (const auto& [id, answer] : answers) {
      ASSERT_TRUE(answer.has_response()) << answer.DebugString();
      EXPECT_GT(answer.response().propensity(), 0);
      ids.insert(answer.response().decision_id());
    }
  }
  EXPECT_EQ(ids.size(), 3 * kCount);
}

TEST_F(Stream, AnswersAMessageOfNoneByOneOfNone) {
  grpc::ClientContext context;
  const auto stream = router_->RouteStream(&context);
  ASSERT_TRUE(stream->Write({}));
  v1::RouteStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.items_size(), 0);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(Stream, RefusesWhatIsBeyondTheMostOfAMessage) {
  const Answers answers = RouteMany(300, 300);
  ASSERT_EQ(answers.size(), 300u);
  for (const auto& [id, answer] : answers) {
    EXPECT_EQ(answer.has_response(), id < 256) << answer.DebugString();
    EXPECT_EQ(answer.error().reason(), id < 256 ? "" : "LIMIT");
  }
}

TEST_F(Stream, LearnsFromEachFeedbackOnce) {
  const Answers answers = RouteMany(300, 10);
  grpc::ClientContext context;
  const auto stream = router_->FeedbackStream(&context);
  v1::FeedbackStreamRequest told;
  for (const auto& [id, answer] : answers) {
    auto* item = told.add_items();
    item->set_id(id);
    item->mutable_request()->set_decision_id(answer.response().decision_id());
    item->mutable_request()->set_quality(0.5);
    if (told.items_size() < 8 && id + 1 < answers.size()) continue;
    ASSERT_TRUE(stream->Write(told));
    told.clear_items();
  }
  stream->WritesDone();
  std::size_t applied = 0;
  v1::FeedbackStreamResponse verdict;
  while (stream->Read(&verdict)) {
    for (const auto& item : verdict.items()) {
      applied += item.response().result() == v1::APPLIED ? 1 : 0;
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(applied, answers.size());
}

TEST_F(Stream, AnswersABadItemWithItsErrorAndGoesOn) {
  v1::RouteStreamRequest all;
  Ask(all, 7, "");
  Ask(all, 8, "x");
  all.mutable_items(1)->mutable_request()->set_pool("nowhere");
  all.add_items()->set_id(9);
  Ask(all, 10, "a good one");
  for (const bool is_together : {true, false}) {
    grpc::ClientContext context;
    const auto stream = router_->RouteStream(&context);
    if (is_together) {
      ASSERT_TRUE(stream->Write(all));
    } else {
      for (const auto& item : all.items()) {
        v1::RouteStreamRequest one;
        *one.add_items() = item;
        ASSERT_TRUE(stream->Write(one));
      }
    }
    stream->WritesDone();
    Answers answers = ReadAll(*stream);
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(answers[7].error().code(), grpc::INVALID_ARGUMENT);
    EXPECT_EQ(answers[8].error().code(), grpc::NOT_FOUND);
    EXPECT_EQ(answers[8].error().reason(), "POOL_UNKNOWN");
    EXPECT_EQ(answers[9].error().code(), grpc::INVALID_ARGUMENT);
    EXPECT_TRUE(answers[10].has_response());
  }
}

TEST_F(Stream, AnswersBeforeTheClientHasSentEverything) {
  grpc::ClientContext context;
  const auto stream = router_->RouteStream(&context);
  for (uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Write(Asked(i, "one after the other")));
    v1::RouteStreamResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    ASSERT_EQ(answer.items_size(), 1);
    EXPECT_EQ(answer.items(0).id(), i);
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
