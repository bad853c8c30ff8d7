// On duty or off, tonight's rota, and what is left to do of finished visits.
import { useState } from "preact/hooks";
import { allPages, directory, newRequestId, rota, settled, visits } from "../app/rpc";
import { center, centerName } from "../app/session";
import { isWaiting, perform } from "../app/outbox";
import { AssignmentState, type Assignment } from "../gen/housecall/v1/visit_pb";
import type { Stamp } from "../gen/housecall/v1/types_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { clockTime, idOf, shortTime } from "../text/format";
import { roleLabel } from "../text/labels";
import { besideEachOther } from "../text/marks";
import { AskDialog, Button, LinkButton, LoadError, Loading, Notice, Phone, useLoad } from "../ui/parts";
import { Icon } from "../ui/icons";
import { NavigationLink } from "./navigation_link";
import { session } from "../app/session";
import { wantSound } from "../app/sound";
import { canKeepScreenOn, keepsScreenOn, setKeepScreenOn } from "./screen_on";
import { positionRefused } from "./position";
import { t } from "./texts";

export function DutyHome({ view, me }: { view: DutyView; me: "physician" | "driver" }) {
  const [leaving, setLeaving] = useState(false);
  const [onId, setOnId] = useState(newRequestId);
  const [offId, setOffId] = useState(newRequestId);
  const onDuty = view.duty?.onDuty ?? false;
  const finished = view.assignments.filter((each) => each.state === AssignmentState.FINISHED);
  return (
    <>
      <section class={`duty ${onDuty ? "duty-on" : ""}`}>
        <p class="duty-state"><span class="duty-lamp" aria-hidden="true" />{t(onDuty ? "on_duty" : "off_duty")}</p>
        {onDuty ? (
          <>
            <p class="soft">
              {t("since", { time: shortTime(view.duty!.since) })} {t("until", { time: shortTime(view.duty!.endTime) })}
            </p>
            <p class="duty-waiting">{t("waiting")}</p>
            <p class="soft small">{t("waiting_hint")}</p>
            {canKeepScreenOn && (
              <label class="check">
                <input type="checkbox" checked={keepsScreenOn.value} onChange={(event) => setKeepScreenOn(event.currentTarget.checked)} />
                {t("screen_on")}
              </label>
            )}
            <Button wide onPress={() => setLeaving(true)}>{t("go_off")}</Button>
          </>
        ) : (
          <>
            <p class="soft">
              {view.rotaDuty
                ? `${t("my_shift")}: ${shortTime(view.rotaDuty.startTime)} – ${clockTime(view.rotaDuty.endTime)}`
                : t("no_shift")}
            </p>
            <Button tone="primary" size="large" wide disabled={!view.rotaDuty} onPress={async () => {
              wantSound();
              await settled(() => visits.goOnDuty({ requestId: onId }));
              setOnId(newRequestId());
            }}>{t("go_on")}</Button>
          </>
        )}
      </section>
      {onDuty && view.duty?.standby && <StandbyCard view={view} />}
      {onDuty && positionRefused.value && <Notice tone="warn" icon="pin">{t("position_off")}</Notice>}
      {finished.length > 0 && (
        <section class="stack-tight">
          <h2>{t("finished")}</h2>
          {finished.map((assignment) => <Finished key={assignment.name} view={view} assignment={assignment} me={me} />)}
        </section>
      )}
      <Tonight />
      {leaving && (
        <AskDialog title={t("go_off")} action={t("go_off")} onClose={() => setLeaving(false)} act={async () => {
          await settled(() => visits.goOffDuty({ requestId: offId }));
          setOffId(newRequestId());
        }}>
          <p>{t("go_off_sure")}</p>
        </AskDialog>
      )}
    </>
  );
}

