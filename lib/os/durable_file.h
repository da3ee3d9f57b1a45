// Files that survive a power loss: whole and old, or whole and new.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace matic {

// Writes a temporary file beside `path`, fsyncs it, renames it over `path` and fsyncs the folder.
// After a power loss `path` holds the old content or the new, never a mix. On an error the old
// content stands.
Result<> WriteFileDurably(const std::filesystem::path& path, std::string_view content,
                          uint32_t mode = 0600);

// Makes the folder, not those above it; one that is there stays as it is. Its name is durable when
// this returns, without which no file in it is.
Result<> MakeFolderDurably(const std::filesystem::path& path, uint32_t mode = 0700);

// Appends `line` and a newline, and fsyncs. A torn last line, left by a power loss, is ended first
// so that it spoils no other. kPermission where something other than a file is in its place: a link
// is not followed.
Result<> AppendLineDurably(const std::filesystem::path& path, std::string_view line);

// Makes durable what any program has written so far to the file system that holds `folder`.
Result<> SyncFileSystem(const std::filesystem::path& folder);

// kNotFound where there is none; kInvalidArgument where it is larger than `limit` bytes.
Result<std::string> ReadFile(const std::filesystem::path& path, size_t limit);

// Renames `path` to `path`.bad-N (never over another file) and fsyncs the folder: a corrupt file is
// kept for a person, never deleted. Returns the new name.
Result<std::filesystem::path> SetAside(const std::filesystem::path& path);

}  // namespace matic
