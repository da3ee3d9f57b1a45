#include "osctl/client/client.h"

#include <grpc/support/log.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "lib/base/printable.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/runtime.h"
#include "lib/rpc/status.h"
#include "matic/v1/node.grpc.pb.h"
#include "osctl/client/unreachable.h"

namespace matic::osctl {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 250ms;
constexpr std::chrono::milliseconds kLongestCall = 1h;
// Beside the socket for those who may change something, unless api.reader_socket says otherwise.
constexpr const char* kReaderSocket = "reader.sock";

Error UnixError(const Error& error) {
  switch (error.code) {
    case ErrorCode::kPermission:
      return {
          error.code,
          "not authorised: " + error.message +
              "; be root or a member of the socket's group (matic; matic-readers to look only)"};
    case ErrorCode::kNotFound:
    case ErrorCode::kUnavailable:
      return {ErrorCode::kUnavailable, "agent not running: " + error.message +
                                           "; is matic-agent.service active? (--node names another "
                                           "machine)"};
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kRefused:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kDeadline:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
      return error;
  }
  return error;
}

// What a node says goes to terminals and into logs, and a node may be anybody's.
void MakePrintable(google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const bool text = field->type() == google::protobuf::FieldDescriptor::TYPE_STRING;
    const bool nested = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
    if (!text && !nested) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (nested) {
        MakePrintable(*(field->is_repeated() ? reflection.MutableRepeatedMessage(&message, field, i)
                                             : reflection.MutableMessage(&message, field)));
      } else if (field->is_repeated()) {
        reflection.SetRepeatedString(
            &message, field, i,
            Printable(reflection.GetRepeatedString(message, field, i), LineBreaks::kKeep));
      } else {
        reflection.SetString(&message, field,
                             Printable(reflection.GetString(message, field), LineBreaks::kKeep));
      }
    }
  }
}

}  // namespace

// A channel to one address, and the words for what goes wrong on the way.
class Client::Connection {
 public:
  explicit Connection(const Endpoint& endpoint)
      : socket_(endpoint.socket), time_(endpoint.call_time) {}

  Result<> UseTls(const Endpoint& endpoint) {
    MATIC_ASSIGN(address_, ParseHostPort(endpoint.node));
    if (address_.port == 0) address_.port = rpc::kDefaultPort;
    identity_ = endpoint.identity;
    if (identity_) return {};
    auto identity = LoadIdentity(endpoint.pki_dir);
    if (!identity) {
      return Fail(identity.error().code, "no client certificate for " + address_.ToString() + ": " +
                                             identity.error().message +
                                             "; osctl pki issue makes one, --pki names its folder");
    }
    identity_ = *std::move(identity);
    return {};
  }

  std::chrono::milliseconds time() const { return time_; }
  bool tls() const { return identity_ != nullptr; }

  Result<v1::Node::Stub*> Stub() {
    if (stub_) return stub_.get();
    if (tls()) {
      stub_ = v1::Node::NewStub(rpc::OpenTlsChannel(address_, identity_->files));
      return stub_.get();
    }
    auto channel = rpc::OpenUnixChannel(socket_);
    if (!channel && channel.error().code == ErrorCode::kPermission) {
      // Who may not change anything may still be allowed to look.
      const std::filesystem::path readers = std::filesystem::path(socket_).parent_path();
      if (auto other = rpc::OpenUnixChannel(readers / kReaderSocket)) channel = std::move(other);
    }
    if (!channel) return Fail(UnixError(channel.error()));
    stub_ = v1::Node::NewStub(*channel);
    return stub_.get();
  }

  // Of a call that failed. A broken channel is made anew at the next call: gRPC's own reconnecting
  // goes on only while a call is polled, and fails every call until it has succeeded.
  Error Explain(const grpc::Status& status, const grpc::ClientContext& context,
                std::chrono::milliseconds limit) {
    Error error = rpc::FromStatus(status, context);
    error.message = Printable(error.message, LineBreaks::kKeep);
    const auto& trailer = context.GetServerTrailingMetadata();
    if (trailer.find(rpc::kErrorCodeKey) != trailer.end()) return error;
    if (error.code == ErrorCode::kDeadline) {
      error.message =
          "no answer from " + Name() + " within " + std::to_string(limit.count() / 1000) +
          " s: the node hangs or is busy, or a firewall drops what is sent to it; --timeout waits "
          "longer";
    } else if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kCancelled) {
      // An agent that ends, ends its calls, too.
      error.code = ErrorCode::kUnavailable;
      error.message = Unreachable(error.message);
      stub_.reset();
    } else {
      error.message = Name() + ": " + error.message;
    }
    return error;
  }

  template <typename Request, typename Response>
  Result<Response> Call(grpc::Status (v1::Node::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                        const Request& request,
                        std::optional<std::chrono::milliseconds> limit = std::nullopt) {
    MATIC_ASSIGN(v1::Node::Stub * stub, Stub());
    grpc::ClientContext context;
    const auto time = std::min(limit.value_or(time_), kLongestCall);
    context.set_deadline(std::chrono::system_clock::now() + time);
    Response response;
    const grpc::Status status = (stub->*method)(&context, request, &response);
    if (!status.ok()) return Fail(Explain(status, context, time));
    MakePrintable(response);
    return response;
  }

 private:
  std::string Name() const { return tls() ? address_.ToString() : socket_; }

  std::string Unreachable(const std::string& why) const {
    const std::string message = "cannot reach " + Name() + ": ";
    if (!tls()) return message + LastError(why) + "; is matic-agent.service active?";
    return message + TellUnreachable(why, {.host = address_.host, .pki = identity_->folder});
  }

  rpc::Runtime runtime_;  // first: outlives what uses it
  std::string socket_;
  std::chrono::milliseconds time_;
  HostPort address_;
  std::shared_ptr<const Identity> identity_;  // none: the unix socket is meant
  std::unique_ptr<v1::Node::Stub> stub_;
};

