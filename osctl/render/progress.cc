#include "osctl/render/progress.h"

#include <algorithm>

#include "osctl/render/terminal.h"
#include "osctl/render/units.h"

namespace matic::osctl {
namespace {

constexpr size_t kBarColumns = 20;
constexpr size_t kMinBarColumns = 6;

std::string Bar(const Transfer& transfer, size_t columns) {
  const double part =
      static_cast<double>(transfer.bytes_done) / static_cast<double>(transfer.bytes_total);
  const auto full = static_cast<size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(columns));
  std::string bar;
  for (size_t i = 0; i < columns; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string PercentText(const Transfer& transfer) {
  const std::string digits = std::to_string(Percent(transfer));
  return std::string(3 - std::min<size_t>(digits.size(), 3), ' ') + digits + " %";
}

std::string Remaining(const Transfer& transfer) {
  if (transfer.bytes_per_second == 0 || transfer.bytes_done >= transfer.bytes_total) return "";
  const uint64_t left = transfer.bytes_total - transfer.bytes_done;
  const uint64_t seconds = (left + transfer.bytes_per_second - 1) / transfer.bytes_per_second;
  return FormatClock(std::chrono::seconds(seconds)) + " left";
}

}  // namespace

int Percent(const Transfer& transfer) {
  if (transfer.bytes_total == 0) return 0;
  if (transfer.bytes_done >= transfer.bytes_total) return 100;
  const double part =
      static_cast<double>(transfer.bytes_done) / static_cast<double>(transfer.bytes_total);
  return std::min(99, static_cast<int>(part * 100));
}

std::string ProgressBar(const Transfer& transfer, std::string_view target, size_t width) {
  const bool known = transfer.bytes_total > 0;
  std::string line = known ? PercentText(transfer) : FormatBytes(transfer.bytes_done);
  const auto append = [&](const std::string& piece, std::string_view gap) {
    const size_t reserved = known ? kMinBarColumns + 1 : 0;
    if (piece.empty()) return;
    if (DisplayWidth(line) + gap.size() + DisplayWidth(piece) + reserved > width) return;
    line += std::string(gap) + piece;
  };
  if (transfer.bytes_per_second > 0) append(FormatRate(transfer.bytes_per_second), "  ");
  if (known) append(Remaining(transfer), "  ");
  if (!target.empty()) append("(" + std::string(target) + ")", "   ");
  if (!known) return line;
  const size_t used = DisplayWidth(line) + 1;
  const size_t room = width > used ? width - used : 0;
  if (room < kMinBarColumns) return line;
  return Bar(transfer, std::min(kBarColumns, room)) + " " + line;
}

std::string ProgressText(const Transfer& transfer) {
  std::string line;
  if (transfer.bytes_total > 0) {
    line = PercentText(transfer) + "  " + FormatBytes(transfer.bytes_done) + " of " +
           FormatBytes(transfer.bytes_total);
  } else {
    line = FormatBytes(transfer.bytes_done);
  }
  if (transfer.bytes_per_second > 0) line += "  " + FormatRate(transfer.bytes_per_second);
  return line;
}

}  // namespace matic::osctl
