// The keys of agent.yaml: one row each, with the values it takes. Inside this folder only, since
// the file reader's types show here.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"

namespace matic::config {

// Takes a value into the configuration it is bound to, or returns what is wrong with it: "must be
// yes or no, is 'maybe'". A refused value leaves the configuration as it was.
using FieldReader = std::function<std::optional<std::string>(const YAML::Node&)>;

struct Field {
  std::string key;  // "health.checks.boot.critical"
  FieldReader read;
};

// Every key there is, bound to `config`, which must outlive what is returned.
std::vector<Field> FieldsOf(Config& config);

}  // namespace matic::config
