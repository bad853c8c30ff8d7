#include "clients/cli/prepare.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/message.h"
#include "clients/cli/request_builder.h"
#include "clients/cli/values.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace housecall::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kCurrent[] = "current";

// The message that has the etag: the request itself, or the resource that an
// Update… replaces. Null if there is none, or it is not set.
Message* EtagOwner(Message* request) {
  const Descriptor& type = *request->GetDescriptor();
  if (type.FindFieldByName("etag") != nullptr) return request;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->message_type() != nullptr && !field->is_repeated() &&
        field->message_type()->FindFieldByName("etag") != nullptr &&
        request->GetReflection()->HasField(*request, field)) {
      return request->GetReflection()->MutableMessage(request, field);
    }
  }
  return nullptr;
}

void SetString(const std::string& field, const std::string& value,
               Message* message) {
  message->GetReflection()->SetString(
      message, message->GetDescriptor()->FindFieldByName(field), value);
}

std::string AsUuid(const unsigned char* bytes) {
  std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), 16));
  for (const size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

struct ReadAnswer {
  grpc::Status status;
  std::unique_ptr<Message> resource;
};

ReadAnswer Read(const std::string& collection, const std::string& name,
                const Caller& call) {
  const Rpc* getter = FindGetter(collection);
  if (getter == nullptr) {
    return {grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                         absl::StrCat("cannot read ", collection,
                                      "; give the etag itself")),
            nullptr};
  }
  const std::unique_ptr<Message> request = getter->NewRequest();
  SetString("name", name, request.get());
  ReadAnswer answer;
  answer.resource = getter->NewResponse();
  answer.status = call(*getter, *request, answer.resource.get());
  return answer;
}

// Reads the resource whose etag the request needs.
ReadAnswer ReadOwner(const Rpc& rpc, const Message& request,
                     const Message& owner, const Caller& call) {
  if (&owner != &request) {
    const FieldDescriptor* name =
        owner.GetDescriptor()->FindFieldByName("name");
    return Read(CollectionOf(*name), GetString(owner, "name"), call);
  }
  const std::string positional = PositionalField(rpc);
  const FieldDescriptor* field =
      request.GetDescriptor()->FindFieldByName(positional);
  ReadAnswer answer =
      Read(CollectionOf(*field), GetString(request, positional), call);
  // The etag of DraftNote is that of the call's note, not of the call.
  if (rpc.name == "DraftNote" && answer.status.ok()) {
    const std::string note = GetString(*answer.resource, "note");
    if (note.empty()) {
      return {grpc::Status(grpc::StatusCode::NOT_FOUND,
                           "the call has no note yet; leave --etag out"),
              nullptr};
    }
    return Read("notes", note, call);
  }
  return answer;
}

// Puts the etag of each call in the place of "current" (OverrideMatch).
grpc::Status ReadEtagsOfCalls(Message* request, const Caller& call) {
  const FieldDescriptor* calls =
      request->GetDescriptor()->FindFieldByName("calls");
  const FieldDescriptor* etags =
      request->GetDescriptor()->FindFieldByName("etags");
  if (calls == nullptr || etags == nullptr) return grpc::Status::OK;
  const google::protobuf::Reflection& reflection = *request->GetReflection();
  if (reflection.FieldSize(*request, etags) != 1 ||
      reflection.GetRepeatedString(*request, etags, 0) != kCurrent) {
    return grpc::Status::OK;
  }
  reflection.ClearField(request, etags);
  for (int i = 0; i < reflection.FieldSize(*request, calls); ++i) {
    const ReadAnswer read =
        Read("calls", reflection.GetRepeatedString(*request, calls, i), call);
    if (!read.status.ok()) return read.status;
    reflection.AddString(request, etags, GetString(*read.resource, "etag"));
  }
  return grpc::Status::OK;
}

}  // namespace

Prepared Prepare(const Rpc& rpc, const Filler& fill,
                 const Surroundings& surroundings, const Caller& call) {
  Prepared prepared;
  prepared.request = rpc.NewRequest();
  prepared.status = fill(prepared.request.get());
  if (!prepared.status.ok()) return prepared;
  FillDefaults(surroundings, prepared.request.get());

  Message* owner = EtagOwner(prepared.request.get());
  if (owner != nullptr && GetString(*owner, "etag") == kCurrent) {
    ReadAnswer read = ReadOwner(rpc, *prepared.request, *owner, call);
    if (!read.status.ok()) {
      prepared.answer = read.status;
      return prepared;
    }
    if (owner != prepared.request.get()) {
      // Once more, upon what was read.
      owner->CopyFrom(*read.resource);
      prepared.status = fill(prepared.request.get());
      if (!prepared.status.ok()) return prepared;
    }
    SetString("etag", GetString(*read.resource, "etag"), owner);
  }
  prepared.answer = ReadEtagsOfCalls(prepared.request.get(), call);
  if (!prepared.answer.ok()) return prepared;

  const std::vector<std::string> missing = MissingFlags(*prepared.request);
  if (!missing.empty()) {
    const std::string flags = absl::StrJoin(missing, ", --");
    std::string english;
    std::string japanese;
    for (const std::string& flag : missing) {
      const FieldDescriptor* field =
          FindFlag(*prepared.request->GetDescriptor(), flag);
      if (field == nullptr) continue;
      if (field->name() == "etag") {
        absl::StrAppend(&english, "; --", flag,
                        " current stands for the newest");
        absl::StrAppend(&japanese, "。--", flag,
                        " current で最新の版になります");
      } else if (IsSecret(*field)) {
        absl::StrAppend(&english, "; --", flag,
                        " is env:NAME, or - for a line of standard input");
        absl::StrAppend(&japanese, "。--", flag,
                        " は env:環境変数名 か -（標準入力の1行）で渡します");
      }
    }
    prepared.status =
        WrongInput(absl::StrCat("missing: --", flags, english),
                   absl::StrCat("必須の項目がありません: --", flags, japanese));
  }
  return prepared;
}

std::string SetRequestId(const std::string& id, Message* request) {
  if (request->GetDescriptor()->FindFieldByName("request_id") == nullptr) {
    return "";
  }
  std::string given = GetString(*request, "request_id");
  if (!given.empty()) return given;
  SetString("request_id", id, request);
  return id;
}

std::string NewRequestId() {
  unsigned char bytes[16] = {};
  // Fails only where the system has no randomness at all; then the server
  // refuses the second request with such an id, and nothing is lost.
  (void)RAND_bytes(bytes, sizeof(bytes));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  return AsUuid(bytes);
}

std::string DerivedRequestId(const Rpc& rpc, const Message& request) {
  if (HasSecrets(request)) return NewRequestId();
  std::string content = absl::StrCat(rpc.name, "\n");
  {
    google::protobuf::io::StringOutputStream stream(&content);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         digest);
  // Version 8 of RFC 9562: made as the application likes.
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);
  return AsUuid(digest);
}

}  // namespace housecall::cli
