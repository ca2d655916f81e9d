// Bytes that differ from what was written, in a snapshot and anywhere in a data folder. Opening it gives an
// error or the right figures, never a crash and never a wrong figure.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/rng.h"
#include "learners/state/learned_state.h"
#include "storage/codec/sealed.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {
namespace {

class Damage : public EngineFixture {
 protected:
  void SetUp() override {}

  void Learn(const std::string& quality_model, uint32_t projected, int arms, int rounds) {
    PoolSettings settings;
    settings.embedder.projected = projected;
    settings.learner.quality_model = quality_model;
    MakePool(settings);
    for (int i = 0; i < arms; ++i) {
      Arm arm;
      arm.name = "arm " + std::to_string(i);
      using Put = engine::PutArmOutput;
      ASSERT_TRUE(engine::Await<Put>([&](auto done) {
                    engine_->PutArm("default", arm, std::move(done));
                  }).ok());
    }
    for (int i = 0; i < rounds; ++i) {
      const engine::RouteOutput decision = MustRoute("question " + std::to_string(i % 11));
      ASSERT_TRUE(TellQuality(decision.decision_id, 0.1 * (i % 10)).ok());
    }
  }

  TestFolder folder_;
};

// The bytes of a snapshot of a pool that has learned with the given model.
std::string SnapshotOf(const std::string& quality_model, uint32_t projected, int outcomes) {
  Pool pool;
  pool.id = PoolId{1};
  pool.name = "p";
  pool.settings.embedder.projected = projected;
  pool.settings.learner.quality_model = quality_model;
  learners::LearnedState state = learners::LearnedState::Empty(pool).value();
  std::vector<Event> events(1);
  events[0].body = PoolEvent{pool};
  for (uint32_t a = 0; a < 2; ++a) {
    Arm arm;
    arm.id = ArmId{a};
    arm.name = "a" + std::to_string(a);
    events.push_back({.sequence = 0, .time = 0, .pool = pool.id, .body = ArmEvent{arm}});
  }
  Rng rng(3);
  for (int i = 0; i < outcomes; ++i) {
    OutcomeEvent outcome;
    outcome.arm = ArmId{static_cast<uint32_t>(rng.Below(2))};
    outcome.propensity = 0.5;
    for (uint32_t d = 0; d < projected; ++d) {
      outcome.context.push_back(static_cast<float>(rng.Normal()));
    }
    outcome.outcome.quality = rng.Uniform();
    events.push_back({.sequence = 0, .time = 0, .pool = pool.id, .body = outcome});
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].sequence = i + 1;
    events[i].pool = pool.id;
  }
  EXPECT_TRUE(state.Learn(events).ok());
  return state.Encode();
}

// As a folder's reader does: the seal, then the state.
absl::Status Read(std::string_view value) {
  const auto bytes = storage::Unseal(storage::RecordKind::kSnapshot, value);
  if (!bytes.ok()) return bytes.status();
  return learners::LearnedState::Decode(*bytes).status();
}

TEST(SnapshotDamage, OfAnyBitOrAtAnyEndIsDataLoss) {
  for (const char* model : {"lin_thompson", "hybrid", "mixture", "context_free"}) {
    const std::string value =
        storage::Seal(storage::RecordKind::kSnapshot, SnapshotOf(model, 2, 12));
    ASSERT_TRUE(Read(value).ok()) << Read(value);
    for (std::size_t size = 0; size < value.size(); ++size) {
      ASSERT_TRUE(absl::IsDataLoss(Read(value.substr(0, size)))) << model << " cut to " << size;
    }
    std::string damaged = value;
    for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
      damaged[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_TRUE(absl::IsDataLoss(Read(damaged))) << model << " bit " << bit;
      damaged[bit / 8] = value[bit / 8];
    }
  }
}

TEST(SnapshotDamage, OfALargeOneAtRandomIsDataLoss) {
  const std::string value =
      storage::Seal(storage::RecordKind::kSnapshot, SnapshotOf("lin_thompson", 128, 300));
  ASSERT_GT(value.size(), 100000u);
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = value;
    for (uint64_t n = 1 + rng.Below(5); n > 0; --n) {
      char& byte = damaged[rng.Below(damaged.size())];
      byte = static_cast<char>(byte ^ (1 << rng.Below(8)));
    }
    if (rng.Below(3) == 0) damaged.resize(rng.Below(damaged.size()));
    EXPECT_TRUE(damaged == value || absl::IsDataLoss(Read(damaged)));
  }
}

