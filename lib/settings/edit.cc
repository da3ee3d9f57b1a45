#include "lib/settings/edit.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "lib/settings/extent.h"

namespace matic::settings {
namespace {

using Path = std::vector<std::string>;

bool IsLetterOrDigit(char c) { return std::isalnum(static_cast<unsigned char>(c)); }

bool IsPlain(char c) {
  return IsLetterOrDigit(c) || std::string_view(" :/._%+@=-").find(c) != std::string_view::npos;
}

struct NewValue {
  std::string written;
  Value value;
};

Result<NewValue> Parse(const std::string& text) {
  if (text.find_first_of("\n\r") != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "the value must be one line");
  }
  std::string written = text.starts_with('[') ? text : WrittenText(text);
  MATIC_ASSIGN(Value value, ParseDocument("the value", written));
  // Without what follows a list: blanks, a comment.
  if (const auto extent = ExtentOf(written, value)) written.resize(extent->end);
  return NewValue{std::move(written), std::move(value)};
}

bool SameContent(const Value& a, const Value& b) {
  const auto same_entry = [](const Entry& x, const Entry& y) {
    return SameContent(x.key, y.key) && SameContent(x.value, y.value);
  };
  return a.kind == b.kind && a.text == b.text &&
         std::ranges::equal(a.items, b.items, SameContent) &&
         std::ranges::equal(a.entries, b.entries, same_entry);
}

class Editing {
 public:
  Editing(const std::string& text, const Path& path, NewValue value, Spelling spelling)
      : text_(text), path_(path), new_(std::move(value)), spelling_(spelling) {}

  // Changes `root` as the text should be changed. Nothing where a person has to.
  Result<std::optional<std::string>> Run(Value& root) {
    if (root.IsEmpty()) {
      root.kind = Value::Kind::kSection;
      Add(root, 0);
      return Joined(text_, Lines(0, 0));
    }
    Value* at = &root;
    for (size_t step = 0; step < path_.size(); ++step) {
      Entry* entry = nullptr;
      Value* next = Find(*at, path_[step], entry);
      if (next == nullptr) {
        if (!at->IsSection()) return NoSection(step);
        return Insert(*at, step);
      }
      if (next->IsEmpty() && entry != nullptr) return Fill(*entry, step + 1);
      at = next;
    }
    return Replace(*at);
  }

 private:
  std::string Spelt(const std::string& key) const {
    return spelling_ == Spelling::kAlsoSnakeCase ? CamelCase(key) : key;
  }

  Value* Find(Value& in, const std::string& key, Entry*& found) const {
    for (Entry& entry : in.entries) {
      if (Spelt(entry.key.text) != Spelt(key)) continue;
      found = &entry;
      return &entry.value;
    }
    for (Value& item : in.items) {
      for (const Entry& entry : item.entries) {
        if (entry.key.text == "name" && entry.value.text == key) return &item;
      }
    }
    return nullptr;
  }

  Result<std::optional<std::string>> NoSection(size_t step) const {
    const std::string shown = step == 0 ? "the file" : "`" + path_[step - 1] + "`";
    return Fail(ErrorCode::kInvalidArgument,
                shown + " is not a section of keys, and has no place for `" + path_[step] + "`");
  }

  // The rest of the path and the value, into a section that has none of it.
  void Add(Value& section, size_t step) const {
    for (; step + 1 < path_.size(); ++step) {
      section.entries.push_back({TextValue(path_[step]), {}});
      Value& inner = section.entries.back().value;
      inner.kind = Value::Kind::kSection;
      return Add(inner, step + 1);
    }
    section.entries.push_back({TextValue(path_[step]), new_.value});
  }

  static Value TextValue(const std::string& text) {
    Value value;
    value.kind = Value::Kind::kText;
    value.text = text;
    return value;
  }

  std::string Lines(size_t step, size_t indent) const {
    std::string lines;
    for (; step < path_.size(); ++step, indent += 2) {
      lines += std::string(indent, ' ') + WrittenText(path_[step]) + ":";
      lines += step + 1 == path_.size() ? " " + new_.written + "\n" : "\n";
    }
    return lines;
  }

