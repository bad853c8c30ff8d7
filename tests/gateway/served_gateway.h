// A gateway on a loopback port before a fake dispatcher.
#ifndef HOUSECALL_TESTS_GATEWAY_SERVED_GATEWAY_H_
#define HOUSECALL_TESTS_GATEWAY_SERVED_GATEWAY_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/gateway/gateway.h"
#include "gtest/gtest.h"
#include "tests/gateway/fake_dispatcher.h"
#include "tests/gateway/raw_client.h"

namespace housecall::gateway::testing {

class ServedGateway : public ::testing::Test {
 protected:
  void Start(Options options = {},
             std::shared_ptr<grpc::Channel> channel = nullptr) {
    if (channel == nullptr) channel = dispatcher_.InProcess();
    auto gateway = Gateway::Start(std::move(channel), std::move(options));
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
  }

  // One call on a connection of its own; status 0 if there is no answer.
  Response Call(const std::string& rpc, const std::string& body,
                const std::vector<std::string>& headers = {}) {
    RawClient client(gateway_->port());
    EXPECT_TRUE(client.Send(CallText(rpc, body, headers)));
    return client.Receive().value_or(Response());
  }

  FakeDispatcher dispatcher_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace housecall::gateway::testing

#endif  // HOUSECALL_TESTS_GATEWAY_SERVED_GATEWAY_H_
