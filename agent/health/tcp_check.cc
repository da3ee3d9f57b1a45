#include "agent/health/tcp_check.h"

#include <algorithm>
#include <sstream>

#include "agent/health/program.h"

namespace matic::health {
namespace {

constexpr std::chrono::seconds kLimit{5};
constexpr size_t kMaxAddresses = 8;

}  // namespace

TcpCheck::TcpCheck(const config::TcpCheck& check, ProcessRunner& processes)
    : ConfiguredCheck(check.name, check.settings), address_(check.address), processes_(processes) {}

Result<std::vector<Address>> TcpCheck::Resolve(std::chrono::milliseconds limit,
                                               std::stop_token stop) const {
  MATIC_ASSIGN(const HostPort place, ParseHostPort(address_));
  if (const auto numeric = NumericAddress(place)) return std::vector{*numeric};
  MATIC_ASSIGN(const std::string answer,
               AskProgram(processes_, {"getent", "ahosts", place.host}, limit, std::move(stop)));
  std::vector<Address> addresses;
  std::vector<std::string> seen;  // there is a line for each type of socket
  std::istringstream lines(answer);
  for (std::string line; addresses.size() < kMaxAddresses && std::getline(lines, line);) {
    const std::string host = line.substr(0, line.find(' '));
    if (std::ranges::find(seen, host) != seen.end()) continue;
    seen.push_back(host);
    if (const auto address = NumericAddress({host, place.port})) addresses.push_back(*address);
  }
  if (addresses.empty()) return Fail(ErrorCode::kNotFound, place.host + " has no address");
  return addresses;
}

Finding TcpCheck::Run(std::stop_token stop) {
  const std::chrono::milliseconds limit = LimitOr(kLimit);
  const SteadyTime deadline = std::chrono::steady_clock::now() + limit;
  const auto addresses = Resolve(limit, stop);
  if (!addresses) return {false, address_ + ": " + addresses.error().message};
  std::string wrong;
  for (size_t i = 0; i < addresses->size(); ++i) {
    // What is left is shared out, so that a first address that drops everything leaves the others
    // a chance.
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime end = now + (deadline - now) / static_cast<int>(addresses->size() - i);
    const auto connection = Connect((*addresses)[i], end, stop);
    if (connection) return {true, address_ + " takes connections"};
    wrong = connection.error().message;
  }
  return {false, address_ + ": " + wrong};
}

}  // namespace matic::health
