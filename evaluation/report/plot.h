// Small pictures without a library: line charts and stacked areas as SVG, and the same in
// characters for a terminal.
// Shapes: every line has one value per x; x increases; values are finite. Areas are shares: values
//   at least 0 that sum to at most 1 at each x.
// Determinism: the same chart gives the same bytes.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

namespace pointsman::evaluation {

struct ChartLine {
  std::string name;
  std::vector<double> values;
  bool is_dashed = false;  // a reference to compare with
};

struct Chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<double> x;
  std::vector<ChartLine> lines;
};

// One picture of a document, without the <svg> around it.
struct SvgPart {
  double width = 0;
  double height = 0;
  std::string body;
};

SvgPart LineChartSvg(const Chart& chart);
SvgPart AreaChartSvg(const Chart& chart);
// The parts below each other, as a complete file.
std::string SvgDocument(const std::vector<SvgPart>& parts);

// Title, and a row of blocks per line that is not dashed with its first and last value; dashed
// lines as their mean.
std::string LineChartText(const Chart& chart);
// Title, and per line its shares early (first fifth), in the middle and late (last fifth).
std::string AreaChartText(const Chart& chart);

// `share` of `width` characters filled, in eighths; share in [0, 1].
std::string Bar(double share, std::size_t width);
// One block character per value, scaled between the smallest and the largest.
std::string Sparkline(const std::vector<double>& values);

}  // namespace pointsman::evaluation
