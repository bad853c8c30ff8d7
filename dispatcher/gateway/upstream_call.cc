#include "dispatcher/gateway/upstream_call.h"

#include <utility>

#include "grpc/support/time.h"
#include "grpcpp/support/stub_options.h"

namespace housecall::gateway {
namespace {

Metadata MetadataOf(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  Metadata result;
  result.reserve(metadata.size());
  for (const auto& [name, value] : metadata) {
    result.emplace_back(std::string(name.data(), name.size()),
                        std::string(value.data(), value.size()));
  }
  return result;
}

}  // namespace

UpstreamCall::UpstreamCall(Request request, Events events)
    : request_(std::move(request)), events_(std::move(events)) {
  for (const auto& [name, value] : request_.metadata) {
    context_.AddMetadata(name, value);
  }
  if (request_.timeout != absl::InfiniteDuration()) {
    context_.set_deadline(gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC),
        gpr_time_from_nanos(absl::ToInt64Nanoseconds(request_.timeout),
                            GPR_TIMESPAN)));
  }
}

std::shared_ptr<UpstreamCall> UpstreamCall::Start(grpc::GenericStub* stub,
                                                  Request request,
                                                  Events events) {
  std::shared_ptr<UpstreamCall> call(
      new UpstreamCall(std::move(request), std::move(events)));
  call->self_ = call;
  stub->PrepareBidiStreamingCall(&call->context_, call->request_.path,
                                 grpc::StubOptions(), call.get());
  call->AddHold();
  call->StartRead(&call->incoming_);
  call->WriteNext();
  call->StartCall();
  return call;
}

void UpstreamCall::WriteNext() {
  if (request_.messages.empty()) {
    StartWritesDone();
    return;
  }
  const grpc::ByteBuffer* const message = &request_.messages[written_++];
  if (written_ == request_.messages.size()) {
    StartWriteLast(message, grpc::WriteOptions());
  } else {
    StartWrite(message);
  }
}

void UpstreamCall::OnWriteDone(bool ok) {
  if (ok && written_ < request_.messages.size()) {
    WriteNext();
  } else {
    // Streams stay for hours; what they were asked need not.
    request_.messages.clear();
  }
}

void UpstreamCall::OnReadInitialMetadataDone(bool ok) {
  if (ok) events_.started(MetadataOf(context_.GetServerInitialMetadata()));
  {
    MutexLock lock(mutex_);
    started_ = true;
    if (!message_waits_) return;
    message_waits_ = false;
  }
  TellMessage();
}

void UpstreamCall::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    reading_ = false;
    // A message that came just before its reader went is nobody's.
    if (cancelled_) ok = false;
    if (ok && !started_) {
      message_waits_ = true;
      return;
    }
    if (!ok) held_ = false;
  }
  if (ok) {
    TellMessage();
  } else {
    RemoveHold();
  }
}

void UpstreamCall::TellMessage() {
  grpc::ByteBuffer message;
  message.Swap(&incoming_);
  events_.message(std::move(message));
}

void UpstreamCall::ReadNext() {
  {
    MutexLock lock(mutex_);
    if (!held_ || cancelled_) return;
    reading_ = true;
  }
  StartRead(&incoming_);
}

void UpstreamCall::Cancel() {
  bool release = false;
  {
    MutexLock lock(mutex_);
    if (!held_ || cancelled_) return;
    cancelled_ = true;
    // A read that is under way ends now, one way or the other, and with it the
    // hold.
    release = !reading_;
    if (release) held_ = false;
  }
  context_.TryCancel();
  if (release) RemoveHold();
}

void UpstreamCall::OnDone(const grpc::Status& status) {
  events_.ended(status, MetadataOf(context_.GetServerTrailingMetadata()));
  self_ = nullptr;
}

}  // namespace housecall::gateway
