#include "clients/cli/api.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cli/embedded_descriptors.h"
#include "google/protobuf/descriptor.pb.h"
#include "housecall/v1/annotations.pb.h"
#include "housecall/v1/board_service.pb.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/note_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/rota_service.pb.h"
#include "housecall/v1/session_service.pb.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

// The files with services. Named, because a static library's files are linked
// only where something of them is used.
std::vector<const FileDescriptor*> ServiceFiles() {
  return {v1::SubmitCallRequest::descriptor()->file(),
          v1::WatchBoardRequest::descriptor()->file(),
          v1::GoOnDutyRequest::descriptor()->file(),
          v1::CreateShiftRequest::descriptor()->file(),
          v1::CreatePatientRequest::descriptor()->file(),
          v1::DraftNoteRequest::descriptor()->file(),
          v1::CreateOrganizationRequest::descriptor()->file(),
          v1::CreateSessionRequest::descriptor()->file()};
}

// The same files once more, with comments, which generated code leaves out.
const DescriptorPool& CommentedPool() {
  static const DescriptorPool* const pool = [] {
    auto* result = new DescriptorPool;
    google::protobuf::FileDescriptorSet set;
    const absl::string_view bytes = EmbeddedDescriptors();
    set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    for (const auto& file : set.file()) result->BuildFile(file);
    return result;
  }();
  return *pool;
}

std::string Unwrapped(const std::string& comment) {
  std::string text;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) {
      if (!text.empty() && text.back() != '\n') absl::StrAppend(&text, "\n\n");
    } else {
      const bool first = text.empty() || text.back() == '\n';
      absl::StrAppend(&text, first ? "" : " ", line);
    }
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

template <typename D>
std::string CommentOfDescriptor(const D* descriptor) {
  SourceLocation location;
  if (descriptor == nullptr || !descriptor->GetSourceLocation(&location)) {
    return "";
  }
  return Unwrapped(location.leading_comments);
}

void AddFormats(const google::protobuf::Descriptor& type,
                std::map<std::string, std::string>* formats) {
  constexpr char kMark[] = "Format: `centers/";
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    const std::string comment = CommentOf(field->full_name());
    const size_t at = comment.find(kMark);
    if (at == std::string::npos) continue;
    const size_t begin = comment.find('`', at) + 1;
    (*formats)[field->full_name()] =
        comment.substr(begin, comment.find('`', begin) - begin);
  }
}

// Those of the file and of every file that it imports.
void AddFormats(const FileDescriptor& file,
                std::map<std::string, std::string>* formats) {
  for (int i = 0; i < file.message_type_count(); ++i) {
    AddFormats(*file.message_type(i), formats);
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    if (file.dependency(i)->package() == file.package()) {
      AddFormats(*file.dependency(i), formats);
    }
  }
}

bool IsWellKnown(const FieldDescriptor& field, const char* name) {
  return field.message_type() != nullptr &&
         field.message_type()->full_name() == name;
}

const Message& DefaultOf(const google::protobuf::Descriptor* type) {
  return *MessageFactory::generated_factory()->GetPrototype(type);
}

}  // namespace

std::unique_ptr<Message> Rpc::NewRequest() const {
  return std::unique_ptr<Message>(DefaultOf(method->input_type()).New());
}

std::unique_ptr<Message> Rpc::NewResponse() const {
  return std::unique_ptr<Message>(DefaultOf(method->output_type()).New());
}

const std::vector<Rpc>& Rpcs() {
  static const auto* const rpcs = [] {
    auto* result = new std::vector<Rpc>;
    for (const FileDescriptor* file : ServiceFiles()) {
      for (int s = 0; s < file->service_count(); ++s) {
        const ServiceDescriptor* service = file->service(s);
        for (int m = 0; m < service->method_count(); ++m) {
          const MethodDescriptor* method = service->method(m);
          result->push_back(
              {method->name(), Kebab(method->name()),
               absl::StrCat("/", service->full_name(), "/", method->name()),
               method});
        }
      }
    }
    return result;
  }();
  return *rpcs;
}

