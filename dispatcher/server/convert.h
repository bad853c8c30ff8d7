// Between core structs and protos, by the names of their fields.
//
// A message has the fields of the struct of the same meaning, with the same
// names (proto/README.md); a record's id is its `name`. So there is one
// conversion for all of them, through protobuf's reflection, and a test that
// compares every struct with its message. This file and store/sql_store.cc are
// the only places where shapes change.
#ifndef HOUSECALL_DISPATCHER_SERVER_CONVERT_H_
#define HOUSECALL_DISPATCHER_SERVER_CONVERT_H_

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/types.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace housecall::server {

// "centers/hino/calls/c1"; "centers/hino" for a center; "" for an empty id.
template <typename Tag>
std::string ResourceName(const core::CenterId& center, const Id<Tag>& id) {
  if (id.empty()) return "";
  if constexpr (std::is_same_v<Id<Tag>, core::CenterId>) {
    return absl::StrCat("centers/", id.value());
  } else {
    return absl::StrCat("centers/", center.value(), "/", Tag::kCollection, "/",
                        id.value());
  }
}

// The id in a resource name. InvalidArgument if `name` is not one of that
// collection; PermissionDenied if it is another center's. `field` is named in
// the message.
absl::StatusOr<std::string> ParseResourceName(const core::CenterId& center,
                                              absl::string_view collection,
                                              absl::string_view name,
                                              absl::string_view field);

// What may be written into a proto for whom.
struct View {
  bool identifying = false;
  bool clinical = false;
};

// Clears every field whose `sensitivity` (annotations.proto) the view does not
// allow, at any depth. Secrets are always cleared.
void Redact(const View& view, google::protobuf::Message* message);

// InvalidArgument naming the first field marked `required` that is not set, at
// any depth of what is set.
absl::Status CheckRequired(const google::protobuf::Message& message);

// InvalidArgument naming the first field of a request that no field of its kind
// may hold: texts too long or with control characters, times and durations out
// of range, numbers that are none, unknown values of enumerations, too many
// entries. For requests that are not read into a command, which checks the
// same.
absl::Status CheckFields(const google::protobuf::Message& message);

namespace internal {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Where a field stands in a message, for errors. A chain of borrowed links: it
// is put into words only when something is wrong.
struct FieldPath {
  const FieldPath* parent = nullptr;
  const FieldDescriptor* field = nullptr;  // null: the message itself
  int index = -1;                          // in a repeated field

  // "patient.devices[2].battery_duration".
  std::string ToString() const;
};

// Reads one field of a message, at `index` of a repeated one (-1: not
// repeated), with every check that its kind calls for.
struct FieldReader {
  const Message& message;
  const FieldDescriptor* field;
  int index;
  FieldPath path;
  const core::CenterId& center;

  absl::StatusOr<std::string> Text() const;      // one line, ≤ 500 bytes
  absl::StatusOr<std::string> LongText() const;  // lines, ≤ 20,000 bytes
  absl::StatusOr<std::string> Resource(absl::string_view collection) const;
  absl::StatusOr<int64_t> Integer(int64_t least, int64_t most) const;
  absl::StatusOr<double> Double() const;
  absl::StatusOr<bool> Bool() const;
  absl::StatusOr<int> Enum() const;
  absl::StatusOr<absl::Time> Time() const;
  absl::StatusOr<absl::Duration> Duration() const;
  absl::StatusOr<int64_t> Etag() const;
  const Message& Nested() const;
};

absl::Status CheckValue(const FieldReader& reader);

struct FieldWriter {
  Message* message;
  const FieldDescriptor* field;
  bool repeated;

  void String(const std::string& value) const;
  void Integer(int64_t value) const;
  void Double(double value) const;
  void Bool(bool value) const;
  void Enum(int value) const;
  void Time(absl::Time value) const;
  void Duration(absl::Duration value) const;
  Message* Nested() const;
};

bool HasField(const Message& message, const FieldDescriptor* field);
int RepeatedSize(const Message& message, const FieldDescriptor* field);
inline constexpr int kMaxRepeated = 200;

template <typename T>
struct CrudRecord : std::false_type {};
template <typename R>
struct CrudRecord<core::Create<R>> : std::true_type {
  using Record = R;
};
template <typename R>
struct CrudRecord<core::Update<R>> : std::true_type {
  using Record = R;
};

template <typename R>
const char* RecordSingular() {
  return decltype(R::id)::kSingular;
}

// The name of a struct's field in its message. An id of a record is its `name`.
template <typename T>
std::string ProtoFieldName(const char* name) {
  if constexpr (CrudRecord<T>::value) {
    using R = typename CrudRecord<T>::Record;
    if constexpr (std::is_same_v<R, core::Center>) {
      return "center";
    } else {
      return RecordSingular<R>();
    }
  }
  return absl::string_view(name) == "id" ? "name" : name;
}

// The message's fields for those of the struct, in the order of VisitFields;
// null for those that a message leaves out on purpose (proto/README.md).
// Looked up once per thread and kind of message.
template <typename T>
const std::vector<const FieldDescriptor*>& FieldsOf(const T& object,
                                                    const Message& message) {
  thread_local std::map<const google::protobuf::Descriptor*,
                        std::vector<const FieldDescriptor*>>
      known;
  const google::protobuf::Descriptor* descriptor = message.GetDescriptor();
  auto [entry, is_new] = known.try_emplace(descriptor);
  if (is_new) {
    VisitFields(object, [&, fields = &entry->second](const char* name, auto&) {
      fields->push_back(descriptor->FindFieldByName(ProtoFieldName<T>(name)));
    });
  }
  return entry->second;
}

template <typename T>
absl::Status ReadFields(const Message& message, const core::CenterId& center,
                        const FieldPath& path, T* out);

template <typename T>
absl::Status Assign(absl::StatusOr<T> value, T* out) {
  if (!value.ok()) return value.status();
  *out = *std::move(value);
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadValue(const FieldReader& reader, T* out) {
  if constexpr (std::is_same_v<T, std::string>) {
    return Assign(reader.Text(), out);
  } else if constexpr (std::is_same_v<T, PrivateText>) {
    return Assign(reader.LongText(), &out->MutableReveal());
  } else if constexpr (std::is_same_v<T, bool>) {
    return Assign(reader.Bool(), out);
  } else if constexpr (std::is_same_v<T, int32_t>) {
    absl::StatusOr<int64_t> value = reader.Integer(INT32_MIN, INT32_MAX);
    if (value.ok()) *out = static_cast<int32_t>(*value);
    return value.status();
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return Assign(reader.Integer(INT64_MIN, INT64_MAX), out);
  } else if constexpr (std::is_same_v<T, double>) {
    return Assign(reader.Double(), out);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    return Assign(reader.Time(), out);
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return Assign(reader.Duration(), out);
  } else if constexpr (std::is_same_v<T, core::Version>) {
    return Assign(reader.Etag(), &out->number);
  } else if constexpr (std::is_enum_v<T>) {
    absl::StatusOr<int> value = reader.Enum();
    if (value.ok()) *out = static_cast<T>(*value);
    return value.status();
  } else if constexpr (IsId<T>) {
    absl::StatusOr<std::string> id = reader.Resource(T::kCollection);
    if (id.ok()) *out = T(*id);
    return id.status();
  } else {
    static_assert(HasFields<T>, "no conversion for this kind of field");
    return ReadFields(reader.Nested(), reader.center, reader.path, out);
  }
}

template <typename T>
absl::Status ReadField(const Message& message, const FieldDescriptor* field,
                       const core::CenterId& center, const FieldPath& parent,
                       T* out) {
  const FieldPath path = {&parent, field};
  if constexpr (IsVector<T>) {
    const int size = RepeatedSize(message, field);
    if (size > kMaxRepeated) {
      return absl::InvalidArgumentError(absl::StrCat(
          path.ToString(), ": has ", size, " entries, at most ", kMaxRepeated));
    }
    for (int i = 0; i < size; ++i) {
      typename T::value_type value{};
      absl::Status status = ReadValue(
          FieldReader{message, field, i, {&parent, field, i}, center}, &value);
      if (!status.ok()) return status;
      out->push_back(std::move(value));
    }
    return absl::OkStatus();
  } else if constexpr (IsOptional<T>) {
    if (!HasField(message, field)) return absl::OkStatus();
    typename T::value_type value{};
    absl::Status status =
        ReadValue(FieldReader{message, field, -1, path, center}, &value);
    if (status.ok()) *out = std::move(value);
    return status;
  } else {
    // What can be absent and is keeps the struct's default; so does an empty
    // name, which is how "none" is written.
    if ((field->has_presence() || IsId<T>)&&!HasField(message, field)) {
      return absl::OkStatus();
    }
    return ReadValue(FieldReader{message, field, -1, path, center}, out);
  }
}

template <typename T>
absl::Status ReadFields(const Message& message, const core::CenterId& center,
                        const FieldPath& path, T* out) {
  absl::Status status;
  auto field = FieldsOf(*out, message).begin();
  VisitFields(*out, [&](const char*, auto& value) {
    const FieldDescriptor* const from = *field++;
    if (!status.ok() || from == nullptr) return;
    status = ReadField(message, from, center, path, &value);
  });
  return status;
}

template <typename T>
void WriteFields(const T& in, const core::CenterId& center, Message* message);

template <typename T>
void WriteValue(const T& value, const core::CenterId& center,
                const FieldWriter& writer) {
  if constexpr (std::is_same_v<T, std::string>) {
    writer.String(value);
  } else if constexpr (std::is_same_v<T, PrivateText>) {
    writer.String(value.Reveal());
  } else if constexpr (std::is_same_v<T, bool>) {
    writer.Bool(value);
  } else if constexpr (std::is_integral_v<T>) {
    writer.Integer(value);
  } else if constexpr (std::is_same_v<T, double>) {
    writer.Double(value);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    writer.Time(value);
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    writer.Duration(value);
  } else if constexpr (std::is_same_v<T, core::Version>) {
    writer.String(absl::StrCat(value.number));
  } else if constexpr (std::is_enum_v<T>) {
    writer.Enum(static_cast<int>(value));
  } else if constexpr (IsId<T>) {
    writer.String(ResourceName(center, value));
  } else {
    static_assert(HasFields<T>, "no conversion for this kind of field");
    WriteFields(value, center, writer.Nested());
  }
}

template <typename T>
void WriteFields(const T& in, const core::CenterId& center, Message* message) {
  auto next = FieldsOf(in, *message).begin();
  VisitFields(in, [&](const char*, const auto& value) {
    using V = std::decay_t<decltype(value)>;
    const FieldDescriptor* const field = *next++;
    if (field == nullptr) return;
    if constexpr (IsVector<V>) {
      for (const auto& element : value) {
        WriteValue(element, center, FieldWriter{message, field, true});
      }
    } else if constexpr (IsOptional<V>) {
      if (value.has_value()) {
        WriteValue(*value, center, FieldWriter{message, field, false});
      }
    } else {
      WriteValue(value, center, FieldWriter{message, field, false});
    }
  });
}

}  // namespace internal

// Reads a request into a command (or a record). InvalidArgument names the first
// bad field and what is wanted there, never its content; PermissionDenied for
// another center's resource names. Fields that the message does not have keep
// their defaults.
template <typename T>
absl::StatusOr<T> FromProto(const google::protobuf::Message& message,
                            const core::CenterId& center) {
  T out{};
  absl::Status status = CheckRequired(message);
  if (status.ok()) {
    status = internal::ReadFields(message, center, internal::FieldPath(), &out);
  }
  if (!status.ok()) return status;
  return out;
}

// Writes a record whole; Redact it before it leaves the server.
template <typename T>
void ToProto(const T& record, const core::CenterId& center,
             google::protobuf::Message* message) {
  internal::WriteFields(record, center, message);
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_CONVERT_H_
