// The client against a real HTTP server, with every kind of failure.
#include "retrieval/remote/remote_embedder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/support/embedder_process.h"
#include "tests/support/until.h"

namespace pointsman::retrieval {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Patience = RemoteEmbedder::Patience;
using State = CircuitBreaker::State;

constexpr uint32_t kDimension = 32;

class Remote : public ::testing::Test {
 protected:
  void Open(RemoteEndpoint endpoint) {
    embedder_ = std::make_unique<RemoteEmbedder>(std::move(endpoint), SipKey{1, 2}, 3);
    embedder_->Expect(kDimension);
    // The probe at the start has ended.
    tests::Until([&] { return embedder_->statistics().calls > 0; });
  }
  void Open() { Open(server_.Endpoint()); }

  std::future<absl::StatusOr<Embedding>> Ask(const std::string& text,
                                             Patience patience = Patience::kDeadline) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Embedding>>>();
    auto future = promise->get_future();
    embedder_->Embed(text, kDimension, patience, [promise](absl::StatusOr<Embedding> embedding) {
      promise->set_value(std::move(embedding));
    });
    return future;
  }
  absl::StatusOr<Embedding> Embed(const std::string& text) { return Ask(text).get(); }
  uint64_t Faults(RemoteFault fault) {
    return embedder_->statistics().faults[static_cast<std::size_t>(fault)];
  }
  // Makes calls fail until the breaker opens, then once more without a call.
  void OpenBreaker() {
    for (int i = 0; embedder_->statistics().breaker == State::kClosed; ++i) {
      ASSERT_LT(i, 20);
      EXPECT_FALSE(Embed("breaker " + std::to_string(i)).ok());
    }
  }

  tests::EmbedderProcess server_;
  std::unique_ptr<RemoteEmbedder> embedder_;
};

TEST_F(Remote, GivesTheUnitVectorOfEachText) {
  Open();
  const auto one = Embed("integrals and sums");
  const auto two = Embed("kings and queens");
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(two.ok()) << two.status();
  double norm2 = 0, dot = 0;
  for (std::size_t i = 0; i < kDimension; ++i) {
    norm2 += (**one)[i] * (**one)[i];
    dot += (**one)[i] * (**two)[i];
  }
  EXPECT_NEAR(norm2, 1, 1e-5);
  EXPECT_LT(dot, 0.9);
  EXPECT_EQ(server_.Text("authorization"), "\"Bearer sk-secret-of-the-test\"");
  EXPECT_EQ(server_.Text("model"), "\"words\"");
  EXPECT_EQ(embedder_->statistics().dimension, kDimension);
}

TEST_F(Remote, RemembersVectorsByTheirText) {
  Open();
  const auto first = Embed("the same text");
  const int64_t calls = server_.Count("calls");
  const auto second = Embed("the same text");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(**first, **second);
  EXPECT_EQ(server_.Count("calls"), calls);
  EXPECT_EQ(embedder_->statistics().cached, 1u);
}

TEST_F(Remote, SendsTextsTogetherThatComeTogetherOnConnectionsThatAreKept) {
  server_.Tell("delay 20");
  Open();
  std::vector<std::future<absl::StatusOr<Embedding>>> answers;
  for (int i = 0; i < 500; ++i) answers.push_back(Ask("text " + std::to_string(i)));
  for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(server_.Count("texts"), 501);
  EXPECT_LT(server_.Count("calls"), 30);
  EXPECT_LE(server_.Count("largest"), 32);
  EXPECT_LE(server_.Count("connections"), 8);
}

TEST_F(Remote, TriesAgainWhatCouldSucceedAnotherTime) {
  for (const char* mode : {"500", "503", "close", "half"}) {
    server_.Tell("mode ok");
    Open();
    server_.Tell(std::string("mode ") + mode);
    server_.Tell("times 2");
    const auto answer = Embed("again");
    EXPECT_TRUE(answer.ok()) << mode << ": " << answer.status();
    EXPECT_GE(embedder_->statistics().retries, 1u) << mode;
    EXPECT_EQ(embedder_->statistics().breaker, State::kClosed) << mode;
  }
}