  // "a: {b: 1}"
  std::string InBraces(size_t step) const {
    const std::string start = WrittenText(path_[step]) + ": ";
    return step + 1 == path_.size() ? start + new_.written : start + "{" + InBraces(step + 1) + "}";
  }

  static std::string Joined(std::string before, const std::string& lines) {
    if (!before.empty() && !before.ends_with('\n')) before += '\n';
    return before + lines;
  }

  std::optional<std::string> Insert(Value& section, size_t step) const {
    std::optional<std::string> changed;
    if (IsInBraces(text_, section)) {
      if (const auto extent = ExtentOf(text_, section)) {
        size_t end = extent->end - 1;
        while (text_[end - 1] == ' ' || text_[end - 1] == '\n') --end;
        const bool first = section.entries.empty();
        changed = text_.substr(0, end) + (first ? "" : ", ") + InBraces(step) + text_.substr(end);
      }
    } else if (const auto end = EndOfSection(text_, section)) {
      const std::string lines = Lines(step, IndentOf(text_, section));
      changed = Joined(text_.substr(0, *end), lines) + text_.substr(*end);
    }
    Add(section, step);
    return changed;
  }

  // An entry that has no value yet.
  std::optional<std::string> Fill(Entry& entry, size_t step) const {
    const size_t line_end = std::min(text_.find('\n', entry.key.offset), text_.size());
    const auto key = ExtentOf(text_, entry.key);
    if (!key) return std::nullopt;
    const size_t colon = text_.find(':', key->end);
    if (colon >= line_end) return std::nullopt;
    if (step == path_.size()) {
      entry.value = new_.value;
      return text_.substr(0, colon + 1) + " " + new_.written + text_.substr(BehindNull(colon + 1));
    }
    entry.value.kind = Value::Kind::kSection;
    const size_t indent = IndentOf(text_, entry.key) + 2;
    Add(entry.value, step);
    const size_t after = std::min(line_end + 1, text_.size());
    return Joined(text_.substr(0, after), Lines(step, indent)) + text_.substr(after);
  }

  // Where nothing is written as "~".
  size_t BehindNull(size_t at) const {
    const size_t word = text_.find_first_not_of(' ', at);
    return word != std::string::npos && text_[word] == '~' ? word + 1 : at;
  }

  std::optional<std::string> Replace(Value& value) const {
    const auto extent = ExtentOf(text_, value);
    if (!extent) return std::nullopt;
    size_t begin = extent->begin;
    const bool block = value.IsList() && !IsInBraces(text_, value);
    value = new_.value;
    if (!block) return text_.substr(0, begin) + new_.written + text_.substr(extent->end);
    // Up to the line of its key.
    while (begin > 0 && (text_[begin - 1] == ' ' || text_[begin - 1] == '\n')) --begin;
    return text_.substr(0, begin) + " " + new_.written + text_.substr(extent->end);
  }

  const std::string& text_;
  const Path& path_;
  const NewValue new_;
  const Spelling spelling_;
};

}  // namespace

std::string WrittenText(const std::string& text) {
  const bool plain = !text.empty() && text != "null" && text != "Null" && text != "NULL" &&
                     (IsLetterOrDigit(text.front()) || text.front() == '/') &&
                     !text.ends_with(' ') && !text.ends_with(':') &&
                     text.find(": ") == std::string::npos && std::ranges::all_of(text, IsPlain);
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

Result<std::string> SetValue(const std::filesystem::path& file, const std::string& text,
                             const Path& path, const std::string& value, Spelling spelling,
                             const Limits& limits) {
  MATIC_ASSIGN(Value root, ParseDocument(file, text, limits));
  MATIC_ASSIGN(NewValue parsed, Parse(value));
  MATIC_ASSIGN(const auto changed, Editing(text, path, std::move(parsed), spelling).Run(root));
  if (changed) {
    const auto result = ParseDocument(file, *changed, limits);
    if (result && SameContent(*result, root)) return *changed;
  }
  return Fail(ErrorCode::kInvalidArgument, file.string() + ": `" + path.back() +
                                               "` is written in a way that cannot be changed in "
                                               "its place: edit the file");
}

}  // namespace matic::settings
