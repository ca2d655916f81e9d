#include "service/access/token.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pointsman::service {
namespace {

TEST(AToken, IsKnownByItsSecretAndByNoOther) {
  const auto made = MakeToken("app");
  ASSERT_TRUE(made.ok()) << made.status();
  const auto parts = SplitToken(made->token);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->name, "app");
  EXPECT_EQ(parts->secret.size(), 43u);
  EXPECT_TRUE(IsSecretOf(made->entry, parts->secret));
  for (std::size_t i = 0; i < parts->secret.size(); ++i) {
    std::string wrong(parts->secret);
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(IsSecretOf(made->entry, wrong)) << i;
  }
  EXPECT_FALSE(IsSecretOf(made->entry, ""));
  EXPECT_FALSE(IsSecretOf(TokenEntry(), parts->secret));
  EXPECT_FALSE(IsSecretOf(TokenEntry(), ""));
}

TEST(AToken, IsAnotherEachTimeAndLeavesNoSecretInItsEntry) {
  std::set<std::string> secrets, salts, hashes;
  for (int i = 0; i < 1000; ++i) {
    const auto made = MakeToken("app");
    ASSERT_TRUE(made.ok());
    const std::string secret(SplitToken(made->token)->secret);
    EXPECT_EQ(made->entry.sha256.find(secret), std::string::npos);
    secrets.insert(secret);
    salts.insert(made->entry.salt);
    hashes.insert(made->entry.sha256);
  }
  EXPECT_EQ(secrets.size(), 1000u);
  EXPECT_EQ(salts.size(), 1000u);
  EXPECT_EQ(hashes.size(), 1000u);
}

TEST(AToken, OfAnotherShapeIsNone) {
  for (const char* text :
       {"", "pm1", "pm1.", "pm1.app", "pm2.app.secret", "app.secret", "PM1.app.s"}) {
    EXPECT_FALSE(SplitToken(text)) << text;
  }
  const auto empty = SplitToken("pm1..");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->name, "");
  EXPECT_EQ(empty->secret, "");
}

TEST(AToken, HasANameThatCanStandAnywhere) {
  for (const char* name : {"a", "app-1", "APP_2", "0"}) EXPECT_TRUE(ValidateTokenName(name).ok());
  for (const char* name : {"", "a b", "a.b", "../a", "a\nb", "\xc3\xa4"}) {
    EXPECT_FALSE(ValidateTokenName(name).ok()) << name;
    EXPECT_FALSE(MakeToken(name).ok()) << name;
  }
  EXPECT_TRUE(ValidateTokenName(std::string(64, 'a')).ok());
  EXPECT_FALSE(ValidateTokenName(std::string(65, 'a')).ok());
}

TEST(ATokensEntry, NamesItsPoolsOneByOneOrAll) {
  TokenEntry entry;
  EXPECT_FALSE(entry.MayUse("default"));
  entry.pools = {"default", "other"};
  EXPECT_TRUE(entry.MayUse("other"));
  EXPECT_FALSE(entry.MayUse("othe"));
  EXPECT_FALSE(entry.MayUse("othere"));
  EXPECT_FALSE(entry.MayUseAll());
  entry.pools = {"*"};
  EXPECT_TRUE(entry.MayUse("anything"));
  EXPECT_TRUE(entry.MayUseAll());
}

TEST(ATokensEntry, NamesItsPoolsHoweverTheyAreSpelled) {
  const char* composed = "caf\xc3\xa9";
  const char* decomposed = "cafe\xcc\x81";
  for (const auto& [mine, asked] :
       {std::pair{composed, decomposed}, std::pair{decomposed, composed}}) {
    TokenEntry entry;
    entry.pools = {mine};
    EXPECT_TRUE(entry.MayUse(mine));
    EXPECT_TRUE(entry.MayUse(asked));
    for (const char* other :
         {"cafe", "caf", "CAF\xc3\x89", "caf\xc3\xa9\xcc\x81", "cafe\xe2\x80\x8b"}) {
      EXPECT_FALSE(entry.MayUse(other)) << other;
    }
  }
}

TEST(AScope, IsReadAsItIsWritten) {
  for (const Scope scope : kAllScopes) {
    EXPECT_EQ(ScopeOf(ScopeName(scope)), scope);
  }
  EXPECT_FALSE(ScopeOf(""));
  EXPECT_FALSE(ScopeOf("root"));
}

}  // namespace
}  // namespace pointsman::service
