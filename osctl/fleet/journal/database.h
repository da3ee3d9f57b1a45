// SQLite (https://sqlite.org/cintro.html), as the journal needs it. Inside this folder only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace matic::fleet {

using Value = std::variant<int64_t, std::string_view>;

// A row of an answer, while it is shown.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Number(int column) const;
  std::string Text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // Each transaction is durable when it has ended: the log is written and fsynced before.
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One statement, its `?` filled in; `row` is called for each row of the answer.
  Result<> Run(std::string_view sql, std::initializer_list<Value> values = {},
               const std::function<Result<>(const Row&)>& row = {});

  // All of it or nothing, also where the power fails. Others do not write meanwhile.
  Result<> InTransaction(const std::function<Result<>()>& work);

  int64_t LastInserted() const;

 private:
  Database(sqlite3* handle, std::filesystem::path path);
  Error Explain(int code) const;

  sqlite3* const handle_;
  const std::filesystem::path path_;
};

}  // namespace matic::fleet
