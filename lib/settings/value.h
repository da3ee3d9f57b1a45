// What a settings file holds, as a tree.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace matic::settings {

struct Entry;

struct Value {
  enum class Kind { kEmpty, kText, kList, kSection };

  Kind kind = Kind::kEmpty;
  std::string text;            // of kText; numbers and flags are texts as well
  std::vector<Value> items;    // of kList
  std::vector<Entry> entries;  // of kSection, as written: a key may come twice
  size_t line = 0;             // where it begins, from 1; 0: not known
  size_t offset = 0;           // the same in bytes, from 0, not counting a byte order mark

  bool IsEmpty() const { return kind == Kind::kEmpty; }
  bool IsText() const { return kind == Kind::kText; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsSection() const { return kind == Kind::kSection; }
};

struct Entry {
  Value key;
  Value value;
};

}  // namespace matic::settings
