#include "dispatcher/outbox/webhook_channel.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/note.h"
#include "dispatcher/outbox/receiver_text.h"
#include "dispatcher/outbox/webhook_signature.h"

namespace housecall::outbox {
namespace {

using core::SendResult;
// Timeouts of the network are real time even where a simulated Clock says what
// time it is.
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxUrlLength = 2000;
constexpr size_t kMaxAnswerBytes = 65'536;
constexpr size_t kMaxHeaderBytes = 65'536;
// Of a whole error, and of the reason after the status code in it.
constexpr size_t kMaxErrorBytes = 500;
constexpr size_t kMaxReasonBytes = 100;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string UrlPart(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  return host == "[::1]";
}

absl::Status BadUrl(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("webhook URL: ", what));
}

// Parsed by libcurl, which then gets the parsed form: what was checked is what
// is used.
absl::StatusOr<Url> ParseUrl(const std::string& text,
                             bool allow_loopback_http) {
  if (text.size() > kMaxUrlLength) {
    return BadUrl(absl::StrCat("longer than ", kMaxUrlLength, " bytes"));
  }
  // A NUL would end it early for libcurl, which takes a C string.
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_iscntrl(static_cast<unsigned char>(c));
      })) {
    return BadUrl("holds a control character");
  }
  Url url(curl_url());
  if (url == nullptr) return absl::InternalError("libcurl has no memory");
  const CURLUcode parsed =
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER);
  if (parsed == CURLUE_USER_NOT_ALLOWED) {
    return BadUrl(
        "holds a user name or password; the signature is what proves who sends "
        "it");
  }
  if (parsed == CURLUE_UNSUPPORTED_SCHEME) {
    return BadUrl("must begin with https://");
  }
  if (parsed != CURLUE_OK) {
    return BadUrl(absl::StrCat("must be like https://host/path (",
                               curl_url_strerror(parsed), ")"));
  }
  const std::string scheme = UrlPart(url.get(), CURLUPART_SCHEME);
  const std::string host =
      absl::AsciiStrToLower(UrlPart(url.get(), CURLUPART_HOST));
  if (host.empty()) return BadUrl("has no host");
  if (UrlPart(url.get(), CURLUPART_PORT) == "0") return BadUrl("port 0");
  if (!UrlPart(url.get(), CURLUPART_FRAGMENT).empty()) {
    return BadUrl("holds a fragment (#…), which a receiver never sees");
  }
  if (scheme == "https") return url;
  if (scheme == "http" && IsLoopback(host)) {
    if (allow_loopback_http) return url;
    return BadUrl(
        "http:// to this machine itself is only for demonstrations and must be "
        "allowed by an option; use https://");
  }
  return BadUrl(
      absl::StrCat("is ", scheme, "://, must be https:// (notes are private)"));
}

// Reads the certificates once, so that a wrong path is found at the start and
// not at the first note of the night.
absl::Status CheckCaFile(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  X509_STORE* store = X509_STORE_new();
  const bool loaded =
      store != nullptr && X509_STORE_load_file(store, path.c_str()) == 1;
  X509_STORE_free(store);
  if (loaded) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "ca_file ", path, ": cannot be read, or holds no PEM certificate"));
}

absl::Status CheckOptions(const WebhookOptions& options) {
  for (const auto& [name, timeout] :
       {std::pair("connect_timeout", options.connect_timeout),
        std::pair("timeout", options.timeout),
        std::pair("waiting_timeout", options.waiting_timeout)}) {
    if (timeout < absl::Milliseconds(1) || timeout > absl::Hours(1)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": ", absl::FormatDuration(timeout),
                       ", must be between 1ms and 1h"));
    }
  }
  if (options.max_in_flight < 1 || options.max_in_flight_per_receiver < 1) {
    return absl::InvalidArgumentError(
        "max_in_flight, max_in_flight_per_receiver: must be at least 1");
  }
  if (options.max_retry_after < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("max_retry_after: must not be negative");
  }
  return CheckCaFile(options.ca_file);
}

