#include "dispatcher/server/convert.h"

#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/core/text.h"
#include "dispatcher/server/grpc_status.h"
#include "dispatcher/server/resources.h"
#include "gmock/gmock.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "housecall/v1/annotations.pb.h"
#include "tests/server/api.h"
#include "tests/server/filler.h"

namespace housecall::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::ElementsAre;
using testing::Filler;
using ::testing::HasSubstr;

const core::CenterId& Hino() {
  static const auto* const id = new core::CenterId("hino");
  return *id;
}

// "Patient" of housecall::core::Patient.
template <typename T>
std::string NameOfType() {
  int status = 0;
  char* const demangled =
      abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &status);
  const std::string name = demangled;
  std::free(demangled);
  return name.substr(name.rfind(':') + 1);
}

// "OfferState" → "OFFER_STATE".
std::string UpperSnake(const std::string& camel) {
  std::string snake;
  for (const char c : camel) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !snake.empty()) {
      snake += '_';
    }
    snake += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return snake;
}

// Compares structs with messages, each pair once.
class Comparison {
 public:
  // `left_out`: fields that the message has not. `added`: that only it has.
  template <typename T>
  void Compare(const Descriptor* message, std::set<std::string> left_out = {},
               std::set<std::string> added = {}) {
    ASSERT_NE(message, nullptr) << NameOfType<T>();
    if (!seen_.insert({NameOfType<T>(), message->full_name()}).second) return;
    T object{};
    int before = 0;
    VisitFields(object, [&](const char* name, auto& value) {
      using F = std::decay_t<decltype(value)>;
      const std::string proto_name = internal::ProtoFieldName<T>(name);
      const std::string where =
          absl::StrCat(message->full_name(), ".", proto_name);
      SCOPED_TRACE(where);
      const FieldDescriptor* field = message->FindFieldByName(proto_name);
      if (left_out.count(name) > 0) {
        EXPECT_EQ(field, nullptr) << "is said to be left out";
        return;
      }
      ASSERT_NE(field, nullptr) << "is missing";
      EXPECT_GT(field->number(), before) << "is not in the struct's order";
      before = field->number();
      fields_.insert(field);
      CompareField<F>(field);
    });
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (added.count(field->name()) > 0) {
        EXPECT_EQ(fields_.count(field), 0u) << field->full_name();
      } else {
        EXPECT_EQ(fields_.count(field), 1u)
            << field->full_name() << " is in no struct";
      }
    }
  }

 private:
  template <typename F>
  void CompareField(const FieldDescriptor* field) {
    if constexpr (IsVector<F>) {
      EXPECT_TRUE(field->is_repeated());
      CompareKind<typename F::value_type>(field);
    } else if constexpr (IsOptional<F>) {
      EXPECT_FALSE(field->is_repeated());
      // An empty etag is "whatever it is".
      if constexpr (!std::is_same_v<typename F::value_type, core::Version>) {
        EXPECT_TRUE(field->has_presence()) << "may be absent in the struct";
      }
      CompareKind<typename F::value_type>(field);
    } else {
      EXPECT_FALSE(field->is_repeated());
      CompareKind<F>(field);
    }
  }

  template <typename F>
  void CompareKind(const FieldDescriptor* field) {
    const auto sensitivity = field->options().GetExtension(v1::sensitivity);
    if constexpr (std::is_same_v<F, PrivateText>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING);
      EXPECT_NE(sensitivity, v1::SENSITIVITY_UNSPECIFIED)
          << "a PrivateText needs its mark";
    } else if constexpr (std::is_same_v<F, std::string> ||
                         std::is_same_v<F, core::Version> || IsId<F>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING);
    } else if constexpr (std::is_same_v<F, bool>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_BOOL);
    } else if constexpr (std::is_same_v<F, int32_t>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_INT32);
    } else if constexpr (std::is_same_v<F, int64_t>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_INT64);
    } else if constexpr (std::is_same_v<F, double>) {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_DOUBLE);
    } else if constexpr (std::is_same_v<F, absl::Time>) {
      EXPECT_EQ(field->message_type(),
                google::protobuf::Timestamp::GetDescriptor());
    } else if constexpr (std::is_same_v<F, absl::Duration>) {
      EXPECT_EQ(field->message_type(),
                google::protobuf::Duration::GetDescriptor());
    } else if constexpr (std::is_enum_v<F>) {
      CompareEnum<F>(field->enum_type());
    } else {
      ASSERT_NE(field->message_type(), nullptr);
      EXPECT_EQ(field->message_type()->name(), NameOfType<F>());
      Compare<F>(field->message_type(), LeftOut<F>());
    }
  }

  template <typename E>
  void CompareEnum(const EnumDescriptor* type) {
    ASSERT_NE(type, nullptr);
    EXPECT_EQ(type->name(), NameOfType<E>());
    std::vector<std::string> names;
    for (const std::string& name : NamesOf<E>()) {
      names.push_back(absl::StrCat(UpperSnake(NameOfType<E>()), "_", name));
    }
    ASSERT_EQ(static_cast<size_t>(type->value_count()), names.size())
        << type->full_name();
    for (int i = 0; i < type->value_count(); ++i) {
      EXPECT_EQ(type->value(i)->number(), i) << type->value(i)->full_name();
      EXPECT_EQ(type->value(i)->name(), names[i]);
    }
  }

  std::set<std::pair<std::string, std::string>> seen_;
  std::set<const FieldDescriptor*> fields_;

 public:
  // What proto/README.md says that messages leave out.
  template <typename T>
  static std::set<std::string> LeftOut() {
    if constexpr (std::is_same_v<T, core::Account>) return {"password_hash"};
    return {};
  }
};

