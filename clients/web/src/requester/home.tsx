// The first screen: what is open, what has come, whom to call for.
import { useState } from "preact/hooks";
import { discardDraft } from "../app/drafts";
import type { LiveBoard } from "../app/live_board";
import { go } from "../app/router";
import { centerName, session } from "../app/session";
import { msOf } from "../app/clock";
import type { Call } from "../gen/housecall/v1/call_pb";
import { DeliveryState } from "../gen/housecall/v1/note_pb";
import { isOver, ArrivalPromise, StateBadge, UrgencyBadge } from "../records/call_view";
import { nameWithAge } from "../records/patient_card";
import { idOf, shortTime } from "../text/format";
import { space } from "../text/marks";
import { Button, Empty, Field, LinkButton, Notice, PhoneButton, Top } from "../ui/parts";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { isBegun, openedDraft, waitingCalls } from "./draft";
import { RefusedSteps, WaitingCalls } from "./waiting";
import { t } from "./texts";

export function patientNameOf(call: Call, board: LiveBoard): string {
  if (call.shortPatient) return call.shortPatient.displayName;
  const patient = call.patient ? board.get("patient", call.patient) : undefined;
  return patient?.displayName ?? "";
}

// Deliveries to one's own organization.
export function myDeliveries(board: LiveBoard) {
  const mine = session.value?.person.organization;
  return board.all("delivery").filter((each) => each.member?.organization === mine);
}

export function Home({ board }: { board: LiveBoard }) {
  const [search, setSearch] = useState("");
  const calls = board.all("call").sort((a, b) => (msOf(b.receiveTime) ?? 0) - (msOf(a.receiveTime) ?? 0));
  const open = calls.filter((call) => !isOver(call));
  const past = calls.filter(isOver).slice(0, 5);
  const waiting = myDeliveries(board).filter(
    (each) => each.state !== DeliveryState.RECEIVED,
  );
  const patients = board
    .all("patient")
    .filter((each) => each.active !== false)
    .filter((each) => (each.displayName + each.displayNameKana).replace(/\s/g, "").includes(search.replace(/\s/g, "")))
    .sort((a, b) => a.displayNameKana.localeCompare(b.displayNameKana, "ja"));
  const phone = session.value?.center.phone ?? "";
  return (
    <>
      <Top title={centerName.value}>
        <PhoneButton number={phone} label={t("center_phone")} />
        <Menu />
      </Top>
      <main class="page">
        <RefusedSteps />
        {isBegun(openedDraft()) && (
          <Notice icon="note" tone="warn">
            <p class="strong">{t("draft")}</p>
            <div class="row">
              <LinkButton href="#/new" size="small" tone="primary">{t("draft_resume")}</LinkButton>
              <Button size="small" onPress={discardDraft}>{t("discard")}</Button>
            </div>
          </Notice>
        )}
        <Button tone="primary" size="large" wide icon="plus" onPress={() => go("/new")}>{t("new_call")}</Button>
        {waiting.length > 0 && (
          <a class="card card-link row" href="#/inbox">
            <Icon name="inbox" />
            <span class="grow strong">{t("inbox_waiting", { n: waiting.length })}</span>
          </a>
        )}
        <section class="stack-tight">
          <h2>{t("open_calls")}</h2>
          <WaitingCalls board={board} />
          {open.length === 0 && waitingCalls().length === 0 && <p class="soft">{t("no_open_calls")}</p>}
          <ul class="stack-tight">
            {open.map((call) => (
              <li key={call.name}>
                <a class="card card-link stack-tight" href={`#/calls/${idOf(call.name)}`}>
                  <div class="row row-between">
                    <b>{patientNameOf(call, board)}</b>
                    <span class="row"><UrgencyBadge urgency={call.urgency} /><StateBadge call={call} /></span>
                  </div>
                  <ArrivalPromise call={call} board={board} />
                </a>
              </li>
            ))}
          </ul>
        </section>
        <section class="stack-tight">
          <div class="row row-between">
            <h2>{t("patients")}</h2>
            <a href="#/inbox">{t("inbox")}</a>
          </div>
          {board.all("patient").length > 5 && (
            <Field label={t("search")} type="search" value={search} onChange={setSearch} optional />
          )}
          {board.all("patient").length === 0 ? (
            <Empty icon="person">{t("no_patients")}</Empty>
          ) : patients.length === 0 ? (
            <p class="soft">{t("none_found")}</p>
          ) : (
            <ul class="stack-tight">
              {patients.map((patient) => (
                <li key={patient.name}>
                  <a class="card card-link" href={`#/patients/${idOf(patient.name)}`}>
                    <span class="soft small">{patient.displayNameKana}</span>
                    <div class="strong">{nameWithAge(patient)}</div>
                    <span class="soft small">{patient.place?.address}</span>
                  </a>
                </li>
              ))}
            </ul>
          )}
        </section>
        {past.length > 0 && (
          <section class="stack-tight">
            <h2>{t("past_calls")}</h2>
            <ul class="stack-tight">
              {past.map((call) => (
                <li key={call.name}>
                  <a class="card card-link row row-between" href={`#/calls/${idOf(call.name)}`}>
                    <span>{patientNameOf(call, board)}{space()}<span class="soft small">{shortTime(call.receiveTime)}</span></span>
                    <StateBadge call={call} />
                  </a>
                </li>
              ))}
            </ul>
          </section>
        )}
      </main>
    </>
  );
}
