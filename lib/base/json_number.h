// Whole numbers out of JSON. The library converts one with a fraction, or outside the type's range,
// without a word, and for a large one that is undefined.
#pragma once

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace matic {

// Throws as the library does where `json` is no whole number that a T can hold.
template <typename T>
T WholeNumber(const nlohmann::json& json) {
  using Json = nlohmann::json;
  // Of either sign: it throws for whatever is no whole number.
  const Json::number_integer_t number = json.get_ref<const Json::number_integer_t&>();
  const bool fits = json.is_number_unsigned()
                        ? std::in_range<T>(json.get<Json::number_unsigned_t>())
                        : std::in_range<T>(number);
  if (!fits) throw Json::out_of_range::create(406, "number out of range: " + json.dump(), &json);
  return static_cast<T>(number);
}

// `otherwise` where `json` has no such key.
template <typename T>
T WholeNumber(const nlohmann::json& json, const char* key, T otherwise) {
  const auto found = json.find(key);
  return found == json.end() ? otherwise : WholeNumber<T>(*found);
}

// Of a list.
template <typename T>
std::vector<T> WholeNumbers(const nlohmann::json& json) {
  std::vector<T> numbers;
  for (const nlohmann::json& item : json.get_ref<const nlohmann::json::array_t&>()) {
    numbers.push_back(WholeNumber<T>(item));
  }
  return numbers;
}

}  // namespace matic
