// The keys of agent.yaml: one row each, with the values it takes. Inside this folder only, since
// the file reader's types show here.
#pragma once

#include <yaml-cpp/yaml.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"

namespace matic::config {

// Takes a value into the configuration it is bound to, or returns what is wrong with it: "must be
// yes or no, is 'maybe'". A refused value leaves the configuration as it was.
using FieldReader = std::function<std::optional<std::string>(const YAML::Node&)>;

struct Field;

// Reads a list of sections: Add for each item, whose keys are then read, and Wrong; then Keep.
class ItemReader {
 public:
  virtual ~ItemReader() = default;
  virtual std::vector<Field> Add() = 0;
  // What is wrong with the last item as a whole.
  virtual std::optional<std::string> Wrong() const = 0;
  // Puts the items in the place of those that were there.
  virtual void Keep() = 0;
};

struct Field {
  std::string key;  // "health.checks.boot.critical"
  FieldReader read;
  // For a list of sections, instead of `read`.
  std::function<std::unique_ptr<ItemReader>()> read_items = nullptr;
};

template <typename T>
class ItemsOf final : public ItemReader {
 public:
  using Fields = std::vector<Field> (*)(T&);
  using Check = std::optional<std::string> (*)(const T&);

  ItemsOf(std::vector<T>& target, Fields fields, Check check)
      : target_(target), fields_(fields), check_(check) {}

  std::vector<Field> Add() override { return fields_(items_.emplace_back()); }
  std::optional<std::string> Wrong() const override { return check_(items_.back()); }
  void Keep() override { target_.assign(items_.begin(), items_.end()); }

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

// Every key there is, bound to `config`, which must outlive what is returned.
std::vector<Field> FieldsOf(Config& config);

// Those of the `download` section, and what is wrong with them together: the key, and the
// complaint.
std::vector<Field> DownloadFields(Download& download);
std::optional<std::pair<std::string, std::string>> ContradictionIn(const Download& download);
// Those of the `fleet_lock` section, and the same for it.
std::vector<Field> FleetLockFields(FleetLock& lock);
std::optional<std::pair<std::string, std::string>> ContradictionIn(const FleetLock& lock);
// Those of the `prechecks` section.
std::vector<Field> PrecheckFields(Prechecks& prechecks);
// Those of the sections `health` and `hooks`.
std::vector<Field> HealthFields(Health& health);
std::vector<Field> HooksFields(Hooks& hooks);
// Those of the `maintenance` section.
std::vector<Field> MaintenanceFields(Maintenance& maintenance);
// What is wrong with checks whose keys are each right: the key, and the complaint.
std::optional<std::pair<std::string, std::string>> ContradictionIn(const Health& health);

// Those of the sections `trust` and `channel`, and what is wrong with them together.
std::vector<Field> SourceFields(Trust& trust, Channel& channel);
std::optional<std::pair<std::string, std::string>> ContradictionIn(const Trust& trust,
                                                                   const Channel& channel);

// Those of the `nixos` section, and what is wrong with them together.
std::vector<Field> NixosFields(Nixos& nixos);
std::optional<std::pair<std::string, std::string>> ContradictionIn(const Nixos& nixos);

// Those of the `notifications` section, and the same for it.
std::vector<Field> NotificationFields(Notifications& notifications);
std::optional<std::pair<std::string, std::string>> ContradictionIn(
    const Notifications& notifications);

}  // namespace matic::config
