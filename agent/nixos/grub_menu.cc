#include "agent/nixos/grub_menu.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/nixos/boot_loader.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlank = " \t\r";
constexpr size_t kMaxDepth = 8;

std::string_view Trim(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlank)));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

// The words of a line, without their quotes.
std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool within = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word.push_back(line[++i]);
      within = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word.push_back(c);
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      within = true;
    } else if (kBlank.find(c) != std::string_view::npos) {
      if (within) words.push_back(std::exchange(word, {}));
      within = false;
    } else {
      word.push_back(c);
      within = true;
    }
  }
  if (within) words.push_back(word);
  return words;
}

// "menuentry TITLE --class nixos --id ID {"
std::optional<GrubItem> ItemOf(const std::vector<std::string>& words) {
  if (words.size() < 2 || (words[0] != "menuentry" && words[0] != "submenu")) return std::nullopt;
  GrubItem item{.title = words[1], .is_submenu = words[0] == "submenu"};
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "--id" && i + 1 < words.size()) item.id = words[i + 1];
    if (words[i].starts_with("--id=")) item.id = words[i].substr(5);
  }
  return item;
}

class Parser {
 public:
  void Take(std::string_view line) {
    line = Trim(line);
    if (line.empty() || line[0] == '#') return;
    const std::vector<std::string> words = Words(line);
    if (line == "}") {
      Close();
    } else if (line.ends_with('{')) {
      open_.push_back(ItemOf(words));
    } else if (words.size() == 2 && words[0] == "set" && words[1].starts_with("default=")) {
      const std::string value = words[1].substr(8);
      if (value == "${next_entry}") {
        menu_.takes_next = true;
      } else {
        menu_.start = value;
      }
    } else if (!open_.empty() && open_.back() && !open_.back()->is_submenu) {
      if (auto system = SystemOf(line)) open_.back()->system = std::move(system);
    }
  }

  Result<GrubMenu> Finish() && {
    if (open_.empty()) return std::move(menu_);
    return Fail(ErrorCode::kCorrupt, "the file ends within an entry: it was not written whole");
  }

 private:
  void Close() {
    if (open_.empty()) return;
    std::optional<GrubItem> item = std::move(open_.back());
    open_.pop_back();
    if (!item) return;  // a function
    if (open_.empty()) {
      menu_.items.push_back(*std::move(item));
    } else if (open_.back() && open_.size() < kMaxDepth) {
      open_.back()->items.push_back(*std::move(item));
    }
  }

  std::vector<std::optional<GrubItem>> open_;
  GrubMenu menu_;
};

// Up to a single '>', where ">>" stands for one of a title.
std::string TakePart(std::string_view& name) {
  std::string part;
  while (!name.empty()) {
    const char c = name.front();
    name.remove_prefix(1);
    if (c == '>') {
      if (!name.starts_with('>')) break;
      name.remove_prefix(1);
    }
    part.push_back(c);
  }
  return part;
}

const GrubItem* ItemNamed(const std::vector<GrubItem>& items, const std::string& part) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (error == std::errc() && end == part.data() + part.size()) {
    return number < items.size() ? &items[number] : nullptr;
  }
  const auto item = std::ranges::find_if(items, [&](const GrubItem& candidate) {
    return candidate.title == part || candidate.id == part;
  });
  return item == items.end() ? nullptr : &*item;
}

std::string Escaped(const std::string& title) {
  std::string text;
  for (const char c : title) text += c == '>' ? std::string(">>") : std::string(1, c);
  return text;
}

struct Names {
  std::string titles;
  std::string numbers;
};

// Submenus first: the entries outside are those of whatever is the default, not of a generation.
std::optional<Names> NamesOf(const std::vector<GrubItem>& items, const fs::path& system) {
  const auto names = [&](size_t i) { return Names{Escaped(items[i].title), std::to_string(i)}; };
  for (size_t i = 0; i < items.size(); ++i) {
    const std::optional<Names> within = NamesOf(items[i].items, system);
    if (!within) continue;
    const Names own = names(i);
    return Names{own.titles + ">" + within->titles, own.numbers + ">" + within->numbers};
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_submenu && items[i].system == system) return names(i);
  }
  return std::nullopt;
}

}  // namespace

Result<GrubMenu> ParseGrubMenu(std::string_view text) {
  Parser parser;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    parser.Take(line);
  }
  return std::move(parser).Finish();
}

const GrubItem* FindGrubItem(const GrubMenu& menu, std::string_view name) {
  const std::vector<GrubItem>* items = &menu.items;
  const GrubItem* item = nullptr;
  while (!name.empty()) {
    item = ItemNamed(*items, TakePart(name));
    if (item == nullptr) return nullptr;
    items = &item->items;
  }
  return item == nullptr || item->is_submenu ? nullptr : item;
}

std::optional<std::string> GrubNameOf(const GrubMenu& menu, const fs::path& system) {
  const std::optional<Names> names = NamesOf(menu.items, system);
  if (!names) return std::nullopt;
  const GrubItem* const item = FindGrubItem(menu, names->titles);
  return item != nullptr && item->system == system ? names->titles : names->numbers;
}

}  // namespace matic::nixos
