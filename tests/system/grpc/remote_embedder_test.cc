// Pools with a remote embedder, over gRPC, against a real embeddings API that fails in every way: routes are
// answered nevertheless, and nothing else in the server waits for it.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/mutex.h"
#include "rpc_fixture.h"
#include "tests/support/embedder_process.h"
#include "tests/support/until.h"

namespace pointsman::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class RemotePool : public RpcFixture {
 protected:
  void Configure(service::ServerConfig& config) override {
    retrieval::RemoteEndpoint endpoint = embedder_.Endpoint();
    endpoint.model = model_;
    endpoint.deadline_ms = deadline_ms_;
    config.embedders = {endpoint};
    config.limits.query_bytes_max = query_bytes_max_;
  }
  void SetUp() override {
    RpcFixture::SetUp();  // the pool "default" is on the lexicon
    ASSERT_TRUE(MakePool("far").ok());
  }
  static v1::PutPoolRequest Far(const std::string& name) {
    v1::PutPoolRequest request;
    request.set_name(name);
    auto* settings = request.mutable_settings()->mutable_embedder();
    settings->set_name("remote");
    settings->set_endpoint("test");
    settings->set_projected(16);
    const struct {
      const char* name;
      const char* description;
    } arms[] = {{"sums", "integrals and sums"}, {"kings", "kings and queens"}};
    for (const auto& arm : arms) {
      auto* put = request.add_arms();
      put->set_name(arm.name);
      put->set_description(arm.description);
    }
    return request;
  }
  grpc::Status Put(const v1::PutPoolRequest& request, v1::PutPoolResponse* response) {
    grpc::ClientContext context;
    return admin_->PutPool(&context, request, response);
  }
  grpc::Status MakePool(const std::string& name) {
    v1::PutPoolResponse response;
    return Put(Far(name), &response);
  }
  v1::RouteResponse MustRoute(const std::string& query, const std::string& pool = "far") {
    v1::RouteRequest request;
    request.set_pool(pool);
    request.set_query(query);
    v1::RouteResponse response;
    const grpc::Status status = Route(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  void Tell(const v1::RouteResponse& decision, double quality) {
    v1::FeedbackRequest request;
    request.set_pool("far");
    request.set_decision_id(decision.decision_id());
    request.set_quality(quality);
    v1::FeedbackResponse response;
    const grpc::Status status = Feedback(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  v1::GetStatsResponse FarStats() { return Stats("far"); }

  std::string model_ = "words";
  int64_t deadline_ms_ = 400;
  int64_t query_bytes_max_ = 65536;
  EmbedderProcess embedder_;
};

TEST_F(RemotePool, RoutesByVectorsFromElsewhere) {
  // Each subject has an arm that is good at it; only the vectors distinguish the subjects.
  for (int i = 0; i < 150; ++i) {
    const bool is_sums = i % 2 == 0;
    const auto decision =
        MustRoute((is_sums ? "integrals and sums " : "kings and queens ") + std::to_string(i));
    EXPECT_FALSE(decision.embedder_fallback());
    Tell(decision, (decision.arm() == "sums") == is_sums ? 1 : 0);
  }
  EXPECT_EQ(FarStats().experience_size(), 150u);
  int right = 0;
  for (int i = 0; i < 40; ++i) {
    const bool is_sums = i % 2 == 0;
    v1::RouteRequest request;
    request.set_pool("far");
    request.set_query((is_sums ? "sums and integrals " : "queens and kings ") + std::to_string(i));
    request.set_mode(v1::GREEDY);
    v1::RouteResponse response;
    ASSERT_TRUE(Route(request, &response).ok());
    right += (response.arm() == "sums") == is_sums;
  }
  EXPECT_GE(right, 32);  // by chance 20, and 32 once in ten thousand times
}

TEST_F(RemotePool, IsMadeWithTheModelAndTheDimensionOfItsEndpoint) {
  v1::GetPoolRequest request;
  request.set_name("far");
  v1::GetPoolResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->GetPool(&context, request, &response).ok());
  const auto& settings = response.pool().settings().embedder();
  EXPECT_EQ(settings.dimension(), 32u);
  EXPECT_EQ(settings.projected(), 16u);
  EXPECT_EQ(settings.model(), "words");
}

TEST_F(RemotePool, IsNotMadeOnAnEmbedderThatIsNotThereOrDoesNotAnswer) {
  v1::PutPoolResponse response;
  v1::PutPoolRequest request = Far("other");
  request.mutable_settings()->mutable_embedder()->set_endpoint("nobody");
  grpc::Status status = Put(request, &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("has: test"));

  request = Far("other");
  request.mutable_settings()->mutable_embedder()->set_dimension(31);
  status = Put(request, &response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("32 numbers"));

  embedder_.Tell("mode 500");
  status = MakePool("other");
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("status 500"));
}

TEST_F(RemotePool, DecidesWithoutAVectorWhateverGoesWrongAndLearnsLevelsAlone) {
  for (const char* mode : {"500", "401", "close", "half", "nonsense", "count", "nan", "zero",
                           "wrong_dimension", "hang", "redirect"}) {
    embedder_.Tell("mode ok");
    Until([&] { return !MustRoute(std::string("is it well after ") + mode).embedder_fallback(); });
    embedder_.Tell(std::string("mode ") + mode);
    const uint64_t remembered = FarStats().experience_size();
    const uint64_t fallbacks = FarStats().embedder_fallbacks();
    const uint64_t outcomes = FarStats().outcomes();
    for (int i = 0; i < 8; ++i) {
      const auto decision = MustRoute(std::string("what if ") + mode + std::to_string(i));
      EXPECT_TRUE(decision.embedder_fallback()) << mode;
      EXPECT_TRUE(decision.logged());
      Tell(decision, 0.5);
    }
    EXPECT_EQ(FarStats().embedder_fallbacks(), fallbacks + 8);
    EXPECT_EQ(FarStats().outcomes(), outcomes + 8);
    EXPECT_EQ(FarStats().experience_size(), remembered) << mode;
  }
}

TEST_F(RemotePool, AnswersABatchInWhichSomeCannotBeEmbedded) {
  embedder_.Tell("refuse poison");
  v1::RouteBatchRequest request;
  request.set_pool("far");
  for (int i = 0; i < 50; ++i) {
    request.add_requests()->set_query((i == 20 ? "poison " : "food ") + std::to_string(i));
  }
  request.add_requests()->set_pool("default");
  request.mutable_requests(50)->set_query("a query of another pool");
  v1::RouteBatchResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(router_->RouteBatch(&context, request, &response).ok());
  ASSERT_EQ(response.items_size(), 51);
  for (int i = 0; i < 51; ++i) {
    ASSERT_TRUE(response.items(i).has_response()) << i;
    EXPECT_EQ(response.items(i).response().embedder_fallback(), i == 20) << i;
  }
}

// If a call to the hanging embedder held a thread, fifty of them would hold all.
TEST_F(RemotePool, HoldsUpNoOtherPoolWhileItHangs) {
  embedder_.Tell("mode hang");
  std::vector<std::future<v1::RouteResponse>> hanging;
  for (int i = 0; i < 50; ++i) {
    hanging.push_back(std::async(std::launch::async,
                                 [this, i] { return MustRoute("hang " + std::to_string(i)); }));
  }
  std::this_thread::sleep_for(milliseconds(50));
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    answered += !MustRoute("near " + std::to_string(i), "default").embedder_fallback();
    bool is_one_waiting = false;
    for (auto& call : hanging) {
      is_one_waiting |= call.wait_for(milliseconds(0)) == std::future_status::timeout;
    }
    if (i == 0) {
      EXPECT_TRUE(is_one_waiting);  // the other pool answered in the meantime
    }
  }
  EXPECT_EQ(answered, 50);
  for (auto& call : hanging) EXPECT_TRUE(call.get().embedder_fallback());
}

TEST_F(RemotePool, RecoversWithItsDescriptionsAndKeepsWhatItLearned) {
  Tell(MustRoute("integrals and sums"), 1);
  const uint64_t outcomes = FarStats().outcomes();
  embedder_.Tell("mode 500");  // when the server starts, the embedder does not answer
  Start();
  EXPECT_EQ(FarStats().outcomes(), outcomes);
  EXPECT_TRUE(MustRoute("while it is down").embedder_fallback());
  embedder_.Tell("mode ok");
  Until([&] { return !MustRoute("well again").embedder_fallback(); });
  v1::RouteRequest request;
  request.set_pool("far");
  request.set_query("integrals and sums of kings");
  request.set_explain(true);
  v1::RouteResponse response;
  ASSERT_TRUE(Route(request, &response).ok());
  EXPECT_FALSE(response.embedder_fallback());
}

TEST_F(RemotePool, SaysThatTheConfigNamesAnotherModel) {
  model_ = "another";
  Start();
  v1::RouteRequest request;
  request.set_pool("far");
  request.set_query("text");
  v1::RouteResponse response;
  const grpc::Status status = Route(request, &response);
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("\"another\""));
  EXPECT_THAT(status.error_message(), HasSubstr("\"words\""));
}

