#include "dispatcher/server/convert.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/id.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "housecall/v1/annotations.pb.h"

namespace housecall::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using internal::FieldPath;

constexpr size_t kMaxTextBytes = 500;
constexpr size_t kMaxLongTextBytes = 20000;
// Times outside are mistakes: a phone's clock at its birth, a wrong unit.
const absl::Time kLeastTime = absl::FromUnixSeconds(946684800);  // 2000
const absl::Time kMostTime = absl::FromUnixSeconds(4102444800);  // 2100
constexpr absl::Duration kMostDuration = absl::Hours(24 * 366);

std::string GetString(const Message& message, const FieldDescriptor* field,
                      int index) {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetString(message, field)
                   : reflection.GetRepeatedString(message, field, index);
}

absl::Status CheckText(const FieldPath& path, absl::string_view text,
                       size_t most, bool lines) {
  if (text.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": has ", text.size(), " bytes, at most ", most));
  }
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) continue;
    if (lines && (c == '\n' || c == '\t' || c == '\r')) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path.ToString(), ": has a control character",
                     lines ? "" : "; it is one line of text"));
  }
  return absl::OkStatus();
}

// Calls visit(path, field, parent) for each field of the message and of every
// message that is set in it. Stops at the first error.
template <typename Visit>
absl::Status WalkFields(const Message& message, const FieldPath& parent,
                        Visit&& visit) {
  const Reflection& reflection = *message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    const FieldPath path = {&parent, field};
    RETURN_IF_ERROR(visit(path, field, message));
    if (field->message_type() == nullptr || field->is_map()) continue;
    if (field->is_repeated()) {
      for (int k = 0; k < reflection.FieldSize(message, field); ++k) {
        RETURN_IF_ERROR(
            WalkFields(reflection.GetRepeatedMessage(message, field, k),
                       {&parent, field, k}, visit));
      }
    } else if (reflection.HasField(message, field)) {
      RETURN_IF_ERROR(
          WalkFields(reflection.GetMessage(message, field), path, visit));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ParseResourceName(const core::CenterId& center,
                                              absl::string_view collection,
                                              absl::string_view name,
                                              absl::string_view field) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  const bool of_center = collection == core::CenterId::kCollection;
  const size_t size = of_center ? 2 : 4;
  bool good = parts.size() == size && parts[0] == "centers" &&
              IsValidId(parts[1]) && IsValidId(parts.back());
  if (good && !of_center) good = parts[2] == collection;
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": is not a resource name of the form centers/{center}",
        of_center ? "" : absl::StrCat("/", collection, "/{id}"),
        " with ids of a-z, 0-9 and '-'"));
  }
  if (!center.empty() && parts[1] != center.value()) {
    return core::Denied(core::RefusalReason::kNotYours,
                        absl::StrCat(field, ": names another center"));
  }
  return std::string(parts.back());
}

void Redact(const View& view, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    bool allowed = true;
    switch (field->options().GetExtension(v1::sensitivity)) {
      case v1::SENSITIVITY_IDENTIFYING:
        allowed = view.identifying;
        break;
      case v1::SENSITIVITY_CLINICAL:
        allowed = view.clinical;
        break;
      case v1::SENSITIVITY_UNSPECIFIED:
        break;
      case v1::SENSITIVITY_SECRET:
      default:  // An open enum: what is not known here is for nobody.
        allowed = false;
        break;
    }
    if (!allowed) {
      reflection.ClearField(message, field);
      continue;
    }
    if (field->message_type() == nullptr || field->is_map()) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        Redact(view, reflection.MutableRepeatedMessage(message, field, i));
      }
    } else {
      Redact(view, reflection.MutableMessage(message, field));
    }
  }
}

absl::Status CheckRequired(const Message& message) {
  return WalkFields(message, FieldPath(),
                    [](const FieldPath& path, const FieldDescriptor* field,
                       const Message& parent) -> absl::Status {
                      if (!field->options().GetExtension(v1::required)) {
                        return absl::OkStatus();
                      }
                      const Reflection& reflection = *parent.GetReflection();
                      const bool set =
                          field->is_repeated()
                              ? reflection.FieldSize(parent, field) > 0
                              : reflection.HasField(parent, field);
                      if (set) return absl::OkStatus();
                      return absl::InvalidArgumentError(
                          absl::StrCat(path.ToString(), ": is required"));
                    });
}

