#include "tests/server/api.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "housecall/v1/annotations.pb.h"

namespace housecall::server::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The API with its comments, which generated code does not carry.
const DescriptorPool& CommentedApi() {
  static const auto* const pool = [] {
    std::ifstream in(HOUSECALL_API_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    auto* made = new DescriptorPool;
    if (!set.ParseFromIstream(&in)) {
      ADD_FAILURE() << "cannot read " << HOUSECALL_API_DESCRIPTORS;
      return made;
    }
    for (const auto& file : set.file()) {
      EXPECT_NE(made->BuildFile(file), nullptr) << file.name();
    }
    return made;
  }();
  return *pool;
}

void FillMessage(const NameMaker& names, bool required_only, int depth,
                 Message* message) {
  const Reflection& reflection = *message->GetReflection();
  const Descriptor* type = message->GetDescriptor();
  if (type == google::protobuf::Timestamp::GetDescriptor()) {
    google::protobuf::Timestamp time;
    time.set_seconds(1795000000);
    message->CopyFrom(time);
    return;
  }
  if (type == google::protobuf::Duration::GetDescriptor()) {
    google::protobuf::Duration duration;
    duration.set_seconds(60);
    message->CopyFrom(duration);
    return;
  }
  std::set<const google::protobuf::OneofDescriptor*> filled;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (required_only && !field->options().GetExtension(v1::required)) continue;
    if (const auto* oneof = field->real_containing_oneof()) {
      if (!filled.insert(oneof).second) continue;
    }
    const bool repeated = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string collection = CollectionOf(field);
        std::string text = "1";
        if (!collection.empty()) {
          text = names(collection, field);
        } else if (field->name() == "date" || field->name() == "birth_date") {
          text = "2026-11-21";
        } else if (field->name() == "time_zone") {
          text = "Asia/Tokyo";
        } else if (field->name() == "resume_token" ||
                   field->name() == "page_token") {
          continue;
        }
        repeated ? reflection.AddString(message, field, text)
                 : reflection.SetString(message, field, text);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        repeated ? reflection.AddEnumValue(message, field, 1)
                 : reflection.SetEnumValue(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        // Deep enough for everything but what would never end.
        if (depth == 8) break;
        FillMessage(names, required_only, depth + 1,
                    repeated ? reflection.AddMessage(message, field)
                             : reflection.MutableMessage(message, field));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        repeated ? reflection.AddInt32(message, field, 1)
                 : reflection.SetInt32(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        repeated ? reflection.AddInt64(message, field, 1)
                 : reflection.SetInt64(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        repeated ? reflection.AddDouble(message, field, 1)
                 : reflection.SetDouble(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        repeated ? reflection.AddBool(message, field, true)
                 : reflection.SetBool(message, field, true);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64:
      case FieldDescriptor::CPPTYPE_FLOAT:
        ADD_FAILURE() << field->full_name() << " is of a kind that is not used";
        break;
    }
  }
}

}  // namespace

const Descriptor* FindMessage(const std::string& name) {
  AllRpcs();
  return DescriptorPool::generated_pool()->FindMessageTypeByName(
      absl::StrCat("housecall.v1.", name));
}

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(type)
          ->New());
}

std::unique_ptr<Message> NewMessage(const std::string& name) {
  return NewMessage(FindMessage(name));
}

std::string CollectionOf(const FieldDescriptor* field) {
  static auto* const known = new std::map<std::string, std::string>;
  const auto found = known->find(field->full_name());
  if (found != known->end()) return found->second;
  std::string collection;
  const FieldDescriptor* commented =
      CommentedApi().FindFieldByName(field->full_name());
  google::protobuf::SourceLocation location;
  if (commented != nullptr && commented->GetSourceLocation(&location)) {
    std::string comment = location.leading_comments;
    // A line may break anywhere.
    comment.erase(std::remove(comment.begin(), comment.end(), '\n'),
                  comment.end());
    const size_t begin = comment.find("`centers/{center}");
    if (begin != std::string::npos) {
      const size_t end = comment.find('`', begin + 1);
      const std::vector<std::string> parts =
          absl::StrSplit(comment.substr(begin + 1, end - begin - 1), '/');
      collection = parts.size() == 4 ? parts[2] : "centers";
    }
  }
  (*known)[field->full_name()] = collection;
  return collection;
}

NameMaker NamesIn(const std::string& center, const std::string& id) {
  return [center, id](const std::string& collection, const FieldDescriptor*) {
    return collection == "centers"
               ? absl::StrCat("centers/", center)
               : absl::StrCat("centers/", center, "/", collection, "/", id);
  };
}

void FillRequest(const NameMaker& names, bool required_only, Message* message) {
  FillMessage(names, required_only, 0, message);
}

void ForEachSetField(
    const Message& message,
    const std::function<void(const Message&, const FieldDescriptor*)>& visit) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    visit(message, field);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        ForEachSetField(reflection.GetRepeatedMessage(message, field, i),
                        visit);
      }
    } else {
      ForEachSetField(reflection.GetMessage(message, field), visit);
    }
  }
}

}  // namespace housecall::server::testing