bool IsTransientStatus(int64_t status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

// One push on its way.
struct Transfer {
  OutboundMessage message;
  Channel::Callback done;
  Url url;
  // Host and port: whose limit it counts against.
  std::string receiver;
  SteadyClock::time_point waits_until;

  // Once it has started. `easy` borrows all that stands before it, and goes
  // first.
  HeaderList headers;
  char error[CURL_ERROR_SIZE] = "";
  std::string reason;
  std::string answer;
  size_t header_bytes = 0;
  // It began with something else than a status line.
  bool is_no_http = false;
  // The headers of a final answer (not 1xx) are complete.
  bool answered = false;
  Easy easy;
};

// "HTTP/1.1 503 Service Unavailable", with or without a reason, or HTTP/2's.
// libcurl takes whatever begins with "HTTP/" for an answer, and one whose
// number it cannot read for a 200: a note would count as received.
bool IsStatusLine(absl::string_view line) {
  line = absl::StripTrailingAsciiWhitespace(line);
  if (!absl::ConsumePrefix(&line, "HTTP/1.0 ") &&
      !absl::ConsumePrefix(&line, "HTTP/1.1 ") &&
      !absl::ConsumePrefix(&line, "HTTP/2 ")) {
    return false;
  }
  return line.size() >= 3 && absl::ascii_isdigit(line[0]) &&
         absl::ascii_isdigit(line[1]) && absl::ascii_isdigit(line[2]) &&
         (line.size() == 3 || line[3] == ' ');
}

// libcurl's header callback: called with one whole line at a time.
size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const absl::string_view line(data, size * count);
  transfer->header_bytes += line.size();
  if (transfer->header_bytes > kMaxHeaderBytes) return 0;
  const bool is_first = transfer->header_bytes == line.size();
  if (is_first ||
      (!transfer->answered && absl::StartsWithIgnoreCase(line, "HTTP/"))) {
    if (!IsStatusLine(line)) {
      transfer->is_no_http = true;
      return 0;
    }
    // "HTTP/1.1 503 Service Unavailable"
    const size_t status = line.find(' ');
    const size_t reason = line.find(' ', status + 1);
    transfer->reason =
        status == absl::string_view::npos || reason == absl::string_view::npos
            ? ""
            : std::string(absl::StripAsciiWhitespace(line.substr(reason)));
  } else if (absl::StripAsciiWhitespace(line).empty()) {
    long status = 0;
    curl_easy_getinfo(transfer->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200) transfer->answered = true;
  }
  return line.size();
}

// libcurl's body callback. Taking less than was offered ends the transfer.
size_t OnBody(char* data, size_t size, size_t count, void* user) {
  std::string& answer = static_cast<Transfer*>(user)->answer;
  const size_t room = kMaxAnswerBytes - answer.size();
  answer.append(data, std::min(size * count, room));
  return size * count <= room ? size * count : 0;
}

// Sets options one after the other and remembers whether all were taken.
class EasyOptions {
 public:
  explicit EasyOptions(CURL* easy) : easy_(easy) {}
  template <typename T>
  EasyOptions& Set(CURLoption option, T value) {
    // The function, not the macro that checks types of constant options.
    ok_ = (curl_easy_setopt)(easy_, option, value) == CURLE_OK && ok_;
    return *this;
  }
  bool ok() const { return ok_; }

 private:
  CURL* easy_;
  bool ok_ = true;
};

bool AppendHeader(HeaderList* list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  if (longer == nullptr) return false;
  // The list's first element never changes but when it is made.
  (void)list->release();
  list->reset(longer);
  return true;
}

// Not sent, for a reason that a person must remove.
SendOutcome Refused(const absl::Status& why) {
  SendOutcome outcome;
  outcome.result = SendResult::kPermanent;
  outcome.error = std::string(why.message());
  return outcome;
}

// Not sent, for a reason that goes by itself.
SendOutcome NotAttempted(absl::string_view why) {
  SendOutcome outcome;
  outcome.result = SendResult::kTransient;
  outcome.error = std::string(why);
  outcome.attempted = false;
  return outcome;
}

