// The parts of which every screen is made.
import { createContext, type ComponentChildren, type JSX } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import type { Connection } from "../app/live_stream";
import { detailOf, failureOf, sentenceOf, settled, type Failure } from "../app/rpc";
import { refused, unsent } from "../app/outbox";
import { unkept } from "../app/vault";
import { catalogue } from "../text/language";
import { Icon, type IconName } from "./icons";

const t = catalogue({
  loading: ["読み込んでいます", "Loading"],
  retry: ["もう一度", "Try again"],
  optional: ["任意", "optional"],
  close: ["閉じる", "Close"],
  cancel: ["やめる", "Cancel"],
  details: ["くわしい理由（英語）", "The server's words"],
  lost: ["接続が切れました。表示は最後に届いた内容です", "Connection lost. What you see is the last that arrived"],
  waiting: ["送信待ち {n}件。つながりしだい送ります", "{n} not sent yet; sent once there is a connection"],
  refused: ["受け付けられなかった操作が{n}件あります", "{n} of your steps were refused"],
  unkept: ["この端末に保存できません（空き容量を確認）。送り終わるまで閉じないでください", "This device cannot keep anything (is it full?). Do not close this page before all is sent"],
  new_version: ["新しい版の画面があります", "There is a newer version of the screens"],
  reload: ["切り替える", "Switch to it"],
});

export type Tone = "plain" | "primary" | "urgent" | "urgent-quiet" | "quiet";

interface ButtonProps {
  children: ComponentChildren;
  // A promise keeps the button waiting; what it throws is shown beneath it.
  onPress?: () => void | Promise<unknown>;
  tone?: Tone;
  size?: "small" | "large";
  wide?: boolean;
  icon?: IconName;
  disabled?: boolean;
  submit?: boolean;
  label?: string;
  pressed?: boolean;
  id?: string;
}

export function Button(props: ButtonProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  const press = async () => {
    setError(undefined);
    const result = props.onPress?.();
    if (!(result instanceof Promise)) return;
    setBusy(true);
    try {
      await result;
    } catch (failure) {
      if (alive.current) setError(failure);
    } finally {
      if (alive.current) setBusy(false);
    }
  };
  const tone = props.tone && props.tone !== "plain" ? ` button-${props.tone}` : "";
  const size = props.size ? ` button-${props.size}` : "";
  const button = (
    <button type={props.submit ? "submit" : "button"} id={props.id}
      class={`button${tone}${size}${props.wide ? " button-wide" : ""}`}
      disabled={props.disabled || busy} aria-label={props.label} aria-busy={busy}
      aria-pressed={props.pressed} onClick={props.submit ? undefined : press}>
      {busy ? <span class="button-busy" aria-hidden="true" /> : props.icon && <Icon name={props.icon} />}
      {props.children}
    </button>
  );
  if (error === undefined) return button;
  return (
    <div class="stack-tight">
      {button}
      <ErrorLine error={error} />
    </div>
  );
}

export function LinkButton(props: {
  href: string;
  children: ComponentChildren;
  tone?: Tone;
  size?: "small" | "large";
  wide?: boolean;
  icon?: IconName;
  label?: string;
}) {
  const tone = props.tone && props.tone !== "plain" ? ` button-${props.tone}` : "";
  return (
    <a href={props.href} aria-label={props.label}
      class={`button${tone}${props.size ? ` button-${props.size}` : ""}${props.wide ? " button-wide" : ""}`}>
      {props.icon && <Icon name={props.icon} />}
      {props.children}
    </a>
  );
}

export function ErrorLine({ error }: { error: unknown }) {
  return (
    <div class="field-error" role="alert">
      <FailureText failure={failureOf(error)} />
    </div>
  );
}

