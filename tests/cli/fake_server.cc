#include "tests/cli/fake_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace housecall::cli {

class FakeServer::Service : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(this, context);
  }

  void Set(const std::string& rpc,
           std::function<Answer(const std::string&)> answer) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_[rpc] = std::move(answer);
  }

  std::vector<Request> requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  // Reads the one request, writes the answer's messages, finishes.
  class Reactor : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(Service* service, grpc::GenericCallbackServerContext* context)
        : service_(service) {
      const std::string path = context->method();
      request_.rpc = path.substr(path.rfind('/') + 1);
      const auto found = context->client_metadata().find("authorization");
      if (found != context->client_metadata().end()) {
        request_.authorization.assign(found->second.data(),
                                      found->second.size());
      }
      StartRead(&bytes_);
    }

    void OnReadDone(bool ok) override {
      if (ok) {
        grpc::Slice slice;
        bytes_.DumpToSingleSlice(&slice);
        request_.bytes.assign(reinterpret_cast<const char*>(slice.begin()),
                              slice.size());
      }
      answer_ = service_->AnswerTo(request_);
      Next();
    }

    void OnWriteDone(bool ok) override {
      if (!ok) answer_.messages.clear(), written_ = 0;
      Next();
    }

    void OnCancel() override {
      std::lock_guard<std::mutex> lock(mutex_);
      is_cancelled_ = true;
      if (is_hanging_) Finish(grpc::Status::CANCELLED);
    }

    void OnDone() override { delete this; }

   private:
    void Next() {
      if (written_ >= answer_.messages.size()) {
        std::lock_guard<std::mutex> lock(mutex_);
        is_hanging_ = answer_.hangs && !is_cancelled_;
        if (!is_hanging_) Finish(answer_.status);
        return;
      }
      const grpc::Slice slice(answer_.messages[written_++]);
      out_ = grpc::ByteBuffer(&slice, 1);
      StartWrite(&out_);
    }

    Service* const service_;
    Request request_;
    grpc::ByteBuffer bytes_;
    grpc::ByteBuffer out_;
    Answer answer_;
    size_t written_ = 0;

    std::mutex mutex_;
    // Guarded by mutex_.
    bool is_cancelled_ = false;
    bool is_hanging_ = false;
  };

  Answer AnswerTo(const Request& request) {
    std::function<Answer(const std::string&)> answer;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(request);
      const auto found = answers_.find(request.rpc);
      if (found != answers_.end()) answer = found->second;
    }
    if (!answer) {
      return {grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                           absl::StrCat("no answer for ", request.rpc)),
              {},
              false};
    }
    return answer(request.bytes);
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::function<Answer(const std::string&)>> answers_;
  std::vector<Request> requests_;
};

FakeServer::FakeServer(std::shared_ptr<grpc::ServerCredentials> credentials)
    : service_(std::make_unique<Service>()) {
  if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

std::string FakeServer::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void FakeServer::On(const std::string& rpc,
                    std::function<Answer(const std::string&)> answer) {
  service_->Set(rpc, std::move(answer));
}

void FakeServer::On(const std::string& rpc,
                    const google::protobuf::Message& response) {
  const std::string bytes = response.SerializeAsString();
  On(rpc, [bytes](const std::string&) {
    return Answer{grpc::Status::OK, {bytes}, false};
  });
}

void FakeServer::Refuse(const std::string& rpc, grpc::StatusCode code,
                        const std::string& message) {
  On(rpc, [code, message](const std::string&) {
    return Answer{grpc::Status(code, message), {}, false};
  });
}

std::vector<FakeServer::Request> FakeServer::requests() const {
  return service_->requests();
}

}  // namespace housecall::cli