absl::Status NoMemory() {
  return absl::InternalError("not sent: libcurl has no memory");
}

constexpr char kStopped[] = "not sent: the server is stopping";

}  // namespace

absl::Status ValidateWebhookUrl(absl::string_view url,
                                bool allow_loopback_http) {
  return ParseUrl(std::string(url), allow_loopback_http).status();
}

// Lives on the channel's thread, apart from WakeUp.
class WebhookChannel::Sender {
 public:
  Sender(const Clock* clock, WebhookOptions options)
      : clock_(clock), options_(std::move(options)), multi_(curl_multi_init()) {
    if (multi_ == nullptr) return;
    // Idle connections kept for the next note to the same receiver.
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 64L);
  }

  ~Sender() { Abandon(); }

  bool ok() const { return multi_ != nullptr; }
  const WebhookOptions& options() const { return options_; }

  // Ends a Wait, the current one or else the next. Thread-safe.
  void WakeUp() { curl_multi_wakeup(multi_.get()); }

  // Takes a push on: checks it and puts it into its receiver's queue.
  void Accept(Push push) {
    auto transfer = std::make_unique<Transfer>();
    transfer->message = std::move(push.message);
    transfer->done = std::move(push.done);
    absl::StatusOr<Url> url =
        ParseUrl(transfer->message.address, options_.allow_loopback_http);
    if (!url.ok()) {
      transfer->done(Refused(url.status()));
      return;
    }
    transfer->url = *std::move(url);
    transfer->receiver = absl::AsciiStrToLower(absl::StrCat(
        UrlPart(transfer->url.get(), CURLUPART_HOST), ":",
        UrlPart(transfer->url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)));
    transfer->waits_until = SteadyClock::now() + absl::ToChronoMilliseconds(
                                                     options_.waiting_timeout);
    Receiver& receiver = receivers_[transfer->receiver];
    receiver.waiting.push_back(std::move(transfer));
  }

  // Moves everything on as far as it goes without waiting.
  void Advance() {
    int running = 0;
    CheckMulti(curl_multi_perform(multi_.get(), &running));
    int queued = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      Finish(message->easy_handle, message->data.result);
    }
    GiveUpWaiting();
    StartWaiting();
  }

  // Until a socket, a timer of libcurl's, the end of somebody's waiting time,
  // or WakeUp.
  void Wait() {
    auto wait = std::chrono::milliseconds(60'000);
    for (const auto& [key, receiver] : receivers_) {
      if (receiver.waiting.empty()) continue;
      wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                                receiver.waiting.front()->waits_until -
                                SteadyClock::now()));
    }
    const auto milliseconds =
        static_cast<int>(std::max<int64_t>(wait.count(), 0));
    CheckMulti(
        curl_multi_poll(multi_.get(), nullptr, 0, milliseconds, nullptr));
  }

  // Ends everything; what is under way may or may not have arrived.
  void Abandon() {
    while (!in_flight_.empty()) {
      std::unique_ptr<Transfer> transfer = Take(in_flight_.begin()->first);
      SendOutcome outcome;
      outcome.result = SendResult::kTransient;
      outcome.error = "broken off: the server is stopping";
      Complete(std::move(transfer), std::move(outcome));
    }
    std::map<std::string, Receiver> receivers = std::move(receivers_);
    receivers_.clear();
    for (auto& [key, receiver] : receivers) {
      for (std::unique_ptr<Transfer>& transfer : receiver.waiting) {
        Complete(std::move(transfer), NotAttempted(kStopped));
      }
    }
  }

 private:
  struct Receiver {
    int in_flight = 0;
    // In the order of arrival, hence of waits_until.
    std::deque<std::unique_ptr<Transfer>> waiting;
  };

  // libcurl's multi interface fails only when memory runs out or it is misused;
  // a pause keeps the thread from spinning then.
  static void CheckMulti(CURLMcode code) {
    if (code == CURLM_OK) return;
    HC_LOG(kError, "webhook_loop_failed")
        .With("error", curl_multi_strerror(code));
    absl::SleepFor(absl::Milliseconds(100));
  }

  static void Complete(std::unique_ptr<Transfer> transfer,
                       SendOutcome outcome) {
    const Channel::Callback done = std::move(transfer->done);
    transfer.reset();
    done(std::move(outcome));
  }

  // Starts what the limits allow, one push per receiver and round, so that
  // nobody's long queue takes all the places.
  void StartWaiting() {
    bool started = true;
    while (started) {
      started = false;
      std::vector<std::string> keys;
      auto it = receivers_.upper_bound(last_started_);
      for (size_t i = 0; i < receivers_.size(); ++i, ++it) {
        if (it == receivers_.end()) it = receivers_.begin();
        keys.push_back(it->first);
      }
      for (const std::string& key : keys) {
        if (static_cast<int>(in_flight_.size()) >= options_.max_in_flight) {
          return;
        }
        const auto found = receivers_.find(key);
        if (found == receivers_.end()) continue;
        Receiver& receiver = found->second;
        if (receiver.waiting.empty() ||
            receiver.in_flight >= options_.max_in_flight_per_receiver) {
          continue;
        }
        std::unique_ptr<Transfer> transfer =
            std::move(receiver.waiting.front());
        receiver.waiting.pop_front();
        last_started_ = key;
        started = true;
        Start(std::move(transfer));
      }
    }
  }

  void Start(std::unique_ptr<Transfer> transfer) {
    if (absl::Status prepared = Prepare(transfer.get()); !prepared.ok()) {
      const std::string key = transfer->receiver;
      Complete(std::move(transfer), absl::IsInvalidArgument(prepared)
                                        ? Refused(prepared)
                                        : NotAttempted(prepared.message()));
      ForgetIfIdle(key);
      return;
    }
    CURL* const easy = transfer->easy.get();
    ++receivers_[transfer->receiver].in_flight;
    in_flight_[easy] = std::move(transfer);
    if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
      Complete(Take(easy), NotAttempted(NoMemory().message()));
    }
  }

  absl::Status Prepare(Transfer* transfer) const {
    const OutboundMessage& message = transfer->message;
    ASSIGN_OR_RETURN(const WebhookSecret secret,
                     WebhookSecret::Parse(message.secret.Reveal()));
    const std::string& body = message.body.Reveal();
    ASSIGN_OR_RETURN(const WebhookHeaders signature,
                     secret.Sign(message.id, clock_->Now(), body));

    for (const std::string& line :
         {std::string("Content-Type: application/json"),
          std::string("User-Agent: housecall"),
          // Not asked for, sent at once.
          std::string("Expect:"),
          absl::StrCat(kWebhookIdHeader, ": ", signature.id),
          absl::StrCat(kWebhookTimestampHeader, ": ", signature.timestamp),
          absl::StrCat(kWebhookSignatureHeader, ": ", signature.signature)}) {
      if (!AppendHeader(&transfer->headers, line)) return NoMemory();
    }

    transfer->easy.reset(curl_easy_init());
    if (transfer->easy == nullptr) return NoMemory();
    EasyOptions options(transfer->easy.get());
    options.Set(CURLOPT_PRIVATE, transfer)
        .Set(CURLOPT_ERRORBUFFER, transfer->error)
        .Set(CURLOPT_CURLU, transfer->url.get())
        .Set(CURLOPT_PROTOCOLS_STR, "http,https")
        .Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
        .Set(CURLOPT_HTTPHEADER, transfer->headers.get())
        .Set(CURLOPT_POST, 1L)
        .Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()))
        .Set(CURLOPT_POSTFIELDS, body.data())
        .Set(CURLOPT_HEADERFUNCTION, &OnHeader)
        .Set(CURLOPT_HEADERDATA, transfer)
        .Set(CURLOPT_WRITEFUNCTION, &OnBody)
        .Set(CURLOPT_WRITEDATA, transfer)
        .Set(CURLOPT_FOLLOWLOCATION, 0L)
        // What http_proxy and its like in the environment say must not lead
        // notes elsewhere.
        .Set(CURLOPT_PROXY, "")
        .Set(CURLOPT_CONNECTTIMEOUT_MS,
             static_cast<long>(
                 absl::ToInt64Milliseconds(options_.connect_timeout)))
        .Set(CURLOPT_TIMEOUT_MS,
             static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)))
        // No signals: there are other threads.
        .Set(CURLOPT_NOSIGNAL, 1L)
        // A name server that hangs must not hold this thread: without it,
        // libcurl waits for its resolver's thread when the time is up
        // (curl issue 8515).
        .Set(CURLOPT_QUICK_EXIT, 1L)
        .Set(CURLOPT_SSL_VERIFYPEER, 1L)
        .Set(CURLOPT_SSL_VERIFYHOST, 2L)
        .Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // Debian's libcurl trusts the folder of the system's certificates beside
    // this file.
    if (!options_.ca_file.empty()) {
      options.Set(CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    return options.ok() ? absl::OkStatus() : NoMemory();
  }

  // Takes a transfer out of libcurl and out of the books.
  std::unique_ptr<Transfer> Take(CURL* easy) {
    const auto found = in_flight_.find(easy);
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    in_flight_.erase(found);
    curl_multi_remove_handle(multi_.get(), easy);
    --receivers_[transfer->receiver].in_flight;
    ForgetIfIdle(transfer->receiver);
    return transfer;
  }

  void Finish(CURL* easy, CURLcode code) {
    std::unique_ptr<Transfer> transfer = Take(easy);
    SendOutcome outcome = transfer->answered
                              ? OutcomeOfAnswer(*transfer)
                              : OutcomeOfSilence(*transfer, code);
    Complete(std::move(transfer), std::move(outcome));
  }

  // Those who have waited too long behind others come back.
  void GiveUpWaiting() {
    const SteadyClock::time_point now = SteadyClock::now();
    std::vector<std::unique_ptr<Transfer>> late;
    for (auto it = receivers_.begin(); it != receivers_.end();) {
      Receiver& receiver = it->second;
      while (!receiver.waiting.empty() &&
             receiver.waiting.front()->waits_until <= now) {
        late.push_back(std::move(receiver.waiting.front()));
        receiver.waiting.pop_front();
      }
      const bool idle = receiver.in_flight == 0 && receiver.waiting.empty();
      it = idle ? receivers_.erase(it) : std::next(it);
    }
    for (std::unique_ptr<Transfer>& transfer : late) {
      Complete(std::move(transfer),
               NotAttempted(
                   absl::StrCat("not sent: waited ",
                                absl::FormatDuration(options_.waiting_timeout),
                                " for earlier pushes to the same receiver")));
    }
  }

  void ForgetIfIdle(const std::string& key) {
    const auto found = receivers_.find(key);
    if (found != receivers_.end() && found->second.in_flight == 0 &&
        found->second.waiting.empty()) {
      receivers_.erase(found);
    }
  }

  SendOutcome OutcomeOfAnswer(const Transfer& transfer) const {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    SendOutcome outcome;
    if (status >= 200 && status <= 299) {
      outcome.result = SendResult::kDelivered;
      return outcome;
    }
    outcome.error = absl::StrCat("HTTP ", status);
    if (const std::string reason =
            Quotable(transfer, transfer.reason, kMaxReasonBytes);
        !reason.empty()) {
      absl::StrAppend(&outcome.error, " ", reason);
    }
    const absl::string_view colon = ": ";
    if (const std::string text =
            Quotable(transfer, transfer.answer,
                     kMaxErrorBytes - outcome.error.size() - colon.size());
        !text.empty()) {
      absl::StrAppend(&outcome.error, colon, text);
    }
    if (IsTransientStatus(status)) {
      outcome.result = SendResult::kTransient;
      outcome.retry_after = RetryAfter(transfer.easy.get());
    } else {
      outcome.result = SendResult::kPermanent;
    }
    return outcome;
  }

  // No final answer came.
  SendOutcome OutcomeOfSilence(const Transfer& transfer, CURLcode code) const {
    SendOutcome outcome;
    outcome.result = SendResult::kTransient;
    absl::string_view kind = "no answer";
    if (code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_SSL_ISSUER_ERROR) {
      outcome.result = SendResult::kPermanent;
      kind = "certificate refused";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
      kind = "timed out";
    } else if (code == CURLE_COULDNT_RESOLVE_HOST ||
               code == CURLE_COULDNT_CONNECT) {
      kind = "not reached";
    } else if (transfer.is_no_http) {
      kind = "the answer is not HTTP";
    } else if (transfer.header_bytes > kMaxHeaderBytes) {
      kind = "headers of the answer without end";
    }
    const std::string detail = Quotable(
        transfer,
        transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code),
        CURL_ERROR_SIZE);
    outcome.error = absl::StrCat(kind, ": ", detail);
    return outcome;
  }

  // What of a text from outside may be kept.
  static std::string Quotable(const Transfer& transfer, absl::string_view text,
                              size_t max_bytes) {
    const OutboundMessage& message = transfer.message;
    std::vector<std::string> sent = TextsOf(message.body.Reveal());
    sent.push_back(message.secret.Reveal());
    sent.push_back(UrlPart(transfer.url.get(), CURLUPART_PATH));
    sent.push_back(UrlPart(transfer.url.get(), CURLUPART_QUERY));
    return PrintableText(WithoutEcho(text, sent), max_bytes);
  }

  absl::Duration RetryAfter(CURL* easy) const {
    curl_header* header = nullptr;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) !=
        CURLHE_OK) {
      return absl::ZeroDuration();
    }
    return RetryAfterOf(header->value, clock_->Now(), options_.max_retry_after);
  }

  const Clock* const clock_;
  const WebhookOptions options_;
  const Multi multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> in_flight_;
  std::map<std::string, Receiver> receivers_;
  // The receiver whose push was started last: the next round begins after it.
  std::string last_started_;
};

