// A folder of format 1, as that version's server left it when it was killed: 40 decisions of a pool of three
// arms, feedback on the first 37 of them, two snapshots.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "fault_env.h"
#include "storage/api/storage.h"
#include "storage/rocks/families.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"
#include "temp_dir.h"
#include "tests/paths.h"

namespace pointsman::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr PoolId kPool{1};
constexpr char kLastDecision[] = "1a20f8cb4d300000bfe5605cb5342e07";

class Migration : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string command = "tar -xzf '" POINTSMAN_SOURCE_DIR
                                "/tests/unit/storage/format1/folder.tar.gz' -C '" +
                                dir_.path() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::string folder() const { return dir_.path() + "/data"; }
  absl::StatusOr<Storage> Open(rocksdb::Env* env = nullptr) {
    return OpenRocksStorageOn({.folder = folder(), .decision_ttl_s = 366 * 86400}, env);
  }
  uint32_t FormatNow() { return OpenLogFolder(folder() + "/log", nullptr)->format; }

  void ExpectAllIsThere(const Storage& storage) {
    EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 1000).value().size(), 41u);
    EXPECT_EQ(storage.log->ReadPools().value().size(), 1u);
    EXPECT_EQ(storage.log->ReadPools().value()[0].settings.missing_feedback,
              MissingFeedback::kNothing);
    EXPECT_THAT(storage.log->ListSnapshots(kPool).value(), ElementsAre(40, 20));
    EXPECT_EQ(storage.log->ReadSnapshot(kPool, 40)->substr(0, 7), "PMLEARN");
    EXPECT_EQ(storage.log->ReadProgress(kPool).value(), PoolProgress());
    const auto waiting = storage.decisions->Get(kPool, kLastDecision);
    ASSERT_TRUE(waiting.ok()) << waiting.status();
    EXPECT_TRUE(waiting->has_value());
  }

  TempDir dir_;
};

TEST_F(Migration, BringsAFolderOfFormat1ToThePresentOneWithAllThatItHeld) {
  EXPECT_EQ(FormatNow(), 1u);
  ExpectAllIsThere(Open().value());
  EXPECT_EQ(FormatNow(), kFormatVersion);
  ExpectAllIsThere(Open().value());
}

TEST_F(Migration, IsNotDoneByWhoOnlyReads) {
  const absl::Status status = ReadRocksEventLog(folder()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("start pointsmand on it once"));
  EXPECT_EQ(FormatNow(), 1u);
}

TEST_F(Migration, BeginsAgainWhenItWasCutOffAtAnyOperation) {
  int64_t k = 0;
  for (bool has_passed = false; !has_passed;) {
    std::filesystem::remove_all(folder());
    SetUp();
    FaultEnv env;
    env.FailFrom(++k);
    {
      const absl::StatusOr<Storage> storage = Open(&env);
      has_passed = storage.ok();
      EXPECT_TRUE(has_passed || absl::IsUnavailable(storage.status())) << storage.status();
    }
    env.FailFrom(0);
    const absl::StatusOr<Storage> storage = Open(&env);
    ASSERT_TRUE(storage.ok()) << "operation " << k << ": " << storage.status();
    ExpectAllIsThere(*storage);
    if (HasFailure()) return;
  }
  EXPECT_GT(k, 10);
}

}  // namespace
}  // namespace pointsman::storage