// With a valid checksum (another version's bytes, for example): a status or a state, never a crash. A state
// that decodes must be able to learn.
TEST(SnapshotDamage, UnderAValidChecksumGivesAStatusOrAState) {
  for (const char* model : {"lin_thompson", "hybrid", "mixture", "context_free", "knn", "linucb"}) {
    const std::string bytes = SnapshotOf(model, 3, 60);
    ASSERT_TRUE(learners::LearnedState::Decode(bytes).ok()) << model;
    Rng rng(5);
    int decoded = 0;
    for (int i = 0; i < 4000; ++i) {
      std::string damaged = bytes;
      for (uint64_t n = 1 + rng.Below(3); n > 0; --n) {
        damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Next());
      }
      if (rng.Below(4) == 0) damaged.resize(rng.Below(damaged.size()));
      const auto state = learners::LearnedState::Decode(damaged);
      decoded += state.ok() ? 1 : 0;
      EXPECT_TRUE(state.ok() || absl::IsDataLoss(state.status())) << state.status();
    }
    std::printf("%s: %d of 4000 decoded\n", model, decoded);
  }
}

TEST_F(Damage, AnywhereInAFolderGivesAnErrorOrWhatIsRight) {
  // Given a folder whose log is partly in tables, partly in its write-ahead log.
  const std::string data = folder_.path() + "/data";
  const auto open = [&](const std::string& path) {
    engine::EngineOptions options = Inline();
    options.limits.snapshot_every_events = 40;
    auto storage = storage::OpenRocksStorage({.folder = path});
    if (!storage.ok()) return absl::StatusOr<std::unique_ptr<engine::Engine>>(storage.status());
    return engine::Engine::Open(options, *std::move(storage), clock_);
  };
  engine_ = open(data).value();
  Learn("lin_thompson", 4, 2, 60);
  engine_.reset();
  clock_.Advance(kMicrosPerSecond);
  engine_ = open(data).value();
  std::string waiting;
  for (int i = 0; i < 60; ++i) {
    waiting = MustRoute("question " + std::to_string(i)).decision_id;
    if (i == 59) break;
    ASSERT_TRUE(TellQuality(waiting, 0.5).ok());
  }
  const uint64_t right = StateChecksumNow();
  const Sequence version = Stats().snapshot_version;
  engine_.reset();

  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(data)) {
    if (file.is_regular_file() && file.file_size() > 0 &&
        file.path().filename().string().rfind("LOG", 0) != 0 &&
        file.path().filename().string().rfind("OPTIONS", 0) != 0 &&
        // RocksDB accepts a MANIFEST that ends early, and the tables it does not name are
        // gone: this is not detected yet (docs/guide/operations.md, "What is on disk").
        file.path().filename().string().rfind("MANIFEST", 0) != 0) {
      files.push_back(std::filesystem::relative(file.path(), data));
    }
  }
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 8u);
  Rng rng(6);
  int errors = 0, opened = 0;
  for (int i = 0; i < 150; ++i) {
    const std::filesystem::path& file = files[static_cast<std::size_t>(i) % files.size()];
    SCOPED_TRACE(file.string() + ", " + std::to_string(i));
    const TestFolder copy;
    std::filesystem::copy(data, copy.path(), std::filesystem::copy_options::recursive);
    const std::string path = copy.path() + "/" + file.string();
    const uint64_t size = std::filesystem::file_size(path);
    if (rng.Below(4) == 0) {
      std::filesystem::resize_file(path, rng.Below(size));
    } else {
      std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
      const auto at = static_cast<std::streamoff>(rng.Below(size));
      bytes.seekg(at);
      const auto byte = static_cast<char>(bytes.get() ^ (1 << rng.Below(8)));
      bytes.seekp(at);
      bytes.put(byte);
    }
    auto engine = open(copy.path());
    if (!engine.ok()) {
      ++errors;
      continue;
    }
    ++opened;
    engine_ = *std::move(engine);
    const auto pool = engine_->GetPool("default");
    ASSERT_TRUE(pool.ok()) << pool.status();
    EXPECT_EQ(pool->snapshot_version, version);
    EXPECT_EQ(StateChecksumNow(), right);
    engine::RouteInput route;
    route.query = "a question";
    EXPECT_TRUE(engine_->Route(route).ok());
    engine_.reset();
  }
  std::printf("%d opened with what is right, %d refused\n", opened, errors);
  EXPECT_GT(errors, 0);
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace pointsman::tests
