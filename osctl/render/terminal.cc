#include "osctl/render/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/printable.h"
#include "lib/base/utf8.h"

namespace matic::osctl {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr std::string_view kEllipsis = "…";

std::string_view StyleSequence(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
  }
  return "";
}

// Bytes of the escape sequence, or of the character, that `text` starts with, and its columns.
struct Piece {
  size_t bytes;
  size_t columns;
};

Piece FirstPiece(std::string_view text) {
  if (text.starts_with("\x1b[")) {
    const size_t end = text.find('m');
    return {end == std::string_view::npos ? text.size() : end + 1, 0};
  }
  size_t bytes = 1;
  while (bytes < text.size() && IsContinuation(text[bytes])) ++bytes;
  return {bytes, 1};
}

// Of a sequence as StyleSequence has them; 0: `text` starts with no such.
size_t ColourBytes(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

bool IsSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

Terminal Terminal::Detect(int fd) {
  Terminal terminal;
  terminal.interactive = ::isatty(fd) == 1;
  if (!terminal.interactive) return terminal;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  terminal.interactive = !dumb;
  terminal.colour = !dumb && !IsSet("NO_COLOR");
  terminal.fd = fd;
  terminal.Measure();
  return terminal;
}

void Terminal::Measure() {
  winsize size{};
  if (fd < 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return;
  if (size.ws_col > 0) width = size.ws_col;
  if (size.ws_row > 0) height = size.ws_row;
}

std::string Terminal::Paint(std::string_view text, Style style) const {
  if (!colour || style == Style::kPlain || text.empty()) return std::string(text);
  return std::string(StyleSequence(style)) + std::string(text) + std::string(kReset);
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Piece piece = FirstPiece(text);
    width += piece.columns;
    text.remove_prefix(piece.bytes);
  }
  return width;
}

std::string OneLine(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const size_t next = std::min(text.find("\x1b["), text.size());
    line += Printable(text.substr(0, next));
    text.remove_prefix(next);
    if (text.empty()) break;
    const size_t sequence = ColourBytes(text);
    line += sequence > 0 ? std::string(text.substr(0, sequence)) : Printable(text.substr(0, 2));
    text.remove_prefix(std::max<size_t>(sequence, 2));
  }
  return line;
}

std::string Fit(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string result;
  size_t used = 0;
  bool styled = false;
  while (!text.empty() && used + 1 < width) {
    const Piece piece = FirstPiece(text);
    styled = styled || (piece.columns == 0);
    result += text.substr(0, piece.bytes);
    used += piece.columns;
    text.remove_prefix(piece.bytes);
  }
  result += kEllipsis;
  if (styled) result += kReset;
  return result;
}

std::string Pad(std::string_view text, size_t width) {
  std::string result(text);
  const size_t used = DisplayWidth(text);
  if (used < width) result.append(width - used, ' ');
  return result;
}

void Block::Draw(std::string_view text) {
  std::string screen;
  const size_t width = terminal_.width;
  const size_t height = terminal_.height;
  terminal_.Measure();
  const bool resized = terminal_.width != width || terminal_.height != height;
  if (drawn_ > 0 && resized) {
    screen = "\x1b[H\x1b[J";
  } else if (drawn_ > 0) {
    screen = "\x1b[" + std::to_string(drawn_) + "A\r\x1b[J";
  }
  // The cursor stands below the last line, which takes a line of its own.
  for (drawn_ = 0; !text.empty() && drawn_ + 1 < terminal_.height; ++drawn_) {
    const size_t end = std::min(text.find('\n'), text.size());
    screen += Fit(text.substr(0, end), terminal_.width > 1 ? terminal_.width - 1 : 1) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out_ << screen << std::flush;
}

LineWriter::~LineWriter() { Keep(); }

void LineWriter::Line(std::string_view text) {
  if (!live_.empty()) out_ << kClearLine;
  live_.clear();
  out_ << text << '\n' << std::flush;
}

void LineWriter::Live(std::string_view text) {
  if (!terminal_.interactive) return;
  terminal_.Measure();
  // One column is left free: a terminal wraps when the last is used, and then \r clears too little.
  std::string line = Fit(text, terminal_.width > 1 ? terminal_.width - 1 : 1);
  if (line == live_) return;
  live_ = std::move(line);
  out_ << kClearLine << live_ << std::flush;
}

void LineWriter::Keep() {
  if (!live_.empty()) out_ << '\n' << std::flush;
  live_.clear();
}

}  // namespace matic::osctl