// Calls visit.operator()<T>() for each alternative of a variant.
template <typename Variant, typename Visit>
void ForEachAlternative(Visit&& visit) {
  [&]<typename... T>(const std::variant<T...>*) {
    (visit.template operator()<T>(), ...);
  }(static_cast<const Variant*>(nullptr));
}

TEST(Convert, EveryRecordHasAMessageOfTheSameFields) {
  Comparison comparison;
  ForEachAlternative<core::Record>([&]<typename R>() {
    comparison.Compare<R>(testing::FindMessage(NameOfType<R>()),
                          Comparison::LeftOut<R>());
  });
}

TEST(Convert, EveryCommandHasARequestOfTheSameFields) {
  struct Difference {
    // Empty: no RPC sends it.
    std::vector<std::string> requests;
    std::set<std::string> left_out;
    std::set<std::string> added = {"request_id"};
  };
  const std::map<std::string, Difference> differences = {
      // The server's own, as proto/README.md says.
      {"CreateCenter", {{}, {}}},
      {"ReportUnmatched", {{}, {}}},
      {"UpdateEstimate", {{}, {}}},
      {"PromiseArrivals", {{}, {}}},
      {"AdviseStandby", {{}, {}}},
      {"TakeBackOffer", {{}, {}}},
      {"PassTime", {{}, {}}},
      {"RecordAttempt", {{}, {}}},
      // Made by handlers from requests of another shape.
      {"SaveAccount", {{}, {}}},
      {"OpenSession", {{}, {}}},
      {"RefusePassword", {{}, {}}},
      {"ChangePassword", {{}, {}}},
      {"OfferVisit",
       {{"OverrideMatch"}, {"estimate", "matches", "replaces_car_of"}}},
  };
  Comparison comparison;
  ForEachAlternative<core::Command>([&]<typename C>() {
    const std::string name = core::CommandName(core::Command(C{}));
    SCOPED_TRACE(name);
    Difference difference{{name}, {}};
    if (const auto found = differences.find(name); found != differences.end()) {
      difference = found->second;
    }
    if constexpr (std::is_same_v<C, core::AdvanceVisit>) {
      for (const char* rpc :
           {"StartDrive", "PickUpPhysician", "Arrive", "LeaveScene"}) {
        comparison.Compare<C>(
            testing::FindMessage(absl::StrCat(rpc, "Request")),
            {"step", "call"}, {"request_id"});
      }
      for (const char* rpc : {"StartTreatment", "EndTreatment"}) {
        comparison.Compare<C>(
            testing::FindMessage(absl::StrCat(rpc, "Request")), {"step"},
            {"request_id"});
      }
      return;
    }
    // The id of what is created stands in its record.
    if (name.compare(0, 6, "Create") == 0) difference.added.insert("parent");
    if (name == "SubmitCall") {
      const Descriptor* message = testing::FindMessage("SubmitCallRequest");
      ASSERT_NE(message, nullptr);
      if (message->FindFieldByName("parent") != nullptr) {
        difference.added.insert("parent");
      }
    }
    for (const std::string& request : difference.requests) {
      comparison.Compare<C>(
          testing::FindMessage(absl::StrCat(request, "Request")),
          difference.left_out, difference.added);
    }
  });
}

