#include "osctl/render/table.h"

#include <algorithm>

namespace matic::osctl {
namespace {

std::string Row(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += i + 1 < cells.size() ? Pad(cells[i], widths[i] + 2) : cells[i];
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(const Terminal& terminal, size_t indent) const {
  std::vector<size_t> widths(header_.size(), 0);
  const auto measure = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < std::min(cells.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(cells[i]));
    }
  };
  measure(header_);
  std::ranges::for_each(rows_, measure);

  std::string text;
  const auto append = [&](const std::string& row, Style style) {
    std::string line = std::string(indent, ' ') + row;
    if (terminal.interactive) line = Fit(line, terminal.width);
    text += terminal.Paint(line, style) + "\n";
  };
  append(Row(header_, widths), Style::kDim);
  for (const auto& cells : rows_) append(Row(cells, widths), Style::kPlain);
  return text;
}

}  // namespace matic::osctl
