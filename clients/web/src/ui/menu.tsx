// The menu in the top bar: language, theme, role, password, logging out.
import { useState } from "preact/hooks";
import { unsent } from "../app/outbox";
import { newRequestId, sessions } from "../app/rpc";
import { centerName, face, type Face, logOut, myFaces, session, setFace } from "../app/session";
import { setTheme, theme } from "../app/theme";
import { catalogue, language, setLanguage } from "../text/language";
import { AskDialog, Button, Dialog, Field, Notice } from "./parts";

const t = catalogue({
  menu: ["メニュー", "Menu"],
  english: ["English で表示", "日本語で表示"],
  day: ["明るい表示にする", "Light display"],
  night: ["暗い表示にする", "Dark display"],
  password: ["パスワードを変える", "Change password"],
  log_out: ["ログアウト", "Log out"],
  requester: ["依頼・記録の受取り", "Calls and notes"],
  crew: ["当番（医師・運転手）", "On call"],
  operator: ["相談員", "Operator"],
  administrator: ["管理", "Administration"],
  switch: ["画面を切り替える", "Switch to"],
  unsent: [
    "まだ送られていない操作が{n}件あります。ログアウトすると失われます",
    "{n} of your steps are not sent yet. Logging out loses them",
  ],
  log_out_anyway: ["送らずにログアウト", "Log out without sending"],
  old: ["今のパスワード", "Password now"],
  fresh: ["新しいパスワード", "New password"],
  thirteen: ["13文字以上", "At least 13 characters"],
  change: ["変更する", "Change it"],
});

export function Menu() {
  const [open, setOpen] = useState<"" | "menu" | "password" | "leave">("");
  const close = () => setOpen("");
  return (
    <>
      <Button icon="menu" label={t("menu")} onPress={() => setOpen("menu")}>{""}</Button>
      {open === "menu" && (
        <Dialog title={t("menu")} onClose={close}>
          <p class="soft small">
            {session.value?.person.displayName} · {centerName.value}
          </p>
          <div class="menu">
            {myFaces.value.filter((each) => each !== face.value).map((each: Face) => (
              <Button key={each} wide onPress={() => setFace(each)}>{t("switch")}: {t(each)}</Button>
            ))}
            <Button wide onPress={() => setLanguage(language.value === "ja" ? "en" : "ja")}>
              {t("english")}
            </Button>
            <Button wide icon="moon" onPress={() => setTheme(theme.value === "day" ? "night" : "day")}>
              {theme.value === "day" ? t("night") : t("day")}
            </Button>
            <Button wide onPress={() => setOpen("password")}>{t("password")}</Button>
            <Button wide tone="urgent-quiet"
              onPress={() => (unsent.value.length > 0 ? setOpen("leave") : logOut())}>
              {t("log_out")}
            </Button>
          </div>
        </Dialog>
      )}
      {open === "leave" && (
        <AskDialog title={t("log_out")} action={t("log_out_anyway")} tone="urgent" onClose={close}
          act={logOut}>
          <Notice tone="warn" icon="alert">{t("unsent", { n: unsent.value.length })}</Notice>
        </AskDialog>
      )}
      {open === "password" && <ChangePassword onClose={close} />}
    </>
  );
}

function ChangePassword({ onClose }: { onClose: () => void }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [requestId] = useState(newRequestId);
  return (
    <AskDialog title={t("password")} action={t("change")} onClose={onClose}
      ready={old.length > 0 && [...fresh].length >= 13}
      act={() => sessions.changePassword({ oldPassword: old, newPassword: fresh, requestId })}>
      <Field label={t("old")} type="password" value={old} onChange={setOld}
        autocomplete="current-password" />
      <Field label={t("fresh")} type="password" value={fresh} onChange={setFresh}
        autocomplete="new-password" hint={t("thirteen")} />
    </AskDialog>
  );
}
