#include "clients/cli/request_builder.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cli/message.h"
#include "clients/cli/values.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "housecall/v1/types.pb.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

// Where a value goes: a field of a message, added if it is repeated.
struct Slot {
  Message* message;
  const FieldDescriptor* field;

  const Reflection& reflection() const { return *message->GetReflection(); }
  Message* Nested() const {
    return field->is_repeated() ? reflection().AddMessage(message, field)
                                : reflection().MutableMessage(message, field);
  }
};

// Field names have words between _; people write - or camelCase, too.
const FieldDescriptor* FindField(const Descriptor& type,
                                 absl::string_view name) {
  const std::string snake = absl::StrReplaceAll(name, {{"-", "_"}});
  if (const FieldDescriptor* field = type.FindFieldByName(snake)) return field;
  return type.FindFieldByCamelcaseName(std::string(name));
}

bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

// "a,b" in these is two values: neither ids nor enums have commas.
bool SplitsAtCommas(const FieldDescriptor& field) {
  return field.is_repeated() &&
         (field.enum_type() != nullptr || !ResourceFormat(field).empty());
}

absl::Status SetTime(absl::Time time, const Slot& slot) {
  const int64_t micros = absl::ToUnixMicros(time);
  constexpr int64_t kMicros = 1000000;
  const int64_t seconds =
      micros >= 0 ? micros / kMicros : -((-micros + kMicros - 1) / kMicros);
  google::protobuf::Timestamp value;
  value.set_seconds(seconds);
  value.set_nanos(static_cast<int32_t>((micros - seconds * kMicros) * 1000));
  slot.Nested()->CopyFrom(value);
  return absl::OkStatus();
}

absl::Status SetDuration(absl::Duration duration, const Slot& slot) {
  google::protobuf::Duration value;
  absl::Duration rest;
  value.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  value.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  slot.Nested()->CopyFrom(value);
  return absl::OkStatus();
}

absl::Status SetText(std::string text, const Slot& slot) {
  if (slot.field->is_repeated()) {
    slot.reflection().AddString(slot.message, slot.field, std::move(text));
  } else {
    slot.reflection().SetString(slot.message, slot.field, std::move(text));
  }
  return absl::OkStatus();
}

absl::Status SetEnum(int number, const Slot& slot) {
  if (slot.field->is_repeated()) {
    slot.reflection().AddEnumValue(slot.message, slot.field, number);
  } else {
    slot.reflection().SetEnumValue(slot.message, slot.field, number);
  }
  return absl::OkStatus();
}

absl::Status NotWhole() {
  return WrongInput("must be a whole number", "整数で書いてください");
}

absl::Status SetNumber(double number, const Slot& slot) {
  const bool is_whole = number == std::floor(number);
  switch (slot.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!std::isfinite(number)) break;
      slot.reflection().SetDouble(slot.message, slot.field, number);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
      if (!is_whole || std::abs(number) > std::numeric_limits<int32_t>::max()) {
        return NotWhole();
      }
      slot.reflection().SetInt32(slot.message, slot.field,
                                 static_cast<int32_t>(number));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT64:
      // Up to there every whole number has a double of its own.
      if (!is_whole || std::abs(number) > 9007199254740992.0) {
        return NotWhole();
      }
      slot.reflection().SetInt64(slot.message, slot.field,
                                 static_cast<int64_t>(number));
      return absl::OkStatus();
    default:
      break;
  }
  return WrongInput("does not take a number", "ここに数は書けません");
}

absl::Status SetBool(bool value, const Slot& slot) {
  slot.reflection().SetBool(slot.message, slot.field, value);
  return absl::OkStatus();
}

// When something was: "22:05" is the last one.
bool IsOfThePast(const FieldDescriptor& field) {
  return field.name() == "written_time" || field.name() == "device_time" ||
         field.containing_type() == v1::RecordVisitRequest::descriptor();
}