// Why something was refused, with the server's own words folded away where ours
// do not say enough.
export function FailureText({ failure }: { failure: Failure }) {
  const detail = detailOf(failure);
  return (
    <>
      {sentenceOf(failure)}
      {detail && (
        <details class="small">
          <summary>{t("details")}</summary>
          <span lang="en">{detail}</span>
        </details>
      )}
    </>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  error?: string;
  optional?: boolean;
  placeholder?: string;
  lines?: number;
  type?: "text" | "password" | "tel" | "number" | "date" | "datetime-local" | "search";
  autocomplete?: "off" | "username" | "organization" | "current-password" | "new-password";
  inputMode?: "text" | "numeric" | "decimal" | "tel";
  list?: readonly string[];
  maxLength?: number;
  id?: string;
}

function Label({ id, label, optional }: { id: string; label: string; optional?: boolean }) {
  return (
    <label class="label" for={id}>
      {label}
      {optional && <span class="optional">{t("optional")}</span>}
    </label>
  );
}

export function Field(props: FieldProps) {
  const made = useId();
  const id = props.id ?? made;
  const described = [props.hint && `${id}-hint`, props.error && `${id}-error`]
    .filter(Boolean)
    .join(" ");
  const common = {
    id,
    class: "input",
    value: props.value,
    placeholder: props.placeholder,
    maxLength: props.maxLength,
    "aria-required": !props.optional,
    "aria-invalid": props.error ? ("true" as const) : undefined,
    "aria-describedby": described || undefined,
    onInput: (event: JSX.TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      props.onChange(event.currentTarget.value),
  };
  return (
    <div class="field">
      <Label id={id} label={props.label} optional={props.optional} />
      {props.lines ? (
        <textarea {...common} rows={props.lines} />
      ) : (
        <input {...common} type={props.type ?? "text"} autocomplete={props.autocomplete ?? "off"}
          inputMode={props.inputMode} list={props.list ? `${id}-list` : undefined} />
      )}
      {props.list && (
        <datalist id={`${id}-list`}>
          {props.list.map((each) => <option key={each} value={each} />)}
        </datalist>
      )}
      {props.hint && <span class="hint" id={`${id}-hint`}>{props.hint}</span>}
      {props.error && <span class="field-error" id={`${id}-error`}>{props.error}</span>}
    </div>
  );
}

export function Choice<T extends string | number>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  optional?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <Label id={id} label={props.label} optional={props.optional} />
      <select id={id} class="input" value={String(props.value)}
        onChange={(event) => {
          const chosen = props.options.find((each) => String(each.value) === event.currentTarget.value);
          if (chosen) props.onChange(chosen.value);
        }}>
        {props.options.map((each) => (
          <option key={each.value} value={String(each.value)}>{each.label}</option>
        ))}
      </select>
    </div>
  );
}

