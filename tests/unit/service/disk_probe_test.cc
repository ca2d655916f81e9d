#include "service/app/disk_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/support/test_folder.h"

namespace pointsman::service {
namespace {

using ::testing::HasSubstr;

TEST(DiskProbe, LeavesNothingInAFolderThatCanBeWritten) {
  const tests::TestFolder folder;
  std::filesystem::create_directories(folder.path() + "/log");
  EXPECT_TRUE(ProbeDisk(folder.path()).ok());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().filename(), "log");
  }
}

// A sparse file larger than any disk: only its size matters.
TEST(DiskProbe, WantsRoomForTheLogsThatAreReadWhenTheStorageIsOpened) {
  const tests::TestFolder folder;
  std::filesystem::create_directories(folder.path() + "/log");
  const std::string log = folder.path() + "/log/000012.log";
  std::ofstream(log).close();
  EXPECT_TRUE(ProbeDisk(folder.path()).ok());
  std::filesystem::resize_file(log, int64_t{1} << 42);
  const absl::Status status = ProbeDisk(folder.path());
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the disk is full"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("may need 4194309 MB"));
}

TEST(DiskProbe, SaysOfAFolderThatIsNotThereWhichItIs) {
  const absl::Status status = ProbeDisk("/nowhere/at/all");
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/at/all"));
}

TEST(DiskProbe, FailsWhereAFileCannotGrowAsLargeAsTheLogNeeds) {
  const tests::TestFolder folder;
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100 << 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = ProbeDisk(folder.path());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("File too large"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace pointsman::service