// One value from a text, whatever the field's kind but for JSON.
absl::Status SetFromText(absl::string_view text, const Surroundings& around,
                         const Slot& slot) {
  const FieldDescriptor& field = *slot.field;
  if (IsTimestamp(field)) {
    absl::StatusOr<absl::Time> time = ParseTime(
        text, around.now, IsOfThePast(field) ? Clock::kLast : Clock::kNext);
    return time.ok() ? SetTime(*time, slot) : time.status();
  }
  if (IsDuration(field)) {
    absl::StatusOr<absl::Duration> duration = ParseDuration(text);
    return duration.ok() ? SetDuration(*duration, slot) : duration.status();
  }
  if (IsLatLng(field)) {
    absl::StatusOr<Degrees> degrees = ParsePosition(text);
    if (!degrees.ok()) return degrees.status();
    v1::LatLng position;
    position.set_latitude(degrees->latitude);
    position.set_longitude(degrees->longitude);
    slot.Nested()->CopyFrom(position);
    return absl::OkStatus();
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string format = ResourceFormat(field);
      if (format.empty() || text.empty()) {
        return SetText(std::string(text), slot);
      }
      absl::StatusOr<std::string> name =
          ExpandName(text, format, around.center);
      return name.ok() ? SetText(*std::move(name), slot) : name.status();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto value = ParseEnum(text, *field.enum_type());
      return value.ok() ? SetEnum((*value)->number(), slot) : value.status();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      if (text == "true" || text == "yes") return SetBool(true, slot);
      if (text == "false" || text == "no") return SetBool(false, slot);
      return WrongInput(
          absl::StrCat("'", text, "' is neither true nor false"),
          absl::StrCat("「", text,
                       "」ではなく true か false を書いてください"));
    }
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      if (!absl::SimpleAtod(text, &number)) {
        return WrongInput(absl::StrCat("'", text, "' is no number"),
                          absl::StrCat("「", text, "」は数として読めません"));
      }
      return SetNumber(number, slot);
    }
    default:
      return WrongInput("cannot be set here", "ここでは指定できません");
  }
}

absl::Status SetFromJson(const json& value, absl::string_view path,
                         const Surroundings& around, const Slot& slot);

