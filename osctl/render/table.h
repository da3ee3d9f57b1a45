// Rows in columns that line up.
#pragma once

#include <string>
#include <vector>

#include "osctl/render/terminal.h"

namespace matic::osctl {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // Cells may be painted. Whatever they say, a row stays one line.
  void AddRow(std::vector<std::string> cells);

  // A line each, the header first, columns two spaces apart. On a terminal a line is cut at its
  // width.
  std::string Render(const Terminal& terminal, size_t indent = 0) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace matic::osctl
