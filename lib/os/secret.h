// Passwords, tokens and URLs that carry them, kept out of the files that people show to others.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace matic {

// `source` is an absolute path, or the name of a credential that systemd handed over
// (LoadCredential=, in $CREDENTIALS_DIRECTORY). One line of at most 4096 bytes of visible text;
// white space around it does not count. Read anew at each use, so that a renewed one is taken.
//   kNotFound         no such file or credential
//   kPermission       others than owner and group may read the file
//   kInvalidArgument  empty, longer, several lines, control characters, or no name at all
// No error quotes the content.
Result<std::string> ReadSecret(const std::string& source);

// The same of a whole file, such as a private key in PEM: at most 64 KiB, as it is.
Result<std::string> ReadSecretFile(const std::string& source);

}  // namespace matic
