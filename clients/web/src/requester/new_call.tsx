// Calling for a patient: five fields. Signs for which 119 comes first lead to
// what to tell 119 before anything else.
import { useEffect, useState } from "preact/hooks";
import { discardDraft, draft, type Draft } from "../app/drafts";
import type { LiveBoard } from "../app/live_board";
import { patients as patientRpc } from "../app/rpc";
import { go, goInstead, query } from "../app/router";
import { center, session } from "../app/session";
import { ResuscitationWish } from "../gen/housecall/v1/patient_pb";
import { nameWithAge, namesOf, Wishes } from "../records/patient_card";
import { redFlags } from "../records/red_flags";
import { areVitalsRight, VitalsFields } from "../records/vitals";
import { idOf } from "../text/format";
import { redFlagLabel } from "../text/labels";
import { listed } from "../text/marks";
import { Button, Checks, Choice, Facts, Field, LinkButton, LoadError, Loading, Notice, Phone, Top, useLoad } from "../ui/parts";
import {
  beginDraft, changeDraft, isBegun, openedDraft, patientOfWaiting, sendDraft, waitingCalls,
} from "./draft";
import { openCallOf } from "./patient_page";
import { RefusedSteps } from "./waiting";
import { t } from "./texts";

export function NewCall({ board }: { board: LiveBoard }) {
  const [screen, setScreen] = useState<"form" | "emergency">("form");
  const [tried, setTried] = useState(false);
  const asked = query.value.get("patient");

  // A draft that was begun goes on, unless it was about somebody else.
  useEffect(() => {
    const name = asked ? `${center.value}/patients/${asked}` : "";
    // One that is on its way for this patient is not written twice.
    const waiting = name ? waitingCalls().find((step) => patientOfWaiting(step) === name) : undefined;
    if (waiting) {
      goInstead(`/calls/${idOf(waiting.lane)}`);
      return;
    }
    const now = openedDraft();
    if (!now || !isBegun(now) || (name && now.patient !== name)) {
      beginDraft(name, session.value?.person.phone ?? "");
    }
    if (asked) goInstead("/new");
  }, []);

  const value = draft.value;
  if (!value) return <main class="page"><Loading /></main>;
  const short = value.patient === "short";
  const problems = problemsOf(value);
  const show = (name: keyof Draft) => (tried ? problems[name] : undefined);
  const waiting = value.patient && !short ? waitingCalls().find((step) => patientOfWaiting(step) === value.patient) : undefined;
  const open = short ? undefined : openCallOf(board, value.patient);

  if (screen === "emergency") {
    return <EmergencyScreen board={board} value={value} onBack={() => setScreen("form")} />;
  }

  const send = async () => {
    setTried(true);
    if (Object.keys(problems).length > 0) {
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    await sendDraft(value);
    goInstead(`/calls/${value.callId}`);
  };

  return (
    <>
      <Top title={t("new_call")} back="/" backLabel={t("back")} />
      <main class="page">
        <RefusedSteps />
        <Checks label={t("flags")} hint={t("flags_hint")} urgent values={value.flags}
          options={redFlags.map((flag) => ({ value: flag, label: redFlagLabel(flag) }))}
          onChange={(chosen) => {
            if (chosen.length > value.flags.length) setScreen("emergency");
            changeDraft({ flags: chosen });
          }} />
        {value.flags.length > 0 && (
          <Button tone="urgent" size="large" wide icon="alert" onPress={() => setScreen("emergency")}>{t("emergency")}</Button>
        )}
        <PatientChoice board={board} value={value} label={`1. ${t("who")}`} />
        {show("patient") && <p class="field-error" role="alert">{show("patient")}</p>}
        {waiting && (
          <Notice tone="warn" icon="clock" alert>
            <p class="strong">{t("waiting_open")}</p>
            <div><LinkButton size="small" href={`#/calls/${idOf(waiting.lane)}`}>{t("see_it")}</LinkButton></div>
          </Notice>
        )}
        {open && (
          <Notice tone="warn" icon="alert" alert>
            <p class="strong">{t("has_open")}</p>
            <p>{t("go_on_anyway")}</p>
            <div><LinkButton size="small" href={`#/calls/${idOf(open.name)}`}>{t("see_it")}</LinkButton></div>
          </Notice>
        )}
        {short && (
          <div class="card stack">
            <Field label={t("name")} value={value.shortName} error={show("shortName")} onChange={(shortName) => changeDraft({ shortName })} />
            <Field label={t("address")} value={value.address} error={show("address")} onChange={(address) => changeDraft({ address })} />
            <Field label={t("entry")} value={value.entryNotes} optional onChange={(entryNotes) => changeDraft({ entryNotes })} />
            <Field label={t("birth")} type="date" value={value.shortBirth} optional onChange={(shortBirth) => changeDraft({ shortBirth })} />
            <Field label={t("clinic")} value={value.shortClinic} optional onChange={(shortClinic) => changeDraft({ shortClinic })} />
          </div>
        )}
        <Field label={`2. ${t("complaint")}`} lines={2} value={value.complaint} placeholder={t("complaint_example")}
          error={show("complaint")} onChange={(complaint) => changeDraft({ complaint })} />
        <Field label={`3. ${t("onset")}`} value={value.onset} optional placeholder={t("onset_example")}
          onChange={(onset) => changeDraft({ onset })} />
        <details class="card" open={Object.values(value.vitals).some(Boolean)}>
          <summary class="strong">{t("vitals")}</summary>
          <VitalsFields value={value.vitals} onChange={(vitals) => changeDraft({ vitals })} />
        </details>
        <Field label={`4. ${t("judgement")}`} lines={2} value={value.judgement} placeholder={t("judgement_example")}
          error={show("judgement")} onChange={(judgement) => changeDraft({ judgement })} />
        <Field label={`5. ${t("phone")}`} type="tel" inputMode="tel" value={value.phone} error={show("phone")}
          onChange={(phone) => changeDraft({ phone })} />
        <Field label={t("attendant")} value={value.attendant} optional placeholder={t("attendant_example")}
          onChange={(attendant) => changeDraft({ attendant })} />
        <div class="row row-between">
          <p class="soft small">{t("saved")}</p>
          <Button size="small" tone="quiet" onPress={async () => {
            await discardDraft();
            go("/");
          }}>{t("discard")}</Button>
        </div>
        <div class="foot stack-tight">
          {tried && Object.keys(problems).length > 0 && (
            <p class="field-error" role="alert">{t("missing", { n: Object.keys(problems).length })}</p>
          )}
          <Button tone="primary" size="large" wide onPress={send}>{t("send")}</Button>
        </div>
      </main>
    </>
  );
}

// Of one's own patients, or somebody who is not registered.
function PatientChoice({ board, value, label }: { board: LiveBoard; value: Draft; label: string }) {
  const patients = board.all("patient").filter((each) => each.active !== false)
    .sort((a, b) => a.displayNameKana.localeCompare(b.displayNameKana, "ja"));
  const known = value.patient === "" || value.patient === "short" || patients.some((each) => each.name === value.patient);
  return (
    <>
      <Choice label={label} value={value.patient}
        options={[
          { value: "", label: t("choose") },
          ...patients.map((each) => ({ value: each.name, label: nameWithAge(each) })),
          // Chosen before the network was lost.
          ...(known ? [] : [{ value: value.patient, label: t("chosen") }]),
          { value: "short", label: t("unregistered") },
        ]}
        onChange={(patient) => changeDraft({ patient })} />
      {!board.loaded.value && board.problem.value !== undefined && (
        <>
          <LoadError of={{ error: board.problem.value, loading: false, reload: board.retry }} />
          <p class="small">{t("patients_missing")}</p>
        </>
      )}
      {!board.loaded.value && board.problem.value === undefined && <Loading />}
    </>
  );
}

function problemsOf(value: Draft): Partial<Record<keyof Draft, string>> {
  const problems: Partial<Record<keyof Draft, string>> = {};
  const need = (name: keyof Draft) => {
    if (!String(value[name]).trim()) problems[name] = t("needed");
  };
  need("patient");
  need("complaint");
  need("judgement");
  need("phone");
  if (value.patient === "short") {
    need("shortName");
    need("address");
  }
  if (!problems.phone && !/^\+?[\d\s()-]{3,}$/.test(value.phone.normalize("NFKC"))) {
    problems.phone = t("phone_wrong");
  }
  if (!areVitalsRight(value.vitals)) problems.vitals = t("needed");
  return problems;
}

// What to do and to read aloud, before the call: 119.
function EmergencyScreen({ board, value, onBack }: {
  board: LiveBoard;
  value: Draft;
  onBack: () => void;
}) {
  const patient = value.patient && value.patient !== "short" ? board.get("patient", value.patient) : undefined;
  const coverage = useLoad(
    async () => (patient ? patientRpc.getCoverage({ patient: patient.name }) : undefined),
    [patient?.name],
  );
  const names = namesOf(board);
  const acp = coverage.value?.acp ?? patient?.acp.at(-1);
  const dnar = coverage.value?.doNotAttemptResuscitation || acp?.resuscitation === ResuscitationWish.DO_NOT_ATTEMPT;
  return (
    <div class="emergency">
      <Top title={t("emergency")} />
      <main class="page">
        <a class="button button-urgent button-large button-wide emergency-ring" href="tel:119">{t("ring_119")}</a>
        {!patient && (
          <section class="card stack">
            <p>{t("emergency_who")}</p>
            <PatientChoice board={board} value={value} label={t("who")} />
            {value.patient !== "" && (
              <>
                <Field label={t("address")} value={value.address} onChange={(address) => changeDraft({ address })} />
                <Field label={t("name")} value={value.shortName} optional onChange={(shortName) => changeDraft({ shortName })} />
              </>
            )}
          </section>
        )}
        <section class="card stack-tight">
          <h2>{t("tell_them")}</h2>
          <Facts rows={[
            [t("tell_address"), (patient?.place?.address || value.address) && <b class="emergency-address">{patient?.place?.address || value.address}</b>],
            [t("entry_short"), patient?.place?.entryNotes ?? value.entryNotes],
            [t("who"), patient ? nameWithAge(patient) : value.shortName],
            [t("tell_state"), listed([...value.flags.map(redFlagLabel), value.complaint])],
            [t("tell_doctor"), patient && (
              <span class="row">
                {patient.primaryClinic && names.organizationName(patient.primaryClinic)}
                <Phone number={coverage.value?.primaryClinic?.phone ?? ""} />
              </span>
            )],
          ]} />
        </section>
        {patient && (
          <section class="card stack-tight">
            <h2>{t("tell_wishes")}</h2>
            <LoadError of={coverage} />
            {dnar && <Notice tone="warn" icon="alert"><b>{t("dnar")}</b></Notice>}
            {acp || coverage.value ? <Wishes entry={acp} resuscitationShown={dnar} /> : coverage.loading && <Loading />}
          </section>
        )}
        <p>{t("record_too")}</p>
        <Button tone="primary" size="large" wide onPress={onBack}>{t("continue_call")}</Button>
        <Button wide onPress={() => {
          changeDraft({ flags: [] });
          onBack();
        }}>{t("not_emergency")}</Button>
      </main>
    </div>
  );
}
