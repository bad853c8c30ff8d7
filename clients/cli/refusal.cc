#include "clients/cli/refusal.h"

#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace housecall::cli {
namespace {

// `details` of google.rpc.Status.
constexpr int kDetailsNumber = 3;

template <typename E>
std::string LabelOf(const google::protobuf::EnumDescriptor& type, E value,
                    Language language) {
  const auto* found = type.FindValueByNumber(static_cast<int>(value));
  if (found == nullptr || found->number() == 0) return "";
  return EnumLabel(*found, language);
}

}  // namespace

v1::Refusal RefusalOf(const grpc::Status& status) {
  google::protobuf::UnknownFieldSet fields;
  v1::Refusal refusal;
  if (!fields.ParseFromString(status.error_details())) return refusal;
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() != kDetailsNumber ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    google::protobuf::Any detail;
    if (detail.ParseFromString(field.length_delimited()) &&
        detail.Is<v1::Refusal>() && detail.UnpackTo(&refusal)) {
      return refusal;
    }
  }
  return v1::Refusal();
}

std::string WordsOf(const v1::Refusal& refusal, Language language) {
  std::vector<std::string> words;
  for (const int reason : refusal.reasons()) {
    std::string label =
        LabelOf(*v1::RefusalReason_descriptor(), reason, language);
    if (!label.empty()) words.push_back(std::move(label));
  }
  const std::string verdict =
      LabelOf(*v1::Verdict_descriptor(), refusal.verdict(), language);
  if (!verdict.empty()) words.push_back(verdict);
  return absl::StrJoin(words, language == Language::kJapanese ? "。" : "; ");
}

}  // namespace housecall::cli
