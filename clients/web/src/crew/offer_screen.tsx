// An offer: all that matters for the answer, nothing about health, two buttons.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { perform, type Step } from "../app/outbox";
import { msOf, now } from "../app/clock";
import type { Offer } from "../gen/housecall/v1/offer_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { clockTime, countdown, durationMs, kilometers, span } from "../text/format";
import { besideEachOther, space, together } from "../text/marks";
import { session } from "../app/session";
import { Button, Dialog, Facts, Notice, Phone, PhoneButton, Top } from "../ui/parts";
import { Menu } from "../ui/menu";
import { Refused } from "../ui/refused";
import { ring } from "./alert";
import { t } from "./texts";

const reasons = ["reason_tired", "reason_far", "reason_skill", "reason_busy", "reason_other"] as const;

export function OfferScreen({ view, offer, me, answering, bars }: {
  view: DutyView;
  offer: Offer;
  me: "physician" | "driver";
  // The answer given here, while it is on its way.
  answering: Step | undefined;
  // What is wrong with network or sound.
  bars: ComponentChildren;
}) {
  const [declining, setDeclining] = useState(false);
  const leftMs = (msOf(offer.ringUntilTime) ?? now.value) - now.value;
  const wholeMs = Math.max(1000, (msOf(offer.ringUntilTime) ?? 0) - (msOf(offer.createTime) ?? 0));

  const ringing = !answering && leftMs > 0;
  useEffect(() => {
    if (!ringing) return;
    ring();
    const again = setInterval(ring, 4000);
    return () => clearInterval(again);
  }, [offer.name, offer.rings, ringing]);

  const estimate = offer.estimate;
  const other = view.people.find((each) => each.name === (me === "physician" ? offer.driver : offer.physician));
  const car = view.cars.find((each) => each.name === offer.car);
  const phone = session.value?.center.phone ?? "";
  return (
    <div class="offer-screen">
      <Top title={t("offer")}>
        <PhoneButton number={phone} label={t("center_phone")} />
        <Menu />
      </Top>
      {bars}
      <main class="offer">
        <Refused />
        <div class="offer-head">
          {offer.rings > 1 && <p>{t("rings", { n: offer.rings })}</p>}
        </div>
        <div class="offer-clock" role="timer" aria-label={t("left_to_answer")}>
          <svg viewBox="0 0 120 120" aria-hidden="true">
            <circle cx="60" cy="60" r="52" class="offer-track" />
            <circle cx="60" cy="60" r="52" class="offer-left" pathLength="100"
              stroke-dasharray={`${Math.max(0, Math.min(100, (leftMs / wholeMs) * 100))} 100`} transform="rotate(-90 60 60)" />
          </svg>
          <div>
            <b>{countdown(leftMs)}</b>
            <span>{t("left_to_answer")}</span>
          </div>
        </div>
        <div class="card">
          <Facts rows={[
            [t("expected_arrival"), estimate?.arriveTime && <b class="offer-arrive">{clockTime(estimate.arriveTime)}</b>],
            [t("drive"), estimate && together([span(durationMs(estimate.driveDuration) ?? 0), kilometers(estimate.driveDistanceMeters)])],
            [t("fetch"), estimate && (durationMs(estimate.fetchDuration) ?? 0) >= 30_000 ? span(durationMs(estimate.fetchDuration)!) : ""],
            [t(me === "physician" ? "with_driver" : "with_physician"), offer.selfDrive ? t("self_drive") : (other?.displayName ?? "")],
            [t("car"), car && besideEachOther([car.displayName, car.plate])],
            ["", offer.calls.length > 1 ? t("several", { n: offer.calls.length }) : ""],
          ]} />
        </div>
        {answering ? (
          <div class="offer-actions">
            <Notice tone="warn" icon="clock">
              <p class="strong">{t(answering.method === "AcceptOffer" ? "accept" : "decline")}</p>
              <p>{t("answer_unsent")}{space()}<Phone number={phone} /></p>
            </Notice>
          </div>
        ) : (
          <div class="offer-actions">
            <Button tone="primary" wide onPress={() => perform("AcceptOffer", offer.name, { offer: offer.name })}>{t("accept")}</Button>
            <Button wide onPress={() => setDeclining(true)}>{t("decline")}</Button>
          </div>
        )}
        {declining && (
          <Dialog title={t("decline_title")} onClose={() => setDeclining(false)}>
            <p class="soft">{t("decline_note")}</p>
            <div class="menu">
              {reasons.map((reason) => (
                <Button key={reason} size="large" wide onPress={async () => {
                  await perform("DeclineOffer", offer.name, { offer: offer.name, reason: t(reason) });
                  setDeclining(false);
                }}>
                  {t(reason)}
                </Button>
              ))}
            </div>
          </Dialog>
        )}
      </main>
    </div>
  );
}
