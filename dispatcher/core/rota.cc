#include "dispatcher/core/rota.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/time/civil_time.h"
#include "dispatcher/core/calendar.h"

namespace housecall::core {

namespace {

struct Span {
  absl::Time start_time;
  absl::Time end_time;
};

template <typename A, typename B>
bool Overlap(const A& a, const B& b) {
  return a.start_time < b.end_time && b.start_time < a.end_time;
}

// The part of `piece` outside of `span`: none, one or two pieces.
void CutOut(const Span& span, const RotaDuty& piece,
            std::vector<RotaDuty>* rest) {
  if (!Overlap(span, piece)) {
    rest->push_back(piece);
    return;
  }
  if (piece.start_time < span.start_time) {
    rest->push_back(piece);
    rest->back().end_time = span.start_time;
  }
  if (span.end_time < piece.end_time) {
    rest->push_back(piece);
    rest->back().start_time = span.end_time;
  }
}

// What becomes of one shift.
std::vector<RotaDuty> DutiesOf(const Shift& shift,
                               const std::vector<const Override*>& overrides) {
  RotaDuty whole;
  whole.person = shift.person;
  whole.role = shift.role;
  whole.start_time = shift.start_time;
  whole.end_time = shift.end_time;
  whole.organization = shift.organization;
  whole.car = shift.car;
  whole.base_position = shift.base_position;
  whole.reserve = shift.reserve;
  whole.shift = shift.id;
  if (whole.end_time <= whole.start_time) return {};

  std::vector<RotaDuty> own = {std::move(whole)};
  std::vector<RotaDuty> replaced;
  for (const Override* o : overrides) {
    if (o->kind != OverrideKind::kReplacement || o->person != shift.person) {
      continue;
    }
    const Span span{o->start_time, o->end_time};
    std::vector<RotaDuty> rest;
    for (const RotaDuty& piece : own) {
      CutOut(span, piece, &rest);
      if (!Overlap(span, piece)) continue;
      RotaDuty stand_in = piece;
      stand_in.person = o->replacement;
      stand_in.override = o->id;
      stand_in.start_time = std::max(piece.start_time, span.start_time);
      stand_in.end_time = std::min(piece.end_time, span.end_time);
      replaced.push_back(std::move(stand_in));
    }
    own = std::move(rest);
  }

  std::vector<RotaDuty> duties = std::move(own);
  duties.insert(duties.end(), replaced.begin(), replaced.end());
  for (const Override* o : overrides) {
    if (o->kind != OverrideKind::kAbsence) continue;
    std::vector<RotaDuty> rest;
    for (const RotaDuty& piece : duties) {
      if (piece.person == o->person) {
        CutOut({o->start_time, o->end_time}, piece, &rest);
      } else {
        rest.push_back(piece);
      }
    }
    duties = std::move(rest);
  }
  return duties;
}

RotaDuty DutyOfAddition(const Override& addition) {
  RotaDuty duty;
  duty.person = addition.person;
  duty.role = addition.role;
  duty.start_time = addition.start_time;
  duty.end_time = addition.end_time;
  duty.organization = addition.organization;
  duty.car = addition.car;
  duty.override = addition.id;
  return duty;
}

// Every duty for which touches(start_time, end_time) is true. A part of a
// shift never touches what the shift does not.
template <typename Touches>
std::vector<RotaDuty> Collect(const Board& board, Touches touches) {
  std::vector<const Shift*> shifts;
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  board.table<Shift>().ForEach([&](const ShiftId&, const Shift& shift) {
    if (shift.state != ShiftState::kPlanned ||
        !touches(shift.start_time, shift.end_time)) {
      return;
    }
    shifts.push_back(&shift);
    first = std::min(first, shift.start_time);
    last = std::max(last, shift.end_time);
  });

  std::vector<RotaDuty> duties;
  std::vector<const Override*> overrides;
  board.table<Override>().ForEach([&](const OverrideId&, const Override& o) {
    if (o.cancelled || o.end_time <= o.start_time) return;
    if (o.kind == OverrideKind::kAddition) {
      if (touches(o.start_time, o.end_time)) {
        duties.push_back(DutyOfAddition(o));
      }
    } else if (o.start_time < last && first < o.end_time) {
      overrides.push_back(&o);
    }
  });
  for (const Shift* shift : shifts) {
    for (RotaDuty& duty : DutiesOf(*shift, overrides)) {
      if (touches(duty.start_time, duty.end_time)) {
        duties.push_back(std::move(duty));
      }
    }
  }
  std::sort(
      duties.begin(), duties.end(), [](const RotaDuty& a, const RotaDuty& b) {
        return std::tie(a.start_time, a.person, a.role, a.shift, a.override) <
               std::tie(b.start_time, b.person, b.role, b.shift, b.override);
      });
  return duties;
}

// The times in which the center is open, from the day of `from` to that of
// `to`. They may overlap.
std::vector<Span> OpenTimes(absl::Time from, absl::Time to,
                            absl::TimeZone zone) {
  std::vector<Span> spans;
  const absl::CivilDay last = absl::ToCivilDay(to, zone);
  // The night before reaches into the first day.
  for (absl::CivilDay day = absl::ToCivilDay(from, zone) - 1; day <= last;
       ++day) {
    const auto at = [&](int hour) {
      return absl::FromCivil(absl::CivilHour(day) + hour, zone);
    };
    if (IsFeeHoliday(day)) spans.push_back({at(0), at(24)});
    spans.push_back({at(18), at(24 + 8)});
  }
  return spans;
}

// How many are there of each, at an instant that moves on.
struct Count {
  int open = 0;
  int operators = 0;
  int physicians = 0;
  // Physicians who do not drive themselves.
  int passengers = 0;
  int drivers = 0;

