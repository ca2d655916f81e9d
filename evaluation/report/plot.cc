#include "evaluation/report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace pointsman::evaluation {
namespace {

constexpr double kWidth = 860;
constexpr double kPlotHeight = 280;
constexpr double kLeft = 70;
constexpr double kRight = 24;
constexpr double kTop = 44;
constexpr double kLegendRow = 20;
constexpr std::size_t kLegendColumns = 3;
constexpr double kAxisHeight = 52;  // below the plot: numbers and label

// Distinguishable for colour-blind readers too (after Okabe and Ito), then lighter ones.
constexpr std::array<const char*, 12> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#7a5195", "#8c8c00",
                                                  "#a6761d", "#66a61e", "#b22222", "#999999"};
constexpr std::array<std::string_view, 9> kEighths = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::array<std::string_view, 8> kSteps = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string Escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        // XML 1.0 allows no other control characters, not even escaped.
        safe += (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') ? '?' : c;
    }
  }
  return IsUtf8(safe) ? safe : Quoted(safe);
}

struct Scale {
  double from = 0;
  double to = 1;
  double at_from = 0;  // pixels
  double at_to = 1;
  double At(double value) const {
    return at_from + (value - from) / (to - from) * (at_to - at_from);
  }
};

// A step of 1, 2 or 5 times a power of ten that cuts `range` into about `count` parts.
double NiceStep(double range, double count) {
  const double raw = range / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

// The range of values, widened to whole steps and never empty.
Scale RangeOf(const std::vector<ChartLine>& lines, double at_from, double at_to) {
  double low = 0;
  double high = 0;
  bool is_first = true;
  for (const ChartLine& line : lines) {
    for (const double value : line.values) {
      low = is_first ? value : std::min(low, value);
      high = is_first ? value : std::max(high, value);
      is_first = false;
    }
  }
  if (high - low < 1e-9) {
    low -= 0.5;
    high += 0.5;
  }
  const double step = NiceStep(high - low, 5);
  return {std::floor(low / step) * step, std::ceil(high / step) * step, at_from, at_to};
}

std::string TextAt(double x, double y, const char* anchor, int size, const char* colour,
                   std::string_view text, std::string_view extra = "") {
  return absl::StrFormat(
      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\"%s>%s</text>\n",
      x, y, anchor, size, colour, ToAbsl(extra), Escaped(text));
}

std::string Segment(double x1, double y1, double x2, double y2, const char* colour) {
  return absl::StrFormat(
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"1\"/>\n",
      x1, y1, x2, y2, colour);
}

std::string Axes(const Chart& chart, const Scale& x, const Scale& y) {
  std::string svg;
  const double step_y = NiceStep(y.to - y.from, 5);
  for (int i = 0;; ++i) {
    const double value = y.from + i * step_y;
    if (value > y.to + step_y / 2) break;
    svg += Segment(x.at_from, y.At(value), x.at_to, y.At(value), "#e3e3e3");
    svg += TextAt(x.at_from - 8, y.At(value) + 4, "end", 12, "#555555",
                  absl::StrFormat("%.4g", std::abs(value) < step_y / 2 ? 0.0 : value));
  }
  const double step_x = NiceStep(x.to - x.from, 6);
  const double first_x = std::ceil(x.from / step_x) * step_x;
  const int count_x = static_cast<int>(std::floor((x.to + 1e-9 - first_x) / step_x)) + 1;
  for (int i = 0; i < count_x; ++i) {
    const double value = first_x + i * step_x;
    svg += Segment(x.At(value), y.at_from, x.At(value), y.at_from + 5, "#555555");
    svg += TextAt(x.At(value), y.at_from + 19, "middle", 12, "#555555",
                  absl::StrFormat("%.6g", value));
  }
  svg += Segment(x.at_from, y.at_from, x.at_to, y.at_from, "#555555");
  svg += Segment(x.at_from, y.at_from, x.at_from, y.at_to, "#555555");
  svg += TextAt((x.at_from + x.at_to) / 2, y.at_from + 40, "middle", 13, "#333333", chart.x_label);
  const double middle = (y.at_from + y.at_to) / 2;
  svg += TextAt(18, middle, "middle", 13, "#333333", chart.y_label,
                absl::StrFormat(" transform=\"rotate(-90 18 %.1f)\"", middle));
  svg += TextAt(x.at_from, 24, "start", 16, "#111111", chart.title, " font-weight=\"bold\"");
  return svg;
}

std::string Legend(const std::vector<ChartLine>& lines, double top, bool is_area) {
  constexpr std::size_t kNameBytesMax = 34;
  std::string svg;
  const double column = (kWidth - kLeft - kRight) / static_cast<double>(kLegendColumns);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double x = kLeft + column * static_cast<double>(i % kLegendColumns);
    const std::size_t row = i / kLegendColumns;
    const double y = top + kLegendRow * static_cast<double>(row);
    const char* colour = kColours[i % kColours.size()];
    if (is_area) {
      svg +=
          absl::StrFormat("<rect x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"11\" fill=\"%s\"/>\n",
                          x, y - 10, colour);
    } else {
      svg += absl::StrFormat(
          "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
          "stroke-width=\"2.5\"%s/>\n",
          x, y - 4, x + 18, y - 4, colour, lines[i].is_dashed ? " stroke-dasharray=\"6 4\"" : "");
    }
    std::string name = lines[i].name;
    if (name.size() > kNameBytesMax && IsUtf8(name.substr(0, kNameBytesMax))) {
      name = name.substr(0, kNameBytesMax) + "...";
    }
    svg += TextAt(x + 25, y, "start", 12, "#333333", name);
  }
  return svg;
}