// Where the planner would have this crew wait. Advice, and no more.
function StandbyCard({ view }: { view: DutyView }) {
  const standby = view.duty!.standby!;
  const physician = view.people.find((each) => each.name === standby.physician)?.displayName;
  return (
    <section class="card stack-tight">
      <h2>{t("standby")}</h2>
      <p>{besideEachOther([t(standby.position ? "standby_there" : "standby_here"), physician && t("standby_fetch", { who: physician })])}</p>
      {standby.position && <NavigationLink position={standby.position} />}
      <p class="soft small">{t("standby_why")}</p>
    </section>
  );
}

function Finished({ view, assignment, me }: {
  view: DutyView;
  assignment: Assignment;
  me: "physician" | "driver";
}) {
  const confirmed = me === "physician" ? assignment.physicianHours : assignment.driverHours;
  const waiting = isWaiting(assignment.name, "ConfirmHours");
  return (
    <div class="card stack-tight">
      {assignment.calls.map((name) => {
        const call = view.calls.find((each) => each.name === name);
        return (
          <div class="stack-tight" key={name}>
            <b>{call?.place?.address || idOf(name)}</b>
            <Hours depart={assignment.depart} leave={assignment.leave} />
            {me === "physician" && <LinkButton wide href={`#/note/${idOf(name)}`} icon="note" tone="primary">{t("note")}</LinkButton>}
          </div>
        );
      })}
      {!confirmed && (
        <Button wide icon="check" disabled={waiting} onPress={() => perform("ConfirmHours", assignment.name, { assignment: assignment.name })}>
          {waiting ? t("step_unsent", { step: t("hours_confirm") }) : t("hours_confirm")}
        </Button>
      )}
    </div>
  );
}

// The hours to be confirmed, by the clock that counts; beside it the phone's,
// where it differs: steps that were done without a network are heard of later.
function Hours({ depart, leave }: { depart: Stamp | undefined; leave: Stamp | undefined }) {
  const counts = (stamp: Stamp | undefined) => stamp?.writtenTime ?? stamp?.serverTime;
  const differs = [depart, leave].some((stamp) =>
    stamp?.deviceTime && !stamp.writtenTime && clockTime(stamp.deviceTime) !== clockTime(stamp.serverTime));
  return (
    <span class="soft small">
      {t("hours_from", { from: clockTime(counts(depart)), to: clockTime(counts(leave)) })}
      {(depart?.writtenTime || leave?.writtenTime) && <><br />{t("hours_paper")}</>}
      {differs && <><br />{t("hours_phone", { from: clockTime(depart?.deviceTime ?? counts(depart)), to: clockTime(leave?.deviceTime ?? counts(leave)) })}</>}
    </span>
  );
}

function Tonight() {
  const parent = center.value;
  const loaded = useLoad(async () => {
    const duties = await allPages(
      (pageToken) => rota.listOnDuty({ parent, pageSize: 200, pageToken }),
      (page) => page.rotaDuties,
    );
    const people = await allPages(
      (pageToken) => directory.listPeople({ parent, pageSize: 1000, pageToken }),
      (page) => page.people,
    );
    return { duties, people: new Map(people.map((each) => [each.name, each])) };
  }, []);
  const phone = session.value?.center.phone ?? "";
  return (
    <section class="stack-tight">
      <h2>{t("tonight")}</h2>
      <LoadError of={loaded} />
      {loaded.loading && !loaded.value && <Loading />}
      {loaded.value && (
        <ul class="card rota-list">
          {loaded.value.duties.length === 0 && <li class="soft">{t("no_rota")}</li>}
          {loaded.value.duties.map((duty) => (
            <li class="row row-between" key={duty.person + duty.role}>
              <span>
                <b>{loaded.value!.people.get(duty.person)?.displayName}</b>
                <span class="soft small capital">{besideEachOther([roleLabel(duty.role), `${clockTime(duty.startTime)}–${clockTime(duty.endTime)}`])}</span>
              </span>
              <Phone number={loaded.value!.people.get(duty.person)?.phone ?? ""} />
            </li>
          ))}
          <li class="row row-between"><b>{centerName.value}</b><Phone number={phone} /></li>
        </ul>
      )}
      {!loaded.value && <p class="row"><Icon name="phone" /><Phone number={phone} /></p>}
    </section>
  );
}
