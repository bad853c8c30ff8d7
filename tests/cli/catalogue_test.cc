#include "clients/cli/catalogue.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "clients/cli/api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/refusal.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

bool IsAscii(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

void Collect(const Descriptor* type, std::set<const Descriptor*>* types) {
  if (type->file()->package() != "housecall.v1" ||
      !types->insert(type).second) {
    return;
  }
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->message_type() != nullptr) {
      Collect(type->field(i)->message_type(), types);
    }
  }
}

// Every message that an answer may hold.
std::set<const Descriptor*> ShownTypes() {
  std::set<const Descriptor*> types;
  for (const Rpc& rpc : Rpcs()) Collect(rpc.method->output_type(), &types);
  // Beside a status, not in an answer.
  Collect(v1::Refusal::descriptor(), &types);
  return types;
}

TEST(Catalogue, HasEveryFieldThatIsShownInBothLanguages) {
  for (const Descriptor* type : ShownTypes()) {
    for (int i = 0; i < type->field_count(); ++i) {
      const std::string& name = type->field(i)->name();
      EXPECT_TRUE(HasFieldLabel(name)) << type->name() << "." << name;
      EXPECT_NE(FieldLabel(name, Language::kJapanese), "") << name;
      EXPECT_TRUE(IsAscii(FieldLabel(name, Language::kEnglish))) << name;
      EXPECT_NE(FieldLabel(name, Language::kEnglish), "") << name;
    }
  }
}

TEST(Catalogue, HasEveryFlagInJapanese) {
  std::set<const Descriptor*> types;
  for (const Rpc& rpc : Rpcs()) Collect(rpc.method->input_type(), &types);
  for (const Descriptor* type : types) {
    for (int i = 0; i < type->field_count(); ++i) {
      const std::string& name = type->field(i)->name();
      // Filled in from the login.
      if (name == "parent") continue;
      EXPECT_TRUE(HasFieldLabel(name)) << type->name() << "." << name;
    }
  }
}

TEST(Catalogue, SaysInJapaneseWhatEveryCommandDoes) {
  for (const Rpc& rpc : Rpcs()) {
    EXPECT_FALSE(IsAscii(JapaneseSummary(rpc.command))) << rpc.command;
    const std::string& service = rpc.method->service()->name();
    EXPECT_FALSE(IsAscii(JapaneseSummary(service))) << service;
  }
  EXPECT_EQ(JapaneseSummary("no-such-command"), "");
}

TEST(Catalogue, HasEveryEnumValueInBothLanguages) {
  std::set<const EnumDescriptor*> enums;
  std::set<const Descriptor*> types = ShownTypes();
  for (const Rpc& rpc : Rpcs()) Collect(rpc.method->input_type(), &types);
  for (const Descriptor* type : types) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->enum_type() != nullptr) {
        enums.insert(type->field(i)->enum_type());
      }
    }
  }
  EXPECT_GT(enums.size(), 25u);
  for (const EnumDescriptor* type : enums) {
    for (int i = 0; i < type->value_count(); ++i) {
      const auto& value = *type->value(i);
      if (value.number() == 0) continue;
      EXPECT_TRUE(HasEnumLabel(value.name())) << value.name();
      EXPECT_NE(EnumLabel(value, Language::kJapanese), "") << value.name();
      EXPECT_NE(EnumLabel(value, Language::kEnglish), "") << value.name();
      EXPECT_TRUE(IsAscii(EnumLabel(value, Language::kEnglish)))
          << value.name();
    }
  }
}

TEST(Catalogue, HasEveryTextInBothLanguages) {
  std::set<std::string> keys;
  for (const std::string& key : TextKeys()) {
    EXPECT_TRUE(keys.insert(key).second) << key << " is there twice";
    const std::string japanese = Text(key, Language::kJapanese);
    const std::string english = Text(key, Language::kEnglish);
    EXPECT_NE(japanese, "") << key;
    EXPECT_NE(english, "") << key;
    EXPECT_FALSE(IsAscii(japanese)) << key;
    EXPECT_TRUE(IsAscii(english)) << key;
  }
}

std::string SourcesOfTexts() {
  std::stringstream text;
  for (const char* file :
       {"board_view", "commands", "help", "tables", "apply"}) {
    std::ifstream source(std::string("clients/cli/") + file + ".cc");
    EXPECT_TRUE(source.good()) << file;
    text << source.rdbuf();
  }
  return text.str();
}

// Text("…") with a key that is not there would print the key.
TEST(Catalogue, HasEveryKeyThatTheProgramUses) {
  const std::vector<std::string> keys = TextKeys();
  const std::string code = SourcesOfTexts();
  std::set<std::string> used;
  const std::regex call("\\bText\\(\\s*\"([a-z_0-9]+)\"");
  for (std::sregex_iterator it(code.begin(), code.end(), call), end; it != end;
       ++it) {
    used.insert((*it)[1]);
  }
  EXPECT_GT(used.size(), 20u);
  for (const std::string& key : used) {
    EXPECT_THAT(keys, ::testing::Contains(key));
  }
}

TEST(Catalogue, HasNoTextThatNobodyUses) {
  const std::string code = SourcesOfTexts();
  for (const std::string& key : TextKeys()) {
    EXPECT_THAT(code, ::testing::HasSubstr("\"" + key + "\""));
  }
}

TEST(TaskDetail, IsInTheUsersLanguage) {
  const std::string detail =
      "12 offers unanswered; ring the last-resort contact";
  EXPECT_EQ(TaskDetail(detail, Language::kEnglish), detail);
  EXPECT_EQ(TaskDetail(detail, Language::kJapanese),
            "打診 12件に応答がありません; 最終連絡先に電話してください");
  EXPECT_EQ(
      TaskDetail("5 calls wait; the crews on duty can be expected to see 4",
                 Language::kJapanese),
      "依頼 5件が待っています; 勤務中の組で行ける見込みは 4件です");
  EXPECT_EQ(TaskDetail("assignments/c1--a3 still waits for a car",
                       Language::kJapanese),
            "assignments/c1--a3 まだ車を待っています");
}

TEST(TaskDetail, LeavesTheWordsOfOthersAlone) {
  for (const char* detail :
       {"", "people/driver-abe", "organizations/clinic-sakura: 422 unknown; x",
        "organizations/clinic-sakura: certificate has expired",
        "OPERATOR 2026-11-20T19:10/2026-11-21T08:00"}) {
    EXPECT_EQ(TaskDetail(detail, Language::kJapanese), detail);
  }
}

// Whatever the server says in a story is said in Japanese.
TEST(TaskDetail, KnowsEveryStatementOfTheStories) {
  const std::regex detail_of("\\+ task .*kind=([A-Z_]+).*detail=\"([^\"]+)\"");
  // Receivers' words, and times of the rota.
  const std::set<std::string> others = {"DELIVERY_FAILED", "DELIVERY_OVERDUE",
                                        "COVERAGE_GAP"};
  int seen = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(HOUSECALL_STORIES)) {
    std::ifstream story(entry.path());
    std::string line;
    while (std::getline(story, line)) {
      std::smatch match;
      if (!std::regex_search(line, match, detail_of) ||
          others.count(match[1]) > 0) {
        continue;
      }
      ++seen;
      EXPECT_FALSE(IsAscii(TaskDetail(match[2].str(), Language::kJapanese)))
          << match[2];
    }
  }
  EXPECT_GT(seen, 10);
}

}  // namespace
}  // namespace housecall::cli
