// What a step that waits or was refused is called.
import type { StepName } from "../app/outbox";
import { t } from "./texts";

export function stepName(method: StepName): string {
  switch (method) {
    case "StartDrive":
      return t("step_depart");
    case "PickUpPhysician":
      return t("step_pick_up");
    case "Arrive":
      return t("step_arrive");
    case "StartTreatment":
      return t("step_start");
    case "EndTreatment":
      return t("step_end");
    case "LeaveScene":
      return t("step_leave");
    case "ReportNotFound":
    case "RecordNotFoundStep":
      return t("not_found");
    case "ReportFound":
      return t("found");
    case "ConfirmHours":
      return t("hours_confirm");
    case "DraftNote":
      return t("note");
    case "RaiseEmergency":
      return t("emergency");
    case "DecideEmergency":
      return t("decide_after");
    case "CorrectPlace":
      return t("place_do");
    case "ReportBreakdown":
      return t("breakdown");
    case "ReportDriverMissing":
      return t("driver_missing");
    case "AcceptOffer":
      return t("accept");
    case "DeclineOffer":
      return t("decline");
    case "SignNote":
      return t("sign");
    case "SubmitCall":
    case "AddFact":
      return t("call");
  }
}
