#include <tuple>

#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/rota_service.grpc.pb.h"

namespace housecall::server {
namespace {

// Duties and gaps have no ids: their page token is a number in the list.
template <typename Request>
absl::StatusOr<size_t> IndexOf(const Request& request) {
  size_t index = 0;
  if (!request.page_token().empty() &&
      !absl::SimpleAtoi(request.page_token(), &index)) {
    return absl::InvalidArgumentError(
        "page_token: is not one that this server gave");
  }
  if (request.page_size() < 0) {
    return absl::InvalidArgumentError("page_size: must not be negative");
  }
  return index;
}

template <typename T, typename Request, typename Proto>
absl::Status WriteByIndex(const std::vector<T>& items, const Caller& caller,
                          size_t begin, const Request& request,
                          google::protobuf::RepeatedPtrField<Proto>* out,
                          std::string* next_page_token) {
  const size_t size =
      request.page_size() == 0 ? 50 : std::min(request.page_size(), 1000);
  for (size_t i = begin; i < items.size(); ++i) {
    if (i == begin + size) {
      *next_page_token = absl::StrCat(i);
      break;
    }
    ToProto(items[i], caller.center, out->Add());
  }
  return absl::OkStatus();
}

class RotaService final : public v1::RotaService::CallbackService {
 public:
  explicit RotaService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* CreateShift(grpc::CallbackServerContext* context,
                                        const v1::CreateShiftRequest* request,
                                        v1::Shift* response) override {
    return desk_->Mutate<core::Create<core::Shift>>(
        context, "CreateShift", request, response, {}, "shifts");
  }
  grpc::ServerUnaryReactor* UpdateShift(grpc::CallbackServerContext* context,
                                        const v1::UpdateShiftRequest* request,
                                        v1::Shift* response) override {
    return desk_->Mutate<core::Update<core::Shift>>(context, "UpdateShift",
                                                    request, response);
  }
  grpc::ServerUnaryReactor* GetShift(grpc::CallbackServerContext* context,
                                     const v1::GetShiftRequest* request,
                                     v1::Shift* response) override {
    return desk_->Get(context, "GetShift", request, response);
  }
  grpc::ServerUnaryReactor* ListShifts(
      grpc::CallbackServerContext* context,
      const v1::ListShiftsRequest* request,
      v1::ListShiftsResponse* response) override {
    return desk_->Read(
        context, "ListShifts", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListShifts", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string person,
              FilterId<core::PersonId>(caller, request->person(), "person"));
          ASSIGN_OR_RETURN(const core::Window window, WindowOf(*request));
          return ListRecords<core::Shift>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Shift& record) {
                return (person.empty() || record.person.value() == person) &&
                       record.start_time < window.end_time &&
                       window.start_time < record.end_time &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Shift& a, const core::Shift& b) {
                return std::tie(a.start_time, a.person) <
                       std::tie(b.start_time, b.person);
              },
              response->mutable_shifts(), response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* CreateOverride(
      grpc::CallbackServerContext* context,
      const v1::CreateOverrideRequest* request,
      v1::Override* response) override {
    return desk_->Mutate<core::Create<core::Override>>(
        context, "CreateOverride", request, response, {}, "overrides");
  }
  grpc::ServerUnaryReactor* UpdateOverride(
      grpc::CallbackServerContext* context,
      const v1::UpdateOverrideRequest* request,
      v1::Override* response) override {
    return desk_->Mutate<core::Update<core::Override>>(
        context, "UpdateOverride", request, response);
  }
  grpc::ServerUnaryReactor* GetOverride(grpc::CallbackServerContext* context,
                                        const v1::GetOverrideRequest* request,
                                        v1::Override* response) override {
    return desk_->Get(context, "GetOverride", request, response);
  }
  grpc::ServerUnaryReactor* ListOverrides(
      grpc::CallbackServerContext* context,
      const v1::ListOverridesRequest* request,
      v1::ListOverridesResponse* response) override {
    return desk_->Read(
        context, "ListOverrides", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListOverrides", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string person,
              FilterId<core::PersonId>(caller, request->person(), "person"));
          ASSIGN_OR_RETURN(const core::Window window, WindowOf(*request));
          return ListRecords<core::Override>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Override& record) {
                return (person.empty() || record.person.value() == person) &&
                       record.start_time < window.end_time &&
                       window.start_time < record.end_time &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Override& a, const core::Override& b) {
                return std::tie(a.start_time, a.person) <
                       std::tie(b.start_time, b.person);
              },
              response->mutable_overrides(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListOnDuty(
      grpc::CallbackServerContext* context,
      const v1::ListOnDutyRequest* request,
      v1::ListOnDutyResponse* response) override {
    return desk_->Read(
        context, "ListOnDuty", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const size_t begin, IndexOf(*request));
          const absl::Time time = request->has_time()
                                      ? FromTimestamp(request->time())
                                      : desk_->engine().clock().Now();
          return WriteByIndex(core::OnDutyAt(*caller.board, time), caller,
                              begin, *request, response->mutable_rota_duties(),
                              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListRota(grpc::CallbackServerContext* context,
                                     const v1::ListRotaRequest* request,
                                     v1::ListRotaResponse* response) override {
    return desk_->Read(
        context, "ListRota", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const size_t begin, IndexOf(*request));
          ASSIGN_OR_RETURN(const core::Window window, WindowOf(*request));
          return WriteByIndex(
              core::RotaBetween(*caller.board, window.start_time,
                                window.end_time),
              caller, begin, *request, response->mutable_rota_duties(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListCoverageGaps(
      grpc::CallbackServerContext* context,
      const v1::ListCoverageGapsRequest* request,
      v1::ListCoverageGapsResponse* response) override {
    return desk_->Read(
        context, "ListCoverageGaps", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const size_t begin, IndexOf(*request));
          ASSIGN_OR_RETURN(const core::Window window, WindowOf(*request));
          return WriteByIndex(
              core::CoverageGaps(*caller.board, window.start_time,
                                 window.end_time),
              caller, begin, *request, response->mutable_coverage_gaps(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* GetCalendarDay(
      grpc::CallbackServerContext* context,
      const v1::GetCalendarDayRequest* request,
      v1::CalendarDay* response) override {
    return desk_->Read(
        context, "GetCalendarDay", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          absl::CivilDay day;
          if (request->date().size() != 10 ||
              !absl::ParseCivilTime(request->date(), &day)) {
            return absl::InvalidArgumentError(
                "date: must be of the form YYYY-MM-DD");
          }
          if (day.year() < core::kFirstHolidayYear ||
              day.year() > core::kLastHolidayYear) {
            return absl::InvalidArgumentError(absl::StrCat(
                "date: must be in the years ", core::kFirstHolidayYear, " to ",
                core::kLastHolidayYear, ", whose national holidays are known"));
          }
          response->set_date(absl::FormatCivilTime(day));
          response->set_national_holiday(core::NationalHoliday(day));
          response->set_fee_holiday(core::IsFeeHoliday(day));
          response->set_working_day(core::IsWorkingDay(day));
          return absl::OkStatus();
        });
  }

 private:
  const Desk* const desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRotaService(const Desk* desk) {
  return std::make_unique<RotaService>(desk);
}

}  // namespace housecall::server
