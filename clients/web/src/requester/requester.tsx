// The face of professionals: their patients, calling for one, following a call
// to its note.
import { useEffect, useMemo } from "preact/hooks";
import { LiveBoard } from "../app/live_board";
import { path } from "../app/router";
import { center, centerName, session } from "../app/session";
import { ConnectionBar, LinkButton, PhoneButton, Top, UnsentBar } from "../ui/parts";
import { Menu } from "../ui/menu";
import { CallPage } from "./call_page";
import { Home } from "./home";
import { Inbox } from "./inbox";
import { NewCall } from "./new_call";
import { PatientPage } from "./patient_page";
import { BoardState, RefusedSteps, WaitingCalls } from "./waiting";
import { t } from "./texts";

export default function Requester() {
  const board = useMemo(() => new LiveBoard(center.value), []);
  useEffect(() => board.start(), []);
  return (
    <>
      <UnsentBar />
      {board.loaded.value && <ConnectionBar connection={board.connection.value} />}
      <Page board={board} />
    </>
  );
}

function Page({ board }: { board: LiveBoard }) {
  const [place, id] = path.value;
  // The form and the call just sent work without the board.
  if (place === "new") return <NewCall board={board} />;
  if (place === "calls" && id) return <CallPage board={board} id={id} key={id} />;
  if (!board.loaded.value) {
    const phone = session.value?.center.phone ?? "";
    return (
      <>
        <Top title={centerName.value}><PhoneButton number={phone} label={t("center_phone")} /><Menu /></Top>
        <main class="page">
          <RefusedSteps />
          <WaitingCalls board={board} />
          <BoardState board={board} />
          <LinkButton href="#/new" icon="plus" wide>{t("new_call")}</LinkButton>
        </main>
      </>
    );
  }
  if (place === "patients" && id) return <PatientPage board={board} id={id} key={id} />;
  if (place === "inbox") return <Inbox board={board} />;
  return <Home board={board} />;
}
