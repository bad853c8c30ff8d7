// What a receiver's server answers to a webhook, and what comes to a receiver:
// the first byte says how much of the rest was sent, what follows came back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "clients/cli/webhook_receiver_key.h"
#include "dispatcher/outbox/receiver_text.h"
#include "dispatcher/store/record_codec.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  if (size == 0) return 0;
  const size_t split = std::min<size_t>(data[0], size - 1);
  const absl::string_view all(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  const absl::string_view sent = all.substr(0, split);
  const absl::string_view answer = all.substr(split);

  const std::string shown = outbox::PrintableText(answer, 200);
  fuzz::Require(shown.size() <= 200 && store::IsUtf8(shown),
                "what is shown is short and UTF-8");
  const std::vector<std::string> texts = outbox::TextsOf(sent);
  const std::string kept = outbox::WithoutEcho(shown, texts);
  // What stands for a piece that was taken out may itself have been sent.
  for (const absl::string_view part : absl::StrSplit(kept, "[…]")) {
    for (const std::string& text : texts) {
      for (size_t i = 0; i + 8 <= text.size(); ++i) {
        fuzz::Require(!absl::StrContains(part, text.substr(i, 8)),
                      "nothing that was sent is kept");
      }
    }
  }

  const absl::StatusOr<cli::WebhookReceiverKey> key =
      cli::WebhookReceiverKey::Parse(sent);
  if (key.ok()) {
    fuzz::Require(!key->Verify({"id", std::string(answer), std::string(answer)},
                               answer, absl::FromUnixSeconds(1'795'000'000))
                       .ok(),
                  "nobody guesses a signature");
  }
  return 0;
}
