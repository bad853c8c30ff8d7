// A patient's card, with the way to a call.
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { newRequestId, patients as patientRpc, settled } from "../app/rpc";
import { go } from "../app/router";
import { center } from "../app/session";
import { isOver } from "../records/call_view";
import { namesOf, nameWithAge, PatientCard } from "../records/patient_card";
import { idOf } from "../text/format";
import { Button, Empty, LinkButton, Notice, Top } from "../ui/parts";
import { RefusedSteps } from "./waiting";
import { t } from "./texts";

export function openCallOf(board: LiveBoard, patient: string) {
  return patient ? board.all("call").find((call) => call.patient === patient && !isOver(call)) : undefined;
}

export function PatientPage({ board, id }: { board: LiveBoard; id: string }) {
  const patient = board.get("patient", `${center.value}/patients/${id}`);
  const [requestId, setRequestId] = useState(newRequestId);
  if (!patient) {
    return (
      <>
        <Top title={t("card")} back="/" backLabel={t("back")} />
        <main class="page"><Empty icon="person">{t("none_found")}</Empty></main>
      </>
    );
  }
  const open = openCallOf(board, patient.name);
  return (
    <>
      <Top title={nameWithAge(patient)} back="/" backLabel={t("back")} />
      <main class="page">
        <RefusedSteps />
        {open && (
          <Notice tone="warn" icon="alert">
            <p>{t("has_open")}</p>
            <div><LinkButton size="small" href={`#/calls/${idOf(open.name)}`}>{t("see_it")}</LinkButton></div>
          </Notice>
        )}
        <PatientCard patient={patient} {...namesOf(board)} />
        <Button icon="check" onPress={async () => {
          board.put("patient", await settled(() => patientRpc.confirmPatient({ patient: patient.name, requestId })));
          setRequestId(newRequestId());
        }}>
          {t("card_right")}
        </Button>
        <div class="foot">
          <Button tone="primary" size="large" wide icon="plus" onPress={() => go(`/new?patient=${id}`)}>{t("call_for")}</Button>
        </div>
      </main>
    </>
  );
}
