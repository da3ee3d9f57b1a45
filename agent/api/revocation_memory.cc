#include "agent/api/revocation_memory.h"

#include <cstddef>

#include "lib/os/durable_file.h"

namespace matic::api {
namespace {

// As much as a crl.pem may have.
constexpr size_t kMaxBytes = 1024 * 1024;

}  // namespace

Result<rpc::RevocationList> RevocationMemory::Before(const std::string& ca_pem) {
  if (!kept_) {
    auto text = file_.empty() ? Result<std::string>() : ReadFile(file_, kMaxBytes);
    if (!text && text.error().code != ErrorCode::kNotFound) return Fail(text.error());
    kept_ = text.value_or("");
  }
  if (kept_->empty()) return rpc::RevocationList();
  // Of an authority that is gone nobody is let in at all.
  return rpc::RevocationList::ParseOurs(*kept_, ca_pem);
}

void RevocationMemory::Keep(const rpc::RevocationList& list, std::vector<std::string>& problems) {
  std::string text = list.pem();
  if (list.empty() || (saved_ && text == kept_)) return;
  const auto written = file_.empty() ? Result<>() : WriteFileDurably(file_, text);
  saved_ = written.has_value();
  kept_ = std::move(text);
  if (saved_) return;
  problems.push_back("the revocation list cannot be kept, and a restart may forget it: " +
                     written.error().message);
}

Result<rpc::RevocationList> RevocationMemory::InForce(const rpc::RevocationList& found,
                                                      const std::string& ca_pem,
                                                      std::vector<std::string>& problems) {
  const auto before = Before(ca_pem);
  if (!before) {
    const std::string why = "the revocation list that was in force cannot be read (" +
                            file_.string() + ": " + before.error().message + ")";
    kept_.reset();
    if (found.empty()) {
      return Fail(before.error().code, why + "; copy crl.pem of the authority beside ca.pem");
    }
    static_cast<void>(SetAside(file_));
    problems.push_back(why + "; the one in crl.pem is");
    Keep(found, problems);
    return found;
  }
  const size_t told = problems.size();
  rpc::RevocationList list = found.NewerThan(*before, problems);
  for (size_t i = told; i < problems.size(); ++i) {
    problems[i] = "crl.pem: " + problems[i] + "; copy the authority's newest one beside ca.pem";
  }
  Keep(list, problems);
  return list;
}

}  // namespace matic::api