absl::Status MergeObject(const json& object, absl::string_view path,
                         const Surroundings& around, Message* message) {
  if (!object.is_object()) {
    constexpr char kForm[] = "{\"field\": value, …}";
    return WrongInput(
        absl::StrCat(path.empty() ? "the request" : path,
                     ": must be a JSON object, ", kForm),
        absl::StrCat(path.empty() ? "要求" : path,
                     ": JSON のオブジェクトで書いてください: ", kForm));
  }
  for (const auto& [key, value] : object.items()) {
    const FieldDescriptor* field = FindField(*message->GetDescriptor(), key);
    const std::string inner = path.empty() ? key : absl::StrCat(path, ".", key);
    if (field == nullptr) {
      std::vector<std::string> names;
      names.reserve(message->GetDescriptor()->field_count());
      for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
        names.push_back(message->GetDescriptor()->field(i)->name());
      }
      return WrongInput(
          absl::StrCat(inner, ": there is no such field",
                       DidYouMean(key, names, "", Language::kEnglish)),
          absl::StrCat(inner, ": この項目はありません",
                       DidYouMean(key, names, "", Language::kJapanese)));
    }
    absl::Status status;
    if (field->is_repeated()) {
      if (!value.is_array()) {
        return WrongInput(
            absl::StrCat(inner, ": must be a list, [ … ]"),
            absl::StrCat(inner, ": [ … ] の形の並びで書いてください"));
      }
      message->GetReflection()->ClearField(message, field);
      for (size_t i = 0; i < value.size() && status.ok(); ++i) {
        status = SetFromJson(value[i], absl::StrCat(inner, "[", i, "]"), around,
                             {message, field});
      }
    } else if (value.is_null()) {
      message->GetReflection()->ClearField(message, field);
    } else {
      status = SetFromJson(value, inner, around, {message, field});
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status NotInEnvironment(absl::string_view name) {
  return WrongInput(
      absl::StrCat("the environment variable ", name, " is not set"),
      absl::StrCat("環境変数 ", name, " が設定されていません"));
}

absl::Status SetFromJson(const json& value, absl::string_view path,
                         const Surroundings& around, const Slot& slot) {
  const FieldDescriptor& field = *slot.field;
  if (value.is_object() && value.size() == 1 && value.contains("env") &&
      value["env"].is_string() && IsText(field)) {
    const auto& name = value["env"].get_ref<const std::string&>();
    const std::optional<std::string> text = around.environment(name);
    if (!text.has_value() || text->empty()) {
      return AtPlace(path, NotInEnvironment(name));
    }
    const absl::Status status = SetFromText(*text, around, slot);
    return status.ok() ? status : AtPlace(path, status);
  }
  if (value.is_object() && field.message_type() != nullptr) {
    return MergeObject(value, path, around, slot.Nested());
  }
  absl::Status status;
  if (value.is_string()) {
    const std::string text = absl::StrReplaceAll(
        value.get_ref<const std::string&>(), {{"${center}", around.center}});
    status = SetFromText(text, around, slot);
  } else if (value.is_boolean() &&
             field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    status = SetBool(value.get<bool>(), slot);
  } else if (value.is_number() &&
             field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    status = SetNumber(value.get<double>(), slot);
  } else {
    status = WrongInput(
        absl::StrCat("does not take a JSON ", value.type_name()),
        absl::StrCat("JSON の ", value.type_name(), " は書けません"));
  }
  return status.ok() ? status : AtPlace(path, status);
}

absl::Status SetSecret(absl::string_view text, const Surroundings& around,
                       const Slot& slot) {
  std::optional<std::string> secret;
  if (text == "-") {
    secret = around.read_line();
    if (!secret.has_value()) {
      return WrongInput("standard input has no line for it",
                        "標準入力にその行がありません");
    }
  } else if (absl::ConsumePrefix(&text, "env:")) {
    secret = around.environment(std::string(text));
    if (!secret.has_value()) {
      return NotInEnvironment(text);
    }
  } else {
    return WrongInput(
        "is a secret, and arguments are seen by everybody on this machine; "
        "write env:NAME for an environment variable, or - for a line of "
        "standard input",
        "秘密の値は引数に書けません（この機械のほかの人に見えるため）。"
        "env:NAME で環境変数を、- で標準入力の1行を指定してください");
  }
  return SetText(*std::move(secret), slot);
}

void AddFlags(const Descriptor& type, const std::string& prefix,
              std::vector<std::string>* flags) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (IsOutputOnly(*field)) continue;
    const std::string name = absl::StrCat(prefix, Kebab(field->name()));
    flags->push_back(name);
    if (field->message_type() != nullptr && !field->is_repeated() &&
        !IsTimestamp(*field) && !IsDuration(*field) && !IsLatLng(*field)) {
      AddFlags(*field->message_type(), absl::StrCat(name, "."), flags);
    }
  }
}

bool IsSet(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(message, &field) > 0;
  return reflection.HasField(message, &field);
}

void AddMissing(const Message& message, const std::string& prefix,
                std::vector<std::string>* missing) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    const std::string name = absl::StrCat(prefix, Kebab(field->name()));
    if (!IsSet(message, *field)) {
      if (IsRequired(*field) && field->name() != "request_id") {
        missing->push_back(name);
      }
      continue;
    }
    if (field->message_type() == nullptr) continue;
    const int size =
        field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int k = 0; k < size; ++k) {
      AddMissing(field->is_repeated()
                     ? reflection.GetRepeatedMessage(message, field, k)
                     : reflection.GetMessage(message, field),
                 absl::StrCat(name, "."), missing);
    }
  }
}

}  // namespace

const FieldDescriptor* FindFlag(const Descriptor& type,
                                absl::string_view path) {
  const Descriptor* at = &type;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = FindField(*at, parts[i]);
    if (field == nullptr || i + 1 == parts.size()) return field;
    if (field->message_type() == nullptr || field->is_repeated()) {
      return nullptr;
    }
    at = field->message_type();
  }
  return nullptr;
}

