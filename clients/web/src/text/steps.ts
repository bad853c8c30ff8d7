// What a step that waits or was refused is called.
import type { StepName } from "../app/outbox";
import { say, type Words } from "./language";

const names: Record<StepName, Words> = {
  SubmitCall: ["往診の依頼", "Call"],
  AddFact: ["情報の追加", "Added information"],
  RaiseEmergency: ["119番の連絡", "119"],
  DecideEmergency: ["119番のあとの判断", "What follows 119"],
  CorrectPlace: ["場所の訂正", "Corrected place"],
  AcceptOffer: ["行きます", "I’ll go"],
  DeclineOffer: ["行けません", "I cannot"],
  StartDrive: ["出発する", "Depart"],
  PickUpPhysician: ["医師が乗った", "Physician is in"],
  Arrive: ["到着した", "Arrived"],
  StartTreatment: ["診療を始める", "Begin treatment"],
  EndTreatment: ["診療を終える", "End treatment"],
  LeaveScene: ["退出する", "Leave"],
  ReportNotFound: ["患者さんが見つからない", "Patient not found"],
  RecordNotFoundStep: ["電話で確かめた結果", "Phoned for the patient"],
  ReportFound: ["患者さんが見つかった", "Patient found"],
  ReportBreakdown: ["車の故障", "Breakdown"],
  ReportDriverMissing: ["運転手が来ない", "Driver missing"],
  ConfirmHours: ["勤務時間の確認", "Hours"],
  DraftNote: ["医師の記録", "The note"],
  SignNote: ["記録の署名", "Signature"],
};

export function stepName(method: StepName): string {
  return say(names[method]);
}
