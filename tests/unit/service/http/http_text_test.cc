#include "service/http/http_text.h"

#include <gtest/gtest.h>

namespace pointsman::service {
namespace {

HttpRequest Request(std::vector<std::pair<std::string, std::string>> headers,
                    std::string path = "/") {
  HttpRequest request;
  request.method = "POST";
  request.path = std::move(path);
  request.headers = std::move(headers);
  return request;
}

TEST(HttpText, TakesARequestThatHasOneMeaning) {
  EXPECT_EQ(FaultOf(Request({{"host", "a"}, {"content-length", "3"}}), 11), "");
  EXPECT_EQ(FaultOf(Request({{"host", "a"}, {"transfer-encoding", "Chunked"}}), 11), "");
  EXPECT_EQ(FaultOf(Request({}), 10), "") << "HTTP/1.0 needs no host";
}

TEST(HttpText, RefusesARequestThatTwoServersCouldReadDifferently) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  for (const Headers& headers :
       {Headers{{"content-length", "3"}, {"content-length", "4"}},
        Headers{{"content-length", "3"}, {"content-length", "3"}},
        Headers{{"content-length", "3"}, {"transfer-encoding", "chunked"}},
        Headers{{"transfer-encoding", "gzip, chunked"}},
        Headers{{"transfer-encoding", "chunked"}, {"transfer-encoding", "identity"}},
        Headers{{"host", "b"}}}) {
    Headers all = {{"host", "a"}};
    all.insert(all.end(), headers.begin(), headers.end());
    EXPECT_NE(FaultOf(Request(all), 11), "") << headers.front().first;
  }
  EXPECT_NE(FaultOf(Request({}), 11), "") << "no host";
  EXPECT_NE(FaultOf(Request({{"host", "a"}}, "http://a/"), 11), "") << "an absolute target";
  EXPECT_NE(FaultOf(Request({{"host", "a"}}), 20), "") << "another version";
}

TEST(HttpText, WritesAnAnswer) {
  const HttpResponse response{
      .status = 429, .type = "application/json", .body = "{}", .headers = {{"Retry-After", "1"}}};
  const std::string text = ResponseText(response, /*is_kept=*/true, /*is_head=*/false);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n")) << text;
  EXPECT_NE(text.find("\r\nContent-Length: 2\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\nRetry-After: 1\r\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("Connection: close"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\n{}")) << text;
}

TEST(HttpText, LeavesTheBodyOutForHead) {
  const std::string text = ResponseText({.status = 200, .body = "body"}, false, true);
  EXPECT_NE(text.find("\r\nContent-Length: 4\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\nConnection: close\r\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
}

}  // namespace
}  // namespace pointsman::service