  bool Misses(Role role) const {
    if (open == 0) return false;
    if (role == Role::kOperator) return operators == 0;
    if (role == Role::kPhysician) return physicians == 0;
    const bool all_drive_themselves = physicians > 0 && passengers == 0;
    return drivers == 0 && !all_drive_themselves;
  }
};

struct Change {
  absl::Time time;
  int Count::*count;
  int by;
};

}  // namespace

std::vector<RotaDuty> RotaBetween(const Board& board, absl::Time from,
                                  absl::Time to) {
  return Collect(board, [&](absl::Time start, absl::Time end) {
    return start < to && from < end;
  });
}

std::vector<RotaDuty> OnDutyAt(const Board& board, absl::Time time) {
  return Collect(board, [&](absl::Time start, absl::Time end) {
    return start <= time && time < end;
  });
}

std::optional<RotaDuty> DutyOf(const std::vector<RotaDuty>& rota,
                               const PersonId& person, Role role,
                               absl::Time time, absl::Duration ahead) {
  // What holds now comes before what is to come; then the duty itself before
  // the reserve; of what holds that which holds longest, of what is to come
  // that which begins first.
  const auto rank = [&](const RotaDuty& duty) {
    const bool holds = duty.start_time <= time;
    return std::make_tuple(!holds, duty.reserve,
                           holds ? absl::UnixEpoch() - duty.end_time
                                 : duty.start_time - absl::UnixEpoch());
  };
  const RotaDuty* best = nullptr;
  for (const RotaDuty& duty : rota) {
    if (duty.person != person || duty.role != role || duty.end_time <= time ||
        duty.start_time > time + ahead) {
      continue;
    }
    if (best == nullptr || rank(duty) < rank(*best)) best = &duty;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::optional<RotaDuty> DutyOf(const Board& board, const PersonId& person,
                               Role role, absl::Time time,
                               absl::Duration ahead) {
  return DutyOf(Collect(board,
                        [&](absl::Time start, absl::Time end) {
                          return start <= time + ahead && time < end;
                        }),
                person, role, time, ahead);
}

absl::Time EndOfDuty(const std::vector<RotaDuty>& rota, const PersonId& person,
                     Role role, absl::Time now) {
  const std::optional<RotaDuty> duty =
      DutyOf(rota, person, role, now, kMaxEarlyStart);
  if (!duty.has_value()) return absl::InfinitePast();
  absl::Time end = duty->end_time;
  // By start, so that each comes after those that it may adjoin.
  for (const RotaDuty& next : rota) {
    if (next.person == person && next.role == role && next.start_time <= end) {
      end = std::max(end, next.end_time);
    }
  }
  return end;
}

std::vector<CoverageGap> CoverageGaps(const Board& board, absl::Time from,
                                      absl::Time to) {
  if (to <= from) return {};
  std::vector<Change> changes;
  const auto add = [&](const auto& span, int Count::*count) {
    changes.push_back({std::max(span.start_time, from), count, 1});
    changes.push_back({std::min(span.end_time, to), count, -1});
  };
  const absl::TimeZone zone = ZoneNamed(board.center().time_zone);
  for (const Span& open : OpenTimes(from, to, zone)) {
    if (Overlap(open, Span{from, to})) add(open, &Count::open);
  }
  for (const RotaDuty& duty : RotaBetween(board, from, to)) {
    const Person* person = board.Find<Person>(duty.person);
    if (duty.reserve || person == nullptr || !person->active) continue;
    if (duty.role == Role::kOperator) add(duty, &Count::operators);
    if (duty.role == Role::kDriver) add(duty, &Count::drivers);
    if (duty.role == Role::kPhysician) {
      add(duty, &Count::physicians);
      if (!person->self_drive) add(duty, &Count::passengers);
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.time < b.time; });

  // By value of the enumeration, which is the order of gaps at one start.
  constexpr std::array kRoles = {Role::kOperator, Role::kPhysician,
                                 Role::kDriver};
  std::array<std::optional<absl::Time>, kRoles.size()> missing_since;
  std::vector<CoverageGap> gaps;
  Count count;
  for (size_t i = 0; i < changes.size();) {
    const absl::Time time = changes[i].time;
    for (; i < changes.size() && changes[i].time == time; ++i) {
      count.*changes[i].count += changes[i].by;
    }
    for (size_t role = 0; role < kRoles.size(); ++role) {
      const bool misses = count.Misses(kRoles[role]);
      if (misses && !missing_since[role].has_value()) {
        missing_since[role] = time;
      } else if (!misses && missing_since[role].has_value()) {
        gaps.push_back({kRoles[role], *missing_since[role], time});
        missing_since[role].reset();
      }
    }
  }
  std::sort(
      gaps.begin(), gaps.end(), [](const CoverageGap& a, const CoverageGap& b) {
        return std::tie(a.start_time, a.role) < std::tie(b.start_time, b.role);
      });
  return gaps;
}

bool IsRested(const std::vector<RotaDuty>& rota, const PersonId& person,
              const RotaDuty& duty) {
  // The hours of work without a break, by start: whatever adjoins is one.
  std::vector<Span> hours = {{duty.start_time, duty.end_time}};
  for (const RotaDuty& other : rota) {
    // What follows the duty breaks no rest before it.
    if (other.person == person && !other.reserve &&
        other.start_time < duty.end_time) {
      hours.push_back({other.start_time, other.end_time});
    }
  }
  std::sort(hours.begin(), hours.end(), [](const Span& a, const Span& b) {
    return a.start_time < b.start_time;
  });
  std::vector<Span> work;
  for (const Span& span : hours) {
    if (!work.empty() && span.start_time <= work.back().end_time) {
      work.back().end_time = std::max(work.back().end_time, span.end_time);
    } else {
      work.push_back(span);
    }
  }
  const auto own = std::find_if(
      work.begin(), work.end(),
      [&](const Span& span) { return span.end_time >= duty.end_time; });

  const bool is_long = own->end_time - own->start_time > absl::Hours(18);
  const absl::Duration window = absl::Hours(is_long ? 46 : 24);
  const absl::Duration wanted = absl::Hours(is_long ? 18 : 9);
  absl::Time off_since = own->start_time - window;
  for (auto span = work.begin(); span != own; ++span) {
    if (span->start_time - off_since >= wanted) return true;
    off_since = std::max(off_since, span->end_time);
  }
  return own->start_time - off_since >= wanted;
}

bool IsRested(const Board& board, const PersonId& person,
              const RotaDuty& duty) {
  return IsRested(
      RotaBetween(board, duty.start_time - kRestWindow, duty.end_time), person,
      duty);
}

}  // namespace housecall::core
