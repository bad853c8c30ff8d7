// Logging in, and logging in again when a session ended during work.
import { useState } from "preact/hooks";
import { Code } from "@connectrpc/connect";
import { failureOf, sentenceOf, type Failure } from "../app/rpc";
import { interrupted, logIn } from "../app/session";
import { unsent } from "../app/outbox";
import { catalogue, language, setLanguage } from "../text/language";
import { Button, Field, Notice } from "./parts";

const t = catalogue({
  title: ["往診センター", "House-call center"],
  subtitle: ["夜間・休日の往診の依頼と出動", "After-hours house calls"],
  center: ["センターID", "Center"],
  account: ["アカウント", "Account"],
  password: ["パスワード", "Password"],
  log_in: ["ログイン", "Log in"],
  needed: ["入力してください", "Needed"],
  wrong: [
    "アカウントかパスワードが違います",
    "The account or the password is wrong",
  ],
  interrupted: [
    "ログインの有効期間が終わりました。ログインすると続きから再開します",
    "Your session has ended. Log in and go on where you were",
  ],
  kept: [
    "送信待ちの{n}件はこの端末に残っています",
    "{n} unsent steps are kept on this device",
  ],
  other_language: ["English", "日本語"],
  emergency: [
    "呼吸がない・意識がないなど一刻を争うときは、先に119番へ",
    "If life is in danger now, ring 119 first",
  ],
});

export function Login() {
  const [center, setCenter] = useState(localStorage.getItem("center") ?? "");
  const [account, setAccount] = useState(localStorage.getItem("account") ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Failure>();

  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    setProblem(undefined);
    if (!center || !account || !password) return;
    setBusy(true);
    try {
      localStorage.setItem("center", center.trim());
      localStorage.setItem("account", account.trim());
      await logIn(center.trim(), account.trim(), password);
    } catch (error) {
      setProblem(failureOf(error));
      setBusy(false);
    }
  };
  const needed = (value: string) => (tried && !value ? t("needed") : undefined);

  return (
    <main class="login">
      <form class="login-card stack" onSubmit={submit} noValidate>
        <div class="login-sign">
          <img src="/icon.svg" alt="" width="44" height="44" />
          <div>
            <h1>{t("title")}</h1>
            <p class="soft small">{t("subtitle")}</p>
          </div>
        </div>
        {interrupted.value && (
          <Notice tone="warn" icon="clock" alert>
            <p>{t("interrupted")}</p>
            {unsent.value.length > 0 && <p>{t("kept", { n: unsent.value.length })}</p>}
          </Notice>
        )}
        <Field label={t("center")} value={center} onChange={setCenter} error={needed(center)}
          autocomplete="organization" id="login-center" />
        <Field label={t("account")} value={account} onChange={setAccount} error={needed(account)}
          autocomplete="username" id="login-account" />
        <Field label={t("password")} value={password} onChange={setPassword} type="password"
          error={needed(password)} autocomplete="current-password" id="login-password" />
        {problem && (
          <p class="field-error" role="alert">
            {problem.code === Code.Unauthenticated || problem.code === Code.InvalidArgument ? t("wrong") : sentenceOf(problem)}
          </p>
        )}
        <Button submit tone="primary" wide disabled={busy}>{t("log_in")}</Button>
        <Button tone="quiet" onPress={() => setLanguage(language.value === "ja" ? "en" : "ja")}>
          {t("other_language")}
        </Button>
      </form>
      <p class="login-foot">{t("emergency")}</p>
    </main>
  );
}
