#include "service/access/access.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/strings.h"
#include "service/access/address.h"

namespace pointsman::service {
namespace {

constexpr std::array<std::string_view, 1> kDefault{"default"};
constexpr std::array<std::string_view, 2> kTwo{"default", "other"};

struct Given {
  std::string header;
  TokenEntry entry;
};

Given Make(const std::string& name, std::initializer_list<Scope> scopes,
           std::vector<std::string> pools) {
  const NewToken made = *MakeToken(name);
  Given given{Cat("Bearer ", made.token), made.entry};
  for (const Scope scope : scopes) {
    given.entry.scopes = static_cast<uint8_t>(given.entry.scopes | static_cast<uint8_t>(scope));
  }
  given.entry.pools = std::move(pools);
  return given;
}

absl::StatusCode Code(const Access& access, const Need& need, std::string_view header,
                      std::string_view peer = "ipv4:10.0.0.9:1", Micros now = 0) {
  return access.Decide(need, {header, peer}, now).status().code();
}

TEST(WithTokens, ACallIsForWhoHasItsScopeAndItsPools) {
  const Given app = Make("app", {Scope::kRoute, Scope::kFeedback}, {"default"});
  const Given chief = Make("chief", {Scope::kAdmin}, {"*"});
  Access access(/*is_loopback=*/true);
  access.SetTokens({app.entry, chief.entry});
  const auto code = [&](const Need& need, const Given& who) {
    return Code(access, need, who.header);
  };
  EXPECT_EQ(code({Scope::kRoute, kDefault}, app), absl::StatusCode::kOk);
  EXPECT_EQ(code({Scope::kFeedback, kDefault}, app), absl::StatusCode::kOk);
  EXPECT_EQ(code({Scope::kRoute, kTwo}, app), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code({Scope::kAdmin, kDefault}, app), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code({Scope::kAdmin, kTwo}, chief), absl::StatusCode::kOk);
  EXPECT_EQ(code({Scope::kAdmin, {}, true}, chief), absl::StatusCode::kOk);
  EXPECT_EQ(code({Scope::kRoute, kDefault}, chief), absl::StatusCode::kPermissionDenied);
}

TEST(WithTokens, WhatIsAboutTheWholeServerNeedsATokenOfAllPools) {
  const Given some = Make("some", {Scope::kAdmin}, {"default"});
  Access access(true);
  access.SetTokens({some.entry});
  EXPECT_EQ(Code(access, {Scope::kAdmin, {}, true}, some.header),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Code(access, {Scope::kAdmin}, some.header), absl::StatusCode::kOk);
}

TEST(WithTokens, NobodyIsLetInWithoutAlsoNotOnTheOwnMachine) {
  const Given app = Make("app", {Scope::kRoute}, {"*"});
  Access access(true);
  access.SetTokens({app.entry});
  for (const std::string& header :
       {std::string(), std::string("Bearer"), app.header.substr(7), app.header + "x",
        Cat("bearer ", app.header.substr(7)), std::string("Bearer pm1.app."),
        std::string("Bearer pm1.b.c")}) {
    EXPECT_EQ(Code(access, {Scope::kRoute, kDefault}, header, "ipv4:127.0.0.1:5"),
              absl::StatusCode::kUnauthenticated)
        << header;
  }
}

TEST(WithTokens, AnEmptyFileLetsNobodyIn) {
  Access access(true);
  access.SetTokens({});
  EXPECT_TRUE(access.asks_for_tokens());
  EXPECT_EQ(Code(access, {Scope::kRoute, kDefault}, ""), absl::StatusCode::kUnauthenticated);
}

TEST(WithTokens, OneThatIsTakenBackOrExpiredIsRefusedFromThenOn) {
  Given app = Make("app", {Scope::kRoute}, {"*"});
  app.entry.expires = 1000;
  Access access(true);
  access.SetTokens({app.entry});
  const Need need{Scope::kRoute, kDefault};
  EXPECT_EQ(Code(access, need, app.header, "", 999), absl::StatusCode::kOk);
  EXPECT_EQ(Code(access, need, app.header, "", 1000), absl::StatusCode::kUnauthenticated);
  access.SetTokens({});
  EXPECT_EQ(Code(access, need, app.header, "", 0), absl::StatusCode::kUnauthenticated);
}

TEST(WithoutTokens, TheOwnMachineMayDoAllAndOthersRouteAndTell) {
  const Access access(/*is_loopback=*/false);
  const auto code = [&](Scope scope, std::string_view peer) {
    return Code(access, {scope, kDefault}, "", peer);
  };
  for (const char* peer : {"ipv4:10.0.0.9:4711", "ipv6:%5Bfe80::1%5D:4711"}) {
    EXPECT_EQ(code(Scope::kRoute, peer), absl::StatusCode::kOk);
    EXPECT_EQ(code(Scope::kFeedback, peer), absl::StatusCode::kOk);
    EXPECT_EQ(code(Scope::kAdmin, peer), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(code(Scope::kMetrics, peer), absl::StatusCode::kPermissionDenied);
  }
  for (const char* peer : {"ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711"}) {
    EXPECT_EQ(code(Scope::kAdmin, peer), absl::StatusCode::kOk);
  }
  EXPECT_EQ(Code(Access(true), {Scope::kAdmin, kDefault}, "", ""), absl::StatusCode::kOk);
}

TEST(WhatIsOpen, IsHealthAlone) {
  Access access(false);
  access.SetTokens({});
  EXPECT_EQ(Code(access, NeedOf("/grpc.health.v1.Health/Check"), ""), absl::StatusCode::kOk);
  for (const char* path :
       {"/pointsman.v1.Router/Route", "/pointsman.v1.Router/New", "/pointsman.v1.Admin/GetStats",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/", "",
        "/grpc.health.v1.HealthX/Check"}) {
    EXPECT_EQ(Code(access, NeedOf(path), ""), absl::StatusCode::kUnauthenticated) << path;
  }
  EXPECT_EQ(NeedOf("/pointsman.v1.Router/New").scope, Scope::kAdmin);
}

TEST(AnAddress, IsLoopbackOnlyIfItSaysSo) {
  for (const char* address : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:0"}) {
    EXPECT_TRUE(IsLoopbackAddress(address)) << address;
  }
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.example.org:1",
                              "1127.0.0.1:1", "localhost.example.org:1", "*:1"}) {
    EXPECT_FALSE(IsLoopbackAddress(address)) << address;
  }
  for (const char* peer : {"ipv4:10.127.0.0:1", "ipv6:%5B::2%5D:1", "", "ipv6:%5B::1:2%5D:1"}) {
    EXPECT_FALSE(IsLoopbackPeer(peer)) << peer;
  }
  EXPECT_TRUE(IsLoopbackPeer("unix:"));
  EXPECT_EQ(PeerAddress("ipv4:10.0.0.9:4711"), "ipv4:10.0.0.9");
  EXPECT_EQ(PeerAddress("ipv6:%5Bfe80::1%5D:4711"), "ipv6:%5Bfe80::1%5D");
}

}  // namespace
}  // namespace pointsman::service
