#include "agent/update/event.h"

namespace matic::update {
namespace {

struct Name {
  std::string_view operator()(const Started&) const { return "a start"; }
  std::string_view operator()(const StageRequested&) const { return "another update"; }
  std::string_view operator()(const TurnCame&) const { return "a turn"; }
  std::string_view operator()(const Prepared&) const { return "the end of preparing"; }
  std::string_view operator()(const PrepareFailed&) const { return "a failure to prepare"; }
  std::string_view operator()(const NothingToDo&) const { return "an end with nothing to do"; }
  std::string_view operator()(const StageSucceeded&) const { return "the end of staging"; }
  std::string_view operator()(const StageFailed&) const { return "a failure to stage"; }
  std::string_view operator()(const ActivateRequested&) const { return "activating"; }
  std::string_view operator()(const ActivationDue&) const { return "the time to activate"; }
  std::string_view operator()(const BaselineChecked&) const { return "a check before activating"; }
  std::string_view operator()(const ActivateSucceeded&) const { return "the end of activating"; }
  std::string_view operator()(const ActivateFailed&) const { return "a failure to activate"; }
  std::string_view operator()(const HealthPassed&) const { return "a verdict of health checks"; }
  std::string_view operator()(const HealthFailed&) const { return "a verdict of health checks"; }
  std::string_view operator()(const ConfirmSucceeded&) const { return "a confirmation"; }
  std::string_view operator()(const ConfirmFailed&) const { return "a failure to confirm"; }
  std::string_view operator()(const RollbackRequested&) const { return "a rollback"; }
  std::string_view operator()(const RevertSucceeded&) const { return "the end of going back"; }
  std::string_view operator()(const RevertFailed&) const { return "a failure to go back"; }
  std::string_view operator()(const CancelRequested&) const { return "cancelling"; }
  std::string_view operator()(const Discarded&) const { return "the end of discarding"; }
  std::string_view operator()(const DiscardFailed&) const { return "a failure to discard"; }
  std::string_view operator()(const RebootRequested&) const { return "a reboot"; }
};

}  // namespace

std::string_view EventName(const Event& event) { return std::visit(Name{}, event); }

}  // namespace matic::update
