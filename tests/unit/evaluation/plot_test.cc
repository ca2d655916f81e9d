#include "evaluation/report/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

#include "base/strings.h"

namespace pointsman::evaluation {
namespace {

using ::testing::HasSubstr;

// A strict reader of the XML that may be written: declaration, elements with quoted attributes, text with the
// five entities. Empty: well-formed; otherwise what is wrong.
class XmlChecker {
 public:
  explicit XmlChecker(std::string_view xml) : rest_(xml) {}
  std::string Check() {
    if (!IsUtf8(rest_)) return "not UTF-8";
    if (!Skip("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) return "no declaration";
    std::vector<std::string> open;
    int roots = 0;
    while (!rest_.empty()) {
      if (Skip("</")) {
        const std::string name = Name();
        if (open.empty() || open.back() != name || !Skip(">")) return "bad end of " + name;
        open.pop_back();
      } else if (Skip("<")) {
        const std::string name = Name();
        if (name.empty()) return "an element without a name";
        if (open.empty() && ++roots > 1) return "a second root";
        while (Skip(" ")) {
          const std::string attribute = Name();
          if (attribute.empty() || !Skip("=\"")) return "bad attribute in " + name;
          while (!rest_.empty() && rest_[0] != '"') {
            if (!Character()) return "bad character in attribute " + attribute;
          }
          if (!Skip("\"")) return "attribute without an end";
        }
        if (Skip("/>")) continue;
        if (!Skip(">")) return "bad start of " + name;
        open.push_back(name);
      } else {
        if (open.empty() && rest_[0] != '\n') return "text outside the root";
        if (!Character()) return "bad character in text";
      }
    }
    return open.empty() && roots == 1 ? "" : "not closed";
  }

 private:
  bool Skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  std::string Name() {
    std::string name;
    while (!rest_.empty() && (std::isalnum(static_cast<unsigned char>(rest_[0])) != 0 ||
                              rest_[0] == '-' || rest_[0] == ':')) {
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    return name;
  }
  bool Character() {
    for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"}) {
      if (Skip(entity)) return true;
    }
    const auto c = static_cast<unsigned char>(rest_[0]);
    if (c == '&' || c == '<' || (c < 0x20 && c != '\n' && c != '\t')) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view rest_;
};

Chart TwoLines(std::string name) {
  Chart chart;
  chart.title = "A & B < \"C\"";
  chart.x_label = "rounds";
  chart.y_label = "share";
  chart.x = {10, 20, 30};
  chart.lines = {{std::move(name), {0.25, 0.5, 0.75}, false}, {"b", {0.75, 0.5, 0.25}, true}};
  return chart;
}

TEST(Plot, IsWellFormedXmlWhateverTheNamesAre) {
  for (const char* name : {"a", "<script>&\"'", "\xff\xfe", "tab\tbell\a", "caf\xc3\xa9",
                           "a very long name of an arm that goes on and on and on \xe6\x97\xa5"}) {
    const Chart chart = TwoLines(name);
    const std::string svg = SvgDocument({LineChartSvg(chart), AreaChartSvg(chart)});
    EXPECT_EQ(XmlChecker(svg).Check(), "") << name;
    EXPECT_THAT(svg, HasSubstr("A &amp; B &lt; &quot;C&quot;"));
  }
}

TEST(Plot, ChecksXmlForReal) {
  EXPECT_NE(XmlChecker("<svg></svg>").Check(), "");
  const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  EXPECT_EQ(XmlChecker(head + "<svg a=\"1\"><g/></svg>\n").Check(), "");
  EXPECT_NE(XmlChecker(head + "<svg><g></svg>").Check(), "");
  EXPECT_NE(XmlChecker(head + "<svg>a & b</svg>").Check(), "");
  EXPECT_NE(XmlChecker(head + "<svg a=1></svg>").Check(), "");
}

TEST(Plot, DrawsFlatNegativeAndSinglePointLines) {
  for (const std::vector<double>& values :
       {std::vector<double>{0, 0, 0}, {-0.5, -0.5, -0.5}, {1e6, -1e6, 3}, {1e-12, 0, 0}}) {
    Chart chart = TwoLines("a");
    chart.lines[0].values = values;
    const std::string svg = SvgDocument({LineChartSvg(chart)});
    EXPECT_EQ(XmlChecker(svg).Check(), "");
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
    EXPECT_FALSE(LineChartText(chart).empty());
  }
  Chart single = TwoLines("a");
  single.x = {1};
  for (ChartLine& line : single.lines) line.values = {0.5};
  EXPECT_EQ(XmlChecker(SvgDocument({LineChartSvg(single), AreaChartSvg(single)})).Check(), "");
  EXPECT_THAT(AreaChartText(single), HasSubstr("50.0%"));
}

TEST(Plot, PutsAHigherValueHigher) {
  Chart chart = TwoLines("a");
  const std::string svg = LineChartSvg(chart).body;
  // The first line rises from (10, 0.25) to (30, 0.75): its points have falling y in pixels.
  const std::size_t at = svg.find("points=\"") + 8;
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + at, "%lf,%lf %lf,%lf", &x1, &y1, &x2, &y2), 4);
  EXPECT_LT(x1, x2);
  EXPECT_GT(y1, y2);
}

TEST(Plot, FillsABarInEighths) {
  EXPECT_EQ(Bar(0, 4), "");
  EXPECT_EQ(Bar(1, 2), "██");
  EXPECT_EQ(Bar(0.5, 1), "▌");
  EXPECT_EQ(Bar(2, 1), "█");
}

TEST(Plot, DrawsTheLeastAndGreatestAsTheLowestAndHighestBlock) {
  EXPECT_EQ(Sparkline({0, 1, 0.5}), "▁█▅");
  EXPECT_EQ(Sparkline({3, 3}), "▅▅");
  EXPECT_EQ(Sparkline({}), "");
}

TEST(Plot, TellsSharesEarlyAndLate) {
  const std::string text = AreaChartText(TwoLines("a"));
  EXPECT_THAT(text, HasSubstr("25.0%"));
  EXPECT_THAT(text, HasSubstr("75.0%"));
}

}  // namespace
}  // namespace pointsman::evaluation
