// Starts the screens: who is logged in, then the face of his role.
import "./style/base.css";
import { render, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { centerName, face, type Face, restoreSession, session } from "./app/session";
import "./app/theme";
import { catalogue } from "./text/language";
import { Login } from "./ui/login";
import { Menu } from "./ui/menu";
import { Empty, Failed, Loading, NewVersionBar, Top, UnkeptBar } from "./ui/parts";

const t = catalogue({
  title: ["往診センター", "House-call center"],
  none: ["このアカウントで使える画面はありません", "There is no screen for this account"],
});

// Each face is loaded when it is needed, and only that.
const loaders: Record<Face, () => Promise<{ default: ComponentType }>> = {
  requester: () => import("./requester/requester"),
  crew: () => import("./crew/crew"),
  operator: () => import("./operator/operator"),
  administrator: () => import("./administrator/administrator"),
};

// Before there is a face to show.
function Beginning({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <>
      <Top title={centerName.value || t("title")} />
      <main class="page">{error === undefined ? <Loading /> : <Failed error={error} retry={retry} />}</main>
    </>
  );
}

function FaceScreen({ name }: { name: Face }) {
  const [screen, setScreen] = useState<{ face: Face; screen: ComponentType }>();
  const [error, setError] = useState<unknown>();
  const load = () => {
    setError(undefined);
    loaders[name]().then(
      (module) => setScreen({ face: name, screen: module.default }),
      setError,
    );
  };
  useEffect(load, [name]);
  if (error !== undefined || screen?.face !== name) return <Beginning error={error} retry={load} />;
  return <screen.screen />;
}

function App() {
  const [error, setError] = useState<unknown>();
  const start = () => {
    setError(undefined);
    restoreSession().catch(setError);
  };
  useEffect(start, []);
  const account = session.value?.account.name;
  if (error !== undefined || session.value === undefined) return <Beginning error={error} retry={start} />;
  if (session.value === null) return <Login />;
  if (face.value === undefined) {
    return (
      <>
        <Top title={centerName.value}><Menu /></Top>
        <main><Empty icon="person">{t("none")}</Empty></main>
      </>
    );
  }
  return <FaceScreen name={face.value} key={account + face.value} />;
}

render(<><NewVersionBar /><UnkeptBar /><App /></>, document.getElementById("app")!);

if ("serviceWorker" in navigator && import.meta.env.PROD) {
  // Without it the screens work as long as there is a network.
  navigator.serviceWorker.register("/service_worker.js").catch(() => {});
}