absl::StatusOr<std::unique_ptr<WebhookChannel>> WebhookChannel::Create(
    const Clock* clock, WebhookOptions options) {
  // Once per process, never undone: other users of libcurl may be there.
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) {
    return absl::InternalError(absl::StrCat("libcurl does not start: ",
                                            curl_easy_strerror(initialized)));
  }
  RETURN_IF_ERROR(CheckOptions(options));
  auto sender = std::make_unique<Sender>(clock, std::move(options));
  if (!sender->ok()) return absl::InternalError("libcurl has no memory");
  return std::unique_ptr<WebhookChannel>(new WebhookChannel(std::move(sender)));
}

WebhookChannel::WebhookChannel(std::unique_ptr<Sender> sender)
    : sender_(std::move(sender)), thread_([this] { Run(); }) {}

WebhookChannel::~WebhookChannel() { Stop(); }

void WebhookChannel::Send(OutboundMessage message, Callback done) {
  {
    MutexLock lock(mutex_);
    if (!stopping_) {
      arrived_.push_back({std::move(message), std::move(done)});
      sender_->WakeUp();
      return;
    }
  }
  done(NotAttempted(kStopped));
}

void WebhookChannel::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  sender_->WakeUp();
  MutexLock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

absl::Duration WebhookChannel::max_send_duration() const {
  return sender_->options().waiting_timeout + sender_->options().timeout;
}

void WebhookChannel::Run() {
  for (;;) {
    std::vector<Push> arrived;
    bool stopping = false;
    {
      MutexLock lock(mutex_);
      arrived.swap(arrived_);
      // Read together: once it is set, nothing arrives any more.
      stopping = stopping_;
    }
    for (Push& push : arrived) sender_->Accept(std::move(push));
    if (stopping) break;
    sender_->Advance();
    sender_->Wait();
  }
  sender_->Abandon();
}

}  // namespace housecall::outbox
