// osctl pki revoke
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/os/durable_file.h"
#include "lib/rpc/revocation_list.h"
#include "lib/rpc/tls_files.h"
#include "osctl/pki_commands.h"

namespace matic::osctl {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPemBytes = 256 * 1024;

struct RevokeOptions {
  std::string folder;
  std::vector<std::string> names;
  std::vector<std::string> certificates;
  std::vector<std::string> serials;
  int64_t days = 365;
};

Result<std::string> SerialOfFile(const std::string& file, const rpc::KeyPair& authority) {
  MATIC_ASSIGN(const std::string pem, ReadFile(file, kMaxPemBytes));
  auto certificate = rpc::ParseCertificate(pem);
  if (!certificate) return Fail(certificate.error().Context(file));
  MATIC_ASSIGN(const auto ours, rpc::ParseCertificate(authority.certificate_pem));
  // Authorities may have one name.
  MATIC_ASSIGN(const bool signed_here, rpc::IsSignedBy(pem, authority.certificate_pem));
  if (!signed_here) {
    return Fail(ErrorCode::kInvalidArgument,
                file + " was issued by " + certificate->issuer + ", not by " + ours.issuer +
                    (certificate->issuer == ours.issuer ? " of this folder" : "") +
                    ": its own authority must revoke it");
  }
  return certificate->serial;
}

// Every certificate that was issued to that name.
Result<std::vector<std::string>> SerialsOfName(const std::string& name, const std::string& folder) {
  MATIC_ASSIGN(const auto issued, rpc::ReadIssued(folder));
  std::vector<std::string> serials;
  for (const rpc::CertificateInfo& certificate : issued) {
    if (certificate.common_name == name) serials.push_back(certificate.serial);
  }
  if (serials.empty()) {
    return Fail(ErrorCode::kNotFound, "nothing was issued to '" + name + "' according to " +
                                          (fs::path(folder) / "issued").string() +
                                          "; --certificate or --serial names it");
  }
  return serials;
}

Result<std::vector<std::string>> FindSerials(const RevokeOptions& options,
                                             const rpc::KeyPair& authority) {
  std::vector<std::string> serials;
  for (const std::string& name : options.names) {
    MATIC_ASSIGN(const auto found, SerialsOfName(name, options.folder));
    serials.insert(serials.end(), found.begin(), found.end());
  }
  for (const std::string& file : options.certificates) {
    MATIC_ASSIGN(const std::string serial, SerialOfFile(file, authority));
    serials.push_back(serial);
  }
  for (std::string serial : options.serials) {
    std::ranges::transform(serial, serial.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    serials.push_back(serial);
  }
  return serials;
}

Result<> Revoke(const Session& session, const RevokeOptions& options) {
  const WallTime now = std::chrono::system_clock::now();
  MATIC_ASSIGN(const rpc::KeyPair authority, ReadAuthority(options.folder));
  const fs::path file = fs::path(options.folder) / rpc::kRevocationListFile;
  MATIC_ASSIGN(const rpc::RevocationList before,
               rpc::LoadRevocationList(file, authority.certificate_pem));
  MATIC_ASSIGN(const auto serials, FindSerials(options, authority));
  std::vector<rpc::Revocation> revoked = before.entries();
  size_t added = 0;
  for (const std::string& serial : serials) {
    if (std::ranges::find(revoked, serial, &rpc::Revocation::serial) != revoked.end()) continue;
    revoked.push_back({serial, now});
    ++added;
  }
  MATIC_ASSIGN(const std::string list,
               rpc::MakeRevocationList(authority, revoked, now, rpc::Days(options.days), before));
  MATIC_TRY(WriteFileDurably(file, list, 0644));
  const std::string until = FormatTime(now + rpc::Days(options.days));
  session.PrintOutcome(
      {{"path", file.string()},
       {"added", added},
       {"revoked", revoked.size()},
       {"next_update", until}},
      "Wrote " + file.string() + ": " + std::to_string(revoked.size()) + " revoked, " +
          std::to_string(added) + " of them now\n" +
          "Copy it beside ca.pem on every node (/var/lib/matic/pki), and make a new one "
          "before " +
          until + "\n");
  return {};
}

}  // namespace

void AddPkiRevokeCommand(CLI::App& pki, Session& session) {
  CLI::App* command = pki.add_subcommand("revoke", "Withdraw certificates before their end");
  auto options = std::make_shared<RevokeOptions>();
  command->add_option("--dir", options->folder, "The authority's folder")
      ->type_name("DIR")
      ->required();
  command->add_option("--name", options->names, "Whatever was issued to this name, repeatable")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
  command->add_option("--certificate", options->certificates, "This certificate, repeatable")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--serial", options->serials,
                   "The certificate with this serial number, as the audit log has it, repeatable")
      ->type_name("HEX")
      ->expected(1)
      ->take_all();
  command->add_option("--days", options->days, "When the list should be replaced by a newer one")
      ->type_name("DAYS")
      ->check(CLI::Range(1, 36500).description(""))
      ->capture_default_str();
  command->footer(R"(Without a certificate the list is only made anew.

Example:
  osctl pki revoke --dir ~/matic-ca --name alice
  scp ~/matic-ca/crl.pem root@edge-7:/var/lib/matic/pki/)");
  command->callback(
      [&session, options] { session.RunLocal([&] { return Revoke(session, *options); }); });
}

}  // namespace matic::osctl