TEST_F(RemotePool, ImportsWithVectorsOrNotAtAll) {
  const auto import = [&](const std::string& id) {
    v1::ImportOutcomesResponse response;
    grpc::ClientContext context;
    const auto writer = admin_->ImportOutcomes(&context, &response);
    v1::ImportOutcomesRequest message;
    message.mutable_start()->set_pool("far");
    message.mutable_start()->set_import_id(id);
    message.mutable_start()->set_queries(10);
    message.mutable_start()->set_strength(10);
    writer->Write(message);
    for (int i = 0; i < 10; ++i) {
      auto* query = message.mutable_chunk()->add_queries();
      query->set_query(id + " query " + std::to_string(i));
      auto* outcome = query->add_outcomes();
      outcome->set_arm("sums");
      outcome->set_quality(0.9);
    }
    writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  };
  EXPECT_TRUE(import("first").ok());
  EXPECT_EQ(FarStats().experience_size(), 10u);
  embedder_.Tell("mode 500");
  const grpc::Status status = import("second");
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("send the chunk again"));
  EXPECT_EQ(FarStats().experience_size(), 10u);
}

TEST_F(RemotePool, GetsTheHeadAndTheTailOfALongQueryByEveryWayIn) {
  query_bytes_max_ = 300;
  Start();
  auto sent = [this, before = embedder_.Count("body_bytes")]() mutable {
    const int64_t now = embedder_.Count("body_bytes"), bytes = now - before;
    before = now;
    return bytes;
  };
  const std::string query = "integrals " + std::string(50000, 'x') + " sums";
  v1::RouteRequest request;
  request.set_pool("far");
  request.set_query(query);
  v1::RouteResponse response;
  ASSERT_TRUE(Route(request, &response).ok());
  EXPECT_FALSE(response.embedder_fallback());
  EXPECT_EQ(response.notes_size(), 1);
  const int64_t routed = sent();
  EXPECT_GT(routed, 0);
  EXPECT_LT(routed, 3000);

  v1::ImportOutcomesResponse imported;
  grpc::ClientContext context;
  const auto writer = admin_->ImportOutcomes(&context, &imported);
  v1::ImportOutcomesRequest message;
  message.mutable_start()->set_pool("far");
  message.mutable_start()->set_import_id("long");
  message.mutable_start()->set_queries(1);
  message.mutable_start()->set_strength(1);
  writer->Write(message);
  auto* known = message.mutable_chunk()->add_queries();
  known->set_query("kings " + query);
  known->add_outcomes()->set_arm("sums");
  known->mutable_outcomes(0)->set_quality(1);
  writer->Write(message);
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(imported.outcomes_learned(), 1u);
  const int64_t learned = sent();
  EXPECT_GT(learned, 0);
  EXPECT_LT(learned, 3000);

  v1::TryEmbedderRequest trial;
  trial.set_endpoint("test");
  trial.add_texts(query);
  v1::TryEmbedderResponse tried;
  grpc::ClientContext trial_context;
  ASSERT_TRUE(admin_->TryEmbedder(&trial_context, trial, &tried).ok());
  EXPECT_LT(sent(), 50000);
}

TEST_F(RemotePool, TellsHowItsEmbedderDoes) {
  v1::TryEmbedderRequest request;
  request.set_endpoint("test");
  request.add_texts("one two three");
  request.add_texts("four five six");
  v1::TryEmbedderResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->TryEmbedder(&context, request, &response).ok());
  EXPECT_EQ(response.dimension(), 32u);
  EXPECT_EQ(response.tokens_each(), 3);
  EXPECT_GT(response.latency_ms(), 0);
}

TEST_F(RemotePool, StopsWhileItsEmbedderHangsHoweverLongItMay) {
  deadline_ms_ = 600000;
  Start();
  embedder_.Tell("mode hang");
  auto call = std::async(std::launch::async, [this] {
    v1::RouteRequest request;
    request.set_pool("far");
    request.set_query("hanging");
    v1::RouteResponse response;
    return Route(request, &response).ok() && response.embedder_fallback();
  });
  std::this_thread::sleep_for(milliseconds(100));
  const auto begin = steady_clock::now();
  server_->Stop();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(8000));
  EXPECT_TRUE(call.get());
}

}  // namespace
}  // namespace pointsman::tests
