// The keys of agent.yaml: one row each, with the values it takes. Inside this folder only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "lib/settings/fields.h"

namespace matic::config {

using settings::Field;
using settings::FieldReader;
using settings::Items;
using settings::Value;

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

// Those of the sections `trust` and `channel`, and what is wrong with them together, or with the
// backend.
std::vector<Field> SourceFields(Trust& trust, Channel& channel);
std::optional<std::pair<std::string, std::string>> ContradictionIn(BackendKind backend,
                                                                   const Trust& trust,
                                                                   const Channel& channel);

// Those of the `nixos` section, and what is wrong with them together.
std::vector<Field> NixosFields(Nixos& nixos);
std::optional<std::pair<std::string, std::string>> ContradictionIn(const Nixos& nixos);

// Those of the `notifications` section, and the same for it.
std::vector<Field> NotificationFields(Notifications& notifications);
std::optional<std::pair<std::string, std::string>> ContradictionIn(
    const Notifications& notifications);

}  // namespace matic::config