absl::Status CheckFields(const Message& message) {
  return WalkFields(
      message, FieldPath(),
      [](const FieldPath& path, const FieldDescriptor* field,
         const Message& parent) -> absl::Status {
        const Reflection& reflection = *parent.GetReflection();
        const bool repeated = field->is_repeated();
        const int size = repeated ? reflection.FieldSize(parent, field) : 1;
        if (repeated && size > internal::kMaxRepeated) {
          return absl::InvalidArgumentError(
              absl::StrCat(path.ToString(), ": has ", size,
                           " entries, at most ", internal::kMaxRepeated));
        }
        if (!repeated && field->has_presence() &&
            !reflection.HasField(parent, field)) {
          return absl::OkStatus();
        }
        for (int i = 0; i < size; ++i) {
          RETURN_IF_ERROR(
              internal::CheckValue({parent,
                                    field,
                                    repeated ? i : -1,
                                    {path.parent, field, repeated ? i : -1},
                                    core::CenterId()}));
        }
        return absl::OkStatus();
      });
}

namespace internal {

absl::Status CheckValue(const FieldReader& reader) {
  const FieldDescriptor* field = reader.field;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field->options().GetExtension(v1::sensitivity) ==
                     v1::SENSITIVITY_UNSPECIFIED
                 ? reader.Text().status()
                 : reader.LongText().status();
    case FieldDescriptor::CPPTYPE_ENUM:
      return reader.Enum().status();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reader.Double().status();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (field->message_type() ==
          google::protobuf::Timestamp::GetDescriptor()) {
        return reader.Time().status();
      }
      if (field->message_type() ==
          google::protobuf::Duration::GetDescriptor()) {
        return reader.Duration().status();
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_BOOL:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

std::string FieldPath::ToString() const {
  if (field == nullptr) return "";
  std::string text = parent == nullptr ? "" : parent->ToString();
  absl::StrAppend(&text, text.empty() ? "" : ".", field->name());
  if (index >= 0) absl::StrAppend(&text, "[", index, "]");
  return text;
}

bool HasField(const Message& message, const FieldDescriptor* field) {
  return message.GetReflection()->HasField(message, field);
}

int RepeatedSize(const Message& message, const FieldDescriptor* field) {
  return message.GetReflection()->FieldSize(message, field);
}

absl::StatusOr<std::string> FieldReader::Text() const {
  std::string text = GetString(message, field, index);
  RETURN_IF_ERROR(CheckText(path, text, kMaxTextBytes, false));
  return text;
}

absl::StatusOr<std::string> FieldReader::LongText() const {
  std::string text = GetString(message, field, index);
  RETURN_IF_ERROR(CheckText(path, text, kMaxLongTextBytes, true));
  return text;
}

absl::StatusOr<std::string> FieldReader::Resource(
    absl::string_view collection) const {
  return ParseResourceName(center, collection, GetString(message, field, index),
                           path.ToString());
}

absl::StatusOr<int64_t> FieldReader::Integer(int64_t least,
                                             int64_t most) const {
  const Reflection& reflection = *message.GetReflection();
  int64_t value = 0;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    value = index < 0 ? reflection.GetInt32(message, field)
                      : reflection.GetRepeatedInt32(message, field, index);
  } else {
    value = index < 0 ? reflection.GetInt64(message, field)
                      : reflection.GetRepeatedInt64(message, field, index);
  }
  if (value < least || value > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.ToString(), ": is out of range"));
  }
  return value;
}

absl::StatusOr<double> FieldReader::Double() const {
  const Reflection& reflection = *message.GetReflection();
  const double value =
      index < 0 ? reflection.GetDouble(message, field)
                : reflection.GetRepeatedDouble(message, field, index);
  if (!std::isfinite(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.ToString(), ": is not a finite number"));
  }
  // The only angles of the API: a place on earth.
  const double most = field->name() == "latitude"    ? 90
                      : field->name() == "longitude" ? 180
                                                     : 1e12;
  if (std::abs(value) > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": must be between ", -most, " and ", most));
  }
  return value;
}

absl::StatusOr<bool> FieldReader::Bool() const {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetBool(message, field)
                   : reflection.GetRepeatedBool(message, field, index);
}

