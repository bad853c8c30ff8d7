// What a task asks of the person who sees it: one sentence on what to do, not
// what the server noticed.
import type { LiveBoard } from "../app/live_board";
import { TaskKind, type Task } from "../gen/housecall/v1/note_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { namesOf } from "../records/patient_card";
import { instantOf, shortTime } from "../text/format";
import { roleLabel } from "../text/labels";
import { catalogue } from "../text/language";
import { listed } from "../text/marks";

const t = catalogue({
  red_flags: ["119番が要るか、依頼元に電話で確かめる", "Ring the requester: is 119 needed?"],
  triage_overdue: ["トリアージの期限を過ぎました", "Its triage is late"],
  no_candidate: ["送れる人がいません。指名するか、最終連絡先へ電話を", "Nobody can be sent: override, or ring the last resort"],
  no_answer: ["打診に応答がありません。最終連絡先へ電話を", "Offers go unanswered: ring the last resort"],
  not_moving: ["承諾後に出発していません。運転手に電話を", "Accepted but not moving: ring the driver"],
  emergency: ["119番の通報後の対応（続行・電話支援・引返し）を決める", "119 was rung: go on, support by phone, or stand down?"],
  cancel_request: ["取消しの申出に答える", "Answer the wish to cancel"],
  not_found: ["患者が見つかりません。次の手順か終了を決める", "The patient is not found: next step, or close?"],
  car_broken: ["車の故障。別の車を手配中か確かめる", "A car broke down: see that another one comes"],
  driver_missing: ["運転手が来ていません。別の運転手を", "The driver is missing: find another"],
  target_at_risk: ["到着が目標に間に合わない見込み。依頼元に伝える", "It will be late: tell the requester"],
  retriage: ["事情が変わりました。トリアージをやり直す", "Things have changed: triage again"],
  surge: ["依頼が集中。待ち時間を伝え、予備の当番を呼ぶ", "A surge: tell honest waits, page the reserve"],
  care_team_unknown: ["記録の送付先が不明。送付先を設定する", "Nobody to send the note to: set the care team"],
  delivery_failed: ["記録が届きません。電話・FAXで渡し、受領を記録する", "A note cannot be delivered: phone or fax it, then record the receipt"],
  delivery_overdue: ["記録の受領が期限を過ぎました。電話で確かめる", "A note is not confirmed in time: ring them"],
  note_question: ["記録への質問・訂正。医師に伝える", "A question on a note: pass it to the physician"],
  coverage_gap: ["当番の空きを埋める", "Fill the gap in the rota"],
  unreachable: ["道が通じません。場所を訂正するか、電話で対応する", "No road leads there: correct the place, or help by phone"],
  visit_overdue: ["往診が終わりません。医師に電話を", "A visit does not end: ring the physician"],
});

export function taskAdvice(kind: TaskKind): string {
  switch (kind) {
    case TaskKind.RED_FLAGS:
      return t("red_flags");
    case TaskKind.TRIAGE_OVERDUE:
      return t("triage_overdue");
    case TaskKind.NO_CANDIDATE:
      return t("no_candidate");
    case TaskKind.NO_ANSWER:
      return t("no_answer");
    case TaskKind.NOT_MOVING:
      return t("not_moving");
    case TaskKind.EMERGENCY_119:
      return t("emergency");
    case TaskKind.CANCEL_REQUEST:
      return t("cancel_request");
    case TaskKind.PATIENT_NOT_FOUND:
      return t("not_found");
    case TaskKind.CAR_BROKEN_DOWN:
      return t("car_broken");
    case TaskKind.DRIVER_MISSING:
      return t("driver_missing");
    case TaskKind.TARGET_AT_RISK:
      return t("target_at_risk");
    case TaskKind.RETRIAGE:
      return t("retriage");
    case TaskKind.SURGE:
      return t("surge");
    case TaskKind.CARE_TEAM_UNKNOWN:
      return t("care_team_unknown");
    case TaskKind.DELIVERY_FAILED:
      return t("delivery_failed");
    case TaskKind.DELIVERY_OVERDUE:
      return t("delivery_overdue");
    case TaskKind.NOTE_QUESTION:
      return t("note_question");
    case TaskKind.COVERAGE_GAP:
      return t("coverage_gap");
    case TaskKind.PLACE_UNREACHABLE:
      return t("unreachable");
    case TaskKind.VISIT_OVERDUE:
      return t("visit_overdue");
    case TaskKind.UNSPECIFIED:
      return "";
  }
}

// Whom or what it is about, where the call does not say it: the gap's roles and
// hours, the receiver of a note.
export function taskSubject(task: Task, board: LiveBoard): string {
  if (task.kind === TaskKind.COVERAGE_GAP) {
    return listed([...task.detail.matchAll(/(\w+) (\d{4}-\d\d-\d\dT\d\d:\d\d)\/(\d{4}-\d\d-\d\dT\d\d:\d\d)/g)]
      .map(([, role, from, to]) =>
        `${roleLabel(Role[role as keyof typeof Role] ?? 0)} ${shortTime(instantOf(from!))}–${shortTime(instantOf(to!))}`));
  }
  const receiver = task.delivery ? board.get("delivery", task.delivery)?.member?.organization : undefined;
  return receiver ? namesOf(board).organizationName(receiver) : "";
}
