#include "dispatcher/core/text_type.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"

namespace housecall::core {

namespace {

// The shortest text that reads as the same number.
std::string Write(double value) {
  std::string text;
  for (int digits = 6; digits <= 17; ++digits) {
    text = absl::StrFormat("%.*g", digits, value);
    double read = 0;
    if (absl::SimpleAtod(text, &read) && read == value) break;
  }
  return text;
}

template <typename T>
std::string Write(const T& value, const TextTimes& times) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, double>) {
    return Write(value);
  } else if constexpr (std::is_integral_v<T>) {
    return absl::StrCat(value);
  } else if constexpr (std::is_same_v<T, Version>) {
    return absl::StrCat(value.number);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    return FormatTextTime(value, times);
  } else {
    static_assert(std::is_same_v<T, absl::Duration>);
    return absl::FormatDuration(value);
  }
}

template <typename T>
std::string Read(const std::string& word, const TextTimes& times, T* value) {
  if constexpr (std::is_same_v<T, bool>) {
    *value = word == "true";
    return *value || word == "false" ? "" : "true or false";
  } else if constexpr (std::is_same_v<T, double>) {
    return absl::SimpleAtod(word, value) ? "" : "a number";
  } else if constexpr (std::is_integral_v<T>) {
    return absl::SimpleAtoi(word, value) ? "" : "a whole number";
  } else if constexpr (std::is_same_v<T, Version>) {
    return Read(word, times, &value->number);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    const absl::StatusOr<absl::Time> time = ParseTextTime(word, times);
    if (time.ok()) *value = *time;
    return time.ok() ? "" : "a time (22:05, 22:05:30, +90s or RFC 3339)";
  } else {
    static_assert(std::is_same_v<T, absl::Duration>);
    return absl::ParseDuration(word, value) ? "" : "a duration (90s, 1h30m)";
  }
}

template <typename T>
TextType* NewScalarType() {
  auto* scalar = new TextType(TextType::Kind::kScalar);
  scalar->usual = new T{};
  scalar->write = [](const void* value, const TextTimes& times) {
    return Write(*static_cast<const T*>(value), times);
  };
  scalar->read = [](const std::string& word, const TextTimes& times,
                    void* value) {
    return Read(word, times, static_cast<T*>(value));
  };
  scalar->equal = [](const void* a, const void* b) {
    return *static_cast<const T*>(a) == *static_cast<const T*>(b);
  };
  return scalar;
}
template <typename T>
const TextType& TypeOf();

// Out of line: it would be compiled anew for each field.
[[gnu::noinline]] void AddField(const char* name, const TextType& type,
                                const void* field, TextType* of) {
  of->fields.push_back(
      {name, &type,
       static_cast<size_t>(static_cast<const char*>(field) -
                           static_cast<const char*>(of->usual))});
}

template <typename T>
TextType* NewStructType() {
  auto* type = new TextType(TextType::Kind::kStruct);
  const T* const usual = new T;
  type->usual = usual;
  VisitFields(*usual, [type](const char* name, const auto& field) {
    AddField(name, TypeOf<std::decay_t<decltype(field)>>(), &field, type);
  });
  return type;
}

template <typename T>
TextType* NewOptionalType() {
  auto* type = new TextType(TextType::Kind::kOptional);
  type->usual = new T;
  type->item = &TypeOf<typename T::value_type>();
  type->size = [](const void* value) -> size_t {
    return static_cast<const T*>(value)->has_value() ? 1 : 0;
  };
  type->at = [](const void* value, size_t) -> const void* {
    return &**static_cast<const T*>(value);
  };
  type->add = [](void* value) -> void* {
    return &static_cast<T*>(value)->emplace();
  };
  return type;
}

template <typename T>
TextType* NewVectorType() {
  auto* type = new TextType(TextType::Kind::kVector);
  type->usual = new T;
  type->item = &TypeOf<typename T::value_type>();
  type->size = [](const void* value) {
    return static_cast<const T*>(value)->size();
  };
  type->at = [](const void* value, size_t index) -> const void* {
    return &(*static_cast<const T*>(value))[index];
  };
  type->add = [](void* value) -> void* {
    return &static_cast<T*>(value)->emplace_back();
  };
  return type;
}

template <typename T>
TextType* NewNameType() {
  auto* type = new TextType(TextType::Kind::kName);
  type->usual = new T{};
  type->names = &NamesOf<T>();
  type->number = [](const void* value) {
    return static_cast<size_t>(*static_cast<const T*>(value));
  };
  type->set_number = [](void* value, size_t number) {
    *static_cast<T*>(value) = static_cast<T>(number);
  };
  return type;
}

