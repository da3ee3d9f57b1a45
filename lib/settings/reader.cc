#include "lib/settings/reader.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "lib/settings/document.h"
#include "lib/settings/values.h"

namespace matic::settings {
namespace {

constexpr size_t kMaxProblems = 100;

}  // namespace

std::string CamelCase(const std::string& key) {
  std::string camel;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] != '_') {
      camel += key[i];
      continue;
    }
    const bool after_word = i > 0 && std::isalnum(static_cast<unsigned char>(key[i - 1]));
    if (!after_word || i + 1 == key.size() || !std::islower(static_cast<unsigned char>(key[i + 1])))
      return key;
    camel += static_cast<char>(std::toupper(static_cast<unsigned char>(key[++i])));
  }
  return camel;
}

Reader::Reader(std::vector<Field> fields, Spelling spelling, OnTaken on_taken)
    : fields_(std::move(fields)), spelling_(spelling), on_taken_(std::move(on_taken)) {}

Result<> Reader::Take(const std::filesystem::path& file, const Value& root) {
  const size_t before = refused_;
  TakeSection({file, "", fields_}, root, "");
  return FirstSince(before);
}

Result<> Reader::TakeAlone(const Taken& entry) {
  const size_t before = refused_;
  TakeEntry({entry.file, "", fields_}, entry.name, entry.value, entry.key);
  return FirstSince(before);
}

tl::unexpected<Error> Reader::Contradiction(const std::string& key, const std::string& other,
                                            const std::string& wrong) const {
  const auto place = places_.contains(key) ? places_.find(key) : places_.find(other);
  const std::string where = place == places_.end() ? "" : place->second + ": ";
  return Fail(ErrorCode::kInvalidArgument, where + key + ": " + wrong);
}

Result<> Reader::FirstSince(size_t before) const {
  if (refused_ == before) return {};
  return Fail(problems_[std::min(before, problems_.size() - 1)]);
}

void Reader::Refuse(const Scope& scope, const Value& at, const std::string& key,
                    const std::string& wrong) {
  if (++refused_ > kMaxProblems) return;
  problems_.push_back({ErrorCode::kInvalidArgument, Place(scope.file, at.line) + ": " +
                                                        (key.empty() ? "" : key + ": ") + wrong});
}

void Reader::TakeSection(const Scope& scope, const Value& section, const std::string& prefix) {
  if (section.IsEmpty()) return;  // all of its keys are commented out
  if (!section.IsSection()) {
    const std::string shown = scope.origin + prefix;
    return Refuse(scope, section, shown.empty() ? "" : shown.substr(0, shown.size() - 1),
                  "must be keys with values");
  }
  std::set<std::string> seen;
  for (const auto& [name, value] : section.entries) {
    if (!name.IsText()) {
      Refuse(scope, name, "", "a key must be a name");
      continue;
    }
    const std::string key =
        prefix + (spelling_ == Spelling::kAlsoSnakeCase ? CamelCase(name.text) : name.text);
    if (seen.insert(key).second) {
      TakeEntry(scope, name, value, key);
    } else {
      Refuse(scope, name, scope.origin + key, "is given twice");
    }
  }
}

void Reader::TakeEntry(const Scope& scope, const Value& name, const Value& value,
                       const std::string& key) {
  for (const Field& field : scope.fields) {
    if (field.key != key) continue;
    if (!TakeField(scope, name, value, field)) return;
    places_[scope.origin + key] = Place(scope.file, name.line);
    if (!scope.origin.empty() || !on_taken_) return;
    if (const Result<> kept = on_taken_({scope.file, name, value, key}); !kept) {
      if (++refused_ <= kMaxProblems) problems_.push_back(kept.error());
    }
    return;
  }
  for (const Field& field : scope.fields) {
    if (field.key.starts_with(key + ".")) return TakeSection(scope, value, key + ".");
  }
  Refuse(scope, name, scope.origin + key, "no such key");
}

bool Reader::TakeField(const Scope& scope, const Value& name, const Value& value,
                       const Field& field) {
  const size_t before = refused_;
  if (field.read_items) {
    TakeItems(scope, name, value, field);
  } else if (const auto wrong = field.read(value)) {
    Refuse(scope, name, scope.origin + field.key, *wrong);
  }
  return refused_ == before;
}

void Reader::TakeItems(const Scope& scope, const Value& name, const Value& value,
                       const Field& field) {
  const std::string key = scope.origin + field.key;
  const std::unique_ptr<ItemReader> items = field.read_items();
  if (value.IsSection() && field.form != ItemForm::kList) {
    if (value.entries.size() > field.max_items) {
      return Refuse(scope, name, key, WrongCount(value.entries.size(), 0, field.max_items));
    }
    TakeNamed(scope, value, key, *items);
  } else {
    if (field.form == ItemForm::kNamed) {
      return Refuse(scope, name, key, Must("sections with names", value));
    }
    if (field.form == ItemForm::kEither && !value.IsList()) {
      return Refuse(scope, name, key, Must("sections with names, or a list", value));
    }
    if (const auto wrong = WrongList(value, 0, field.max_items)) {
      return Refuse(scope, name, key, *wrong);
    }
    TakeList(scope, value, key, *items);
  }
  items->Keep();
}

void Reader::TakeList(const Scope& scope, const Value& list, const std::string& key,
                      ItemReader& items) {
  for (size_t i = 0; i < list.items.size(); ++i) {
    const Value& item = list.items[i];
    const std::string item_key = key + "[" + std::to_string(i) + "]";
    if (item.IsSection()) {
      const std::vector<Field> fields = items.Add("", item.line);
      TakeItem(scope, item, item, item_key, fields, items);
    } else {
      Refuse(scope, item, item_key, "must be keys with values");
    }
  }
}

void Reader::TakeNamed(const Scope& scope, const Value& sections, const std::string& key,
                       ItemReader& items) {
  std::set<std::string> seen;
  for (const auto& [name, item] : sections.entries) {
    if (!name.IsText()) {
      Refuse(scope, name, "", "a key must be a name");
      continue;
    }
    const std::string item_key = key + "." + name.text;
    if (seen.insert(name.text).second) {
      const std::vector<Field> fields = items.Add(name.text, name.line);
      TakeItem(scope, name, item, item_key, fields, items);
    } else {
      Refuse(scope, name, item_key, "is given twice");
    }
  }
}

void Reader::TakeItem(const Scope& scope, const Value& at, const Value& item,
                      const std::string& key, const std::vector<Field>& fields,
                      const ItemReader& items) {
  const size_t before = refused_;
  TakeSection({scope.file, key + ".", fields}, item, "");
  // A key that was refused would seem to be missing.
  if (refused_ != before) return;
  if (const auto wrong = items.Wrong()) Refuse(scope, at, key, *wrong);
}

}  // namespace matic::settings