// One of a few, as large targets.
export function Radios<T extends number | string>(props: {
  label: string;
  value: T | undefined;
  options: readonly { value: T; label: string; urgent?: boolean }[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend>{props.label}</legend>
      <div class="checks">
        {props.options.map((each) => (
          <label class={`check${each.urgent ? " check-urgent" : ""}`} key={each.value}>
            <input type="radio" name={name} checked={props.value === each.value}
              onChange={() => props.onChange(each.value)} />
            {each.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

// Any of a few.
export function Checks<T extends number | string>(props: {
  label: string;
  values: readonly T[];
  options: readonly { value: T; label: string }[];
  onChange: (values: T[]) => void;
  urgent?: boolean;
  hint?: string;
}) {
  return (
    <fieldset>
      <legend>{props.label}</legend>
      {props.hint && <p class="hint">{props.hint}</p>}
      <div class="checks">
        {props.options.map((each) => (
          <label class={`check${props.urgent ? " check-urgent" : ""}`} key={each.value}>
            <input type="checkbox" checked={props.values.includes(each.value)}
              onChange={(event) =>
                props.onChange(
                  event.currentTarget.checked
                    ? [...props.values, each.value]
                    : props.values.filter((value) => value !== each.value),
                )
              } />
            {each.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Notice(props: {
  tone?: "urgent" | "warn" | "good";
  icon?: IconName;
  children: ComponentChildren;
  alert?: boolean;
}) {
  return (
    <div class={`notice${props.tone ? ` notice-${props.tone}` : ""}`} role={props.alert ? "alert" : undefined}>
      {props.icon && <Icon name={props.icon} />}
      <div class="grow stack-tight">{props.children}</div>
    </div>
  );
}

export function Badge(props: {
  tone?: "urgent" | "warn" | "good" | "accent" | undefined;
  children: ComponentChildren;
}) {
  return <span class={`badge${props.tone ? ` badge-${props.tone}` : ""}`}>{props.children}</span>;
}

export function Loading() {
  return (
    <div class="state-page" role="status">
      <div class="spinner" />
      <p>{t("loading")}</p>
    </div>
  );
}

export function Empty(props: { icon?: IconName; children: ComponentChildren }) {
  return (
    <div class="state-page">
      {props.icon && <Icon name={props.icon} />}
      <div>{props.children}</div>
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div class="state-page">
      <Icon name="offline" />
      <ErrorLine error={error} />
      {retry && <Button onPress={retry}>{t("retry")}</Button>}
    </div>
  );
}

// What could not be read of a part of a screen, with another try.
export function LoadError({ of }: { of: { error?: unknown; loading: boolean; reload: () => void } }) {
  if (of.error === undefined) return null;
  return (
    <div class="row row-between">
      <ErrorLine error={of.error} />
      <Button size="small" disabled={of.loading} onPress={of.reload}>{t("retry")}</Button>
    </div>
  );
}

// A newer version of the screens has taken over on this device: this page is the
// last of the old one.
export function NewVersionBar() {
  const [isNew, setIsNew] = useState(false);
  useEffect(() => {
    const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!worker) return;
    // The first of all is no news.
    let known = worker.controller !== null;
    const take = () => {
      setIsNew(known);
      known = true;
    };
    // Pages stay open for a whole night.
    const ask = () => {
      if (document.visibilityState === "visible") void worker.ready.then((each) => each.update()).catch(() => {});
    };
    worker.addEventListener("controllerchange", take);
    document.addEventListener("visibilitychange", ask);
    const hourly = setInterval(ask, 3_600_000);
    return () => {
      worker.removeEventListener("controllerchange", take);
      document.removeEventListener("visibilitychange", ask);
      clearInterval(hourly);
    };
  }, []);
  if (!isNew) return null;
  return (
    <div class="bar no-print" role="status">
      {t("new_version")}
      <Button size="small" onPress={() => location.reload()}>{t("reload")}</Button>
    </div>
  );
}

// Reads something when a screen opens, and again on demand. One lost connection
// is not yet a failure.
export function useLoad<T>(read: () => Promise<T>, keys: readonly unknown[]) {
  const [state, setState] = useState<{ value?: T; error?: unknown; loading: boolean }>({
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let over = false;
    setState((before) => ({ ...before, error: undefined, loading: true }));
    settled(read).then(
      (value) => over || setState({ value, loading: false }),
      (error: unknown) => over || setState((before) => ({ ...before, error, loading: false })),
    );
    return () => {
      over = true;
    };
  }, [...keys, turn]);
  return {
    ...state,
    reload: () => setTurn((n) => n + 1),
    set: (value: T) => setState({ value, loading: false }),
  };
}

export function Dialog(props: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onCancel={(event) => {
      event.preventDefault();
      props.onClose();
    }}>
      <div class="dialog-body">
        <div class="row row-between">
          <h2 id={id}>{props.title}</h2>
          <Button tone="quiet" size="small" label={t("close")} icon="cross" onPress={props.onClose}>{""}</Button>
        </div>
        {props.children}
      </div>
    </dialog>
  );
}

// What every dialog of this part of a screen shows above its own content.
export const DialogNotice = createContext<ComponentChildren>(null);

// A dialog that asks for a reason or a confirmation before it acts. It closes
// once act has settled; what act throws is shown in it.
export function AskDialog(props: {
  title: string;
  children?: ComponentChildren;
  action: string;
  tone?: Tone;
  ready?: boolean;
  onClose: () => void;
  act: () => Promise<unknown>;
}) {
  const [error, setError] = useState<unknown>();
  const notice = useContext(DialogNotice);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {notice}
      {props.children}
      {error !== undefined && <ErrorLine error={error} />}
      <div class="dialog-actions">
        <Button onPress={props.onClose}>{t("cancel")}</Button>
        <Button tone={props.tone ?? "primary"} disabled={props.ready === false}
          onPress={async () => {
            setError(undefined);
            try {
              await props.act();
            } catch (failure) {
              setError(failure);
              return;
            }
            props.onClose();
          }}>
          {props.action}
        </Button>
      </div>
    </Dialog>
  );
}

export function Top(props: {
  title: string;
  back?: string;
  backLabel?: string;
  children?: ComponentChildren;
}) {
  return (
    <header class="top">
      {props.back !== undefined && (
        <LinkButton href={"#" + props.back} icon="back" label={props.backLabel ?? t("close")}>{""}</LinkButton>
      )}
      <h1>{props.title}</h1>
      {props.children}
    </header>
  );
}

export function ConnectionBar({ connection }: { connection: Connection }) {
  if (connection !== "lost") return null;
  return (
    <div class="bar" role="status">
      <Icon name="offline" />
      {t("lost")}
    </div>
  );
}

// What stands on this screen and would be lost with it.
export function UnkeptBar() {
  if (unkept.value.size === 0) return null;
  return (
    <div class="bar no-print" role="alert">
      <Icon name="alert" />
      {t("unkept")}
    </div>
  );
}

export function UnsentBar() {
  const waiting = unsent.value.length - refused.value.length;
  if (refused.value.length > 0) {
    return (
      <div class="bar" role="alert">
        <Icon name="alert" />
        {t("refused", { n: refused.value.length })}
      </div>
    );
  }
  if (waiting === 0) return null;
  return (
    <div class="bar" role="status">
      <Icon name="offline" />
      {t("waiting", { n: waiting })}
    </div>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  const shown = rows.filter(([, value]) => value !== "" && value !== undefined && value !== null);
  if (shown.length === 0) return null;
  return (
    <dl class="facts">
      {shown.map(([label, value]) => (
        <>
          <dt key={label}>{label}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

function telOf(number: string): string {
  return `tel:${number.replace(/[^+\d]/g, "")}`;
}

export function Phone({ number }: { number: string }) {
  if (!number) return null;
  return <a class="phone" href={telOf(number)}>{number}</a>;
}

// A phone in a top bar.
export function PhoneButton({ number, label }: { number: string; label: string }) {
  if (!number) return null;
  return <LinkButton href={telOf(number)} icon="phone" label={label}>{""}</LinkButton>;
}

// Free text in which phone numbers can be pressed.
export function PhoneText({ text }: { text: string }) {
  return <>{text.split(/(\+?\d{2,5}-\d{1,4}-\d{3,4})/).map((part, index) => (index % 2 === 1 ? <Phone key={index} number={part} /> : part))}</>;
}

export interface TableColumn<R> {
  // "" for what needs no heading, such as a button.
  readonly label: string;
  readonly cell: (row: R) => ComponentChildren;
  readonly nowrap?: boolean;
}

// Rows under headings; on a phone each row is a card whose first two cells are
// its title, and empty cells are left out.
export function Table<R>(props: {
  columns: readonly TableColumn<R>[];
  rows: readonly R[];
  keyOf: (row: R, index: number) => string | number;
}) {
  return (
    <table class="table-cards">
      <thead>
        <tr>{props.columns.map(({ label }, index) => <th key={index} scope="col">{label || <span class="hidden">–</span>}</th>)}</tr>
      </thead>
      <tbody>
        {props.rows.map((row, index) => (
          <tr key={props.keyOf(row, index)}>
            {props.columns.map(({ label, cell, nowrap }, column) => (
              <td key={column} class={nowrap ? "nowrap" : undefined} data-label={label}>{cell(row)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