const Rpc* FindRpc(absl::string_view name) {
  for (const Rpc& rpc : Rpcs()) {
    if (rpc.name == name || rpc.command == name) return &rpc;
  }
  return nullptr;
}

const Rpc* FindGetter(absl::string_view collection) {
  for (const Rpc& rpc : Rpcs()) {
    if (!absl::StartsWith(rpc.name, "Get")) continue;
    const FieldDescriptor* name =
        rpc.method->input_type()->FindFieldByName("name");
    if (name != nullptr && CollectionOf(*name) == collection &&
        (!collection.empty() || rpc.name == "GetCenter")) {
      return &rpc;
    }
  }
  return nullptr;
}

std::string CommentOf(const std::string& full_name) {
  const DescriptorPool& pool = CommentedPool();
  if (const auto* d = pool.FindMethodByName(full_name)) {
    return CommentOfDescriptor(d);
  }
  if (const auto* d = pool.FindFieldByName(full_name)) {
    return CommentOfDescriptor(d);
  }
  if (const auto* d = pool.FindMessageTypeByName(full_name)) {
    return CommentOfDescriptor(d);
  }
  if (const auto* d = pool.FindServiceByName(full_name)) {
    return CommentOfDescriptor(d);
  }
  if (const auto* d = pool.FindEnumValueByName(full_name)) {
    return CommentOfDescriptor(d);
  }
  return "";
}

std::string ResourceFormat(const FieldDescriptor& field) {
  // Read once: comments are slow to find, and a request is walked often.
  static const auto* const formats = [] {
    auto* result = new std::map<std::string, std::string>;
    const FileDescriptor* last = nullptr;
    for (const Rpc& rpc : Rpcs()) {
      if (rpc.method->file() == last) continue;
      last = rpc.method->file();
      AddFormats(*last, result);
    }
    return result;
  }();
  const auto found = formats->find(field.full_name());
  return found == formats->end() ? "" : found->second;
}

std::string CollectionOf(const FieldDescriptor& field) {
  const std::string format = ResourceFormat(field);
  const std::vector<std::string> parts = absl::StrSplit(format, '/');
  return parts.size() == 4 ? parts[2] : "";
}

bool IsRequired(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::required);
}

bool IsOutputOnly(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::output_only);
}

bool IsSecret(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::sensitivity) ==
         v1::SENSITIVITY_SECRET;
}

bool IsTimestamp(const FieldDescriptor& field) {
  return IsWellKnown(field, "google.protobuf.Timestamp");
}

bool IsDuration(const FieldDescriptor& field) {
  return IsWellKnown(field, "google.protobuf.Duration");
}

bool IsLatLng(const FieldDescriptor& field) {
  return IsWellKnown(field, "housecall.v1.LatLng");
}

std::string PositionalField(const Rpc& rpc) {
  const google::protobuf::Descriptor* request = rpc.method->input_type();
  for (int i = 0; i < request->field_count(); ++i) {
    const FieldDescriptor* field = request->field(i);
    if (!IsRequired(*field) || IsSecret(*field) || field->name() == "parent" ||
        field->name() == "request_id") {
      continue;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
        IsLatLng(*field)) {
      return field->name();
    }
    if (field->message_type() != nullptr && !field->is_repeated() &&
        field->message_type()->FindFieldByName("name") != nullptr) {
      return absl::StrCat(field->name(), ".name");
    }
  }
  return "";
}

std::string Kebab(absl::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c == '_') {
      result.push_back('-');
    } else if (absl::ascii_isupper(static_cast<unsigned char>(c))) {
      if (!result.empty()) result.push_back('-');
      result.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    } else {
      result.push_back(c);
    }
  }
  return result;
}

std::string ShortName(const google::protobuf::EnumValueDescriptor& value) {
  std::string prefix = absl::AsciiStrToUpper(Kebab(value.type()->name())) + "_";
  std::replace(prefix.begin(), prefix.end(), '-', '_');
  return std::string(absl::StripPrefix(value.name(), prefix));
}

}  // namespace housecall::cli
