#include "lib/gpt/fdisk_context.h"

#include <libfdisk/libfdisk.h>

#include <cerrno>
#include <utility>

namespace matic::gpt {

struct FdiskContext::State {
  ~State() {
    if (context == nullptr) return;
    // Not synced: every write is already, and libfdisk would sync every filesystem of the machine.
    // What could not be opened must not be closed: libfdisk ends the process then.
    if (fdisk_get_devfd(context) >= 0) fdisk_deassign_device(context, 1);
    fdisk_unref_context(context);
  }

  fdisk_context* context = nullptr;
  std::string path;
  std::string message;  // libfdisk's last warning
};

namespace {

// libfdisk asks a person here. Nobody is there to answer; what it warns of goes into our errors.
int TakeMessage(fdisk_context*, fdisk_ask* ask, void* data) {
  const int type = fdisk_ask_get_type(ask);
  if (type != FDISK_ASKTYPE_WARN && type != FDISK_ASKTYPE_WARNX) {
    return type == FDISK_ASKTYPE_INFO ? 0 : -EINVAL;
  }
  if (const char* text = fdisk_ask_print_get_mesg(ask)) *static_cast<std::string*>(data) = text;
  return 0;
}

}  // namespace

FdiskContext::FdiskContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
FdiskContext::FdiskContext(FdiskContext&&) noexcept = default;
FdiskContext& FdiskContext::operator=(FdiskContext&&) noexcept = default;
FdiskContext::~FdiskContext() = default;

Result<FdiskContext> FdiskContext::Open(int fd, const std::string& path, uint32_t sector_size) {
  auto state = std::make_unique<State>();
  state->context = fdisk_new_context();
  state->path = path;
  FdiskContext context(std::move(state));
  if (context.get() == nullptr) return Fail(OsError("open " + path, ENOMEM));
  fdisk_disable_dialogs(context.get(), 1);
  fdisk_set_ask(context.get(), TakeMessage, &context.state_->message);
  MATIC_TRY(context.Check(fdisk_save_user_sector_size(context.get(), sector_size, sector_size),
                          "set the sector size of"));
  // Else it looks for other signatures, and fails where a partition cannot be read.
  fdisk_enable_listonly(context.get(), 1);
  MATIC_TRY(context.Check(fdisk_assign_device_by_fd(context.get(), fd, path.c_str(), 0),
                          "open table of"));
  fdisk_enable_listonly(context.get(), 0);
  return context;
}

fdisk_context* FdiskContext::get() const { return state_->context; }

Result<> FdiskContext::Check(int code, const std::string& what) const {
  if (code >= 0) return {};
  Error error = OsError(what + " " + state_->path, -code);
  if (!state_->message.empty()) error.message += " (" + state_->message + ")";
  return Fail(std::move(error));
}

Result<> FdiskContext::WriteTable() {
  return Check(fdisk_write_disklabel(get()), "write partition table of");
}

}  // namespace matic::gpt