TEST(Convert, ARecordComesBackAsItWas) {
  Filler filler;
  ForEachAlternative<core::Record>([&]<typename R>() {
    SCOPED_TRACE(NameOfType<R>());
    R record = filler.Make<R>();
    if constexpr (std::is_same_v<R, core::Center>) record.id = Hino();
    const std::unique_ptr<Message> message =
        testing::NewMessage(NameOfType<R>());
    ToProto(record, Hino(), message.get());
    absl::StatusOr<R> back = FromProto<R>(*message, Hino());
    ASSERT_TRUE(back.ok()) << back.status();
    if constexpr (std::is_same_v<R, core::Account>) {
      EXPECT_TRUE(back->password_hash.empty());
      back->password_hash = record.password_hash;
    }
    EXPECT_EQ(*back, record) << message->ShortDebugString();
  });
}

TEST(Convert, AnEmptyRecordComesBackAsItWas) {
  ForEachAlternative<core::Record>([&]<typename R>() {
    SCOPED_TRACE(NameOfType<R>());
    const std::unique_ptr<Message> message =
        testing::NewMessage(NameOfType<R>());
    ToProto(R{}, Hino(), message.get());
    R back{};
    const absl::Status status =
        internal::ReadFields(*message, Hino(), internal::FieldPath(), &back);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(back, R{}) << message->ShortDebugString();
  });
}

// Counts the set fields of each sensitivity, at any depth.
void CountMarks(const Message& message, std::map<int, int>* counts) {
  testing::ForEachSetField(
      message, [&](const Message&, const FieldDescriptor* field) {
        ++(*counts)[field->options().GetExtension(v1::sensitivity)];
      });
}

TEST(Redact, ClearsWhatTheViewDoesNotAllow) {
  int seen_marks = 0;
  for (const View& view : {View{false, false}, View{true, false},
                           View{false, true}, View{true, true}}) {
    Filler filler;
    ForEachAlternative<core::Record>([&]<typename R>() {
      SCOPED_TRACE(NameOfType<R>());
      const std::unique_ptr<Message> message =
          testing::NewMessage(NameOfType<R>());
      ToProto(filler.Make<R>(), Hino(), message.get());
      std::map<int, int> before;
      CountMarks(*message, &before);
      Redact(view, message.get());
      std::map<int, int> after;
      CountMarks(*message, &after);
      seen_marks += before[v1::SENSITIVITY_CLINICAL] +
                    before[v1::SENSITIVITY_IDENTIFYING];
      EXPECT_EQ(after[v1::SENSITIVITY_SECRET], 0);
      if (!view.clinical) {
        EXPECT_EQ(after[v1::SENSITIVITY_CLINICAL], 0);
      }
      if (!view.identifying) {
        EXPECT_EQ(after[v1::SENSITIVITY_IDENTIFYING], 0);
      }
      if (view.clinical && view.identifying) {
        EXPECT_EQ(after[v1::SENSITIVITY_CLINICAL],
                  before[v1::SENSITIVITY_CLINICAL]);
        EXPECT_EQ(after[v1::SENSITIVITY_IDENTIFYING],
                  before[v1::SENSITIVITY_IDENTIFYING]);
      }
    });
  }
  EXPECT_GT(seen_marks, 100);
}

TEST(Redact, ClearsSecretsForEverybody) {
  v1::Organization organization;
  organization.mutable_webhook()->set_url("https://example.com/");
  organization.mutable_webhook()->set_secret("whsec_x");
  Redact({true, true}, &organization);
  EXPECT_EQ(organization.webhook().url(), "https://example.com/");
  EXPECT_EQ(organization.webhook().secret(), "");
}

TEST(Redact, LeavesADriverTheWayButNothingClinical) {
  v1::Call call;
  ToProto(Filler().Make<core::Call>(), Hino(), &call);
  Redact({true, false}, &call);
  EXPECT_NE(call.place().address(), "");
  EXPECT_NE(call.place().entry_notes(), "");
  EXPECT_EQ(call.complaint(), "");
  std::map<int, int> marks;
  CountMarks(call, &marks);
  EXPECT_EQ(marks[v1::SENSITIVITY_CLINICAL], 0);
  for (const char* part : {"complaint", "onset", "judgement"}) {
    const FieldDescriptor* field =
        v1::Call::GetDescriptor()->FindFieldByName(part);
    ASSERT_NE(field, nullptr) << part;
    EXPECT_EQ(field->options().GetExtension(v1::sensitivity),
              v1::SENSITIVITY_CLINICAL);
  }
}

