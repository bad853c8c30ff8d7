#include "tests/gateway/fake_dispatcher.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/session_metadata.h"
#include "grpc/support/time.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace housecall::gateway::testing {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(absl::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

class FakeDispatcher::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(FakeDispatcher* owner, grpc::GenericCallbackServerContext* context)
      : owner_(owner),
        context_(context),
        rpc_(std::vector<std::string>(absl::StrSplit(context->method(), '/'))
                 .back()) {
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      request_ += BytesOf(incoming_);
      StartRead(&incoming_);
      return;
    }
    Answer();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    owner_->Add(&owner_->written_);
    if (rpc_ != "Tick") WriteNext();
  }

  void OnCancel() override {
    {
      MutexLock lock(owner_->mutex_);
      if (owner_->ticking_ == this) owner_->ticking_ = nullptr;
    }
    owner_->Add(&owner_->cancelled_);
    if (rpc_ == "Hang" || rpc_ == "Tick") Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

  void Tick() {
    answer_ = BufferOf("tick");
    StartWrite(&answer_);
  }

 private:
  void Answer() {
    owner_->Add(&owner_->calls_);
    if (rpc_ == "Hang") return;
    if (rpc_ == "Tick") {
      {
        MutexLock lock(owner_->mutex_);
        owner_->ticking_ = this;
      }
      return Tick();
    }
    if (rpc_ == "Count") {
      const std::vector<std::string> words = absl::StrSplit(request_, ' ');
      if (words.size() != 2 || !absl::SimpleAtoi(words[0], &left_) ||
          !absl::SimpleAtoi(words[1], &size_)) {
        return Finish(
            grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "N SIZE"));
      }
      return WriteNext();
    }
    if (rpc_ == "Fail") {
      context_->AddTrailingMetadata("reason", "tired");
      context_->AddTrailingMetadata("reason-bin", std::string("\0\xff", 2));
      context_->AddTrailingMetadata("inside", "not for browsers");
      return Finish(grpc::Status(grpc::StatusCode::PERMISSION_DENIED,
                                 "not 100%\r\n往診", "details"));
    }
    const auto carrier = context_->client_metadata().find(kSessionCarrier);
    const bool cookie = carrier != context_->client_metadata().end() &&
                        carrier->second == kCookieCarrier;
    if (rpc_ == "LogIn" || rpc_ == "Refuse") {
      if (cookie) {
        context_->AddInitialMetadata(kSessionToken, "hc1.token");
        context_->AddInitialMetadata(kSessionSeconds, "3600");
      }
      if (rpc_ == "Refuse") {
        return Finish(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "no"));
      }
      answer_ = BufferOf(cookie ? "welcome" : "welcome hc1.token");
    } else if (rpc_ == "LogOut") {
      if (cookie) context_->AddInitialMetadata(kSessionSeconds, "0");
      answer_ = BufferOf("bye");
    } else if (rpc_ == "Metadata") {
      std::string text;
      for (const auto& [name, value] : context_->client_metadata()) {
        absl::StrAppend(&text, std::string(name.data(), name.size()), "=",
                        std::string(value.data(), value.size()), "\n");
      }
      answer_ = BufferOf(text);
    } else {
      context_->AddInitialMetadata("shown", "yes");
      context_->AddInitialMetadata("inside", "not for browsers");
      answer_ = BufferOf(request_);
    }
    StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
  }

  void WriteNext() {
    if (left_ == 0) return Finish(grpc::Status::OK);
    std::string text = absl::StrCat(number_++);
    text.resize(size_, '.');
    answer_ = BufferOf(text);
    --left_;
    StartWrite(&answer_);
  }

  FakeDispatcher* const owner_;
  grpc::GenericCallbackServerContext* const context_;
  const std::string rpc_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer answer_;
  std::string request_;
  int left_ = 0;
  int size_ = 0;
  int number_ = 0;
};

FakeDispatcher::FakeDispatcher() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
}

FakeDispatcher::~FakeDispatcher() { Shutdown(); }

namespace {

// As the programs make their channels.
grpc::ChannelArguments AnySize() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> FakeDispatcher::InProcess() {
  return server_->InProcessChannel(AnySize());
}

std::shared_ptr<grpc::Channel> FakeDispatcher::Loopback() {
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_),
                                   grpc::InsecureChannelCredentials(),
                                   AnySize());
}

void FakeDispatcher::Shutdown() {
  if (server_ == nullptr) return;
  server_->Shutdown(gpr_time_0(GPR_TIMESPAN));
  server_->Wait();
  server_ = nullptr;
}

void FakeDispatcher::AwaitCalls(int count) {
  MutexLock lock(mutex_);
  while (calls_ < count) changed_.Wait(mutex_);
}

void FakeDispatcher::AwaitCancelled(int count) {
  MutexLock lock(mutex_);
  while (cancelled_ < count) changed_.Wait(mutex_);
}

void FakeDispatcher::AwaitWritten(int64_t count) {
  MutexLock lock(mutex_);
  while (written_ < count) changed_.Wait(mutex_);
}

void FakeDispatcher::Tick() {
  MutexLock lock(mutex_);
  if (ticking_ != nullptr) ticking_->Tick();
}

int FakeDispatcher::calls() {
  MutexLock lock(mutex_);
  return static_cast<int>(calls_);
}

int64_t FakeDispatcher::written() {
  MutexLock lock(mutex_);
  return written_;
}

grpc::ServerGenericBidiReactor* FakeDispatcher::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new Call(this, context);
}

void FakeDispatcher::Add(int64_t* counter) {
  MutexLock lock(mutex_);
  ++*counter;
  changed_.NotifyAll();
}

}  // namespace housecall::gateway::testing
