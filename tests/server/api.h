// The whole API by reflection: every RPC, every message, and requests that are
// well formed, for tests that leave nothing out.
#ifndef HOUSECALL_TESTS_SERVER_API_H_
#define HOUSECALL_TESTS_SERVER_API_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/server/rpcs.h"

namespace housecall::server::testing {

// The message housecall.v1.NAME, or null.
const google::protobuf::Descriptor* FindMessage(const std::string& name);
std::unique_ptr<google::protobuf::Message> NewMessage(const std::string& name);
std::unique_ptr<google::protobuf::Message> NewMessage(
    const google::protobuf::Descriptor* type);

// The collection whose resource names the field holds ("calls"), by the format
// in its comment; empty if it holds no name.
std::string CollectionOf(const google::protobuf::FieldDescriptor* field);

// What a request's resource fields name.
using NameMaker =
    std::function<std::string(const std::string& collection,
                              const google::protobuf::FieldDescriptor* field)>;
// The same id of each collection in a center; the center itself.
NameMaker NamesIn(const std::string& center, const std::string& id);

// Sets every field, one entry in each repeated one, to a value that its kind
// may hold; only the required ones if `required_only`.
void FillRequest(const NameMaker& names, bool required_only,
                 google::protobuf::Message* message);

// Calls visit(message, field) for each field that is set, at any depth.
void ForEachSetField(
    const google::protobuf::Message& message,
    const std::function<void(const google::protobuf::Message&,
                             const google::protobuf::FieldDescriptor*)>& visit);

}  // namespace housecall::server::testing

#endif  // HOUSECALL_TESTS_SERVER_API_H_