TEST(ToGrpc, TellsTheLogWhatIsTheServersOwnFault) {
  for (const absl::Status& status :
       {absl::DataLossError("folder/housecall.db: damaged"),
        absl::InternalError("folder/housecall.db: broken"),
        absl::UnknownError("folder/housecall.db: odd")}) {
    const grpc::Status told = ToGrpc(status);
    EXPECT_EQ(static_cast<int>(told.error_code()),
              static_cast<int>(status.code()));
    EXPECT_EQ(told.error_message(), "the server failed; its log says why");
  }
  const grpc::Status refused = ToGrpc(absl::AbortedError("read it again"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(refused.error_message(), "read it again");
}

TEST(RefusalReason, IsTheSameInTheCoreAndInTheApi) {
  const EnumDescriptor& type = *v1::RefusalReason_descriptor();
  const std::vector<std::string>& names = NamesOf<core::RefusalReason>();
  ASSERT_EQ(static_cast<size_t>(type.value_count()), names.size());
  for (int i = 0; i < type.value_count(); ++i) {
    EXPECT_EQ(type.value(i)->number(), i);
    EXPECT_EQ(type.value(i)->name(), absl::StrCat("REFUSAL_REASON_", names[i]));
  }
}

// The one detail of a status, as every gRPC library would find it.
v1::Refusal DetailOf(const grpc::Status& status) {
  google::protobuf::UnknownFieldSet fields;
  EXPECT_TRUE(fields.ParseFromString(status.error_details()));
  v1::Refusal refusal;
  if (fields.field_count() != 3) {
    ADD_FAILURE() << "no google.rpc.Status: " << fields.field_count();
    return refusal;
  }
  EXPECT_EQ(fields.field(0).varint(),
            static_cast<uint64_t>(status.error_code()));
  EXPECT_EQ(fields.field(1).length_delimited(), status.error_message());
  google::protobuf::Any detail;
  EXPECT_TRUE(detail.ParseFromString(fields.field(2).length_delimited()));
  EXPECT_TRUE(detail.UnpackTo(&refusal));
  return refusal;
}

TEST(ToGrpc, TellsWhyInWordsThatClientsTranslate) {
  const v1::Refusal one = DetailOf(ToGrpc(
      core::Refuse(core::RefusalReason::kOfferExpired, "offers/o1: expired")));
  ASSERT_EQ(one.reasons_size(), 1);
  EXPECT_EQ(one.reasons(0), v1::REFUSAL_REASON_OFFER_EXPIRED);

  const v1::Refusal two =
      DetailOf(ToGrpc(core::Refuse({core::RefusalReason::kNoteNotSigned,
                                    core::RefusalReason::kRequesterNotInformed},
                                   "calls/c1: two things are missing")));
  EXPECT_THAT(two.reasons(),
              ElementsAre(v1::REFUSAL_REASON_NOTE_NOT_SIGNED,
                          v1::REFUSAL_REASON_REQUESTER_NOT_INFORMED));

  const v1::Refusal crew = DetailOf(ToGrpc(core::RefuseToSend(
      core::Verdict::kBeyondDistance, "people/p1 may not be sent")));
  EXPECT_THAT(crew.reasons(), ElementsAre(v1::REFUSAL_REASON_MAY_NOT_BE_SENT));
  EXPECT_EQ(crew.verdict(), v1::VERDICT_BEYOND_DISTANCE);
}

TEST(ToGrpc, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(DetailOf(ToGrpc(absl::InvalidArgumentError(
                         "place.position: latitude within ±90 wanted")))
                .field(),
            "place.position");
  for (const char* whole :
       {"the request cannot be read", "driver, self_drive: one of them",
        "Wrong: it is"}) {
    EXPECT_EQ(ToGrpc(absl::InvalidArgumentError(whole)).error_details(), "")
        << whole;
  }
  // Only what is wrong in any state names a field.
  EXPECT_EQ(ToGrpc(absl::NotFoundError("call: is not known")).error_details(),
            "");
}

TEST(ParseResourceName, TakesOnlyNamesOfTheCollectionInTheCenter) {
  const auto parse = [](absl::string_view name) {
    return ParseResourceName(Hino(), "calls", name, "call");
  };
  EXPECT_EQ(*parse("centers/hino/calls/c-1"), "c-1");
  for (const char* bad :
       {"", "c-1", "centers/hino/calls/", "centers/hino/calls/c_1",
        "centers/hino/calls/c-1/", "/centers/hino/calls/c-1",
        "centers/hino/cars/c-1", "centers/Hino/calls/c-1",
        "centers/hino/calls/../c", "centers//calls/c-1", "centers/hino"}) {
    const absl::Status status = parse(bad).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << bad << " " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("call:"));
  }
  EXPECT_TRUE(
      absl::IsPermissionDenied(parse("centers/elsewhere/calls/c-1").status()));
}

}  // namespace
}  // namespace housecall::server
