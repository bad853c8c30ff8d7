// What the API offers, read from its descriptors: the command line has a
// command for every RPC without naming any. Everything here is constant after
// the first call and thread-safe.
#ifndef HOUSECALL_CLIENTS_CLI_API_H_
#define HOUSECALL_CLIENTS_CLI_API_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace housecall::cli {

struct Rpc {
  std::string name;     // "SubmitCall"
  std::string command;  // "submit-call"
  std::string path;     // "/housecall.v1.CallService/SubmitCall"
  const google::protobuf::MethodDescriptor* method = nullptr;

  bool is_stream() const { return method->server_streaming(); }
  std::unique_ptr<google::protobuf::Message> NewRequest() const;
  std::unique_ptr<google::protobuf::Message> NewResponse() const;
};

// Every RPC, service by service, in the order of the files.
const std::vector<Rpc>& Rpcs();

// By "SubmitCall" or "submit-call"; null if there is none.
const Rpc* FindRpc(absl::string_view name);

// The RPC that reads one resource of a collection ("calls": GetCall); null if
// there is none.
const Rpc* FindGetter(absl::string_view collection);

// The comment above a service, RPC, message, field or enum value, by its full
// name; lines are joined, an empty line separates paragraphs. Empty if it has
// none.
std::string CommentOf(const std::string& full_name);

// The resource name that a field holds, such as
// "centers/{center}/calls/{call}", from the field's comment; empty for others.
std::string ResourceFormat(const google::protobuf::FieldDescriptor& field);
// "calls" for that one; empty for "centers/{center}" and others.
std::string CollectionOf(const google::protobuf::FieldDescriptor& field);

// The marks of annotations.proto.
bool IsRequired(const google::protobuf::FieldDescriptor& field);
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);
bool IsSecret(const google::protobuf::FieldDescriptor& field);

bool IsTimestamp(const google::protobuf::FieldDescriptor& field);
bool IsDuration(const google::protobuf::FieldDescriptor& field);
bool IsLatLng(const google::protobuf::FieldDescriptor& field);

// The field that the first argument without a dash fills, as a path of field
// names: "call" of GetCall, "patient.name" of CreatePatient. Empty: none.
std::string PositionalField(const Rpc& rpc);

// "SubmitCall" and "callback_phone" as "submit-call" and "callback-phone".
std::string Kebab(absl::string_view name);

// "EN_ROUTE" for CALL_STATE_EN_ROUTE.
std::string ShortName(const google::protobuf::EnumValueDescriptor& value);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_API_H_
