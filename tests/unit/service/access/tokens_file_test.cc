#include "service/access/tokens_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/strings.h"
#include "service/access/watched_files.h"
#include "tests/support/test_folder.h"

namespace pointsman::service {
namespace {

TokenEntry Entry(const std::string& name) {
  TokenEntry entry = MakeToken(name)->entry;
  entry.scopes = static_cast<uint8_t>(Scope::kRoute) | static_cast<uint8_t>(Scope::kAdmin);
  entry.pools = {"default", "a pool: with, odd [letters] \"*\""};
  return entry;
}

TEST(TheTokensFile, IsReadAsItIsWritten) {
  TokenEntry limited = Entry("limited");
  limited.expires = *ParseDay("2027-01-31");
  const std::vector<TokenEntry> tokens{Entry("app"), limited};
  const auto read = ParseTokens(TokensText(tokens), "t.yaml");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, tokens);
  EXPECT_EQ(*ParseTokens(TokensText({}), "t.yaml"), std::vector<TokenEntry>());
}

TEST(TheTokensFile, IsRefusedWithTheLine) {
  const std::string salt(32, 'a'), hash(64, 'b');
  const std::string head = "tokens:\n  - {name: app, ";
  const std::string rest = Cat("salt: ", salt, ", sha256: ", hash);
  struct Bad {
    std::string text;
    const char* says;
  };
  const Bad bad[] = {
      {"", "the key `tokens` and no other"},
      {"- 1", "the key `tokens` and no other"},
      {"tokens: 5", "t.yaml:1: tokens must be a list"},
      {"tokens: []\nmore: 1", "the key `tokens` and no other"},
      {"tokens:\n  - 5\n", "t.yaml:2: a token must be a mapping"},
      {head + rest + ", scopes: [route]}", "t.yaml:2: this token entry has no pools"},
      {head + rest + ", scopes: [], pools: []}", "t.yaml:2: scopes must be a list"},
      {head + rest + ", scopes: [root], pools: []}", "t.yaml:2: unknown scope"},
      {head + rest + ", scopes: route, pools: []}", "t.yaml:2: scopes must be a list"},
      {head + rest + ", scopes: [route], pools: '*'}", "t.yaml:2: pools must be a list"},
      {head + rest + ", scopes: [route], pools: [[]]}", "t.yaml:2: a pool must be a name"},
      {head + rest + ", scopes: [route], pools: [], pools: []}", "is given twice"},
      {head + rest + ", scopes: [route], pools: [], root: 1}", "unknown key \"root\""},
      {head + rest + ", scopes: [route], pools: [], expires: 2027-02-30}", "there is no day"},
      {head + rest + ", scopes: [route], pools: [], expires: soon}", "must be a day"},
      {head + Cat("salt: ", salt.substr(1), ", sha256: ", hash) + "}", "t.yaml:2: salt must be 32"},
      {head + Cat("salt: ", salt, ", sha256: X", hash.substr(1)) + "}", "sha256 must be 64"},
      {"tokens:\n  - {name: ../app}", "t.yaml:2: a token's name"},
      {"tokens: [", "not YAML"},
  };
  for (const Bad& row : bad) {
    const auto read = ParseTokens(row.text, "t.yaml");
    ASSERT_FALSE(read.ok()) << row.text;
    EXPECT_NE(ToStd(read.status().message()).find(row.says), std::string_view::npos)
        << row.text << "\n"
        << read.status();
  }
}

TEST(TheTokensFile, HoldsEachNameOnce) {
  const TokenEntry entry = Entry("app");
  const auto read = ParseTokens(TokensText({entry, entry}), "t.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.status().ToString().find("two tokens have the name app"), std::string::npos);
}

TEST(TheTokensFile, IsMadeForItsOwnerAloneAndKeepsItsModeAfterwards) {
  const tests::TestFolder folder;
  const std::string path = folder.path() + "/tokens.yaml";
  ASSERT_TRUE(SaveTokens(path, {Entry("a")}).ok());
  struct stat now {};
  ASSERT_EQ(stat(path.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(SaveTokens(path, {Entry("a"), Entry("b")}).ok());
  ASSERT_EQ(stat(path.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 0777, 0640u);
  EXPECT_EQ(LoadTokens(path)->size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(SaveTokens(folder.path() + "/nowhere/tokens.yaml", {}).ok());
}

TEST(TheWatchedTokensFile, TellsEachChangeOnce) {
  const tests::TestFolder folder;
  const std::string path = folder.path() + "/tokens.yaml";
  ASSERT_TRUE(SaveTokens(path, {Entry("a")}).ok());
  WatchedFiles watched({path});
  ASSERT_TRUE(watched.Changed());
  ASSERT_EQ(LoadTokens(path)->size(), 1u);
  EXPECT_FALSE(watched.Changed());
  ASSERT_TRUE(SaveTokens(path, {Entry("a"), Entry("b")}).ok());
  ASSERT_TRUE(watched.Changed());
  ASSERT_EQ(LoadTokens(path)->size(), 2u);
  EXPECT_FALSE(watched.Changed());
}

TEST(TheWatchedTokensFile, TellsOnceThatItIsGoneOrDoesNotRead) {
  const tests::TestFolder folder;
  const std::string path = folder.path() + "/tokens.yaml";
  WatchedFiles watched({path});
  EXPECT_TRUE(watched.Changed());
  EXPECT_TRUE(absl::IsNotFound(LoadTokens(path).status()));
  EXPECT_FALSE(watched.Changed());
  std::ofstream(path) << "tokens: 5\n";
  EXPECT_TRUE(watched.Changed());
  EXPECT_TRUE(absl::IsInvalidArgument(LoadTokens(path).status()));
  EXPECT_FALSE(watched.Changed());
  ASSERT_TRUE(SaveTokens(path, {}).ok());
  EXPECT_TRUE(watched.Changed());
  EXPECT_TRUE(LoadTokens(path).ok());
}

TEST(NoFilesToWatch, AreNeverAnotherThanTheyWere) {
  EXPECT_FALSE(WatchedFiles({"", ""}).Changed());
}

// Kubernetes replaces a mounted secret like this: a link to a folder is moved to another folder.
TEST(TheWatchedTokensFile, SeesALinkThatNowLeadsElsewhere) {
  const tests::TestFolder folder;
  for (const char* version : {"1", "2"}) {
    std::filesystem::create_directory(folder.path() + "/" + version);
    ASSERT_TRUE(
        SaveTokens(Cat(folder.path(), "/", version, "/tokens.yaml"), {Entry(version)}).ok());
  }
  const std::string link = folder.path() + "/data";
  std::filesystem::create_symlink("1", link);
  const std::string path = link + "/tokens.yaml";
  WatchedFiles watched({path, ""});
  EXPECT_TRUE(watched.Changed());
  EXPECT_EQ(LoadTokens(path)->front().name, "1");
  std::filesystem::create_symlink("2", folder.path() + "/new");
  std::filesystem::rename(folder.path() + "/new", link);
  EXPECT_TRUE(watched.Changed());
  EXPECT_EQ(LoadTokens(path)->front().name, "2");
  EXPECT_FALSE(watched.Changed());
}

TEST(ADay, IsReadAsItIsWritten) {
  for (const char* day : {"1970-01-01", "2024-02-29", "2027-01-31", "9999-12-31"}) {
    const auto time = ParseDay(day);
    ASSERT_TRUE(time.ok()) << time.status();
    EXPECT_EQ(DayText(*time), day);
  }
  for (const char* day : {"", "2027-1-31", "2027-02-29", "31.1.2027", "2027-01-31 "}) {
    EXPECT_FALSE(ParseDay(day).ok()) << day;
  }
}

}  // namespace
}  // namespace pointsman::service
