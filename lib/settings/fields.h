// The keys of a settings file: one row each, bound to where its value goes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/settings/value.h"

namespace matic::settings {

// Takes a value to where it is bound, or returns what is wrong with it: "must be true or false, is
// 'maybe'". A refused value leaves what was there as it was.
using FieldReader = std::function<std::optional<std::string>(const Value&)>;

constexpr size_t kMaxItems = 64;

struct Field;

// Reads several sections: Add for each, whose keys are then read, and Wrong; then Keep.
class ItemReader {
 public:
  virtual ~ItemReader() = default;
  // `name` is empty for an item of a list.
  virtual std::vector<Field> Add(const std::string& name, size_t line) = 0;
  // What is wrong with the last item as a whole.
  virtual std::optional<std::string> Wrong() const = 0;
  // Puts the items in the place of those that were there.
  virtual void Keep() = 0;
};

// How several sections are written: as a list, or each under its name.
enum class ItemForm { kList, kNamed, kEither };

struct Field {
  std::string key;  // "health.checks.boot.critical"
  FieldReader read;
  // For several sections, instead of `read`.
  std::function<std::unique_ptr<ItemReader>()> read_items = nullptr;
  ItemForm form = ItemForm::kList;
  size_t max_items = kMaxItems;
};

template <typename T>
class ItemsOf final : public ItemReader {
 public:
  using Fields = std::vector<Field> (*)(T&);
  using Check = std::optional<std::string> (*)(const T&);

  ItemsOf(std::vector<T>& target, Fields fields, Check check)
      : target_(target), fields_(fields), check_(check) {}

  std::vector<Field> Add(const std::string& name, size_t line) override {
    T& item = items_.emplace_back();
    if constexpr (requires { item.line; }) {
      item.name = name;
      item.line = line;
    }
    return fields_(item);
  }
  std::optional<std::string> Wrong() const override { return check_(items_.back()); }
  void Keep() override {
    target_.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.end()));
  }

 private:
  std::vector<T>& target_;
  Fields fields_;
  Check check_;
  std::deque<T> items_;  // whose items stay where the fields are bound to them
};

// A list of sections. `check` says what is wrong with an item whose keys are each right: "needs
// `url`".
template <typename T>
Field Items(std::string key, std::vector<T>& target, std::vector<Field> (*fields)(T&),
            std::optional<std::string> (*check)(const T&)) {
  return {std::move(key), nullptr,
          [&target, fields, check] { return std::make_unique<ItemsOf<T>>(target, fields, check); }};
}

// Sections under their names, or (kEither) a list of them as well, where the name is one of
// `fields`. T has a `name` and a `line`, which are set before `fields` is asked.
template <typename T>
Field NamedItems(std::string key, std::vector<T>& target, std::vector<Field> (*fields)(T&),
                 std::optional<std::string> (*check)(const T&), ItemForm form, size_t max_items) {
  Field field = Items(std::move(key), target, fields, check);
  field.form = form;
  field.max_items = max_items;
  return field;
}

}  // namespace matic::settings
