#include "service/app/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/strings.h"
#include "tests/paths.h"

namespace pointsman::service {
namespace {

TEST(Config, OfNothingIsTheDefaults) {
  const auto config = ParseConfig("", "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->limits, Limits{});
  EXPECT_EQ(config->listen, "127.0.0.1:7717");
}

TEST(Config, TakesEveryKey) {
  const auto config = ParseConfig(
      "data_dir: /var/lib/pointsman\n"
      "listen: 0.0.0.0:80\n"
      "admin_listen: ''\n"
      "log: {level: warn, format: json}\n"
      "limits:\n"
      "  query_bytes_max: 100\n",
      "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data_dir, "/var/lib/pointsman");
  EXPECT_EQ(config->listen, "0.0.0.0:80");
  EXPECT_EQ(config->admin_listen, "");
  EXPECT_EQ(config->log_level, "warn");
  EXPECT_EQ(config->log_format, "json");
  EXPECT_EQ(config->limits.query_bytes_max, 100);
}

TEST(Config, ServesBeyondItsMachineOnlyWithTlsAndSomebodyToAskOrWhenToldSo) {
  struct Row {
    const char* text;
    const char* says;  // empty: it may be served
  };
  const Row rows[] = {
      {"", ""},
      {"listen: '[::1]:1'\nadmin_listen: localhost:2\n", ""},
      {"listen: 0.0.0.0:1\n", "set `tls`"},
      {"listen: '[::]:1'\n", "set `tls`"},
      {"listen: 0.0.0.0:1\ninsecure: true\n", ""},
      {"listen: 0.0.0.0:1\ntokens_file: t\n", "set `tls`"},
      {"listen: 0.0.0.0:1\ntls: {certificate_file: a, key_file: b}\n", "set `tokens_file`"},
      {"listen: 0.0.0.0:1\ntokens_file: t\ntls: {certificate_file: a, key_file: b}\n", ""},
      {"listen: 0.0.0.0:1\ntls: {certificate_file: a, key_file: b, client_ca_file: c}\n", ""},
      {"admin_listen: 0.0.0.0:1\n", "admin_insecure: true"},
      {"admin_listen: 0.0.0.0:1\ninsecure: true\n", "admin_insecure: true"},
      {"admin_listen: 0.0.0.0:1\nadmin_insecure: true\n", ""},
      {"http_listen: 0.0.0.0:1\n", "set `tls`"},
      {"http_listen: 0.0.0.0:1\nadmin_insecure: true\n", "set `tls`"},
      {"http_listen: 0.0.0.0:1\ntls: {certificate_file: a, key_file: b}\n", "set `tokens_file`"},
      {"http_listen: 0.0.0.0:1\ntokens_file: t\ntls: {certificate_file: a, key_file: b}\n", ""},
      {"http_listen: 0.0.0.0:1\ninsecure: true\n", ""},
  };
  for (const Row& row : rows) {
    const auto config = ParseConfig(row.text, "c.yaml");
    ASSERT_TRUE(config.ok()) << row.text << config.status();
    const absl::Status may = ValidateServing(*config);
    EXPECT_EQ(may.ok(), *row.says == '\0') << row.text << may;
    EXPECT_NE(may.ToString().find(row.says), std::string::npos) << row.text << may;
  }
}

// A config from before there was an HTTP port keeps the ports that it has.
TEST(Config, OpensTheHttpPortUnlessItSaysSomethingOfTheAdminPort) {
  struct Row {
    const char* text;
    const char* http;
    const char* admin;
  };
  for (const Row& row :
       {Row{"", "127.0.0.1:7718", ""}, Row{"admin_listen: ''\n", "", ""},
        Row{"admin_listen: 127.0.0.1:9\n", "", "127.0.0.1:9"},
        Row{"http_listen: 127.0.0.1:8\nadmin_listen: 127.0.0.1:9\n", "127.0.0.1:8", "127.0.0.1:9"},
        Row{"http_listen: ''\n", "", ""}}) {
    const auto config = ParseConfig(row.text, "c.yaml");
    ASSERT_TRUE(config.ok()) << row.text << config.status();
    EXPECT_EQ(config->http_address(), row.http) << row.text;
    EXPECT_EQ(config->admin_address(), row.admin) << row.text;
  }
}

TEST(Config, TakesOriginsAsBrowsersWriteThem) {
  const auto config =
      ParseConfig("http_origins: ['https://a.example', 'http://127.0.0.1:80']\n", "c");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http_origins.size(), 2u);
  for (const char* wrong : {"'*'", "a.example", "'https://'", "'https://a.example/'",
                            "'https://*.a.example'", "'null'", "[x]"}) {
    EXPECT_FALSE(ParseConfig(std::string("http_origins: [") + wrong + "]\n", "c").ok()) << wrong;
  }
  EXPECT_FALSE(ParseConfig("http_origins: https://a.example\n", "c").ok());
}

TEST(Config, IsRefusedWithTheLine) {
  struct Bad {
    const char* text;
    const char* says;
  };
  const Bad bad[] = {
      {"listen: 127.0.0.1:1\nlissten: x\n", "c.yaml:2: unknown key \"lissten\""},
      {"limits:\n  query_bytes_max: -5\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n  query_bytes_max: 1e3\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n  query_bytes_max: [1]\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n\n  nothing_max: 5\n", "c.yaml:3: unknown key \"limits.nothing_max\""},
      {"limits: 5\n", "c.yaml:1: limits must be a mapping"},
      {"listen: localhost\n", "c.yaml:1: listen must be HOST:PORT"},
      {"listen: localhost:99999\n", "c.yaml:1: listen must be HOST:PORT"},
      {"log: {level: loud}\n", "c.yaml:1: log.level must be one of"},
      {"listen: a:1\nlisten: a:2\n", "c.yaml:2: key \"listen\" is given twice"},
      {"insecure: yes\n", "c.yaml:1: insecure must be true or false"},
      {"tls: {certificate_file: a}\n", "c.yaml:1: tls needs certificate_file and key_file"},
      {"tls:\n  cert: a\n", "c.yaml:2: unknown key \"tls.cert\""},
      {"a: [\n", "not YAML"},
      {"- 1\n", "c.yaml:1: the file must be a mapping"},
      {"listen: a:1\ndata_dir: ''\n", "c.yaml:2: data_dir must be a non-empty string"},
  };
  for (const Bad& row : bad) {
    const auto config = ParseConfig(row.text, "c.yaml");
    ASSERT_FALSE(config.ok()) << row.text;
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(ToStd(config.status().message()).find(row.says), std::string_view::npos)
        << config.status() << " should say " << row.says;
  }
}

TEST(Config, OfAFileThatIsNotThereSaysSo) {
  EXPECT_EQ(LoadConfig("/nonexistent/c.yaml").status().code(), absl::StatusCode::kNotFound);
}

TEST(ConfigPage, HoldsEveryLimitAsItIs) {
  std::ifstream file(std::string(POINTSMAN_SOURCE_DIR) + "/docs/reference/config.md");
  std::stringstream text;
  text << file.rdbuf();
  const Limits defaults;
  for (const LimitRow& row : LimitTable()) {
    const std::string line = Cat("| `", row.name, "` | ", defaults.*row.field, " | ", row.least,
                                 " | ", row.most, " | ", row.meaning, " |");
    EXPECT_NE(text.str().find(line), std::string::npos)
        << "docs/reference/config.md lacks: " << line;
  }
}

constexpr char kEmbedder[] =
    "embedders:\n"
    "  tei:\n"
    "    url: http://127.0.0.1:8080/v1\n"
    "    model: small\n";

TEST(ParseConfig, ReadsEmbeddersWithTheirKeys) {
  const std::string path = ::testing::TempDir() + "/api_key";
  std::ofstream(path) << "sk-from-the-file\n";
  auto config = ParseConfig(Cat(kEmbedder, "    api_key_file: ", path,
                                "\n    usd_per_1m_tokens: 0.02\n    deadline_ms: 250\n"),
                            "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->embedders.size(), 1u);
  EXPECT_EQ(config->embedders[0].name, "tei");
  EXPECT_EQ(config->embedders[0].api_key, "sk-from-the-file");
  EXPECT_EQ(config->embedders[0].usd_per_1m_tokens, 0.02);
  EXPECT_EQ(config->embedders[0].deadline_ms, 250);

  setenv("POINTSMAN_TEST_KEY", "sk-from-the-environment", 1);
  config = ParseConfig(Cat(kEmbedder, "    api_key_env: POINTSMAN_TEST_KEY\n"), "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->embedders[0].api_key, "sk-from-the-environment");
}

TEST(ParseConfig, NamesWhatIsWrongWithAnEmbedder) {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"embedders: 5\n", "c.yaml:1: embedders must be a mapping"},
      {"embedders:\n  \"a\\nb\": {}\n", "c.yaml:2: embedders: each needs a name of 1 to 128 bytes"},
      {Cat("embedders: {", std::string(129, 'x'), ": {}}\n"), "embedders: each needs a name"},
      {"embedders: {tei: 5}\n", "c.yaml:1: embedders.tei must be a mapping"},
      {"embedders: {tei: {model: m}}\n", "embedders.tei.url must be an address"},
      {"embedders: {tei: {url: \"http://h/v1\"}}\n", "embedders.tei.model must name"},
      {Cat(kEmbedder, "    speed: 5\n"), "c.yaml:5: unknown key \"embedders.tei.speed\""},
      {Cat(kEmbedder, "    deadline_ms: 0\n"), "c.yaml:5: embedders.tei.deadline_ms"},
      {Cat(kEmbedder, "    usd_per_1m_tokens: cheap\n"), "usd_per_1m_tokens must be a number"},
      {Cat(kEmbedder, "    api_key_file: /nowhere/key\n"),
       "cannot read the API key in \"/nowhere/key\""},
      {Cat(kEmbedder, "    api_key_env: POINTSMAN_NO_SUCH\n"), "is not set: \"POINTSMAN_NO_SUCH\""},
      {Cat(kEmbedder, "    api_key_env: A\n    api_key_file: B\n"), "not both"},
      {Cat(kEmbedder, "  tei: {}\n"), "embedders.tei is given twice"},
  };
  for (const auto& [text, message] : cases) {
    const auto config = ParseConfig(text, "c.yaml");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_NE(ToStd(config.status().message()).find(message), std::string::npos)
        << config.status() << " for " << text;
  }
}

TEST(ParseConfig, DocumentsEachNumberOfAnEmbedder) {
  std::ifstream file(std::string(POINTSMAN_SOURCE_DIR) + "/docs/reference/config.md");
  std::stringstream text;
  text << file.rdbuf();
  const retrieval::RemoteEndpoint defaults;
  for (const retrieval::EndpointRow& row : retrieval::EndpointTable()) {
    const std::string line =
        Cat("| `", row.name, "` | ", defaults.*row.field, " | ", row.meaning, " |");
    EXPECT_NE(text.str().find(line), std::string::npos)
        << "docs/reference/config.md lacks: " << line;
  }
}

}  // namespace
}  // namespace pointsman::service