Result<std::unique_ptr<Client>> Client::Make(const Endpoint& endpoint) {
  // gRPC's own lines would stand between ours; what they say is in the error.
  gpr_set_log_function([](gpr_log_func_args*) {});
  auto connection = std::make_unique<Connection>(endpoint);
  if (!endpoint.node.empty()) MATIC_TRY(connection->UseTls(endpoint));
  return std::unique_ptr<Client>(new Client(std::move(connection)));
}

Client::Client(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Client::~Client() = default;

Result<v1::GetStatusResponse> Client::GetStatus(const v1::GetStatusRequest& request) {
  return connection_->Call(&v1::Node::Stub::GetStatus, request);
}

Result<v1::ScheduleUpdateResponse> Client::ScheduleUpdate(
    const v1::ScheduleUpdateRequest& request) {
  return connection_->Call(&v1::Node::Stub::ScheduleUpdate, request);
}

Result<v1::PlanUpdateResponse> Client::PlanUpdate(const v1::PlanUpdateRequest& request) {
  return connection_->Call(&v1::Node::Stub::PlanUpdate, request);
}

Result<v1::ActivateUpdateResponse> Client::ActivateUpdate(
    const v1::ActivateUpdateRequest& request) {
  return connection_->Call(&v1::Node::Stub::ActivateUpdate, request);
}

Result<v1::GetScheduleStatusResponse> Client::GetScheduleStatus(
    const v1::GetScheduleStatusRequest& request) {
  return connection_->Call(&v1::Node::Stub::GetScheduleStatus, request);
}

Result<v1::ListSchedulesResponse> Client::ListSchedules(const v1::ListSchedulesRequest& request) {
  return connection_->Call(&v1::Node::Stub::ListSchedules, request);
}

Result<v1::CancelScheduleResponse> Client::CancelSchedule(
    const v1::CancelScheduleRequest& request) {
  return connection_->Call(&v1::Node::Stub::CancelSchedule, request);
}

Result<v1::GetHealthResponse> Client::GetHealth(const v1::GetHealthRequest& request) {
  return connection_->Call(&v1::Node::Stub::GetHealth, request);
}

Result<v1::GetHealthResponse> Client::GetHealth(const v1::GetHealthRequest& request,
                                                std::chrono::milliseconds limit) {
  return connection_->Call(&v1::Node::Stub::GetHealth, request, limit);
}

Result<v1::TriggerRollbackResponse> Client::TriggerRollback(
    const v1::TriggerRollbackRequest& request) {
  return connection_->Call(&v1::Node::Stub::TriggerRollback, request);
}

Result<v1::GetRollbackHistoryResponse> Client::GetRollbackHistory(
    const v1::GetRollbackHistoryRequest& request) {
  return connection_->Call(&v1::Node::Stub::GetRollbackHistory, request);
}

Result<v1::GetHistoryResponse> Client::GetHistory(const v1::GetHistoryRequest& request) {
  return connection_->Call(&v1::Node::Stub::GetHistory, request);
}

Result<v1::AcquireLeaseResponse> Client::AcquireLease(const v1::AcquireLeaseRequest& request) {
  return connection_->Call(&v1::Node::Stub::AcquireLease, request);
}

Result<v1::ReleaseLeaseResponse> Client::ReleaseLease(const v1::ReleaseLeaseRequest& request) {
  return connection_->Call(&v1::Node::Stub::ReleaseLease, request);
}

Result<v1::StopRunResponse> Client::StopRun(const v1::StopRunRequest& request) {
  return connection_->Call(&v1::Node::Stub::StopRun, request);
}

Result<v1::RebootResponse> Client::Reboot(const v1::RebootRequest& request) {
  return connection_->Call(&v1::Node::Stub::Reboot, request);
}

Result<> Client::Watch(const v1::WatchScheduleRequest& request,
                       const std::function<void(const v1::WatchScheduleResponse&)>& changed,
                       const std::function<bool()>& tick) {
  enum Tag : intptr_t { kStarted = 1, kRead, kFinished };
  const auto tag = [](Tag value) { return reinterpret_cast<void*>(static_cast<intptr_t>(value)); };
  MATIC_ASSIGN(v1::Node::Stub * stub, connection_->Stub());

  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  v1::WatchScheduleResponse message;
  grpc::Status status;
  bool given_up = false;
  auto reader = stub->AsyncWatchSchedule(&context, request, &queue, tag(kStarted));
  while (true) {
    void* event = nullptr;
    bool ok = false;
    const auto next = queue.AsyncNext(&event, &ok, std::chrono::system_clock::now() + kTick);
    if (next == grpc::CompletionQueue::GOT_EVENT && event == tag(kFinished)) break;
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      if (ok && event == tag(kRead)) {
        MakePrintable(message);
        changed(message);
      }
      if (ok) {
        reader->Read(&message, tag(kRead));
      } else {
        reader->Finish(&status, tag(kFinished));
      }
    }
    if (!given_up && !tick()) {
      given_up = true;
      context.TryCancel();
    }
  }
  queue.Shutdown();
  void* event = nullptr;
  bool ok = false;
  while (queue.Next(&event, &ok)) {
  }
  if (given_up) return Fail(ErrorCode::kCancelled, "the watch was given up");
  if (!status.ok()) return Fail(connection_->Explain(status, context, connection_->time()));
  return {};
}

}  // namespace matic::osctl