double LegendHeight(std::size_t lines) {
  return kLegendRow * std::ceil(static_cast<double>(lines) / static_cast<double>(kLegendColumns));
}

std::string Point(double x, double y) { return absl::StrFormat("%.2f,%.2f ", x, y); }

struct Frame {
  Scale x;
  double bottom = 0;
  double top = 0;
  double height = 0;  // of the whole part
};

Frame FrameOf(const Chart& chart) {
  Frame frame;
  frame.top = kTop;
  frame.bottom = kTop + kPlotHeight;
  frame.height = frame.bottom + kAxisHeight + LegendHeight(chart.lines.size()) + 16;
  const double last = chart.x.empty() ? 1 : chart.x.back();
  frame.x = {0, last > 0 ? last : 1, kLeft, kWidth - kRight};
  return frame;
}

double MeanBetween(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  if (begin >= end) return 0;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = values.begin() + static_cast<std::ptrdiff_t>(end);
  return std::accumulate(first, last, 0.0) / static_cast<double>(end - begin);
}

}  // namespace

SvgPart LineChartSvg(const Chart& chart) {
  const Frame frame = FrameOf(chart);
  const Scale y = RangeOf(chart.lines, frame.bottom, frame.top);
  std::string svg = Axes(chart, frame.x, y);
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const ChartLine& line = chart.lines[i];
    // A level that is known from the start begins at the axis.
    std::string points;
    if (line.is_dashed && !line.values.empty()) {
      points += Point(frame.x.at_from, y.At(line.values.front()));
    }
    for (std::size_t k = 0; k < line.values.size(); ++k) {
      points += Point(frame.x.At(chart.x[k]), y.At(line.values[k]));
    }
    svg += absl::StrFormat(
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\"%s "
        "points=\"%s\"/>\n",
        kColours[i % kColours.size()], line.is_dashed ? "1.8" : "2.6",
        line.is_dashed ? " stroke-dasharray=\"6 4\"" : "", points);
  }
  svg += Legend(chart.lines, frame.bottom + kAxisHeight + 14, false);
  return {kWidth, frame.height, svg};
}