TEST_F(Remote, DoesNotTryAgainLaterThanTheTextsDeadline) {
  Open();  // 400 ms, and the server says to come again in a second
  server_.Tell("mode 429");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(absl::IsUnavailable(Embed("too many").status()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1000));
  EXPECT_EQ(embedder_->statistics().retries, 0u);
}

TEST_F(Remote, FailsEachTextWithWordsThatSayWhy) {
  const struct {
    const char* mode;
    RemoteFault fault;
    const char* words;
  } cases[] = {
      {"nonsense", RemoteFault::kNonsense, "not JSON"},
      {"count", RemoteFault::kNonsense, "0 vectors for 1 texts"},
      {"nan", RemoteFault::kNonsense, "not JSON"},
      {"zero", RemoteFault::kNonsense, "zero norm"},
      {"huge", RemoteFault::kNonsense, "too large"},
      {"wrong_dimension", RemoteFault::kWrongDimension, "33 entries"},
      {"redirect", RemoteFault::kRefused, "status 302"},
      {"401", RemoteFault::kRefused, "API key"},
      {"404", RemoteFault::kRefused, "status 404"},
      {"500", RemoteFault::kServerError, "status 500"},
      {"hang", RemoteFault::kTimedOut, "deadline_ms"},
      {"close", RemoteFault::kBroken, "no complete answer"},
  };
  for (const auto& [mode, fault, words] : cases) {
    server_.Tell("mode ok");
    Open();
    server_.Tell(std::string("mode ") + mode);
    const auto answer = Embed("what now");
    ASSERT_FALSE(answer.ok()) << mode;
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(words)) << mode;
    EXPECT_GE(Faults(fault), 1u) << mode;
  }
}

TEST_F(Remote, NeverTellsItsKey) {
  for (const char* mode : {"401", "500", "404", "400"}) {
    server_.Tell("mode ok");
    Open();
    server_.Tell(std::string("mode ") + mode);  // its error repeats the key
    const auto answer = Embed("key");
    EXPECT_THAT(std::string(answer.status().message()), Not(HasSubstr("sk-secret"))) << mode;
    EXPECT_THAT(embedder_->statistics().last_fault, Not(HasSubstr("sk-secret"))) << mode;
  }
}

TEST_F(Remote, FailsAtOnceAfterFailuresInARowAndFindsOutByItselfThatItIsWellAgain) {
  Open();
  server_.Tell("mode hang");
  std::vector<std::future<absl::StatusOr<Embedding>>> answers;
  for (int i = 0; i < 300; ++i) answers.push_back(Ask("hang " + std::to_string(i)));
  for (auto& answer : answers) EXPECT_FALSE(answer.get().ok());
  EXPECT_NE(embedder_->statistics().breaker, State::kClosed);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    const auto answer = Embed("open " + std::to_string(i));
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("not called for a while"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5000));  // 40 s if each waited

  server_.Tell("mode ok");
  tests::Until([&] { return embedder_->statistics().breaker == State::kClosed; });  // nobody asks
  EXPECT_TRUE(Embed("well again").ok());
  EXPECT_TRUE(embedder_->statistics().last_fault.empty());
}

TEST_F(Remote, StaysOpenWhileProbesGetAnotherDimension) {
  Open();
  server_.Tell("mode wrong_dimension");
  OpenBreaker();
  const uint64_t before = Faults(RemoteFault::kWrongDimension);
  tests::Until([&] { return Faults(RemoteFault::kWrongDimension) >= before + 2; });
  EXPECT_NE(embedder_->statistics().breaker, State::kClosed);
  server_.Tell("mode ok");
  tests::Until([&] { return embedder_->statistics().breaker == State::kClosed; });
}

TEST_F(Remote, LetsNoTextSpoilThoseThatItIsSentWith) {
  server_.Tell("delay 20");
  server_.Tell("refuse poison");
  Open();
  std::vector<std::future<absl::StatusOr<Embedding>>> answers;
  for (int i = 0; i < 40; ++i) {
    answers.push_back(Ask((i == 17 ? "poison " : "food ") + std::to_string(i)));
  }
  for (int i = 0; i < 40; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(answer.ok(), i != 17) << i << ": " << answer.status();
  }
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Embed("poison again " + std::to_string(i)).ok());
  EXPECT_EQ(embedder_->statistics().breaker, State::kClosed);
}