template <typename T>
TextType* NewTextType() {
  auto* type = new TextType(TextType::Kind::kText);
  type->usual = new T;
  type->text = [](const void* value) -> const std::string& {
    const T& text = *static_cast<const T*>(value);
    if constexpr (IsSensitive<T>) {
      return text.Reveal();
    } else if constexpr (IsId<T>) {
      return text.value();
    } else {
      return text;
    }
  };
  type->set_text = [](void* value, const std::string& text) {
    *static_cast<T*>(value) = T(text);
  };
  return type;
}

template <typename T>
TextType* NewType() {
  if constexpr (HasFields<T>) {
    return NewStructType<T>();
  } else if constexpr (IsOptional<T>) {
    return NewOptionalType<T>();
  } else if constexpr (IsVector<T>) {
    return NewVectorType<T>();
  } else if constexpr (NamedEnum<T>) {
    return NewNameType<T>();
  } else if constexpr (std::is_same_v<T, std::string> || IsSensitive<T> ||
                       IsId<T>) {
    return NewTextType<T>();
  } else {
    return NewScalarType<T>();
  }
}

// The description of T, made once.
template <typename T>
[[gnu::noinline]] const TextType& TypeOf() {
  static const TextType* const type = NewType<T>();
  return *type;
}

// --- Names ------------------------------------------------------------------

template <typename R>
constexpr const char* kRecordName = nullptr;
#define HOUSECALL_RECORD(Type) \
  template <>                  \
  constexpr const char* kRecordName<Type> = #Type
HOUSECALL_RECORD(Center);
HOUSECALL_RECORD(Organization);
HOUSECALL_RECORD(Person);
HOUSECALL_RECORD(Account);
HOUSECALL_RECORD(Session);
HOUSECALL_RECORD(Car);
HOUSECALL_RECORD(Patient);
HOUSECALL_RECORD(Shift);
HOUSECALL_RECORD(Override);
HOUSECALL_RECORD(Duty);
HOUSECALL_RECORD(Position);
HOUSECALL_RECORD(Call);
HOUSECALL_RECORD(Offer);
HOUSECALL_RECORD(Assignment);
HOUSECALL_RECORD(Visit);
HOUSECALL_RECORD(Note);
HOUSECALL_RECORD(Delivery);
HOUSECALL_RECORD(Task);
HOUSECALL_RECORD(Match);
#undef HOUSECALL_RECORD

template <typename C>
constexpr const char* kCommandName = nullptr;
#define HOUSECALL_COMMAND(Type) \
  template <>                   \
  constexpr const char* kCommandName<Type> = #Type
HOUSECALL_COMMAND(SaveAccount);
HOUSECALL_COMMAND(OpenSession);
HOUSECALL_COMMAND(RefusePassword);
HOUSECALL_COMMAND(ChangePassword);
HOUSECALL_COMMAND(RevokeSession);
HOUSECALL_COMMAND(RecordAcp);
HOUSECALL_COMMAND(ConfirmPatient);
HOUSECALL_COMMAND(GoOnDuty);
HOUSECALL_COMMAND(GoOffDuty);
HOUSECALL_COMMAND(ReportPosition);
HOUSECALL_COMMAND(SubmitCall);
HOUSECALL_COMMAND(TriageCall);
HOUSECALL_COMMAND(HoldCall);
HOUSECALL_COMMAND(ResumeCall);
HOUSECALL_COMMAND(AddFact);
HOUSECALL_COMMAND(CorrectPlace);
HOUSECALL_COMMAND(FollowCall);
HOUSECALL_COMMAND(MergeCall);
HOUSECALL_COMMAND(UnmergeCall);
HOUSECALL_COMMAND(RequestCancel);
HOUSECALL_COMMAND(AnswerCancel);
HOUSECALL_COMMAND(CancelCall);
HOUSECALL_COMMAND(RaiseEmergency);
HOUSECALL_COMMAND(DecideEmergency);
HOUSECALL_COMMAND(SetCareTeam);
HOUSECALL_COMMAND(GrantDistanceException);
HOUSECALL_COMMAND(InformRequester);
HOUSECALL_COMMAND(CloseCall);
HOUSECALL_COMMAND(OfferVisit);
HOUSECALL_COMMAND(ReportUnmatched);
HOUSECALL_COMMAND(UpdateEstimate);
HOUSECALL_COMMAND(PromiseArrivals);
HOUSECALL_COMMAND(AdviseStandby);
HOUSECALL_COMMAND(AcceptOffer);
HOUSECALL_COMMAND(DeclineOffer);
HOUSECALL_COMMAND(WithdrawOffer);
HOUSECALL_COMMAND(TakeBackOffer);
HOUSECALL_COMMAND(ReleaseAssignment);
HOUSECALL_COMMAND(ReportBreakdown);
HOUSECALL_COMMAND(ReportDriverMissing);
HOUSECALL_COMMAND(PassTime);
HOUSECALL_COMMAND(AdvanceVisit);
HOUSECALL_COMMAND(RecordVisit);
HOUSECALL_COMMAND(ReportNotFound);
HOUSECALL_COMMAND(RecordNotFoundStep);
HOUSECALL_COMMAND(ReportFound);
HOUSECALL_COMMAND(ConfirmHours);
HOUSECALL_COMMAND(DraftNote);
HOUSECALL_COMMAND(SignNote);
HOUSECALL_COMMAND(RecordAttempt);
HOUSECALL_COMMAND(ConfirmReceipt);
HOUSECALL_COMMAND(ConfirmReceiptByHand);
HOUSECALL_COMMAND(RetryDelivery);
HOUSECALL_COMMAND(QuestionNote);
HOUSECALL_COMMAND(AcknowledgeTask);
HOUSECALL_COMMAND(ResolveTask);
#undef HOUSECALL_COMMAND