SvgPart AreaChartSvg(const Chart& chart) {
  const Frame frame = FrameOf(chart);
  const Scale y{0, 1, frame.bottom, frame.top};
  std::string svg;
  std::vector<double> below(chart.x.size());
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    std::vector<double> above = below;
    for (std::size_t k = 0; k < above.size(); ++k) above[k] += chart.lines[i].values[k];
    std::string points;
    // A block's share applies from its first round on, so the area begins at the axis.
    if (!above.empty()) points += Point(frame.x.at_from, y.At(above.front()));
    for (std::size_t k = 0; k < above.size(); ++k) {
      points += Point(frame.x.At(chart.x[k]), y.At(above[k]));
    }
    for (std::size_t k = below.size(); k > 0; --k) {
      points += Point(frame.x.At(chart.x[k - 1]), y.At(below[k - 1]));
    }
    if (!below.empty()) points += Point(frame.x.at_from, y.At(below.front()));
    svg += absl::StrFormat(
        "<polygon fill=\"%s\" fill-opacity=\"0.85\" stroke=\"#ffffff\" stroke-width=\"0.6\" "
        "points=\"%s\"/>\n",
        kColours[i % kColours.size()], points);
    below = std::move(above);
  }
  svg += Axes(chart, frame.x, y);
  svg += Legend(chart.lines, frame.bottom + kAxisHeight + 14, true);
  return {kWidth, frame.height, svg};
}

std::string SvgDocument(const std::vector<SvgPart>& parts) {
  double width = 0;
  double height = 0;
  std::string body;
  for (const SvgPart& part : parts) {
    body += absl::StrFormat("<g transform=\"translate(0 %.1f)\">\n%s</g>\n", height, part.body);
    width = std::max(width, part.width);
    height += part.height;
  }
  return absl::StrFormat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
      "viewBox=\"0 0 %.0f %.0f\" font-family=\"Helvetica, Arial, sans-serif\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n%s</svg>\n",
      width, height, width, height, body);
}

std::string Bar(double share, std::size_t width) {
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width * 8)));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += kEighths[8];
  if (eighths % 8 != 0) bar += kEighths[eighths % 8];
  return bar;
}

std::string Sparkline(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double range = *high - *low;
  std::string line;
  for (const double value : values) {
    const double place = range > 0 ? (value - *low) / range : 0.5;
    line += kSteps[std::min<std::size_t>(kSteps.size() - 1,
                                         static_cast<std::size_t>(place * kSteps.size()))];
  }
  return line;
}

std::string LineChartText(const Chart& chart) {
  std::string text = chart.title + "\n";
  for (const ChartLine& line : chart.lines) {
    if (line.values.empty()) continue;
    if (line.is_dashed) {
      text += absl::StrFormat("  %8.4f  %s\n", MeanBetween(line.values, 0, line.values.size()),
                              line.name);
      continue;
    }
    text += absl::StrFormat("  %8.4f  %s  %.4f  %s\n", line.values.front(), Sparkline(line.values),
                            line.values.back(), line.name);
  }
  return text;
}

std::string AreaChartText(const Chart& chart) {
  std::string text = absl::StrFormat("%s\n%9s%9s%9s\n", chart.title, "early", "middle", "late");
  const std::size_t n = chart.x.size();
  const std::size_t fifth = std::max<std::size_t>(1, n / 5);
  const std::size_t middle = (n - std::min(n, fifth)) / 2;
  for (const ChartLine& line : chart.lines) {
    const double late = MeanBetween(line.values, n - std::min(n, fifth), n);
    text += absl::StrFormat("%8.1f%%%8.1f%%%8.1f%%  %-32s %s\n",
                            100 * MeanBetween(line.values, 0, std::min(n, fifth)),
                            100 * MeanBetween(line.values, middle, std::min(n, middle + fifth)),
                            100 * late, line.name, Bar(late, 20));
  }
  return text;
}

}  // namespace pointsman::evaluation