TEST_F(Remote, OpensWhenEveryTextIsRefusedAndClosesWhenAProbeIsNot) {
  Open();
  server_.Tell("mode 400");
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(Embed("refused " + std::to_string(i)).ok());
  EXPECT_NE(embedder_->statistics().breaker, State::kClosed);
  const uint64_t before = Faults(RemoteFault::kRefused);
  tests::Until([&] { return Faults(RemoteFault::kRefused) >= before + 3; });  // probes go on
  EXPECT_NE(embedder_->statistics().breaker, State::kClosed);
  server_.Tell("mode ok");
  tests::Until([&] { return embedder_->statistics().breaker == State::kClosed; });
}

TEST_F(Remote, RefusesTextsBeyondThoseThatMayWait) {
  RemoteEndpoint endpoint = server_.Endpoint();
  endpoint.waiting_items_max = 10;
  endpoint.concurrency_max = 1;
  endpoint.batch_items_max = 2;
  Open(endpoint);
  server_.Tell("mode hang");
  std::vector<std::future<absl::StatusOr<Embedding>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(Ask("crowd " + std::to_string(i)));
  int refused = 0;
  for (auto& answer : answers) {
    const auto embedding = answer.get();
    ASSERT_FALSE(embedding.ok());
    refused += std::string(embedding.status().message()).find("wait already") != std::string::npos;
  }
  EXPECT_GE(refused, 80);
}

TEST_F(Remote, AsksForPatientTextsUntilTheyAreAnswered) {
  Open();
  server_.Tell("mode 500");
  auto patient = Ask("description of an arm", Patience::kForever);
  OpenBreaker();
  server_.Tell("mode ok");
  const auto answer = patient.get();
  EXPECT_TRUE(answer.ok()) << answer.status();
}

TEST_F(Remote, SurvivesAServerThatGoesAndComesBack) {
  Open();
  ASSERT_TRUE(Embed("before").ok());
  const int port = server_.port();
  server_.Kill();
  OpenBreaker();
  EXPECT_GE(Faults(RemoteFault::kUnreachable) + Faults(RemoteFault::kBroken), 1u);
  tests::EmbedderProcess next({"--port", std::to_string(port)});
  tests::Until([&] { return embedder_->statistics().breaker == State::kClosed; });
  EXPECT_TRUE(Embed("after").ok());
}

TEST_F(Remote, AnswersEveryTextOnceWhenItStops) {
  server_.Tell("delay 30");
  Open();
  std::atomic<int> answered{0};
  std::atomic<int> asked{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        ++asked;
        embedder_->Embed(std::to_string(t) + " " + std::to_string(i), kDimension,
                         i % 7 == 0 ? Patience::kForever : Patience::kDeadline,
                         [&](const absl::StatusOr<Embedding>&) { ++answered; });
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(20));
  embedder_->Stop();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, asked);
  EXPECT_TRUE(absl::IsUnavailable(Embed("too late").status()));
  std::promise<absl::Status> trial;
  embedder_->Try({"too late"}, [&](const auto& result) { trial.set_value(result.status()); });
  EXPECT_TRUE(absl::IsUnavailable(trial.get_future().get()));
}

TEST_F(Remote, TellsInATrialWhatACallGives) {
  Open();
  std::promise<absl::StatusOr<RemoteEmbedder::Trial>> promise;
  embedder_->Try({"one text", "and another text"},
                 [&](auto trial) { promise.set_value(std::move(trial)); });
  const auto trial = promise.get_future().get();
  ASSERT_TRUE(trial.ok()) << trial.status();
  EXPECT_EQ(trial->embeddings.size(), 2u);
  EXPECT_EQ(trial->tokens, 5u);
  EXPECT_GT(trial->seconds, 0);
}

}  // namespace
}  // namespace pointsman::retrieval
