// What the server says beside a status about why it refused a request.
#ifndef HOUSECALL_CLIENTS_CLI_REFUSAL_H_
#define HOUSECALL_CLIENTS_CLI_REFUSAL_H_

#include <string>

#include "clients/cli/catalogue.h"
#include "grpcpp/support/status.h"
#include "housecall/v1/refusal.pb.h"

namespace housecall::cli {

// Empty where the status has none, or none that can be read.
v1::Refusal RefusalOf(const grpc::Status& status);

// The refusal in one line for people: its reasons and what the rules found.
// Empty if it says nothing that this program has words for.
std::string WordsOf(const v1::Refusal& refusal, Language language);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_REFUSAL_H_
