// Inventories as the programs print them that Ansible calls with --list
// (docs.ansible.com, "Developing dynamic inventory"). Inside this folder only.
#pragma once

#include <filesystem>
#include <vector>

#include "lib/base/error.h"
#include "lib/settings/value.h"
#include "osctl/fleet/inventory/draft.h"

namespace matic::fleet {

// Whether it is one, and not machines as fleet.yaml has them.
bool IsAnsible(const settings::Value& root);

// Hosts become machines, reached through ssh by ansible_host, ansible_user and ansible_port, or by
// matic_address, which is an address as fleet.yaml has it; the groups they are in become their
// tags. What ansible_connection calls local is the controller. Variables come from groups as well,
// a host's own first. Whatever else it says is passed by.
void ReadAnsible(const settings::Value& root, const std::filesystem::path& source,
                 std::vector<DraftMachine>& machines, std::vector<Error>& problems);

}  // namespace matic::fleet