absl::StatusOr<int> FieldReader::Enum() const {
  const Reflection& reflection = *message.GetReflection();
  const int value =
      index < 0 ? reflection.GetEnumValue(message, field)
                : reflection.GetRepeatedEnumValue(message, field, index);
  if (field->enum_type()->FindValueByNumber(value) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path.ToString(), ": ", value,
                                                   " is not a value of ",
                                                   field->enum_type()->name()));
  }
  return value;
}

absl::StatusOr<absl::Time> FieldReader::Time() const {
  const Message& nested = Nested();
  google::protobuf::Timestamp stamp;
  stamp.CopyFrom(nested);
  if (stamp.nanos() < 0 || stamp.nanos() > 999999999) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": nanos must be between 0 and 999999999"));
  }
  const absl::Time time =
      absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
  if (time < kLeastTime || time > kMostTime) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": must be between the years 2000 and 2100"));
  }
  // Rows keep microseconds.
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

absl::StatusOr<absl::Duration> FieldReader::Duration() const {
  google::protobuf::Duration duration;
  duration.CopyFrom(Nested());
  if (duration.nanos() < 0 || duration.nanos() > 999999999) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": nanos must be between 0 and 999999999"));
  }
  const absl::Duration value =
      absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
  if (value < absl::ZeroDuration() || value > kMostDuration) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.ToString(), ": must be between 0 and 366 days"));
  }
  return absl::Microseconds(absl::ToInt64Microseconds(value));
}

absl::StatusOr<int64_t> FieldReader::Etag() const {
  const std::string text = GetString(message, field, index);
  int64_t number = 0;
  // One of several has to be one: which of them is left out is not to be seen.
  if (text.empty() && index < 0) return number;
  if (!absl::SimpleAtoi(text, &number) || number < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.ToString(), ": is not an etag that this server gave"));
  }
  return number;
}

const Message& FieldReader::Nested() const {
  const Reflection& reflection = *message.GetReflection();
  return index < 0 ? reflection.GetMessage(message, field)
                   : reflection.GetRepeatedMessage(message, field, index);
}

void FieldWriter::String(const std::string& value) const {
  const Reflection& reflection = *message->GetReflection();
  if (repeated) {
    reflection.AddString(message, field, value);
  } else {
    reflection.SetString(message, field, value);
  }
}

void FieldWriter::Integer(int64_t value) const {
  const Reflection& reflection = *message->GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    const int32_t narrow = static_cast<int32_t>(value);
    repeated ? reflection.AddInt32(message, field, narrow)
             : reflection.SetInt32(message, field, narrow);
  } else {
    repeated ? reflection.AddInt64(message, field, value)
             : reflection.SetInt64(message, field, value);
  }
}

void FieldWriter::Double(double value) const {
  const Reflection& reflection = *message->GetReflection();
  repeated ? reflection.AddDouble(message, field, value)
           : reflection.SetDouble(message, field, value);
}

void FieldWriter::Bool(bool value) const {
  const Reflection& reflection = *message->GetReflection();
  repeated ? reflection.AddBool(message, field, value)
           : reflection.SetBool(message, field, value);
}

void FieldWriter::Enum(int value) const {
  const Reflection& reflection = *message->GetReflection();
  repeated ? reflection.AddEnumValue(message, field, value)
           : reflection.SetEnumValue(message, field, value);
}

void FieldWriter::Time(absl::Time value) const {
  // The Unix epoch is how a struct says "not set".
  if (value == absl::UnixEpoch()) return;
  google::protobuf::Timestamp stamp;
  const int64_t micros = absl::ToUnixMicros(value);
  int64_t seconds = micros / 1000000;
  int64_t rest = micros % 1000000;
  if (rest < 0) {
    --seconds;
    rest += 1000000;
  }
  stamp.set_seconds(seconds);
  stamp.set_nanos(static_cast<int32_t>(rest * 1000));
  Nested()->CopyFrom(stamp);
}

void FieldWriter::Duration(absl::Duration value) const {
  google::protobuf::Duration duration;
  duration.set_seconds(absl::ToInt64Seconds(value));
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(
      value - absl::Seconds(absl::ToInt64Seconds(value)))));
  Nested()->CopyFrom(duration);
}

Message* FieldWriter::Nested() const {
  const Reflection& reflection = *message->GetReflection();
  return repeated ? reflection.AddMessage(message, field)
                  : reflection.MutableMessage(message, field);
}

}  // namespace internal

}  // namespace housecall::server