// --- Commands ---

template <typename C>
struct CommandTraits {
  static constexpr const char* kPrefix = "";
  static constexpr const char* kName = kCommandName<C>;
  using Fields = C;
  static const Fields& FieldsOf(const C& command) { return command; }
};
template <typename R>
struct CommandTraits<Create<R>> {
  static constexpr const char* kPrefix = "Create";
  static constexpr const char* kName = kRecordName<R>;
  using Fields = R;
  static const Fields& FieldsOf(const Create<R>& c) { return c.record; }
};
template <typename R>
struct CommandTraits<Update<R>> {
  static constexpr const char* kPrefix = "Update";
  static constexpr const char* kName = kRecordName<R>;
  using Fields = R;
  static const Fields& FieldsOf(const Update<R>& c) { return c.record; }
};

template <typename C>
[[gnu::noinline]] void AddCommandText(std::vector<CommandText>* texts) {
  using Traits = CommandTraits<C>;
  static_assert(Traits::kName != nullptr, "give the command its name above");
  texts->push_back({absl::StrCat(Traits::kPrefix, Traits::kName),
                    &TypeOf<typename Traits::Fields>(),
                    [] { return Command(std::in_place_type<C>); },
                    [](const Command& command) -> const void* {
                      return &Traits::FieldsOf(std::get<C>(command));
                    }});
}

}  // namespace

bool Equal(const TextType& type, const void* a, const void* b) {
  switch (type.kind) {
    case TextType::Kind::kText:
      return type.text(a) == type.text(b);
    case TextType::Kind::kName:
      return type.number(a) == type.number(b);
    case TextType::Kind::kScalar:
      return type.equal(a, b);
    case TextType::Kind::kOptional:
    case TextType::Kind::kVector: {
      const size_t size = type.size(a);
      if (type.size(b) != size) return false;
      for (size_t i = 0; i < size; ++i) {
        if (!Equal(*type.item, type.at(a, i), type.at(b, i))) return false;
      }
      return true;
    }
    case TextType::Kind::kStruct:
      return std::all_of(type.fields.begin(), type.fields.end(),
                         [&](const TextField& field) {
                           return Equal(*field.type, field.In(a), field.In(b));
                         });
  }
  return false;
}

std::string WordOf(const TextType& type, const void* value,
                   const TextTimes& times) {
  switch (type.kind) {
    case TextType::Kind::kText:
      return type.text(value);
    case TextType::Kind::kName:
      return (*type.names)[type.number(value)];
    case TextType::Kind::kScalar:
      return type.write(value, times);
    case TextType::Kind::kOptional:
    case TextType::Kind::kVector:
    case TextType::Kind::kStruct:
      break;
  }
  return "";
}

std::string ReadWord(const TextType& type, const std::string& word,
                     const TextTimes& times, void* value) {
  switch (type.kind) {
    case TextType::Kind::kText:
      type.set_text(value, word);
      return "";
    case TextType::Kind::kName: {
      const auto found =
          std::find(type.names->begin(), type.names->end(), word);
      if (found == type.names->end()) {
        return absl::StrCat("one of ", absl::StrJoin(*type.names, ", "));
      }
      type.set_number(value, found - type.names->begin());
      return "";
    }
    case TextType::Kind::kScalar:
      return type.read(word, times, value);
    case TextType::Kind::kOptional:
    case TextType::Kind::kVector:
    case TextType::Kind::kStruct:
      break;
  }
  return "a word";
}

const TextType& TimeTextType() { return TypeOf<absl::Time>(); }

const std::vector<CommandText>& CommandTexts() {
  static const auto* const texts = [] {
    auto* all = new std::vector<CommandText>;
    [&]<typename... C>(std::type_identity<std::variant<C...>>) {
      (AddCommandText<C>(all), ...);
    }(std::type_identity<Command>());
    return all;
  }();
  return *texts;
}

RecordText TextOf(const Record& record, const Board& before) {
  return std::visit(
      [&before]<typename R>(const R& after) {
        return RecordText{kRecordName<R>, &after.id.value(), &TypeOf<R>(),
                          &after, before.Find<R>(after.id)};
      },
      record);
}

}  // namespace housecall::core
