// Records as resources of the API: which message is which record's, what of it
// a caller may read, and where it is found.
#ifndef HOUSECALL_DISPATCHER_SERVER_RESOURCES_H_
#define HOUSECALL_DISPATCHER_SERVER_RESOURCES_H_

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/core/board.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/access.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/grpc_status.h"
#include "dispatcher/store/store.h"
#include "housecall/v1/call.pb.h"
#include "housecall/v1/directory.pb.h"
#include "housecall/v1/event.pb.h"
#include "housecall/v1/note.pb.h"
#include "housecall/v1/offer.pb.h"
#include "housecall/v1/patient.pb.h"
#include "housecall/v1/rota.pb.h"
#include "housecall/v1/visit.pb.h"

namespace housecall::server {

// ResourceOf<v1::Call>::Record is core::Call.
template <typename Proto>
struct ResourceOf;
#define HOUSECALL_RESOURCE(Name) \
  template <>                    \
  struct ResourceOf<v1::Name> {  \
    using Record = core::Name;   \
  }
HOUSECALL_RESOURCE(Center);
HOUSECALL_RESOURCE(Organization);
HOUSECALL_RESOURCE(Person);
HOUSECALL_RESOURCE(Account);
HOUSECALL_RESOURCE(Session);
HOUSECALL_RESOURCE(Car);
HOUSECALL_RESOURCE(Patient);
HOUSECALL_RESOURCE(Shift);
HOUSECALL_RESOURCE(Override);
HOUSECALL_RESOURCE(Duty);
HOUSECALL_RESOURCE(Position);
HOUSECALL_RESOURCE(Call);
HOUSECALL_RESOURCE(Offer);
HOUSECALL_RESOURCE(Assignment);
HOUSECALL_RESOURCE(Visit);
HOUSECALL_RESOURCE(Note);
HOUSECALL_RESOURCE(Delivery);
HOUSECALL_RESOURCE(Task);
HOUSECALL_RESOURCE(Match);
#undef HOUSECALL_RESOURCE

// What of the record the actor may read: that of the call or patient that it
// is about. Where somebody lives is his own and the operators', and so is whom
// they ring as a last resort; the rest of the directory and the rota are open
// to whoever may ask for them.
template <typename R>
View ViewOfRecord(const R& record, const core::Actor& actor,
                  const core::Board& board) {
  const auto of_call = [&](const core::CallId& id) {
    const auto* call = board.Find<core::Call>(id);
    return call == nullptr ? ViewOf(core::Call{}, actor, board)
                           : ViewOf(*call, actor, board);
  };
  if constexpr (std::is_same_v<R, core::Call> ||
                std::is_same_v<R, core::Patient>) {
    return ViewOf(record, actor, board);
  } else if constexpr (requires { record.call; }) {
    return of_call(record.call);
  } else if constexpr (requires { record.calls; }) {
    return of_call(record.calls.empty() ? core::CallId()
                                        : record.calls.front());
  } else if constexpr (std::is_same_v<R, core::Person> ||
                       std::is_same_v<R, core::Center>) {
    bool identifying = IsOfficeStaff(actor);
    if constexpr (std::is_same_v<R, core::Person>) {
      identifying = identifying || record.id == actor.person;
    }
    return {.identifying = identifying, .clinical = true};
  } else {
    return {true, true};
  }
}

// The record as this actor may see it.
template <typename R, typename Proto>
void WriteRecord(const R& record, const core::CenterId& center,
                 const core::Actor& actor, const core::Board& board,
                 Proto* out) {
  ToProto(record, center, out);
  Redact(ViewOfRecord(record, actor, board), out);
  // What is not signed yet is its author's alone.
  if constexpr (std::is_same_v<R, core::Note>) {
    if (record.author != actor.person) out->clear_draft();
  }
  // Why somebody is absent is nothing to his colleagues.
  if constexpr (std::is_same_v<R, core::Override>) {
    if (!IsOfficeStaff(actor) && record.person != actor.person) {
      out->clear_reason();
    }
  }
  // An address of a webhook often holds a key.
  if constexpr (std::is_same_v<R, core::Organization>) {
    if (!IsOfficeStaff(actor) && record.id != actor.organization) {
      out->clear_webhook();
    }
  }
  // Who may not ask for a person learns from other answers only who it is.
  if constexpr (std::is_same_v<R, core::Person>) {
    if ((ReachOf("GetPerson", actor) & kAll) == 0 &&
        record.id != actor.person) {
      Proto known;
      known.set_name(out->name());
      known.set_organization(out->organization());
      known.set_display_name(out->display_name());
      known.set_display_name_kana(out->display_name_kana());
      *out = std::move(known);
    }
  }
}

// The RPC with which records of this kind are asked for one by one, or listed
// where there is no such RPC.
template <typename R>
constexpr const char* RpcThatShows() {
  if constexpr (std::is_same_v<R, core::Center>) {
    return "GetCenter";
  } else if constexpr (std::is_same_v<R, core::Organization>) {
    return "GetOrganization";
  } else if constexpr (std::is_same_v<R, core::Person>) {
    return "GetPerson";
  } else if constexpr (std::is_same_v<R, core::Car>) {
    return "GetCar";
  } else if constexpr (std::is_same_v<R, core::Patient>) {
    return "GetPatient";
  } else if constexpr (std::is_same_v<R, core::Shift>) {
    return "GetShift";
  } else if constexpr (std::is_same_v<R, core::Override>) {
    return "GetOverride";
  } else if constexpr (std::is_same_v<R, core::Duty> ||
                       std::is_same_v<R, core::Position>) {
    return "GetDuty";
  } else if constexpr (std::is_same_v<R, core::Call>) {
    return "GetCall";
  } else if constexpr (std::is_same_v<R, core::Offer>) {
    return "ListOffers";
  } else if constexpr (std::is_same_v<R, core::Assignment>) {
    return "GetAssignment";
  } else if constexpr (std::is_same_v<R, core::Visit>) {
    return "GetVisit";
  } else if constexpr (std::is_same_v<R, core::Note>) {
    return "GetNote";
  } else if constexpr (std::is_same_v<R, core::Delivery>) {
    return "GetDelivery";
  } else if constexpr (std::is_same_v<R, core::Task>) {
    return "ListTasks";
  } else {
    static_assert(std::is_same_v<R, core::Match>);
    return "GetMatch";
  }
}

// How far the actor reaches where an RPC shows records of every kind: as far as
// with that RPC, and no farther than by asking for this kind itself.
template <typename R>
unsigned ReachOnStream(absl::string_view rpc, const core::Actor& actor) {
  return ReachOf(rpc, actor) & ReachOf(RpcThatShows<R>(), actor);
}

// Whether a record that somebody watches or lists may be shown to this actor,
// who reaches that far. Accounts and sessions never are.
template <typename R>
bool MayBeShown(unsigned reach, const R& record, const core::Actor& actor,
                const core::Board& board) {
  if constexpr (std::is_same_v<R, core::Account> ||
                std::is_same_v<R, core::Session>) {
    return false;
  }
  if ((reach & kAll) != 0) return true;
  const auto of_call = [&](const core::CallId& id) {
    const auto* call = board.Find<core::Call>(id);
    return call != nullptr && MaySee(reach, *call, actor, board);
  };
  if constexpr (std::is_same_v<R, core::Call>) {
    return MaySee(reach, record, actor, board);
  } else if constexpr (std::is_same_v<R, core::Patient>) {
    return (reach & RelationTo(record, actor, board)) != 0;
  } else if constexpr (std::is_same_v<R, core::Visit> ||
                       std::is_same_v<R, core::Note>) {
    return of_call(record.call);
  } else if constexpr (std::is_same_v<R, core::Assignment>) {
    return std::any_of(record.calls.begin(), record.calls.end(), of_call);
  } else if constexpr (std::is_same_v<R, core::Offer>) {
    return (reach & (kOffered | kOwnVisits)) != 0 &&
           (record.physician == actor.person || record.driver == actor.person);
  } else if constexpr (std::is_same_v<R, core::Delivery>) {
    return of_call(record.call) ||
           ((reach & kOwnDeliveries) != 0 &&
            record.member.organization == actor.organization);
  } else {
    return false;
  }
}

// The record of that id, from the board or, for a call that is long over, from
// the store: then `older` holds the board with everything of that call. Null if
// there is none. Asks the store only if `store` is given; that may wait.
template <typename R>
absl::StatusOr<const R*> FindRecord(const core::Board& board,
                                    const core::CenterId& center,
                                    const decltype(R::id)& id,
                                    store::Store* store, core::Board* older) {
  if constexpr (std::is_same_v<R, core::Center>) {
    return &board.center();
  } else {
    const R* record = board.Find<R>(id);
    if (record != nullptr || store == nullptr) return record;
    // Ids of what belongs to a call begin with the call's.
    const std::string call = id.value().substr(0, id.value().find("--"));
    absl::StatusOr<std::vector<core::Record>> records =
        store->ReadCall(center, core::CallId(call));
    if (!records.ok()) return FromStore(records.status());
    *older = board;
    for (const core::Record& r : *records) older->Put(r);
    return older->Find<R>(id);
  }
}

template <typename R>
absl::Status NoSuch(const decltype(R::id)& id) {
  return absl::NotFoundError(absl::StrCat(
      "there is no ", decltype(R::id)::kSingular, " ", id.value()));
}

// True for calls and what belongs to them, which leave the board some time
// after the call was closed.
template <typename R>
inline constexpr bool kLeavesBoard =
    std::is_same_v<R, core::Call> || std::is_same_v<R, core::Offer> ||
    std::is_same_v<R, core::Assignment> || std::is_same_v<R, core::Visit> ||
    std::is_same_v<R, core::Match> || std::is_same_v<R, core::Note> ||
    std::is_same_v<R, core::Delivery> || std::is_same_v<R, core::Task>;

// The record that a command answers with.
template <typename Proto>
absl::Status WriteSubject(const engine::Result& result,
                          const core::CenterId& center,
                          const core::Actor& actor, store::Store& store,
                          Proto* out) {
  using R = typename ResourceOf<Proto>::Record;
  const auto* id = std::get_if<decltype(R::id)>(&result.subject);
  if (id == nullptr) {
    return absl::InternalError("the answer is of another kind");
  }
  core::Board older;
  absl::StatusOr<const R*> record = FindRecord<R>(
      *result.board, center, *id, kLeavesBoard<R> ? &store : nullptr, &older);
  if (!record.ok()) return record.status();
  if (*record == nullptr) return NoSuch<R>(*id);
  const bool is_older = !older.center().id.empty();
  WriteRecord(**record, center, actor, is_older ? older : *result.board, out);
  return absl::OkStatus();
}

// One page of a list. `page_token` is the id of the last record of the page
// before. A page ends early when its records have reached kMaxPageBytes:
// clients take messages of 4 MiB unless they are told otherwise.
struct Page {
  size_t size = 50;
  std::string after;
};
inline constexpr size_t kMaxPageBytes = 1 << 20;

// InvalidArgument for a negative size or a token that is none of ours; sizes
// above 1000 count as 1000, 0 as 50.
template <typename Request>
absl::StatusOr<Page> PageOf(const Request& request) {
  Page page;
  if (request.page_size() < 0) {
    return absl::InvalidArgumentError("page_size: must not be negative");
  }
  if (request.page_size() > 0) {
    page.size = std::min<size_t>(request.page_size(), 1000);
  }
  if (!request.page_token().empty() && !IsValidId(request.page_token())) {
    return absl::InvalidArgumentError(
        "page_token: is not one that this server gave");
  }
  page.after = request.page_token();
  return page;
}

// The part of a sorted list that a page shows. `id_of(item)` gives its token;
// `write(item)` writes it and gives the size of what it has written, in bytes.
// InvalidArgument if the token's item is not there any more.
template <typename Item, typename IdOf, typename Write>
absl::Status WritePage(const std::vector<Item>& items, const Page& page,
                       IdOf&& id_of, Write&& write,
                       std::string* next_page_token) {
  size_t begin = 0;
  if (!page.after.empty()) {
    while (begin < items.size() && id_of(items[begin]) != page.after) ++begin;
    if (begin == items.size()) {
      return absl::InvalidArgumentError(
          "page_token: what it pointed at has gone; begin again");
    }
    ++begin;
  }
  size_t bytes = 0;
  for (size_t i = begin; i < items.size(); ++i) {
    if (i == begin + page.size || bytes >= kMaxPageBytes) {
      *next_page_token = id_of(items[i - 1]);
      break;
    }
    bytes += write(items[i]);
  }
  return absl::OkStatus();
}

// The records of a table for which `keep` is true, in the order of `before`
// (none: of ids), one page of them.
template <typename R, typename Proto, typename Keep, typename Before>
absl::Status ListRecords(const core::Board& board, const core::CenterId& center,
                         const core::Actor& actor, const Page& page,
                         Keep&& keep, Before&& before,
                         google::protobuf::RepeatedPtrField<Proto>* out,
                         std::string* next_page_token) {
  std::vector<const R*> records;
  board.table<R>().ForEach([&](const auto&, const R& record) {
    if (keep(record)) records.push_back(&record);
  });
  std::stable_sort(records.begin(), records.end(),
                   [&](const R* a, const R* b) { return before(*a, *b); });
  return WritePage(
      records, page, [](const R* r) { return r->id.value(); },
      [&](const R* r) {
        Proto* const written = out->Add();
        WriteRecord(*r, center, actor, board, written);
        return written->ByteSizeLong();
      },
      next_page_token);
}

// Keeps the order of ids.
struct ByIdOnly {
  template <typename R>
  bool operator()(const R&, const R&) const {
    return false;
  }
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_RESOURCES_H_
