// What the standard output is, and text that suits it: colours and live lines on a terminal, plain
// lines in a pipe.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace matic::osctl {

enum class Style { kPlain, kBold, kDim, kGood, kWarning, kBad };

struct Terminal {
  bool interactive = false;
  bool colour = false;
  size_t width = 80;
  size_t height = 24;
  int fd = -1;  // that it was made of; -1: none

  // Of a file descriptor; NO_COLOR (no-color.org) and TERM=dumb are respected.
  static Terminal Detect(int fd);

  // Reads width and height again: the window may have been resized.
  void Measure();

  std::string Paint(std::string_view text, Style style) const;
};

// Characters, as a terminal counts them: escape sequences take no room, and every other code point
// takes one column (nothing wider is printed by us; a node's own text may be off by a little).
size_t DisplayWidth(std::string_view text);

// `text` on one line: what might begin another one, or move the cursor, is shown as what it is
// called ("\\x0a"). What Terminal::Paint added stays.
std::string OneLine(std::string_view text);

// `text` cut to `width` columns; a cut one ends in "…".
std::string Fit(std::string_view text, size_t width);

// `text` with spaces up to `width` columns.
std::string Pad(std::string_view text, size_t width);

// Several lines that are drawn anew in their place. For terminals only.
class Block {
 public:
  Block(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}

  // Replaces what was drawn before. What does not fit on the screen is cut: a line to its width,
  // and the last lines altogether. Where the window was resized since, what was drawn stands nobody
  // knows where: the screen is begun anew.
  void Draw(std::string_view text);

 private:
  std::ostream& out_;
  Terminal terminal_;
  size_t drawn_ = 0;  // lines
};

// Lines that stay, and one live line below them that is drawn anew. In a pipe there is no live
// line.
class LineWriter {
 public:
  LineWriter(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}
  // A live line that is left stays, ended by a line break.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  const Terminal& terminal() const { return terminal_; }

  // Replaces the live line, and stays.
  void Line(std::string_view text);
  // Nothing in a pipe.
  void Live(std::string_view text);
  // The live line, as it is, stays.
  void Keep();

 private:
  std::ostream& out_;
  Terminal terminal_;
  std::string live_;
};

}  // namespace matic::osctl