absl::Status SetField(absl::string_view path, absl::string_view text,
                      const Surroundings& surroundings, Message* message) {
  const std::string flag = absl::StrCat("--", path);
  const FieldDescriptor* field = FindFlag(*message->GetDescriptor(), path);
  if (field == nullptr) {
    const std::vector<std::string> flags = FlagsOf(*message->GetDescriptor());
    return WrongInput(
        absl::StrCat(flag, ": there is no such flag",
                     DidYouMean(path, flags, "--", Language::kEnglish)),
        absl::StrCat(flag, ": このフラグはありません",
                     DidYouMean(path, flags, "--", Language::kJapanese)));
  }
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    message = message->GetReflection()->MutableMessage(
        message, FindField(*message->GetDescriptor(), parts[i]));
  }
  const Slot slot{message, field};
  if (IsSecret(*field)) {
    const absl::Status status = SetSecret(text, surroundings, slot);
    return status.ok() ? status : AtPlace(flag, status);
  }
  const bool is_json = field->message_type() != nullptr &&
                       !IsTimestamp(*field) && !IsDuration(*field) &&
                       (!IsLatLng(*field) || absl::StartsWith(text, "{"));
  if (is_json) {
    const json object = json::parse(std::string(text), nullptr, false);
    if (!object.is_object()) {
      constexpr char kForm[] = "'{\"field\": \"value\"}'";
      return WrongInput(
          absl::StrCat(
              flag, ": must be a JSON object, such as ", kForm,
              field->is_repeated() ? "; repeat the flag for more of them" : ""),
          absl::StrCat(
              flag, ": JSON のオブジェクトで書いてください: ", kForm,
              field->is_repeated() ? "。複数あればフラグを繰り返します" : ""));
    }
    return MergeObject(object, flag, surroundings, slot.Nested());
  }
  std::vector<std::string> values = {std::string(text)};
  if (SplitsAtCommas(*field)) values = absl::StrSplit(text, ',');
  for (const std::string& value : values) {
    const absl::Status status = SetFromText(value, surroundings, slot);
    if (!status.ok()) return AtPlace(flag, status);
  }
  return absl::OkStatus();
}

absl::Status MergeJson(const json& json, const Surroundings& surroundings,
                       Message* message) {
  return MergeObject(json, "", surroundings, message);
}

std::vector<std::string> FlagsOf(const Descriptor& type) {
  std::vector<std::string> flags;
  AddFlags(type, "", &flags);
  return flags;
}

void FillDefaults(const Surroundings& surroundings, Message* request) {
  const Descriptor& type = *request->GetDescriptor();
  const Reflection& reflection = *request->GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (!IsRequired(*field)) continue;
    if (ResourceFormat(*field) == "centers/{center}" &&
        !surroundings.center.empty() && !IsSet(*request, *field)) {
      reflection.SetString(request, field,
                           absl::StrCat("centers/", surroundings.center));
    } else if (field->name() == "device_time" && IsTimestamp(*field) &&
               !IsSet(*request, *field)) {
      SetTime(surroundings.now, {request, field}).IgnoreError();
    } else if (field->message_type() != nullptr && !field->is_repeated() &&
               reflection.HasField(*request, field)) {
      FillDefaults(surroundings, reflection.MutableMessage(request, field));
    }
  }
}

std::vector<std::string> MissingFlags(const Message& request) {
  std::vector<std::string> missing;
  AddMissing(request, "", &missing);
  return missing;
}

void ClearSecrets(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsSecret(*field)) {
      reflection.ClearField(message, field);
    } else if (field->message_type() != nullptr && field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        ClearSecrets(reflection.MutableRepeatedMessage(message, field, i));
      }
    } else if (field->message_type() != nullptr) {
      ClearSecrets(reflection.MutableMessage(message, field));
    }
  }
}

bool HasSecrets(const Message& message) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  ClearSecrets(copy.get());
  return copy->ByteSizeLong() != message.ByteSizeLong();
}

std::string GetString(const Message& message, const std::string& field) {
  const FieldDescriptor* found =
      message.GetDescriptor()->FindFieldByName(field);
  if (found == nullptr || !IsText(*found) || found->is_repeated()) return "";
  return message.GetReflection()->GetString(message, found);
}

}  // namespace housecall::cli
