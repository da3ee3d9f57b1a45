// Takes documents into the fields that their keys are bound to.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/fields.h"
#include "lib/settings/value.h"

namespace matic::settings {

// How keys may be spelt: as the fields are, or also in snake_case where those are in camelCase
// ("max_parallel" for "maxParallel").
enum class Spelling { kAsFields, kAlsoSnakeCase };

// "maxParallel" of "max_parallel"; any other text stays as it is.
std::string CamelCase(const std::string& key);

class Reader {
 public:
  // What was taken last: a key that is in no list, with its value.
  struct Taken {
    const std::filesystem::path& file;
    const Value& name;
    const Value& value;
    const std::string& key;
  };
  using OnTaken = std::function<Result<>(const Taken&)>;

  // `on_taken` may refuse what was taken.
  explicit Reader(std::vector<Field> fields, Spelling spelling = Spelling::kAsFields,
                  OnTaken on_taken = nullptr);

  // Unknown keys, keys given twice, wrong types and impossible values are kInvalidArgument:
  // "/etc/matic/agent.yaml:12: health.retries: must be a number from 1 to 1000, is 'many'". That
  // is the first of them; the rest of the document is taken all the same, and tells of the others.
  Result<> Take(const std::filesystem::path& file, const Value& root);

  // One key of a document that was taken.
  Result<> TakeAlone(const Taken& entry);

  // What was refused so far; the first 100 of it.
  const std::vector<Error>& problems() const { return problems_; }

  bool IsSet(const std::string& key) const { return places_.contains(key); }

  // Two keys that do not go together, told at the place where one of them was set.
  tl::unexpected<Error> Contradiction(const std::string& key, const std::string& other,
                                      const std::string& wrong) const;

 private:
  // Where a section's keys are looked up.
  struct Scope {
    const std::filesystem::path& file;
    std::string origin;  // of an item: "health.checks.http[0]."
    const std::vector<Field>& fields;
  };

  Result<> FirstSince(size_t before) const;
  void Refuse(const Scope& scope, const Value& at, const std::string& key,
              const std::string& wrong);
  void TakeSection(const Scope& scope, const Value& section, const std::string& prefix);
  void TakeEntry(const Scope& scope, const Value& name, const Value& value, const std::string& key);
  bool TakeField(const Scope& scope, const Value& name, const Value& value, const Field& field);
  void TakeItems(const Scope& scope, const Value& name, const Value& value, const Field& field);
  void TakeList(const Scope& scope, const Value& list, const std::string& key, ItemReader& items);
  void TakeNamed(const Scope& scope, const Value& sections, const std::string& key,
                 ItemReader& items);
  void TakeItem(const Scope& scope, const Value& at, const Value& item, const std::string& key,
                const std::vector<Field>& fields, const ItemReader& items);

  const std::vector<Field> fields_;
  const Spelling spelling_;
  const OnTaken on_taken_;
  std::vector<Error> problems_;
  size_t refused_ = 0;                         // may be more than there are problems kept
  std::map<std::string, std::string> places_;  // of each key that a file set
};

}  // namespace matic::settings
