// A node's status, health and history as text.
#pragma once

#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

std::string StatusText(const v1::GetStatusResponse& status, const Terminal& terminal);
// Of a Nix host, the newest first.
std::string GenerationTable(const v1::GetStatusResponse& status, const Terminal& terminal);
std::string HealthText(const v1::GetHealthResponse& health, const Terminal& terminal);
// One check, without a line end: "ok    boot        45 ms   up 312 s".
std::string CheckText(const v1::HealthCheck& check, size_t name_columns, const Terminal& terminal);
std::string RollbackTable(const v1::GetRollbackHistoryResponse& history, const Terminal& terminal);

}  // namespace matic::osctl
