#include "clients/cli/refusal.h"

#include <string>

#include "google/protobuf/any.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"

namespace housecall::cli {
namespace {

grpc::Status With(const google::protobuf::Message& detail) {
  google::protobuf::Any any;
  any.PackFrom(detail);
  google::protobuf::UnknownFieldSet status;
  status.AddVarint(1, grpc::StatusCode::FAILED_PRECONDITION);
  status.AddLengthDelimited(2, "the server's words");
  status.AddLengthDelimited(3, any.SerializeAsString());
  std::string bytes;
  status.SerializeToString(&bytes);
  return {grpc::StatusCode::FAILED_PRECONDITION, "the server's words", bytes};
}

TEST(Refusal, IsSaidInTheLanguageOfTheReader) {
  v1::Refusal refusal;
  refusal.add_reasons(v1::REFUSAL_REASON_NOTE_NOT_SIGNED);
  refusal.add_reasons(v1::REFUSAL_REASON_REQUESTER_NOT_INFORMED);
  const v1::Refusal read = RefusalOf(With(refusal));
  EXPECT_EQ(WordsOf(read, Language::kJapanese),
            "医師の記録に署名がありません。依頼者への報告が済んでいません");
  EXPECT_EQ(WordsOf(read, Language::kEnglish),
            "The note is not signed; The requester is not informed");
}

TEST(Refusal, TellsWhatTheRulesFoundAgainstAPerson) {
  v1::Refusal refusal;
  refusal.add_reasons(v1::REFUSAL_REASON_MAY_NOT_BE_SENT);
  refusal.set_verdict(v1::VERDICT_BEYOND_DISTANCE);
  const std::string words =
      WordsOf(RefusalOf(With(refusal)), Language::kJapanese);
  EXPECT_NE(words.find("この人は送れません。"), std::string::npos) << words;
  EXPECT_GT(words.size(), std::string("この人は送れません。").size());
}

TEST(Refusal, OfAnotherServerSaysNothing) {
  EXPECT_EQ(
      WordsOf(RefusalOf({grpc::StatusCode::ABORTED, "x"}), Language::kJapanese),
      "");
  EXPECT_EQ(WordsOf(RefusalOf({grpc::StatusCode::ABORTED, "x", "\x01\xff"}),
                    Language::kJapanese),
            "");
  EXPECT_FALSE(RefusalOf(With(google::protobuf::Any())).reasons_size());
  v1::Refusal newer;
  newer.add_reasons(static_cast<v1::RefusalReason>(9999));
  EXPECT_EQ(WordsOf(RefusalOf(With(newer)), Language::kJapanese), "");
}

}  // namespace
}  // namespace housecall::cli
