#include "osctl/fleet/journal/database.h"

#include <sqlite3.h>

#include <utility>

namespace matic::fleet {
namespace {

constexpr int kBusyMilliseconds = 10'000;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

int Bind(sqlite3_stmt* statement, int at, const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return sqlite3_bind_int64(statement, at, *number);
  }
  const auto text = std::get<std::string_view>(value);
  // The text outlives the statement, which is run to its end before Run returns.
  return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

int64_t Row::Number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Row::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr
             ? std::string()
             : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

Database::Database(sqlite3* handle, std::filesystem::path path)
    : handle_(handle), path_(std::move(path)) {}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
      nullptr);
  std::unique_ptr<Database> database(new Database(handle, path));
  if (code != SQLITE_OK) return Fail(database->Explain(code));
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // Those who look do not stop the one who writes; what is written is fsynced with each
  // transaction.
  MATIC_TRY(database->Run("PRAGMA journal_mode = WAL"));
  MATIC_TRY(database->Run("PRAGMA synchronous = FULL"));
  return database;
}

Error Database::Explain(int code) const {
  const std::string what =
      path_.string() + ": " +
      (handle_ == nullptr ? std::string(sqlite3_errstr(code)) : sqlite3_errmsg(handle_));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, what + "; another osctl keeps it locked"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {
          ErrorCode::kCorrupt,
          what + "; move it away to begin a new one (what the machines run is not lost by that)"};
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {ErrorCode::kPermission, what};
    case SQLITE_CANTOPEN:
      return {ErrorCode::kIo, what + "; is its folder there, and may you write to it?"};
    default:
      return {ErrorCode::kIo, what};
  }
}

Result<> Database::Run(std::string_view sql, std::initializer_list<Value> values,
                       const std::function<Result<>(const Row&)>& row) {
  sqlite3_stmt* prepared = nullptr;
  int code =
      sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &prepared, nullptr);
  const Statement statement(prepared);
  int at = 0;
  for (const Value& value : values) {
    if (code != SQLITE_OK) break;
    code = Bind(prepared, ++at, value);
  }
  if (code != SQLITE_OK) return Fail(Explain(code));
  while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
    if (row) MATIC_TRY(row(Row(prepared)));
  }
  if (code != SQLITE_DONE) return Fail(Explain(code));
  return {};
}

Result<> Database::InTransaction(const std::function<Result<>()>& work) {
  MATIC_TRY(Run("BEGIN IMMEDIATE"));
  Result<> done = work();
  if (done) done = Run("COMMIT");
  // A transaction that SQLite has rolled back by itself is none any more.
  if (!done && sqlite3_get_autocommit(handle_) == 0) static_cast<void>(Run("ROLLBACK"));
  return done;
}

int64_t Database::LastInserted() const { return sqlite3_last_insert_rowid(handle_); }

}  // namespace matic::fleet
